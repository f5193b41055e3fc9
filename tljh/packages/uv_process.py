"""Runs uv with the machine's settings and nothing secret in its argument list."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tljh.errors import Refused
from tljh.index_settings import IndexSettings
from tljh.packages.pip_arguments import PipArguments
from tljh.packages.pip_errors import explain
from tljh.packages.redaction import public
from tljh.packages.uv_environment import uv_environment, wants_no_index
from tljh.runner import OnLine, Redactor, Result, Runner


class Uv:
    """Requirements go through private files, credentials through the environment."""

    def __init__(self, runner: Runner, settings: IndexSettings | None, cache_dir: Path | None) -> None:
        self.runner = runner
        self.settings = IndexSettings.load(os.environ) if settings is None else settings
        self.cache_dir = cache_dir

    def run(
        self,
        command: Sequence[str],
        arguments: PipArguments,
        constraints: Iterable[str],
        *,
        doing: str,
        on_line: OnLine | None = None,
        as_input: bool = False,
        excluded: Iterable[str] = (),
    ) -> Result:
        """Raises what `explain` makes of a failure; `excluded` are passed over where others need them."""
        secrets = (*self.settings.secrets, *IndexSettings(_urls(arguments)).secrets)
        redact = Redactor(secrets)

        def line(text: str) -> None:
            if on_line:
                on_line(redact(public(text)))

        flags = list(arguments.flags)
        if command[0] == "pip" and command[1] != "uninstall" and wants_no_index(self.settings, arguments):
            flags.append("--no-index")
        with _files(arguments.lines, constraints, excluded) as (folder, words):
            if as_input:
                words = [word for word in words if word != "-r"]
            result = self.runner.run(
                [find_uv(self.runner), *command, *flags, *words],
                env=uv_environment(self.settings, arguments, self.cache_dir),
                cwd=folder,
                on_line=line if on_line else None,
                check=False,
                doing=doing,
            )
        if not result.ok:
            raise explain(result, doing, secrets)
        return result


def find_uv(runner: Runner) -> str:
    """The uv binary that came with this installation, else the one on the path."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = runner.which("uv")
    if found is None:
        raise Refused("The program uv is missing.", "Reinstall TLJH: run its bootstrap.py again.")
    return found


@contextmanager
def _files(
    lines: Iterable[str], constraints: Iterable[str], excluded: Iterable[str]
) -> Iterator[tuple[Path, list[str]]]:
    """A private folder with requirements, constraints and exclusions, and the options that name them.

    The folder is also where uv runs, so that no project of the current folder has a say.
    """
    with tempfile.TemporaryDirectory(prefix="tljh-pip-") as name:
        folder, words = Path(name), list[str]()
        for option, file, content in (
            ("-c", "constraints.txt", constraints),
            ("--excludes", "excluded.txt", excluded),
            ("-r", "requirements.txt", lines),
        ):
            if text := "".join(f"{line}\n" for line in content):
                path = folder / file
                path.touch(0o600)
                path.write_text(text, encoding="utf-8")
                words += [option, str(path)]
        yield folder, words


def _urls(arguments: PipArguments) -> tuple[str, ...]:
    lines = [word for line in arguments.lines for word in line.split() if "://" in word]
    return tuple(filter(None, (arguments.index, *arguments.extra, *arguments.links, *lines)))
