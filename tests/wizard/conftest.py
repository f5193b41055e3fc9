"""The wizard's tests drive it with a fake backend; nothing here touches the machine or the network."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
os.environ.update({"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_SMOOTH_SCROLL": "0", "TERM": "xterm-256color"})
for name in ("NO_COLOR", "COLORTERM", "TEXTUAL_COLOR_SYSTEM", "COLORFGBG"):
    os.environ.pop(name, None)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for somebody to stop typing."""
    from tljh_wizard import jobs

    for name in ("SEARCH_DELAY", "READ_DELAY", "FRAME"):
        monkeypatch.setattr(jobs, name, 0.0)


@pytest.fixture
def open_wizard() -> Callable[..., Any]:
    """Make the application on a fake backend, its clock standing still."""
    from wizard_fakes.backend import T0, FakeBackend

    from tljh_wizard.app import WizardApp
    from tljh_wizard.terminal import Look

    def make(backend: Any = None, *, seconds: float = 98.0, **look: Any) -> WizardApp:
        return WizardApp(backend or FakeBackend(), Look(**look), clock=lambda: T0 + seconds)

    return make
