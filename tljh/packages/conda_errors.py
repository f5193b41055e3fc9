"""What the conda library says when it fails, as errors that say what to do, across processes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tljh.errors import (
    ConflictError,
    InvalidInput,
    NetworkError,
    NotFound,
    PlanChanged,
    Refused,
    StepFailed,
    TljhError,
    UnusableArtifact,
)
from tljh.packages.redaction import public

_CLASSES: Mapping[str, type[TljhError]] = {
    cls.code: cls
    for cls in (
        ConflictError, InvalidInput, NetworkError, NotFound, PlanChanged, Refused, StepFailed,
        UnusableArtifact,
    )
}  # fmt: skip
WITHOUT_CONDA = (
    "Check the network, the proxy variables and .condarc; or, where no conda channel can be reached, set "
    'manager = "uv" in tljh.toml: then everything comes from the package index.'
)
_NETWORK = (
    r"error sending request|tcp connect error|dns error|timed? ?out|HTTP status|status code|"
    r"connection (?:closed|reset|refused)|error decoding response|unexpected end of file|failed to fetch|"
    r"certificate"
)


def bad_spec(spec: str, reason: str) -> InvalidInput:
    return InvalidInput(
        f"{spec!r} is not a conda match spec: {reason.splitlines()[0] if reason else 'it does not parse'}",
        "Write name, name=1.2, name>=1.2 or channel::name.",
    )


def unsatisfiable(text: str) -> ConflictError:
    """The solver's own tree of reasons, kept as it is."""
    reasons = public(text).removeprefix("Cannot solve the request because of:").strip()
    return ConflictError(
        f"The conda packages cannot be installed together:\n{reasons}",
        "Drop or loosen one of the packages that it names.",
    )


def unknown_packages(specs: Iterable[str], near: Iterable[str], channels: Iterable[str]) -> NotFound:
    names = ", ".join(specs)
    similar = ", ".join(near)
    return NotFound(
        f"No conda channel has {names} (asked: {', '.join(map(public, channels))}).",
        f"Did you mean {similar}?" if similar else "Check the spelling, or add the channel that has it.",
    )


def unknown_version(spec: str, newest: Iterable[str]) -> ConflictError:
    return ConflictError(
        f"No release fits {spec}; the channels have {', '.join(newest)}.",
        "Ask for one of these versions.",
    )


def unreachable(text: str, channels: Iterable[str]) -> TljhError:
    """A channel that does not answer, or has no packages for this machine."""
    words = public(text).strip()
    named = [public(channel) for channel in channels if _mentions(words, public(channel))]
    which = ", ".join(named or [public(channel) for channel in channels])
    return NetworkError(f"The conda channel {which} could not be read:\n{words}", WITHOUT_CONDA)


def installation_failed(text: str, channels: Iterable[str]) -> TljhError:
    words = public(text).strip()
    message = f"Could not install the conda packages:\n{words}"
    if re.search(r"No space left on device|os error 28|quota exceeded", words):
        return Refused(message, "Free some space on this file system, then do the same again.")
    if re.search(r"Permission denied|Read-only file system|os error 13|os error 30", words):
        return Refused(message, "Run it as root, on a file system that can be written.")
    if re.search(r"hash mismatch|sha256|checksum", words, re.IGNORECASE):
        return UnusableArtifact(
            message, "The package is not what its channel lists. Try again; if it stays so, tell the channel."
        )
    if re.search(_NETWORK, words, re.IGNORECASE):
        return unreachable(text, channels)
    return StepFailed(message, "Do the same again: what was begun is repaired.")


def link_script_failed(names: Iterable[str]) -> StepFailed:
    return StepFailed(
        f"The installation script of {', '.join(names)} failed.",
        "The package counts as not installed. Do the same again, or leave it out.",
    )


def plan_changed(lines: Iterable[str]) -> PlanChanged:
    return PlanChanged(
        "The conda channels now give something else than what was approved:\n"
        + "\n".join(f"  {line}" for line in lines),
        "Nothing of it was installed. Make a new plan: tljh plan",
    )


def from_dict(document: Mapping[str, Any]) -> TljhError:
    """The error that the worker reported."""
    cls = _CLASSES.get(str(document.get("code")), StepFailed)
    return cls(str(document.get("message", "")), str(document.get("hint", "")))


def _mentions(text: str, channel: str) -> bool:
    return channel.rstrip("/") in text or channel.removeprefix("file://").rstrip("/") in text
