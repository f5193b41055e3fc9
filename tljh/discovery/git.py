"""Repositories: their refs, and checkouts in which nothing of the repository is ever run."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tljh.discovery.errors import GitFailed, RefMissing
from tljh.discovery.folders import check_limits, remove_outward_links
from tljh.discovery.http import strip
from tljh.index_settings import without_credentials
from tljh.runner import CommandMissing, Result, Runner

LIST_TIMEOUT = 30.0
FETCH_TIMEOUT = 300.0
_SAFE = (
    *("-c", "protocol.ext.allow=never", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"),
    *("-c", "submodule.recurse=false", "-c", "core.attributesFile=/dev/null", "-c", "gc.auto=0"),
)
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


@dataclass(frozen=True, slots=True)
class GitRefs:
    """Commits by branch and by tag; annotated tags name the commit that they are of."""

    branches: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    default_branch: str | None = None
    head: str | None = None


async def list_refs(url: str, runner: Runner) -> GitRefs:
    """What `git ls-remote` says. Raises GitFailed, CommandMissing."""
    result = await _git(runner, url, ["ls-remote", "--symref", "--", strip(url)], LIST_TIMEOUT)
    branches: dict[str, str] = {}
    tags: dict[str, str] = {}
    default = head = None
    for line in result.output.splitlines():
        value, _, name = line.partition("\t")
        if name == "HEAD" and value.startswith("ref: refs/heads/"):
            default = value.removeprefix("ref: refs/heads/")
        elif name == "HEAD":
            head = value
        elif name.startswith("refs/heads/"):
            branches[name.removeprefix("refs/heads/")] = value
        elif name.startswith("refs/tags/"):
            tags[name.removeprefix("refs/tags/").removesuffix("^{}")] = value
    return GitRefs(branches, tags, default if default in branches else None, head)


async def checkout(url: str, ref: str | None, folder: Path, runner: Runner) -> tuple[str, Path]:
    """The commit that a ref names, and its files in `folder/git-<commit>`, without `.git`.

    Hooks, filters and submodules are not run or fetched. Raises GitFailed, RefMissing, CommandMissing,
    and UnusableArtifact for a tree that is too large.
    """
    commit = await _resolve(url, ref, runner)
    if commit and (folder / f"git-{commit}").is_dir():
        return commit, folder / f"git-{commit}"
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=folder, prefix=".git-"))
    try:
        commit = await _fetch(url, commit, ref or "HEAD", work, runner)
        local = _here(work)
        private = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_LFS_SKIP_SMUDGE": "1"}
        words = [*local, "checkout", "--quiet", "--force", "--detach", commit, "--"]
        await _git(runner, url, words, FETCH_TIMEOUT, private)
        shutil.rmtree(work / ".git")
        await asyncio.to_thread(_tidy, work, url)
        target = folder / f"git-{commit}"
        if not target.is_dir():
            work.chmod(0o755)
            os.replace(work, target)
        return commit, target
    finally:
        shutil.rmtree(work, ignore_errors=True)


async def _resolve(url: str, ref: str | None, runner: Runner) -> str | None:
    """The commit of a branch, tag or HEAD; None for what may be an abbreviated or unnamed commit."""
    refs = await list_refs(url, runner)
    shown = without_credentials(url)
    if ref is None:
        if refs.head is None:
            raise RefMissing(
                f"The repository {shown} is empty.", "Push a commit, or name another repository."
            )
        return refs.head
    short = ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    found = refs.tags.get(short) or refs.branches.get(short)
    if found:
        return found
    if _COMMIT.fullmatch(ref):
        return ref if len(ref) == 40 else None
    names = ", ".join([*sorted(refs.tags, reverse=True)[:4], *filter(None, [refs.default_branch])])
    raise RefMissing(
        f"{shown} has no branch, tag or commit {ref}.", f"It has {names}." if names else "It has none at all."
    )


async def _fetch(url: str, commit: str | None, ref: str, work: Path, runner: Runner) -> str:
    """Fetch the commit, alone if the server allows that, into a new repository; returns its full name."""
    await _git(runner, url, ["init", "--quiet", "--template=", str(work)], LIST_TIMEOUT)
    base = [*_here(work), "fetch", "--quiet", "--no-tags", "--no-recurse-submodules"]
    if commit:
        try:
            await _git(runner, url, [*base, "--depth=1", "--", strip(url), commit], FETCH_TIMEOUT)
            return commit
        except GitFailed:
            pass  # a server may refuse commits that are no tip
    everything = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
    await _git(runner, url, [*base, "--update-head-ok", "--", strip(url), *everything], FETCH_TIMEOUT)
    words = [
        *_here(work),
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        f"{commit or ref}^{{commit}}",
    ]
    try:
        return (await _git(runner, url, words, LIST_TIMEOUT)).output.strip()
    except GitFailed:
        raise RefMissing(
            f"{without_credentials(url)} has no commit {ref}.", "Give a tag, a branch or a whole commit."
        ) from None


async def _git(
    runner: Runner, url: str, words: list[str], timeout: float, env: Mapping[str, str] | None = None
) -> Result:
    """Run git, which never asks for anything, away from any repository that the shell may stand in."""
    settings = {**_environment(url), **(env or {})}
    try:
        result = await asyncio.to_thread(
            runner.run, ["git", *_SAFE, *words], env=settings, cwd=Path("/"), timeout=timeout, check=False
        )
    except CommandMissing:
        raise CommandMissing("git is not installed.", "Install it: sudo apt install git") from None
    if result.ok:
        return result
    shown = without_credentials(url)
    if result.status == 124:
        raise GitFailed(
            f"git: {shown} did not answer within {timeout:g} s.", "Check the network and try again."
        )
    said = [line for line in result.tail(4).splitlines() if line.strip()]
    private = any("could not read" in line or "Authentication" in line for line in said)
    hint = "Check the URL, the network and https_proxy."
    if private:
        hint = "It does not exist or is private: for a private one use git+ssh:// with a key, or ~/.netrc."
    raise GitFailed(f"git could not read {shown}:\n" + "\n".join(said), hint)


def _environment(url: str) -> dict[str, str]:
    """No questions, no transports but the usual ones; credentials stay out of the process list."""
    settings = {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "SSH_ASKPASS": "true",
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:file:git",
        "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=15"),
        "LC_ALL": "C",
    }
    parts = urlsplit(url)
    if parts.scheme in {"http", "https"} and parts.username:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        host = parts.netloc.rpartition("@")[2]
        settings |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{parts.scheme}://{host}/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {base64.b64encode(login.encode()).decode()}",
        }
    return settings


def _here(work: Path) -> list[str]:
    return [f"--git-dir={work / '.git'}", f"--work-tree={work}"]


def _tidy(work: Path, url: str) -> None:
    remove_outward_links(work)
    check_limits(work, without_credentials(url))
