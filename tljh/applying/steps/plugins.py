"""Steps that install plugins, load them, hold them against what was approved, and run their code."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tljh import confinement
from tljh.applying import applied
from tljh.applying.context import Context
from tljh.applying.steps.environments import install_conda_packages, install_for_users, install_in_hub
from tljh.applying.steps.system import install_debian_packages
from tljh.errors import PlanChanged, StepFailed
from tljh.planning import actions
from tljh.planning.actions import ExpectedHook
from tljh.planning.requirements import DEFAULT_CHANNELS


def install_plugins(action: actions.InstallPlugins, context: Context) -> None:
    """The very artifacts that were inspected; one whose bytes differ stops the run."""
    requirements = []
    for plugin in action.plugins:
        path = Path(plugin.path)
        if path.is_file() and sha256(path) != plugin.sha256:
            raise PlanChanged(
                f"{path.name} is not the file that was inspected: its sha256 differs.",
                "Nothing of it was installed. Make a new plan: tljh plan",
            )
        extras = f"[{','.join(plugin.extras)}]" if plugin.extras else ""
        requirements.append(f"{plugin.name}{extras} @ {path.as_uri()}")
    install_in_hub(context, requirements, constraints=action.pins)
    applied.record_installed(context, action.plugins)


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def check_plugins(action: actions.CheckPlugins, context: Context) -> None:
    """Load the plugins and compare. Raises PlanChanged, with the differences, before anything is applied."""
    result = run_host(context, {"do": "contributions", "plugins": list(action.plugins)})
    if result["errors"]:
        reasons = "\n".join(f"  {name}: {reason}" for name, reason in sorted(result["errors"].items()))
        raise StepFailed(
            f"These plugins could not be loaded:\n{reasons}",
            "Nothing of them was applied. Leave them out or choose another version, then apply again.",
        )
    loaded: Mapping[str, Any] = result["plugins"]
    differences = compare(action, loaded)
    if differences:
        raise PlanChanged(
            "Loaded, the plugins do not do what you approved:\n"
            + "\n".join(f"  {line}" for line in differences),
            "Nothing of it was applied. Report this to the plugin's authors, and leave the plugin out.",
        )
    context.run.observed_file.write_text(json.dumps(loaded))
    for name in action.plugins:
        applied.record_contributions(context, name, loaded[name]["packages"])


def compare(action: actions.CheckPlugins, loaded: Mapping[str, Any]) -> list[str]:
    """Each difference between what was approved and what the loaded plugins say, a line each."""
    differences = []
    for name in action.plugins:
        approved_hooks = set(action.implements.get(name, ()))
        actual_hooks = set(loaded[name]["implements"])
        differences += [f"{name} also implements {hook}" for hook in sorted(actual_hooks - approved_hooks)]
        differences += [f"{name} does not implement {hook}" for hook in sorted(approved_hooks - actual_hooks)]
    for expected in action.expected:
        if expected.hook in loaded[expected.plugin]["implements"]:
            differences += _compare_value(expected, loaded[expected.plugin]["packages"][expected.hook])
    return differences


def _compare_value(expected: ExpectedHook, actual: Sequence[str]) -> list[str]:
    """Only what was read for certain can differ; the rest was approved as unknown."""
    if expected.certainty != "certain":
        return []
    approved = list(dict.fromkeys(expected.value or ()))
    order = list(dict.fromkeys(actual))
    where = f"{expected.plugin}: {expected.hook}"
    lines = [f"{where} no longer gives {item!r}" for item in approved if item not in order]
    lines += [f"{where} also gives {item!r}" for item in order if item not in approved]
    if not lines and order != approved and expected.hook == "tljh_extra_user_conda_channels":
        lines.append(f"{where} gives the channels in another order")
    return lines


def install_late_packages(action: actions.InstallLatePackages, context: Context) -> None:
    """Packages of hooks that could not be read before: apt, hub, conda, pip, in this order."""
    observed = context.observed()

    def items(hook: str) -> list[str]:
        wanted = [observed[plugin]["packages"].get(hook, []) for plugin, name in action.hooks if name == hook]
        return list(dict.fromkeys(item for packages in wanted for item in packages))

    if packages := items("tljh_extra_apt_packages"):
        install_debian_packages(packages, context)
    if packages := items("tljh_extra_hub_pip_packages"):
        install_in_hub(context, packages, constraints=action.hub_constraints)
    channels = items("tljh_extra_user_conda_channels")
    if packages := items("tljh_extra_user_conda_packages"):
        # As in a plan: the answers' channels first, and the default only if nobody names one.
        named = () if action.channels == DEFAULT_CHANNELS else action.channels
        wanted_channels = tuple(dict.fromkeys([*named, *channels])) or DEFAULT_CHANNELS
        install_conda_packages(context, packages, wanted_channels)
    if packages := items("tljh_extra_user_pip_packages"):
        install_for_users(context, packages)


def run_post_install(action: actions.RunPostInstall, context: Context) -> None:
    """Each plugin's code once; the first that fails stops the run, and the ones before stay recorded."""
    for name in action.plugins:
        result = run_host(context, {"do": "post-install", "plugins": [name]})
        if name in result["errors"]:
            raise StepFailed(
                f"{name}: tljh_post_install failed: {result['errors'][name]}",
                "The hub itself is up. Correct the cause; `tljh install` tries this code again.",
            )
        applied.record_post_install(context, name)


def run_host(context: Context, job: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out a job in the hub's interpreter. Raises StepFailed if the process itself dies."""
    with tempfile.TemporaryDirectory(prefix="job-", dir=context.run.folder) as folder:
        job_file, result_file = Path(folder, "job.json"), Path(folder, "result.json")
        job_file.write_text(json.dumps(job))
        host = [str(context.layout.hub_python), "-m", "tljh.applying.plugin_host"]
        result = context.runner.run(
            [*confined(context), *host, str(job_file), str(result_file)],
            env={"TLJH_INSTALL_PREFIX": str(context.layout.prefix)},
            on_line=context.line,
            check=False,
        )
        if not result.ok or not result_file.exists():
            raise StepFailed(
                f"The process that loads the plugins ended with status {result.status}:\n{result.tail()}",
                "Leave the plugin out, or report this to its authors.",
            )
        document: dict[str, Any] = json.loads(result_file.read_text())
        return document


def confined(context: Context) -> list[str]:
    """In folder scope, plugin code may write below the install prefix only, where that can be had."""
    if context.folder_only and confinement.works(context.runner):
        return confinement.inside(context.layout.prefix)
    return []
