"""What can go wrong while looking for plugins, as kinds of the errors in `tljh.errors`."""

from __future__ import annotations

from tljh.errors import InvalidInput, NetworkError, NotFound, UnusableArtifact


class InvalidRequirement(InvalidInput):
    """What was typed is nothing that pip would accept."""

    code = "invalid-requirement"


class InvalidCatalogue(InvalidInput):
    """The catalogue has an entry that is wrong."""

    code = "invalid-catalogue"


class UnknownPlugin(NotFound):
    """Neither the catalogue nor the index has that name; `nearest` are names like it."""

    code = "unknown-plugin"

    def __init__(self, name: str, nearest: tuple[str, ...] = (), message: str = "") -> None:
        hint = f"Did you mean {', '.join(nearest)}?" if nearest else "`tljh search` lists the plugins known."
        message = message or f"There is no plugin {name} in the catalogue or on the package index."
        super().__init__(message, hint)
        self.name = name
        self.nearest = nearest


class UnknownVersion(NotFound):
    """The project is there, the version is not."""

    code = "unknown-version"


class IncompatibleVersion(UnusableArtifact):
    """The version is there, and cannot be installed with this Python or on this machine."""

    code = "incompatible-version"


class FileMissing(NotFound):
    """A local file or folder that was named is not there."""

    code = "file-missing"


class HashMismatch(UnusableArtifact):
    """The bytes are not those that were promised."""

    code = "hash-mismatch"


class TooLarge(UnusableArtifact):
    """More bytes than the limit."""

    code = "too-large"


class GitFailed(NetworkError):
    """The repository could not be reached, or read."""

    code = "git-failed"


class RefMissing(NotFound):
    """The repository has no such branch, tag or commit."""

    code = "ref-missing"
