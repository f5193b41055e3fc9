"""`bootstrap.py` as a module, and the facts of a machine that it accepts."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[3] / "bootstrap.py"


def load_bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tljh_bootstrap_under_test", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def bootstrap() -> ModuleType:
    return load_bootstrap()


@pytest.fixture
def good(bootstrap, tmp_path):
    """A small server of 1 GB that is just large enough."""
    return bootstrap.Facts(
        system="debian",
        system_version="12",
        system_name="Debian GNU/Linux 12 (bookworm)",
        architecture="x86_64",
        systemd=True,
        root=True,
        python=(3, 11, 2),
        executable="/usr/bin/python3",
        can_make_venv=True,
        free_memory=640_000_000,
        free_disk=3_000_000_000,
        prefix=str(tmp_path),
    )


class Shell:
    """Answers commands from a table of words that they contain, and keeps them."""

    def __init__(self, bootstrap, failing=(), screen=None):
        import io

        self.bootstrap = bootstrap
        self.failing = list(failing)
        self.calls = []
        self.environment = {}
        self.journal = bootstrap.Journal(io.StringIO(), screen or io.StringIO())

    def run(self, argv, extra=None):
        self.calls.append(list(argv))
        for number, (words, output) in enumerate(self.failing):
            if all(word in argv for word in words):
                del self.failing[number]
                raise self.bootstrap.CommandFailed(argv, 1, output)
        return ""

    def works(self, argv):
        try:
            self.run(argv)
        except self.bootstrap.CommandFailed:
            return False
        return True


@pytest.fixture
def make_shell(bootstrap):
    return lambda *failing, screen=None: Shell(bootstrap, failing, screen)
