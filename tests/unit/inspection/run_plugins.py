"""Run with `python run_plugins.py JOB ENVIRONMENT FOLDER RESULT`: calls hooks of test plugins with pluggy."""

from __future__ import annotations

import copy
import importlib
import json
import os
import platform
import random
import re
import sys
import traceback
from pathlib import Path
from typing import Any

import pluggy
from traitlets.config import Config, LazyConfigValue

from tljh import hooks

CONFIG: dict[str, Any] = {
    "users": {"admin": ["root"], "extra_user_groups": {"a": ["b"]}},
    "limits": {"memory": "1G", "cpu": None},
    "services": {"cull": {"enabled": True, "timeout": 600}},
    "user_environment": {"default_app": "classic"},
    "items": ["old"],
}


FAILS_ON_WHAT_WAS_THERE = ("LazyConfigValue", "must be Config instances", "no attribute 'prepend'")


def prepare(environment: str, sources: str) -> None:
    """Make the environment: variables that the plugins name, files, the version of Python."""
    random.seed(environment)
    names = set(re.findall(r"""environ(?:\.get|\.setdefault|\.pop)?[\[(]\s*["'](\w+)""", sources))
    names |= set(re.findall(r"""getenv\(\s*["'](\w+)""", sources))
    for name in names - {"PATH", "PYTHONPATH"}:
        os.environ.pop(name, None)
        if environment == "full":
            os.environ[name] = "q extra1,extra2 3"
        elif environment == "old":
            os.environ[name] = "1"
    if environment == "full":
        Path("present.txt").write_text("p1\np2\n")
        os.environ["HOME"] = "/nowhere"
    if environment == "old":
        os.environ["TLJH_INSTALL_PREFIX"] = "/srv/tljh"
        os.environ["HOME"] = "/home/other"
        version = (3, 8, 1, "final", 0)
        sys.version_info = type("V", (tuple,), {"major": 3, "minor": 8, "micro": 1})(version)
        sys.platform = "other"
        platform.machine = lambda: "aarch64"


def plain(value: Any) -> Any:
    """As JSON can hold it; sets as sorted lists, anything else as text."""
    if isinstance(value, LazyConfigValue):
        inner = {name: plain(getattr(value, f"_{name}")) for name in ("extend", "prepend", "update")}
        return {"lazy": {key: item for key, item in inner.items() if item}, "inserts": plain(value._inserts)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=lambda item: (str(type(item)), str(item)))
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return f"<{type(value).__name__}>"


def traits(config: Config, path: str = "c") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, Config):
            found |= traits(value, f"{path}.{name}")
        else:
            found[f"{path}.{name}"] = plain(value)
    return found


def filled(environment: str) -> Config:
    c = Config()
    if environment == "full":
        c.JupyterHub.services = [{"name": "cull-idle"}]
        c.Spawner.environment = {"OLD": "1"}
        c.Spawner.cmd = ["old"]
        c.Authenticator.admin_users = {"root"}
        c.JupyterHub.template_paths = ["/old"]
    return c


def call(manager: pluggy.PluginManager, name: str, environment: str) -> dict[str, Any]:
    try:
        if name == "tljh_custom_jupyterhub_config":
            c = filled(environment)
            before = traits(copy.deepcopy(c))
            manager.hook.tljh_custom_jupyterhub_config(c=c)
            return {"before": before, "after": traits(c)}
        if name == "tljh_config_post_install":
            config = copy.deepcopy(CONFIG) if environment == "full" else {}
            before_config = copy.deepcopy(config)
            manager.hook.tljh_config_post_install(config=config)
            return {"before": before_config, "after": plain(config)}
        if name.startswith("tljh_extra_"):
            return {"value": [plain(item) for items in getattr(manager.hook, name)() for item in items]}
    except Exception as error:  # noqa: BLE001
        excused = any(word in str(error) for word in FAILS_ON_WHAT_WAS_THERE) and not name.startswith(
            "tljh_extra_"
        )
        excused = excused or (name == "tljh_config_post_install" and isinstance(error, KeyError))
        excused = (
            excused
            or isinstance(error, (ImportError, OSError, NotImplementedError))
            or "excused" in str(error)
        )
        return {"error": repr(error), "excused": excused}
    return {}


def run(trap: dict[str, Any], environment: str, folder: Path) -> dict[str, Any]:
    place = folder / "site"
    for name, text in trap["files"].items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    sys.path.insert(0, str(place))
    prepare(environment, "".join(trap["files"].values()))
    manager = pluggy.PluginManager(hooks.PROJECT_NAME)
    manager.add_hookspecs(hooks)
    registered: set[str] = set()
    try:
        for line in trap["entry_points"].splitlines()[1:]:
            target = line.partition("=")[2].strip()
            if not target:
                continue
            module, _, attribute = target.partition(":")
            plugin: Any = importlib.import_module(module)
            plugin = sys.modules[module]
            for part in attribute.split(".") if attribute else ():
                plugin = getattr(plugin, part)
            manager.register(plugin)
            registered |= {caller.name for caller in manager.get_hookcallers(plugin) or ()}
    except BaseException as error:  # noqa: BLE001
        return {"import_error": repr(error)}
    known = {name for name in dir(hooks) if name.startswith("tljh_")}
    found = {name: call(manager, name, environment) for name in sorted(registered & known)}
    return {"registered": sorted(registered & known), "hooks": {k: v for k, v in found.items() if v}}


def main() -> None:
    job, environment, folder, result = sys.argv[1:]
    found: dict[str, Any] = {}
    for number, trap in enumerate(json.loads(Path(job).read_text())):
        place = Path(folder) / str(number)
        place.mkdir()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            os.chdir(place)
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
            try:
                outcome = run(trap, environment, place)
            except BaseException:  # noqa: BLE001
                outcome = {"import_error": traceback.format_exc()}
            with os.fdopen(writer, "w") as stream:
                json.dump(outcome, stream)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as stream:
            text = stream.read()
        os.waitpid(child, 0)
        found[trap["name"]] = json.loads(text)
    Path(result).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
