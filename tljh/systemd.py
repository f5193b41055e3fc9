"""systemd: TLJH's two units, and starting, stopping and asking about services."""

from __future__ import annotations

import os
from pathlib import Path

from tljh.layout import Layout
from tljh.runner import Runner, SystemRunner

UNITS_FOLDER = "/etc/systemd/system"
TEMPLATES = Path(__file__).parent / "units"
HUB_CONFIG = Path(__file__).parent / "jupyterhub_config.py"

_runner: Runner = SystemRunner()


def unit_texts(layout: Layout) -> dict[str, str]:
    """The units as they should be installed, by name."""
    words = {
        "PREFIX": _escaped(layout.prefix),
        "HUB": _escaped(layout.hub),
        "STATE": _escaped(layout.state),
        "HUB_CONFIG": _escaped(HUB_CONFIG),
    }
    texts = {}
    for template in sorted(TEMPLATES.glob("*.service"), reverse=True):
        text = template.read_text(encoding="utf-8")
        for name, value in words.items():
            text = text.replace(f"@{name}@", value)
        texts[template.name] = text
    return texts


def reload_daemon() -> None:
    """Have systemd read changed units."""
    _systemctl("daemon-reload")


def install_unit(name: str, unit: str, path: str | os.PathLike[str] = UNITS_FOLDER) -> bool:
    """Write a unit file, if its text changes; whether it did. `reload_daemon` makes systemd read it."""
    from tljh.settings import files

    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    return files.replace(folder / name, unit, 0o644)


def uninstall_unit(name: str, path: str | os.PathLike[str] = UNITS_FOLDER) -> None:
    """Remove a unit file, if it is there."""
    Path(path, name).unlink(missing_ok=True)


def start_service(name: str) -> None:
    """Start a service that is not running."""
    _systemctl("start", name)


def stop_service(name: str) -> None:
    """Stop a service that is running."""
    _systemctl("stop", name)


def restart_service(name: str) -> None:
    """Stop a service if it is running, and start it."""
    _systemctl("restart", name)


def enable_service(name: str) -> None:
    """Have a service started when the machine starts."""
    _systemctl("enable", name)


def disable_service(name: str) -> None:
    """No longer have a service started when the machine starts."""
    _systemctl("disable", name)


def check_service_active(name: str) -> bool:
    """Whether a service is running."""
    return _runner.run(["systemctl", "is-active", "--quiet", name], check=False).ok


def check_service_enabled(name: str) -> bool:
    """Whether a service is started when the machine starts."""
    return _runner.run(["systemctl", "is-enabled", "--quiet", name], check=False).ok


def last_lines(name: str, lines: int = 15) -> str:
    """The end of what a service has logged."""
    command = ["journalctl", "--no-pager", "--quiet", f"--lines={lines}", "--output=cat", f"--unit={name}"]
    return _runner.run(command, check=False, timeout=30).output.strip()


def _systemctl(*words: str) -> None:
    _runner.run(["systemctl", "--quiet", *words], doing=f"{' '.join(words)} (systemd)")


def _escaped(path: Path) -> str:
    """A path as a word of a unit file."""
    text = str(path).replace("\\", "\\\\").replace("%", "%%")
    return text.replace(" ", "\\x20").replace('"', "\\x22")
