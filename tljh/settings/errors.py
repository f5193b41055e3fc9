"""The error of a setting that cannot be."""

from __future__ import annotations

from tljh.errors import InvalidInput


class InvalidSetting(InvalidInput, ValueError):
    """A key or value of `config.yaml` that is not valid; a ValueError too, as scripts expect."""

    code = "invalid-setting"
