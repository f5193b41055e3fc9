"""What is wrong with a parsed `config.yaml`, in words that name the key and what it may be."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tljh.config_schema import config_schema
from tljh.settings.edit import parse_value, split

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

MOST_PROBLEMS = 10


def problems(config: Mapping[str, Any]) -> list[str]:
    """A sentence for each key that breaks the schema; keys unknown at the top level are not among them."""
    from tljh.schemas import load_jsonschema

    jsonschema = load_jsonschema()
    validator = jsonschema.Draft202012Validator(config_schema, format_checker=jsonschema.FormatChecker())
    errors = sorted(validator.iter_errors(config), key=lambda e: [str(part) for part in e.absolute_path])
    found = [sentence for error in errors for sentence in _sentences(error)]
    return list(dict.fromkeys(found))[:MOST_PROBLEMS]


def unknown_keys(config: Mapping[str, Any]) -> list[str]:
    """Top-level keys that belong to no part of TLJH; a plugin may have added them."""
    return [str(key) for key in config if key not in config_schema["properties"]]


def unknown_key_warnings(config: Mapping[str, Any]) -> list[str]:
    """A sentence for each of them, with the key that may have been meant."""
    return [
        f"{key} is not a key of TLJH's own; it is kept, for plugins may use it."
        f"{_suggestion(key, config_schema['properties'])}"
        for key in unknown_keys(config)
    ]


def value_for(property_path: str, text: str, *, item: bool = False) -> Any:
    """A command line's value for a key: a text stays a text where the schema takes nothing else.

    So `add-item users.admin 20241234` adds a name, not a number.
    """
    schema: Mapping[str, Any] = config_schema
    for part in split(property_path):
        schema = schema.get("properties", {}).get(part) or schema.get("additionalProperties") or {}
        if not isinstance(schema, Mapping):
            return parse_value(text)
    if item:
        schema = schema.get("items", {})
    value = parse_value(text)
    return text if schema.get("type") == "string" and value is not None else value


def _sentences(error: ValidationError) -> Iterator[str]:
    schema: Any = error.schema
    place = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        allowed = schema.get("properties", {})
        patterns = schema.get("patternProperties", {})
        for key in error.instance:
            if key in allowed or (patterns and str(key)[:1].isupper()):
                continue
            name = f"{place}.{key}" if place else str(key)
            yield f"{name} is not a key that TLJH knows.{_suggestion(str(key), allowed, place)}"
        return
    if not place:
        yield f"the file is not {schema.get('title', 'valid')}"
    else:
        yield f"{place}: {error.instance!r} is not {schema.get('title', 'valid')}."


def _suggestion(key: str, allowed: Mapping[str, Any], place: str = "") -> str:
    near = difflib.get_close_matches(key, list(allowed), n=1, cutoff=0.6)
    if near:
        return f" Did you mean {place}.{near[0]}?" if place else f" Did you mean {near[0]}?"
    return f" It may be {', '.join(allowed)}." if place and allowed else ""
