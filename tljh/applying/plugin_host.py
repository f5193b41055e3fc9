"""The process in which approved plugins are loaded through pluggy and their hooks called.

`python -m tljh.applying.plugin_host JOB RESULT`: reads a JSON job from the file JOB, writes JSON to RESULT.
What plugins print goes to standard output, which the run logs. Jobs:

* `{"do": "contributions", "plugins": [...]}`: what the package hooks return, and which hooks there are.
* `{"do": "config", "plugins": [...], "config": {...}}`: the mapping after `tljh_config_post_install`.
* `{"do": "post-install", "plugins": [name]}`: calls `tljh_post_install`.
"""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import Any

import pluggy
from packaging.utils import canonicalize_name

from tljh.hooks import HOOKS, PACKAGE_HOOKS
from tljh.utils import load_plugins


class Host:
    """The loaded plugins, grouped by the distribution that they come from."""

    def __init__(self) -> None:
        self.manager, failures = load_plugins()
        self.failures = {canonicalize_name(f.distribution): str(f.error) for f in failures}
        self.by_distribution: dict[str, list[object]] = {}
        for plugin, distribution in self.manager.list_plugin_distinfo():
            name = canonicalize_name(distribution.metadata["name"])
            self.by_distribution.setdefault(name, []).append(plugin)

    def caller(self, name: str, hook: str) -> pluggy.HookCaller:
        """The hook, of one distribution's plugins only."""
        own = self.by_distribution.get(canonicalize_name(name), [])
        others = [plugin for plugin in self.manager.get_plugins() if plugin not in own]
        return self.manager.subset_hook_caller(hook, others)

    def implements(self, name: str) -> list[str]:
        return [hook for hook in HOOKS if self.caller(name, hook).get_hookimpls()]

    def packages(self, name: str) -> dict[str, list[str]]:
        """What each implemented package hook returns, in pluggy's order."""
        returned: dict[str, list[str]] = {}
        for hook in PACKAGE_HOOKS:
            caller = self.caller(name, hook)
            if caller.get_hookimpls():
                returned[hook] = [str(item) for value in caller() for item in value]
        return returned


def do(job: dict[str, Any]) -> dict[str, Any]:
    """Carry out one job. What a plugin raises becomes an entry in `errors`, by plugin."""
    host = Host()
    result: dict[str, Any] = {"errors": {}, "plugins": {}}
    config = job.get("config")
    for name in job["plugins"]:
        if canonicalize_name(name) not in host.by_distribution:
            result["errors"][name] = host.failures.get(canonicalize_name(name), "it registers no plugin")
            continue
        try:
            if job["do"] == "contributions":
                result["plugins"][name] = {
                    "implements": host.implements(name),
                    "packages": host.packages(name),
                }
            elif job["do"] == "config":
                host.caller(name, "tljh_config_post_install")(config=config)
            else:
                host.caller(name, "tljh_post_install")()
        except (Exception, SystemExit) as error:  # noqa: BLE001  (plugin code may raise anything)
            traceback.print_exc(file=sys.stdout)
            result["errors"][name] = f"{type(error).__name__}: {error}"
    if config is not None:
        result["config"] = config
    return result


def main() -> None:
    job_file, result_file = sys.argv[1:3]
    result = do(json.loads(Path(job_file).read_text()))
    Path(result_file).write_text(json.dumps(result, default=str))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
