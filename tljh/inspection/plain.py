"""Dataclasses to plain JSON data and back, and the JSON Schema of that data: one definition for all three."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, TypeVar, Union, cast

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
T = TypeVar("T")

HIDDEN = {"json": False}
"""Metadata of a field that is kept out of the JSON."""


def to_plain(value: object) -> JSON:
    """The JSON data of a dataclass, or of tuples, lists and mappings of them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.metadata.get("name", field.name): to_plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.metadata.get("json", True)
        }
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    return cast(JSON, value)


def from_plain(cls: type[T], plain: Mapping[str, JSON]) -> T:
    """The dataclass that `to_plain` was given; unknown keys are ignored.

    Raises KeyError, TypeError or ValueError.
    """
    values: dict[str, object] = {}
    for field, hint in _fields(cls):
        name = field.metadata.get("name", field.name)
        if name in plain:
            values[field.name] = _build(hint, plain[name])
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise KeyError(f"{cls.__name__}: {name} is missing")
    return cls(**values)


def schema_of(cls: type[object], definitions: dict[str, JSON]) -> JSON:
    """A reference to the JSON Schema of a dataclass, which is put into `definitions`."""
    name = cls.__name__
    if name not in definitions:
        definitions[name] = None
        fields = [pair for pair in _fields(cls) if pair[0].metadata.get("json", True)]
        definitions[name] = {
            "type": "object",
            "description": (cls.__doc__ or "").strip(),
            "properties": {
                field.metadata.get("name", field.name): _schema(hint, definitions) for field, hint in fields
            },
            "required": [field.metadata.get("name", field.name) for field, _ in fields],
            "additionalProperties": True,
        }
    return {"$ref": f"#/$defs/{name}"}


@functools.cache
def _cached_fields(cls: Any) -> list[tuple[dataclasses.Field[object], object]]:
    hints = typing.get_type_hints(cls)
    return [(field, hints[field.name]) for field in dataclasses.fields(cls)]


def _fields(cls: object) -> list[tuple[dataclasses.Field[object], object]]:
    return _cached_fields(cast(Any, cls))


def _is_union(hint: object) -> bool:
    return typing.get_origin(hint) in (Union, types.UnionType)


def _is_json(hint: object) -> bool:
    """Whether the hint is JSON itself: any plain data."""
    return isinstance(hint, typing.ForwardRef) or (
        _is_union(hint) and any(typing.get_origin(part) is dict for part in typing.get_args(hint))
    )


def _build(hint: object, plain: JSON) -> object:
    if _is_json(hint):
        return plain
    if _is_union(hint):
        if plain is None:
            return None
        parts = [part for part in typing.get_args(hint) if part is not type(None)]
        classes = [part for part in parts if dataclasses.is_dataclass(part)]
        if len(classes) > 1 and isinstance(plain, dict):
            return _build(_variant(classes, plain), plain)
        return _build(parts[0], plain)
    if typing.get_origin(hint) is tuple:
        if not isinstance(plain, list):
            raise TypeError(f"a list was expected, not {plain!r}")
        return tuple(_build(typing.get_args(hint)[0], item) for item in plain)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(plain, dict):
            raise TypeError(f"an object was expected, not {plain!r}")
        return from_plain(hint, plain)
    return plain


def _variant(classes: list[Any], plain: dict[str, JSON]) -> Any:
    """The dataclass whose literal field `kind` allows this object's kind."""
    for cls in classes:
        if plain.get("kind") in typing.get_args(typing.get_type_hints(cls)["kind"]):
            return cls
    raise ValueError(f"unknown kind {plain.get('kind')!r}")


_SCALARS: dict[object, str] = {str: "string", int: "integer", bool: "boolean", float: "number"}


def _schema(hint: object, definitions: dict[str, JSON]) -> JSON:
    if _is_json(hint):
        return {}
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    if hint is type(None):
        return {"type": "null"}
    if typing.get_origin(hint) is Literal:
        return {"enum": list(typing.get_args(hint))}
    if typing.get_origin(hint) is tuple:
        return {"type": "array", "items": _schema(typing.get_args(hint)[0], definitions)}
    if _is_union(hint):
        return {"anyOf": [_schema(part, definitions) for part in typing.get_args(hint)]}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return schema_of(hint, definitions)
    raise TypeError(f"no JSON Schema for {hint!r}")
