"""What the environment and the flags say of the terminal, decided before Textual is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from tljh.errors import Refused

ThemeName = Literal["dark", "light", "plain"]
MINIMUM_WIDTH, MINIMUM_HEIGHT = 80, 24
FRAMES_PER_SECOND = 15


@dataclass(frozen=True, slots=True)
class Look:
    """How the wizard draws; `variables` go into the environment before Textual is imported."""

    theme: ThemeName = "dark"
    ascii_only: bool = False
    mouse: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)


def check(environ: Mapping[str, str], *, interactive: bool, spec: str | None = None) -> None:
    """Raise Refused where no screen can be drawn, naming the command that does the same job."""
    answers = spec or "tljh.toml"
    instead = f"Without one, the same job is: tljh install --spec {answers}  (tljh plan shows it first)"
    if not interactive:
        raise Refused("The wizard needs a terminal, and there is none here.", instead)
    name = environ.get("TERM", "")
    if name in ("", "dumb"):
        told = f"TERM={name}" if name else "TERM is not set"
        raise Refused(f"The wizard cannot draw on this terminal ({told}).", instead)


def choose(
    environ: Mapping[str, str],
    *,
    theme: str | None = None,
    ascii_only: bool = False,
    mouse: bool = False,
) -> Look:
    """Flags win over what the terminal says of itself.

    `sudo` and `ssh` strip most variables, so the flags are what counts there; the Linux console has 16
    colours and few characters.
    """
    console = environ.get("TERM") == "linux"
    encoding = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "UTF-8"
    narrow_encoding = "utf" not in encoding.lower() and encoding not in ("C", "POSIX")
    chosen = theme or ("plain" if console or environ.get("NO_COLOR") else _background(environ))
    variables = {
        "TEXTUAL_ANIMATIONS": "none",
        "TEXTUAL_SMOOTH_SCROLL": "0",
        "TEXTUAL_FPS": str(FRAMES_PER_SECOND),
    }
    if console:
        variables["TEXTUAL_COLOR_SYSTEM"] = "standard"
    return Look(
        theme=cast(ThemeName, chosen),
        ascii_only=ascii_only or console or narrow_encoding,
        mouse=mouse,
        variables=variables,
    )


def _background(environ: Mapping[str, str]) -> str:
    """COLORFGBG, where a terminal sets it, ends with the number of the background colour."""
    number = environ.get("COLORFGBG", "").rpartition(";")[2]
    return "light" if number in ("7", "15") else "dark"
