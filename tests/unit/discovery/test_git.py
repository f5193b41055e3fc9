from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tljh.discovery import git
from tljh.discovery.errors import GitFailed, HashMismatch, RefMissing, TooLarge
from tljh.discovery.fetch import ensure_local, fetch
from tljh.errors import UnusableArtifact
from tljh.index_settings import IndexSettings
from tljh.runner import CommandMissing, RecordingRunner, Result, Runner, SystemRunner


@pytest.fixture
def get(make: Any, tmp_path: Path) -> Callable[..., Any]:
    async def run(text: str, runner: Runner | None = None) -> Any:
        return await fetch(
            text,
            settings=IndexSettings(),
            cache_dir=tmp_path / "cache",
            python=make.python,
            runner=runner or SystemRunner(),
        )

    return run


def commit_of(repository: Path, ref: str) -> str:
    words = ["git", "-C", str(repository), "rev-parse", f"{ref}^{{commit}}"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize(
    ("ref", "version"), [("", 3), ("@trunk", 3), ("@v1.0", 1), ("@v1.10rc1", 2), ("@SHA", 1), ("@SHORT", 1)]
)
async def test_a_ref(repository: Path, get: Any, tmp_path: Path, ref: str, version: int) -> None:
    old = commit_of(repository, "v1.0")
    ref = {"@SHA": f"@{old}", "@SHORT": f"@{old[:9]}"}.get(ref, ref)
    artifact = await get(f"git+file://{repository}{ref}#subdirectory=plugin")
    assert (artifact.open() / "setup.py").read_text() == f"VERSION = {version}\n"
    assert artifact.source.commit == commit_of(repository, {"": "HEAD"}.get(ref, ref[1:]))
    assert (artifact.kind, artifact.form) == ("git", "directory")
    assert not (artifact.root / ".git").exists()
    assert not (artifact.root / "out").is_symlink()
    place = await ensure_local(artifact, tmp_path / "plan")
    assert place == tmp_path / "plan" / f"git-{artifact.source.commit}" / "plugin"
    assert (place / "setup.py").read_text() == f"VERSION = {version}\n"


async def test_hooks_and_filters_do_not_run(
    repository: Path, get: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = tmp_path / "trace"
    home = tmp_path / "home"
    (home / "template/hooks").mkdir(parents=True)
    hook = home / "template/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {trace}\n")
    hook.chmod(0o755)
    (home / ".gitconfig").write_text(
        f'[filter "evil"]\n\tsmudge = touch {trace}\n[init]\n\ttemplateDir = {home}/template\n'
        f"[core]\n\tfsmonitor = touch {trace}\n\thooksPath = {home}/template/hooks\n"
    )
    monkeypatch.setenv("HOME", str(home))
    await get(f"git+file://{repository}")
    assert not trace.exists()


async def test_the_shell_may_stand_in_any_repository(
    repository: Path, get: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    subprocess.run(["git", "init", "--quiet", str(other)], check=True)
    with (other / ".git/config").open("a") as config:
        config.write(f'[url "file:///nonexistent"]\n\tinsteadOf = file://{repository}\n')
    monkeypatch.chdir(other)
    assert (await get(f"git+file://{repository}@v1.0")).source.commit == commit_of(repository, "v1.0")


async def test_a_checkout_is_used_again(repository: Path, get: Any) -> None:
    class Counting(SystemRunner):
        commands: list[str]

        def run(self, argv: Any, **options: Any) -> Result:
            self.commands.append(next(word for word in argv[1:] if word in {"ls-remote", "init", "fetch"}))
            return super().run(argv, **options)

    first = await get(f"git+file://{repository}")
    runner = Counting()
    runner.commands = []
    assert (await get(f"git+file://{repository}", runner)).root == first.root
    assert runner.commands == ["ls-remote"]


async def test_a_checkout_that_was_tampered_with(repository: Path, get: Any, tmp_path: Path) -> None:
    artifact = await get(f"git+file://{repository}")
    (artifact.root / "plugin/setup.py").write_text("evil")
    with pytest.raises(HashMismatch):
        await ensure_local(artifact, tmp_path / "plan")


async def test_a_ref_that_is_missing(repository: Path, get: Any) -> None:
    with pytest.raises(RefMissing) as missing:
        await get(f"git+file://{repository}@v9")
    assert "v1.0" in missing.value.hint
    assert missing.value.exit_status == 3
    for commit in ("abcdef1", "a" * 40):
        with pytest.raises(RefMissing, match="no commit"):
            await get(f"git+file://{repository}@{commit}")


async def test_a_subdirectory_that_is_missing(repository: Path, get: Any) -> None:
    with pytest.raises(UnusableArtifact, match="no folder nope"):
        await get(f"git+file://{repository}#subdirectory=nope")


async def test_an_empty_repository(get: Any, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "empty")], check=True)
    with pytest.raises(RefMissing, match="empty"):
        await get(f"git+file://{tmp_path}/empty")


async def test_a_repository_that_cannot_be_reached(get: Any, tmp_path: Path) -> None:
    with pytest.raises(GitFailed) as failed:
        await get(f"git+file://{tmp_path}/none")
    assert failed.value.exit_status == 5
    with pytest.raises(GitFailed, match="could not read"):
        await get("git+https://ada:secret@127.0.0.1:1/o/r")


async def test_a_repository_that_does_not_answer() -> None:
    runner = RecordingRunner({("git",): Result(("git",), 124, "", "no end")})
    with pytest.raises(GitFailed, match="did not answer within 30 s"):
        await git.list_refs("https://h.test/o/r", runner)


async def test_a_private_repository_says_so() -> None:
    said = "fatal: could not read Username for 'https://h.test': terminal prompts disabled"
    runner = RecordingRunner({("git",): Result(("git",), 128, "", said)})
    with pytest.raises(GitFailed) as failed:
        await git.list_refs("https://h.test/o/r", runner)
    assert "private" in failed.value.hint


async def test_git_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandMissing) as missing:
        await git.list_refs("https://h.test/o/r", SystemRunner())
    assert "apt install git" in missing.value.hint


async def test_options_end_and_secrets_stay_out_of_the_process_list() -> None:
    class Watching(RecordingRunner):
        environment: dict[str, str]

        def run(self, argv: Any, *, env: Any = None, **options: Any) -> Result:
            self.environment = dict(env)
            return super().run(argv, env=env, **options)

    runner = Watching({("git",): ""})
    await git.list_refs("https://ada:secret@h.test/o/r", runner)
    (words,) = runner.calls
    assert words[-2:] == ("--", "https://h.test/o/r")
    assert "protocol.ext.allow=never" in words
    assert "secret" not in " ".join(words)
    assert runner.environment["GIT_TERMINAL_PROMPT"] == "0"
    assert "ext" not in runner.environment["GIT_ALLOW_PROTOCOL"].split(":")
    assert runner.environment["GIT_CONFIG_KEY_0"] == "http.https://h.test/.extraHeader"
    assert os.environ.get("GIT_CONFIG_KEY_0") is None


async def test_a_repository_that_is_too_large(
    repository: Path, get: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tljh.discovery.folders.MAX_BYTES", 3)
    with pytest.raises(TooLarge):
        await get(f"git+file://{repository}")
    assert list((tmp_path / "cache/artifacts").iterdir()) == []
