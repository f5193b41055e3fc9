"""Changes to a parsed `config.yaml`. Pure: each returns a changed copy and leaves its argument alone."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, MutableMapping, MutableSequence
from typing import Any, TypeVar

from tljh.settings.errors import InvalidSetting

Document = TypeVar("Document", bound=MutableMapping[str, Any])


def split(property_path: str) -> list[str]:
    """The parts of a dotted path. Raises InvalidSetting if one is empty."""
    parts = property_path.split(".")
    if not all(parts):
        raise InvalidSetting(
            f"{property_path!r} is not a key.", "Write the names from the top down, such as limits.memory."
        )
    return parts


def lookup(settings: Mapping[str, Any], key: str, default: Any = None) -> Any:
    """The value at a dotted key, or the default where there is none."""
    value: Any = settings
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return default
        value = value[part]
    return value


def set_item(document: Document, property_path: str, value: Any) -> Document:
    """Set a key; missing parents are made, and what is not a mapping on the way is replaced by one."""
    changed = copy.deepcopy(document)
    *parents, last = split(property_path)
    _make(changed, parents)[last] = value
    return changed


def unset_item(document: Document, property_path: str) -> Document:
    """Remove a key, and every mapping that becomes empty by it. Raises InvalidSetting if it is not there."""
    changed = copy.deepcopy(document)
    way: list[tuple[MutableMapping[str, Any], str]] = []
    current: Any = changed
    for part in split(property_path):
        if not isinstance(current, MutableMapping) or part not in current:
            raise InvalidSetting(f"{property_path} is not set.", "`tljh-config show` lists what is.")
        way.append((current, part))
        current = current[part]
    for mapping, part in reversed(way):
        del mapping[part]
        if mapping:
            break
    return changed


def add_item(document: Document, property_path: str, value: Any) -> Document:
    """Append to a list, which is made if it is missing; a value that is in it already is not added again."""
    changed = copy.deepcopy(document)
    *parents, last = split(property_path)
    mapping = _make(changed, parents)
    if mapping.get(last) is None:
        mapping[last] = []
    items = mapping[last]
    if not isinstance(items, MutableSequence):
        raise InvalidSetting(
            f"{property_path} is not a list: it holds {items!r}.",
            f"`tljh-config unset {property_path}` first.",
        )
    if not any(_same(item, value) for item in items):
        items.append(value)
    return changed


def remove_item(document: Document, property_path: str, value: Any) -> Document:
    """Remove a value from a list. Raises InvalidSetting if there is no such list, or it does not hold it."""
    changed = copy.deepcopy(document)
    items: Any = changed
    for part in split(property_path):
        items = items.get(part) if isinstance(items, Mapping) else None
    if not isinstance(items, MutableSequence):
        raise InvalidSetting(f"{property_path} is not a list.", "`tljh-config show` shows what it is.")
    for index, item in enumerate(items):
        if _same(item, value):
            del items[index]
            return changed
    raise InvalidSetting(
        f"{property_path} does not hold {value!r}.", "`tljh-config show` shows what is in it."
    )


def parse_value(text: str | None) -> Any:
    """A value as written on a command line: none, a number, true or false, else the text itself."""
    if text is None or text.lower() == "none":
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        return int(text)
    if re.fullmatch(r"[+-]?(\d+\.\d*|\.\d+)", text, re.ASCII):
        return float(text)
    return text


def _make(document: MutableMapping[str, Any], parents: list[str]) -> MutableMapping[str, Any]:
    for part in parents:
        if not isinstance(document.get(part), MutableMapping):
            document[part] = {}
        document = document[part]
    return document


def _same(one: Any, other: Any) -> bool:
    """Equal, but `true` is not 1."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
