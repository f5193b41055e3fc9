"""Takes what may be secret out of a package manager's words before they are shown or written."""

from __future__ import annotations

import re

_USERINFO = re.compile(r"(?<=://)[^/\s@'\"<>]+@")
_CONDA_TOKEN = re.compile(r"(?<=/t/)[^/\s]+(?=/)")
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def public(text: str) -> str:
    """The text without user names and passwords in URLs, conda tokens, and terminal escapes."""
    text = _ESCAPES.sub("", text)
    return _CONDA_TOKEN.sub("•••", _USERINFO.sub("", text))
