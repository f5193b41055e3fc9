"""The step that writes `config.yaml`: the answers first, then what plugins add; the administrator's wins."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from tljh.applying import applied
from tljh.applying.context import Context
from tljh.applying.steps.plugins import run_host
from tljh.errors import StepFailed
from tljh.planning import actions
from tljh.settings import files

Config = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """A value of the administrator's that a plugin would have changed."""

    key: str
    value: Any
    wanted: Any


def write_config(action: actions.WriteConfig, context: Context) -> None:
    """Answers, then `tljh_config_post_install` of each plugin in pluggy's order; validated, then replaced."""
    document = files.read(context.layout.config_file)
    update(document, action.settings)
    add_admins(document, action.admins)
    administrator = files.plain(document)
    for name in action.hooks:
        result = run_host(context, {"do": "config", "plugins": [name], "config": files.plain(document)})
        if name in result["errors"]:
            raise StepFailed(
                f"{name}: tljh_config_post_install failed: {result['errors'][name]}",
                "config.yaml is as it was. Leave the plugin out, or report this to its authors.",
            )
        for kept in take_over(document, result["config"], administrator):
            context.line(f"{kept.key}: yours ({kept.value!r}) stays; {name} wanted {kept.wanted!r}")
    files.check(files.plain(document), context.layout.config_file)
    files.write(context.layout.config_file, document)
    for name in action.hooks:
        applied.record_config(context, name)


def update(document: Config, settings: Mapping[str, Any]) -> None:
    """Set each leaf of `settings` in the document; everything else stays, comments too."""
    for key, value in settings.items():
        present = document.get(key)
        if isinstance(value, Mapping) and isinstance(present, MutableMapping):
            update(present, value)
        elif present != value or type(present) is not type(value):
            document[key] = copy.deepcopy(dict(value) if isinstance(value, Mapping) else value)


def add_admins(document: Config, admins: tuple[str, ...]) -> None:
    """Add to `users.admin`; who is there stays there."""
    if not admins:
        return
    users = document.setdefault("users", {})
    present = users.setdefault("admin", [])
    present.extend(name for name in admins if name not in present)


def take_over(
    document: Config, after: Mapping[str, Any], administrator: Mapping[str, Any], prefix: str = ""
) -> Iterator[Kept]:
    """Bring a plugin's changes into the document, but for values that are the administrator's.

    A list that still holds all of the administrator's items may grow. Yields what was kept.
    """
    for key, wanted in after.items():
        name = f"{prefix}{key}"
        mine = administrator.get(key)
        if key not in administrator or mine == wanted or _grew(mine, wanted):
            if document.get(key) != wanted or key not in document:
                document[key] = wanted
        elif isinstance(mine, Mapping) and isinstance(wanted, Mapping):
            yield from take_over(document[key], wanted, mine, f"{name}.")
        else:
            yield Kept(name, mine, wanted)
    for key in [key for key in document if key not in after]:
        if key in administrator:
            yield Kept(f"{prefix}{key}", administrator[key], None)
        else:
            del document[key]


def _grew(mine: object, wanted: object) -> bool:
    return isinstance(mine, list) and isinstance(wanted, list) and all(item in wanted for item in mine)
