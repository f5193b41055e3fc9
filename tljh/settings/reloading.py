"""Restarting the hub or the proxy, and going back to the old settings if it does not come up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from tljh import systemd, traefik
from tljh.configurer import check_https, load_config
from tljh.errors import InvalidInput, StepFailed, UsageError
from tljh.settings import files

SERVICES = {"hub": "jupyterhub", "proxy": "traefik"}
PATTERNS = ("config.yaml", "jupyterhub_config.d/*.py", "traefik_config.d/*.toml")
HUB_SECONDS = 60.0
PROXY_SECONDS = 1.5

Tree = dict[str, str]
"""Configuration files: text by path below `config/`."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the configuration is, and where what worked last is remembered."""

    config: Path
    state: Path

    @property
    def remembered(self) -> Path:
        return self.state / "last-good-config"

    @property
    def rejected(self) -> Path:
        return self.config / "rejected"


def reload_component(
    component: str,
    paths: Paths,
    ready: Callable[[], bool],
    *,
    seconds: float = HUB_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Restart the hub or the proxy, and wait for it.

    Raises InvalidInput, with everything left running, for configuration that cannot be read; StepFailed,
    with the configuration that worked before put back, if the component does not come up.
    """
    service = SERVICES.get(component)
    if service is None:
        raise UsageError(f"There is no component {component!r}.", "It is hub or proxy.")
    check(paths.config)
    problem = _restart(service, paths, ready, seconds, sleep)
    if problem is None:
        if service == "jupyterhub":
            remember(paths)
        return
    reason = systemd.last_lines(service)
    outcome = _go_back(service, paths, ready, seconds, sleep)
    raise StepFailed(f"The {component} {problem}. The last lines of its log:\n{reason}\n{outcome}".strip(),
                     f"Correct the setting that the log names, then `sudo tljh-config reload {component}`. "
                     f"All of the log: journalctl -u {service}")  # fmt: skip


def check(config_dir: Path) -> None:
    """Raise InvalidInput if the configuration does not parse or cannot work; nothing is restarted then."""
    check_https(load_config(config_dir / "config.yaml"))
    traefik.extra_config(config_dir / "traefik_config.d")
    for path in sorted(config_dir.glob("jupyterhub_config.d/*.py")):
        try:
            compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            line = f" line {error.lineno}:" if isinstance(error, SyntaxError) and error.lineno else ""
            reason = error.msg if isinstance(error, SyntaxError) else str(error)
            raise InvalidInput(
                f"{path} is not valid Python:{line} {reason}.",
                "Correct it, or remove it. The hub was not restarted.",
            ) from None


def remember(paths: Paths) -> None:
    """Note that the configuration as it is now works."""
    now, noted = tree(paths.config), tree(paths.remembered)
    for name in noted.keys() - now.keys():
        (paths.remembered / name).unlink()
    for name, text in now.items():
        files.replace(paths.remembered / name, text)


def tree(folder: Path) -> Tree:
    """The configuration files below a folder."""
    found = (path for pattern in PATTERNS for path in sorted(folder.glob(pattern)) if path.is_file())
    return {str(path.relative_to(folder)): path.read_text("utf-8", "surrogateescape") for path in found}


def put_back(paths: Paths) -> tuple[list[str], Path | None]:
    """Make the configuration what it was when it last worked.

    Returns the names of the files that changed, and the folder where their rejected versions are kept. If
    nothing was remembered, `config.yaml` becomes its version before the last change.
    """
    now, good = tree(paths.config), tree(paths.remembered)
    if not good:
        older = files.backups(paths.config / "config.yaml")
        if older:
            good = {**now, "config.yaml": older[-1].read_text("utf-8")}
        else:
            return [], None
    changed = sorted(name for name in now.keys() | good.keys() if now.get(name) != good.get(name))
    if not changed:
        return [], None
    rejected = paths.rejected / datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    with files.locked(paths.config / "config.yaml"):
        for name in changed:
            if name in now:
                files.replace(rejected / name, now[name])
            if name in good:
                files.replace((paths.config / name).resolve(), good[name])
            else:
                (paths.config / name).unlink()
    return changed, rejected


def _restart(
    service: str, paths: Paths, ready: Callable[[], bool], seconds: float, sleep: Callable[[float], None]
) -> str | None:
    """Restart and wait; what is wrong, as the rest of the sentence "The hub ...", or None."""
    if service == "traefik":
        traefik.ensure_traefik_config(str(paths.state))
    try:
        systemd.restart_service(service)
    except StepFailed:
        return "could not be started"
    if service == "traefik":
        sleep(PROXY_SECONDS)
        return None if systemd.check_service_active(service) else "stopped right after it was started"
    deadline = time.monotonic() + seconds
    while True:
        if not systemd.check_service_active(service):
            return "stopped right after it was started"
        if ready():
            return None
        if time.monotonic() >= deadline:
            return f"did not answer within {seconds:g} seconds"
        sleep(0.5)


def _go_back(
    service: str, paths: Paths, ready: Callable[[], bool], seconds: float, sleep: Callable[[float], None]
) -> str:
    """Put back what worked, restart, and say how that went."""
    changed, rejected = put_back(paths)
    if not changed:
        return "The configuration has not changed since it last worked: nothing was put back."
    said = f"Put back as they were: {', '.join(changed)}. What you had written is kept in {rejected}."
    problem = _restart(service, paths, ready, seconds, sleep)
    if problem:
        return f"{said}\nBut with it, too, the service {problem}."
    return f"{said} It is running with that again."
