"""Runs plugins written for these tests with the real pluggy, in several environments, and compares.

The plugins are data of this repository. They are run in a process of its own that forks for each, and only
hooks that give values or change `c` or `config` are called.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugins import report_of, wheel

from tljh.inspection import PluginReport
from tljh.inspection.report import ConfigEffect, HookImplementation, TraitEffect

REPOSITORY = Path(__file__).resolve().parents[3]
DATA = REPOSITORY / "tests" / "data" / "inspection"
RUNNER = Path(__file__).with_name("run_plugins.py")
ENVIRONMENTS: tuple[str, ...] = ("bare", "full", "old")
"""Without variables and files; with them and with settings; another version of Python, another prefix."""


@dataclass(frozen=True)
class Trap:
    """A plugin of a data file: its files by name."""

    name: str
    files: dict[str, str]
    entry_points: str


HOOKS = {
    "p": ("tljh_extra_user_pip_packages", ""),
    "c": ("tljh_custom_jupyterhub_config", "c"),
    "config": ("tljh_config_post_install", "config"),
}


def with_hook(text: str, name: str, parameters: str) -> str:
    before, _, body = text.partition("\n--\n") if "\n--\n" in f"\n{text}" else ("", "", text)
    header = "from tljh.hooks import hookimpl\nimport os\nimport sys\n"
    return f"{header}{before}\n@hookimpl\ndef {name}({parameters}):\n{textwrap.indent(body, '    ')}\n"


def read_traps(name: str) -> list[Trap]:
    """The plugins of a data file: `#### name` begins one, `##== path` another file of it.

    `#### p: name` is the body of a hook for packages, `c:` and `config:` of one for `c` and `config`; what
    stands before a line `--` stands before the hook.
    """
    found: list[Trap] = []
    for block in (DATA / name).read_text().split("#### ")[1:]:
        title, _, body = block.partition("\n")
        files: dict[str, str] = {}
        entry_points = "[tljh]\ncase = tljh_case\n"
        for number, part in enumerate(body.split("##== ")):
            path, _, text = ("tljh_case.py", "", part) if number == 0 else part.partition("\n")
            kind = title.partition(":")[0]
            if number == 0 and kind in HOOKS and ":" in title:
                text = with_hook(text, *HOOKS[kind])
            if path == "entry_points":
                entry_points = text
            elif text.strip() or number:
                files[path.strip()] = text
        if files["tljh_case.py" if "tljh_case.py" in files else next(iter(files))]:
            found.append(Trap(title.strip(), files, entry_points))
    return found


def inspect_trap(trap: Trap) -> PluginReport:
    return report_of(wheel(trap.files, trap.entry_points))


def run_all(traps: Sequence[Trap], folder: Path) -> dict[str, dict[str, Any]]:
    """What really happens: by trap, by environment."""
    plain = [{"name": t.name, "files": t.files, "entry_points": t.entry_points} for t in traps]
    job = folder / "job.json"
    job.write_text(json.dumps(plain))
    running = []
    for environment in ENVIRONMENTS:
        place = folder / environment
        place.mkdir()
        result = folder / f"{environment}.json"
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [sys.executable, str(RUNNER), str(job), environment, str(place), str(result)]
        running.append((environment, result, subprocess.Popen(command, cwd=place, env=variables)))
    found: dict[str, dict[str, Any]] = {trap.name: {} for trap in traps}
    for environment, result, process in running:
        assert process.wait(300) == 0
        for name, outcome in json.loads(result.read_text()).items():
            found[name][environment] = outcome
    return found


def disagreements(report: PluginReport, real: Mapping[str, Any]) -> list[str]:
    """Everything that the report says is certain and that was otherwise in some environment."""
    found: list[str] = []
    for environment, outcome in real.items():
        found += [f"{environment}: {text}" for text in _disagreements(report, outcome)]
    return found


def _disagreements(report: PluginReport, outcome: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    dynamic = any(finding.code in ("dynamic-code", "not-followed") for finding in report.findings)
    if "import_error" in outcome:
        return found
    registered = set(outcome["registered"])
    listed = {hook.hook for hook in report.hooks}
    for hook in report.hooks:
        sure = not any("only registered if" in text for text in hook.unknown)
        if hook.hook not in registered and sure and not dynamic:
            found.append(f"{hook.hook} is listed as registered and is not")
    for name in registered - listed:
        excused = dynamic or any(f.code == "not-registered-surely" for f in report.findings)
        if not excused and not any(name in finding.message for finding in report.findings):
            found.append(f"{name} is registered and not listed")
    by_hook: dict[str, list[HookImplementation]] = {}
    for hook in report.hooks:
        by_hook.setdefault(hook.hook, []).append(hook)
    for name, hooks in by_hook.items():
        happened = outcome["hooks"].get(name)
        if happened is None or len(hooks) > 1:
            continue
        found += _compare(hooks[0], happened)
    return found


def _compare(hook: HookImplementation, happened: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    if "error" in happened:
        if hook.certainty == "certain" and not happened.get("excused"):
            found.append(f"{hook.hook} is certain ({hook.value}) and raises {happened['error']}")
        return found
    if "value" in happened:
        if hook.certainty != "certain":
            return found
        real: list[Any] = happened["value"]
        seen: list[Any] = list(hook.value or ())
        if any("order" in text for text in hook.unknown):
            real, seen = sorted(map(str, real)), sorted(map(str, seen))
        if real != seen:
            found.append(f"{hook.hook}: certain {seen!r}, really {real!r}")
        return found
    if hook.hook == "tljh_custom_jupyterhub_config":
        found += _compare_traits(hook, happened)
    elif hook.hook == "tljh_config_post_install":
        found += _compare_config(hook, happened)
    return found


def _compare_traits(hook: HookImplementation, happened: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    effects = [effect for effect in hook.effects if isinstance(effect, TraitEffect)]
    targets = [effect.target for effect in effects]
    before, after = happened["before"], happened["after"]
    for index, effect in enumerate(effects):
        later = any(
            other == effect.target or effect.target.startswith(f"{other}.") for other in targets[index + 1 :]
        )
        if effect.certainty != "certain" or later:
            continue
        real = after.get(effect.target)
        if effect.operation == "set" and real != effect.value:
            found.append(f"{effect.target}: certain {effect.value!r}, really {real!r}")
        elif effect.operation == "delete" and effect.value is None and effect.target in after:
            found.append(f"{effect.target}: certainly deleted, really {real!r}")
        elif effect.operation in ("append", "extend", "insert", "update") and not _holds(real, effect):
            found.append(f"{effect.target}: certain {effect.operation} {effect.value!r}, really {real!r}")
    vague = any("[" in target or "…" in target or "{" in target for target in targets) or _admits(hook)
    for target in {**before, **after}:
        if before.get(target) == after.get(target) or vague or hook.certainty == "opaque":
            continue
        if not any(target == one or target.startswith(f"{one}.") for one in targets):
            found.append(f"{target} is changed to {after.get(target)!r} and not listed")
    return found


def _admits(hook: HookImplementation) -> bool:
    """Whether the report says that the hook runs code that was not read."""
    return hook.certainty != "certain" and any(
        text.startswith("what ") or "makes code while it runs" in text for text in hook.unknown
    )


def _holds(real: Any, effect: TraitEffect) -> bool:
    if isinstance(real, dict) and "lazy" in real:
        inner = real["lazy"]
        if effect.operation == "update":
            return isinstance(effect.value, dict) and effect.value.items() <= inner.get("update", {}).items()
        if effect.operation == "insert":
            prepended = inner.get("prepend", [])
            return effect.value == prepended or any(effect.value == value for _, value in real["inserts"])
        wanted = effect.value if isinstance(effect.value, list) else [effect.value]
        parts = [part for part in inner.values() if isinstance(part, list)]
        return any(effect.value in part or all(value in part for value in wanted) for part in parts)
    if isinstance(effect.value, dict) and isinstance(real, dict):
        return all(_nested(real, key, value) for key, value in effect.value.items())
    if isinstance(real, list):
        values = (
            effect.value
            if isinstance(effect.value, list) and effect.operation == "extend"
            else [effect.value]
        )
        return all(value in real for value in values)
    return False


def _nested(real: Mapping[str, Any], key: str, value: Any) -> bool:
    """A key holds the value; of a mapping at least what is in it."""
    there = real.get(key)
    if isinstance(value, dict) and isinstance(there, dict):
        return all(_nested(there, name, inner) for name, inner in value.items())
    return bool(there == value)


def _at(config: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(config, dict) or part not in config:
            return "(nothing)"
        config = config[part]
    return config


def _leaves(config: Any, path: str = "") -> dict[str, Any]:
    if isinstance(config, dict) and config:
        found: dict[str, Any] = {}
        for key, value in config.items():
            found |= _leaves(value, f"{path}.{key}" if path else str(key))
        return found
    return {path: config}


def _compare_config(hook: HookImplementation, happened: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    effects = [effect for effect in hook.effects if isinstance(effect, ConfigEffect)]
    before, after = happened["before"], happened["after"]
    keys = [effect.key for effect in effects]
    for index, effect in enumerate(effects):
        later = any(
            other.startswith(effect.key) or effect.key.startswith(f"{other}.") for other in keys[index + 1 :]
        )
        if effect.certainty != "certain" or later:
            continue
        real = _at(after, effect.key)
        if effect.operation == "set" and real != effect.value:
            found.append(f"{effect.key}: certain {effect.value!r}, really {real!r}")
        elif effect.operation == "delete" and effect.value is None and real != "(nothing)":
            found.append(f"{effect.key}: certainly deleted, really {real!r}")
        elif effect.operation == "append" and (not isinstance(real, list) or effect.value not in real):
            found.append(f"{effect.key}: certainly appended {effect.value!r}, really {real!r}")
        elif effect.operation == "set-if-missing":
            if any(key.startswith(f"{effect.key}.") for key in keys):
                continue
            was = _at(before, effect.key)
            if real != (effect.value if was == "(nothing)" else was) and was is not None:
                found.append(f"{effect.key}: certainly set if missing {effect.value!r}, really {real!r}")
    if (
        hook.certainty == "opaque"
        or any(not key or "…" in key or "[" in key for key in keys)
        or _admits(hook)
    ):
        return found
    old, new = _leaves(before), _leaves(after)
    for key in {**old, **new}:
        if old.get(key, "(nothing)") == new.get(key, "(nothing)") or not key:
            continue
        related = any(key == one or key.startswith(f"{one}.") or one.startswith(f"{key}.") for one in keys)
        if not related:
            found.append(f"{key} is changed to {new.get(key, '(nothing)')!r} and not listed")
    return found
