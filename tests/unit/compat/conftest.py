"""A prefix of its own for each test, and traitlets' configuration object with a stand-in for it."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from tljh import apt, conda, config, configurer, systemd, user, utils
from tljh.runner import RecordingRunner


@pytest.fixture
def prefix(tmp_path, monkeypatch):
    """An install prefix; the modules are reloaded so that they use it, as scripts do."""
    monkeypatch.setenv("TLJH_INSTALL_PREFIX", str(tmp_path))
    importlib.reload(config)
    importlib.reload(configurer)
    for folder in ("config", "state"):
        (tmp_path / folder).mkdir()
    yield tmp_path
    monkeypatch.undo()
    importlib.reload(config)
    importlib.reload(configurer)


@pytest.fixture
def config_file(prefix: Path) -> Path:
    return prefix / "config" / "config.yaml"


@pytest.fixture
def runner(monkeypatch) -> RecordingRunner:
    """What the modules start processes with."""
    recording = RecordingRunner()
    for module in (apt, conda, systemd, user, utils):
        monkeypatch.setattr(module, "_runner", recording)
    return recording


class Traits(dict[str, Any]):
    """The part of traitlets' Config that configuration files use."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __missing__(self, name: str) -> Any:
        if not name[:1].isupper():
            return object()
        self[name] = Traits()
        return self[name]


@pytest.fixture(params=["stand-in", "traitlets"])
def c(request) -> Any:
    if request.param == "stand-in":
        return Traits()
    return pytest.importorskip("traitlets.config", reason="traitlets is in the hub environment only").Config()
