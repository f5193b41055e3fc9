"""Waiting for a condition, with a deadline and never for luck."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_PAUSE = 0.05


def wait_until(condition: Callable[[], T], timeout: float, explain: Callable[[], str]) -> T:
    """The first true value of `condition`; a TimeoutError with `explain()` when the time is over."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout:g} s: {explain()}")
        time.sleep(_PAUSE)
