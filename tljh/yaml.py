"""The YAML reader and writer that keeps comments, order and quotes."""

from __future__ import annotations

from ruamel.yaml import YAML


def round_trip(*, sequence: int = 2, offset: int = 0) -> YAML:
    """A new round-trip `YAML`; `sequence` and `offset` are ruamel's indentation of lists."""
    made = YAML(typ="rt")
    made.preserve_quotes = True
    made.width = 4096
    made.indent(mapping=2, sequence=sequence, offset=offset)
    return made


yaml = round_trip()
