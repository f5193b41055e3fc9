"""`config.yaml` on disk: read with its comments, replaced in one step, earlier versions kept."""

from __future__ import annotations

import contextlib
import copy
import os
import tempfile
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tljh.errors import Busy, InvalidInput, Refused

Document = MutableMapping[str, Any]
KEPT_VERSIONS = 20
LOCK_SECONDS = 10.0


def read(path: Path) -> Document:
    """The parsed file, comments and places included; an empty mapping if there is none.

    Raises InvalidInput that names the line which does not parse, Refused if it cannot be read.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        text = ""
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8 text: byte {error.start}.", "Save it as UTF-8.") from None
    except OSError as error:
        raise Refused(f"Cannot read {path}: {error.strerror}.", "Run this with sudo.") from None
    return parse(text, str(path))


def parse(text: str, origin: str = "config.yaml") -> Document:
    """The document with its comments. Raises InvalidInput that names the line."""
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    from tljh.yaml import round_trip

    hint = "Correct it with an editor; earlier versions are in the folder `backups` beside it."
    try:
        document = round_trip().load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" line {mark.line + 1}, column {mark.column + 1}:" if mark else ""
        raise InvalidInput(f"{origin} is not valid YAML:{where} {error.problem}.", hint) from None
    except (YAMLError, ValueError) as error:
        raise InvalidInput(f"{origin} is not valid YAML: {str(error).splitlines()[0]}.", hint) from None
    if document is None:
        return CommentedMap()
    if not isinstance(document, MutableMapping):
        raise InvalidInput(f"{origin} does not hold keys and values at its top level.", hint)
    return document


def check(document: Mapping[str, Any], path: Path) -> None:
    """Raise InvalidInput, naming every key that is wrong, if the document breaks the schema."""
    from tljh.settings.errors import InvalidSetting
    from tljh.settings.validation import problems

    found = problems(document)
    if found:
        raise InvalidSetting(
            f"{path} would not be valid:\n" + "\n".join(f"  {problem}" for problem in found),
            "docs/reference/config-yaml.md lists every key.",
        )


def write(path: Path, document: Mapping[str, Any]) -> None:
    """Replace the file in one step if its text changes, keeping the version before in `backups/`."""
    from tljh.settings.rendering import render

    with locked(path):
        target = path.resolve()
        previous = target.read_text(encoding="utf-8") if target.exists() else None
        text = render(document, previous or "")
        if text == previous:
            return
        if previous is not None:
            keep(target)
        replace(target, text)


def replace(target: Path, text: str, mode: int = 0o600) -> bool:
    """Write a file in one step, so that a crash leaves the old or the new; whether anything changed."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if target.read_text(encoding="utf-8") == text and target.stat().st_mode & 0o777 == mode:
            return False
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    return True


def keep(target: Path) -> Path:
    """Copy a file into `backups/` beside it, under the time; the oldest of many go. Returns the copy."""
    folder = target.parent / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
    copied = folder / f"{target.name}.{stamp}"
    replace(copied, target.read_text(encoding="utf-8"))
    for old in backups(target)[:-KEPT_VERSIONS]:
        old.unlink(missing_ok=True)
    return copied


def backups(target: Path) -> list[Path]:
    """Earlier versions of a file, the oldest first."""
    return sorted((target.parent / "backups").glob(f"{target.name}.*"))


@contextlib.contextmanager
def locked(path: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold `config.yaml.lock`; within one process it can be held again. Raises Busy after a while."""
    from filelock import FileLock, Timeout

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(f"{path.resolve()}.lock", mode=0o600, is_singleton=True)
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        raise Busy(
            f"Another process has been writing {path} for {seconds:g} seconds.", "Wait for it, and try again."
        ) from None
    try:
        yield
    finally:
        lock.release()


def plain(value: Any) -> Any:
    """The document without the comments and places that its types carry."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return copy.copy(value)
