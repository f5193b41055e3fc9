"""Small things that plugins and scripts import: running commands, loading plugins, versions."""

from __future__ import annotations

import logging
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pluggy

from tljh import hooks
from tljh.runner import CalledProcessError, Runner, SystemRunner

_runner: Runner = SystemRunner()


def run_subprocess(
    cmd: Sequence[str],
    *args: object,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    input: str | bytes | None = None,
    timeout: float | None = None,
    shell: bool = False,
    **kwargs: object,
) -> str:
    """Run a command and return what it printed: to the log if it succeeds, to the user if it fails.

    Takes the keywords of `subprocess.run` that make sense with captured output; `env` is added to the
    environment. Raises CalledProcessError.
    """
    ignored = {"check", "text", "universal_newlines", "encoding", "errors", "stdout", "stderr", "stdin"}
    if unknown := kwargs.keys() - ignored:
        raise TypeError(f"run_subprocess takes no {', '.join(sorted(unknown))}")
    words = ["/bin/sh", "-c", cmd if isinstance(cmd, str) else cmd[0]] if shell else list(cmd)
    result = _runner.run(
        words,
        input=input.decode("utf-8") if isinstance(input, bytes) else input,
        env=env,
        cwd=Path(cwd) if cwd is not None else None,
        timeout=timeout,
        check=False,
    )
    output = result.output + result.errors
    printable = cmd if isinstance(cmd, str) else shlex.join(str(word) for word in cmd)
    logger = logging.getLogger("tljh")
    if not result.ok:
        logger.error("Ran %s with exit code %s\n%s", printable, result.status, output.rstrip())
        raise CalledProcessError(result.status, cmd, output)
    logger.debug("Ran %s with exit code %s\n%s", printable, result.status, output.rstrip())
    return output


@dataclass(frozen=True, slots=True)
class LoadFailure:
    """A plugin whose entry point could not be imported."""

    distribution: str
    entry_point: str
    value: str
    error: BaseException

    def __str__(self) -> str:
        reason = f"{type(self.error).__name__}: {self.error}"
        place = f"{self.entry_point} = {self.value}"
        return f"the plugin {self.distribution} could not be loaded ({place}): {reason}"


class PluginManager(pluggy.PluginManager):
    """pluggy's, with the plugins registered in a fixed order and their distributions noted."""

    def __init__(self) -> None:
        super().__init__(hooks.PROJECT_NAME)
        self.add_hookspecs(hooks)
        self._distributions: list[tuple[Any, Any]] = []

    def list_plugin_distinfo(self) -> list[tuple[Any, Any]]:
        return list(self._distributions)

    def load(self, distribution: metadata.Distribution, entry_point: metadata.EntryPoint) -> None:
        """Import what the entry point names and register it; what its import raises goes through."""
        plugin = entry_point.load()
        if self.is_registered(plugin):
            return
        name = entry_point.name
        if self.has_plugin(name):
            name = f"{distribution.metadata['name']}:{name}"
        if self.register(plugin, name=name) is not None:
            self._distributions.append((plugin, distribution))


def load_plugins() -> tuple[PluginManager, tuple[LoadFailure, ...]]:
    """All plugins that can be imported, and a failure for each of the others.

    They are registered sorted by the names of distribution and entry point; pluggy calls the last one
    first. The order is the same on every machine and at every start.
    """
    manager = PluginManager()
    failures = []
    for distribution, entry_point in _entry_points():
        try:
            manager.load(distribution, entry_point)
        except (Exception, SystemExit) as error:  # noqa: BLE001  (plugin code may raise anything)
            name = distribution.metadata["name"]
            failures.append(LoadFailure(name, entry_point.name, entry_point.value, error))
    return manager, tuple(failures)


def get_plugin_manager() -> PluginManager:
    """The plugins, loaded. One that cannot be imported is named in the log and left out."""
    manager, failures = load_plugins()
    for failure in failures:
        logging.getLogger("tljh").error("%s", failure)
    return manager


def parse_version(string: str) -> tuple[int, ...]:
    """All the numbers in a version, for a loose comparison."""
    return tuple(int(number) for number in re.findall(r"\d+", string))


def _entry_points() -> list[tuple[metadata.Distribution, metadata.EntryPoint]]:
    from packaging.utils import canonicalize_name

    found: dict[tuple[str, str], tuple[metadata.Distribution, metadata.EntryPoint]] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["name"]
        if not name:
            continue
        for entry_point in distribution.entry_points:
            if entry_point.group == hooks.ENTRY_POINT_GROUP:
                found.setdefault((canonicalize_name(name), entry_point.name), (distribution, entry_point))
    return [found[key] for key in sorted(found)]
