"""What goes wrong when the machine or the hub in it is not as a test expects."""

from __future__ import annotations


class ImageError(Exception):
    """The base image could not be built; the message has debootstrap's last lines."""


class MachineError(Exception):
    """A machine that does not boot, or a command in it that failed."""


class HubError(Exception):
    """A page that is not what a person would expect; the message has the start of what came."""
