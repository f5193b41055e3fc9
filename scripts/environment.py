"""Make the environment that the tests run in, outside the repository: prints where it is.

It is kept for the next time, by the hash of `pyproject.toml`. The package index is read and settings of pip
are honoured as `bootstrap.py` does it.
"""

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))
sys.dont_write_bytecode = True

import bootstrap  # noqa: E402


def main() -> int:
    cache = Path(os.environ.get("TLJH_TEST_CACHE") or Path.home() / ".cache" / "tljh-wizard-tests")
    cache.mkdir(parents=True, exist_ok=True)
    recipe = (REPOSITORY / "pyproject.toml").read_bytes(), platform.python_version(), str(REPOSITORY)
    folder = cache / f"python-{hashlib.sha256(repr(recipe).encode()).hexdigest()[:12]}"
    complete = folder / "complete"
    with (cache / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            shutil.rmtree(folder, ignore_errors=True)
            with (cache / f"{folder.name}.log").open("w") as log:
                journal = bootstrap.Journal(log, sys.stderr)
                try:
                    make(folder, bootstrap.Shell(journal, bootstrap.clean_environment(), str(REPOSITORY)))
                except bootstrap.CommandFailed as error:
                    print(f"\nCould not {journal.step}:\n{error.output[-3000:]}", file=sys.stderr)
                    return 1
            complete.touch()
    print(folder)
    return 0


def make(folder: Path, shell: bootstrap.Shell) -> None:
    """With uv, as it is faster; with pip if uv cannot use this machine's settings."""
    python = str(folder / "bin" / "python")
    with shell.journal.doing(f"make an environment for the tests in {folder}"):
        shell.run([bootstrap.base_python(), "-m", "venv", "--clear", str(folder)])
    wanted = ["--editable", f"{REPOSITORY}[dev]"]
    with shell.journal.doing("install what the tests need"):
        pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input"]
        settings = bootstrap.pip_settings(shell.run([*pip, "config", "list"]))
        with contextlib.suppress(bootstrap.CommandFailed):
            shell.run([*pip, "install", bootstrap.UV_REQUIREMENT])
            uv = bootstrap.uv_settings(settings, shell.environment, str(folder))
            # The user's own cache serves several checkouts.
            uv.pop("UV_CACHE_DIR", None)
            command = [str(folder / "bin" / "uv"), "pip", "install", "--python", python, "--no-progress"]
            shell.run([*command, "--compile-bytecode", *wanted], uv)
            return
        shell.run([*pip, "install", *wanted])


if __name__ == "__main__":
    sys.exit(main())
