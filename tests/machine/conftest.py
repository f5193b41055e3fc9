"""Fixtures that boot machines; where none can be booted the tests are skipped, but fail where `CI=true`."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from . import channel, image
from .checkout import copy_checkout
from .machine import Bind, Machine, Suite

CHECKOUT = "/srv/checkout"
CHANNEL = "/srv/channel"
EXTRA_CHANNEL = "/srv/extra-channel"


class Boot(Protocol):
    """Boots a machine that is stopped when the test ends."""

    def __call__(
        self, *binds: Bind, suite: Suite = "bookworm", memory_limit: int | None = None
    ) -> Machine: ...


@pytest.fixture(scope="session")
def base() -> Path:
    """The base image's root, or a skipped test."""
    _need(image.why_not())
    return image.base_image()


@pytest.fixture
def boot(base: Path, request: pytest.FixtureRequest) -> Iterator[Boot]:
    with ExitStack() as running:

        def boot_one(*binds: Bind, suite: Suite = "bookworm", memory_limit: int | None = None) -> Machine:
            machine = running.enter_context(Machine(binds, suite, memory_limit))
            request.node.stash.setdefault(_BOOTED, []).append(machine)
            return machine

        yield boot_one


@pytest.fixture
def machine(boot: Boot) -> Machine:
    """A fresh machine."""
    return boot()


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Bind:
    """The working tree, for a machine to see read-only at /srv/checkout."""
    return Bind(copy_checkout(tmp_path_factory.mktemp("checkout")), CHECKOUT)


@pytest.fixture(scope="session")
def channels() -> tuple[Bind, Bind]:
    """The local conda channels, for a machine to see at /srv/channel and /srv/extra-channel."""
    _need(channel.why_not())
    return Bind(channel.local_channel(), CHANNEL), Bind(channel.extra_channel(), EXTRA_CHANNEL)


_BOOTED = pytest.StashKey[list[Machine]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a failed test's machines as they are at that moment."""
    report = yield
    if call.when == "call" and call.excinfo is not None:
        for machine in item.stash.get(_BOOTED, []):
            report.sections.append((f"Journal of {machine.name}", machine.journal(lines=100)))
    return report


def _need(reason: str | None) -> None:
    if reason is not None and os.environ.get("CI") == "true":
        pytest.fail(f"machine tests are obligatory with CI=true: {reason}")
    if reason is not None:
        pytest.skip(reason)
