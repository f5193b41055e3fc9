"""What uv says when it fails, as errors that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tljh.errors import (
    ConflictError,
    InvalidInput,
    NetworkError,
    NotFound,
    Refused,
    StepFailed,
    TljhError,
    UnusableArtifact,
)
from tljh.packages.redaction import public
from tljh.runner import Redactor, Result

EXPLANATION_LINES = 25
_UNKNOWN = re.compile(
    r"\b([\w.-]+) was not found in the (?:package registry|cache|provided package locations)"
)
_UNBUILT = re.compile(
    r"Building source distributions for `([^`]+)` is disabled|Wheels are required for `([^`]+)`"
)


class NeedsBuild(ConflictError):
    """What these distributions need is known only by building them, which would run their code."""

    code = "needs-build"

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(
            f"{', '.join(names)}: known only as source code; what it needs shows when it is built.",
            "Building runs its code, so a plan does not do it. A release that has a wheel tells more.",
        )
        self.names = names


def explain(result: Result, doing: str, secrets: Iterable[str] = ()) -> TljhError:
    """The error that a failed uv command stands for; `doing` completes "Could not ..."."""
    text = Redactor(tuple(secrets))(public(result.errors + "\n" + result.output))
    explanation = _explanation(text)
    if unbuilt := tuple(dict.fromkeys(a or b for a, b in _UNBUILT.findall(text))):
        return NeedsBuild(unbuilt)
    for pattern, error, hint in _KINDS:
        if re.search(pattern, text):
            return error(f"Could not {doing}:\n{explanation}", hint)
    if "No solution found" in text or "are incompatible" in text:
        return _conflict(text, explanation, doing)
    tail = "\n".join(text.strip().splitlines()[-EXPLANATION_LINES:])
    return StepFailed(
        f"Could not {doing} (exit status {result.status}).\n{tail}".rstrip(),
        "The lines above are uv's own words.",
    )


def _conflict(text: str, explanation: str, doing: str) -> TljhError:
    unknown = _UNKNOWN.search(text)
    if unknown and "network was disabled" in text:
        return NetworkError(
            f"Could not {doing}: {unknown[1]} has not been downloaded before, and the network is off.",
            "Try again with the network.",
        )
    if unknown and f"you require {unknown[1]}" in " ".join(text.split()):
        return NotFound(
            f"Could not {doing}: no package index has {unknown[1]}.",
            "Check its spelling; its index must be configured (pip.conf, --extra-index-url).",
        )
    return ConflictError(
        f"Could not {doing}: no versions fit together.\n{explanation}",
        "Drop or loosen one of the requirements that it names.",
    )


def _explanation(text: str) -> str:
    """uv's own words from the first error on, without its layout marks."""
    lines = text.strip().splitlines()
    start = next((i for i, line in enumerate(lines) if line.lower().startswith("error:")), 0)
    cleaned = [re.sub(r"^\s*(?:error|cause):\s*", "", line).rstrip() for line in lines[start:]]
    kept = [line for line in cleaned if line.strip()]
    if len(kept) > EXPLANATION_LINES:
        kept = [*kept[:EXPLANATION_LINES], f"… and {len(kept) - EXPLANATION_LINES} more lines"]
    return "\n".join(line.strip() for line in kept)


_KINDS: tuple[tuple[str, type[TljhError], str], ...] = (
    (
        r"No space left on device|os error 28|[Dd]isk quota exceeded",
        Refused,
        "Free some space on this file system, then do the same again.",
    ),
    (
        r"Permission denied \(os error 13\)|Read-only file system",
        Refused,
        "Run it as root, on a file system that can be written.",
    ),
    (
        r"Hash mismatch|hash mismatch|do not match any hash",
        UnusableArtifact,
        "The file is not the approved one. Make a new plan; if it stays so, ask whoever runs the index.",
    ),
    (
        r"Couldn't parse requirement|Failed to parse:|Unsupported requirement|Unexpected '",
        InvalidInput,
        "Correct the requirement that it names.",
    ),
    (
        r"Distribution not found at|does not appear to be a Python project|[Ww]heel filename .* is invalid|"
        r"File not found:|Failed to read .*No such file",
        NotFound,
        "Check the path or URL.",
    ),
    (
        r"No interpreter found|No virtual environment|is not a (?:valid )?Python",
        Refused,
        "Install that Python (Debian: python3), or name another one.",
    ),
    (r"status code 404|404 Not Found|client error \(404", NotFound, "Check the URL and the version."),
    (
        r"401 Unauthorized|403 Forbidden",
        NetworkError,
        "The index refuses: check the user name and password in pip.conf or .netrc.",
    ),
    (
        r"error sending request|Request failed after|Failed to fetch|dns error|operation timed out|"
        r"error decoding response body|Git operation failed|unexpected end of file|Failed to download",
        NetworkError,
        "Check the network, the proxy variables and the index settings (pip.conf), then try again.",
    ),
    (
        r"Failed to extract|invalid Zip archive|bad central directory|Invalid wheel|corrupt",
        UnusableArtifact,
        "The file is damaged. Try again; if it stays so, choose another version.",
    ),
    (
        r"Failed to build",
        StepFailed,
        "It is built from source here; the lines above say what that needs (often a Debian package).",
    ),
)
