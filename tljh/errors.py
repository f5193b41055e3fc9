"""One tree of errors. Each says what failed and what to do; each class has a stable code and exit status.

The exit statuses are documented in docs/reference/exit-codes.md and are a contract.
"""

from __future__ import annotations

from typing import ClassVar


class TljhError(Exception):
    """An expected failure: a message for people, a hint that says what to do next."""

    code: ClassVar[str] = "error"
    exit_status: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def to_dict(self) -> dict[str, str | int]:
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "exit_status": self.exit_status,
        }


class UsageError(TljhError):
    """The command line is off (argparse itself exits with the same status)."""

    code = "usage"
    exit_status = 2


class NotFound(TljhError):
    """No plugin, version or run has that name."""

    code = "not-found"
    exit_status = 3


class InvalidInput(TljhError):
    """A requirement, answers file, setting or `config.yaml` that does not parse or validate."""

    code = "invalid-input"
    exit_status = 4


class NetworkError(TljhError):
    """The index, a git host or a channel could not be reached, or answered with an error."""

    code = "network"
    exit_status = 5


class UnusableArtifact(TljhError):
    """The artifact is truncated, huge, hostile, or not a plugin."""

    code = "unusable-artifact"
    exit_status = 6


class ConflictError(TljhError):
    """What was asked for cannot hold together."""

    code = "conflict"
    exit_status = 7


class Refused(TljhError):
    """This machine or terminal cannot do it: no root, no terminal, a port in use, a full disk."""

    code = "refused"
    exit_status = 8


class Busy(TljhError):
    """Another run is in progress."""

    code = "busy"
    exit_status = 9


class PlanChanged(TljhError):
    """What would happen now is not what was approved."""

    code = "plan-changed"
    exit_status = 10


class StepFailed(TljhError):
    """An action of a run failed; the run can be tried again."""

    code = "step-failed"
    exit_status = 11
