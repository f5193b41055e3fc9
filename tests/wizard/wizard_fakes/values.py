"""Believable values for the fake backend: fixed dates, fixed sizes."""

from __future__ import annotations

from datetime import date, datetime, timezone

from tljh.discovery.candidates import Candidate, PluginSource, Release
from tljh.inspection.report import (
    ConfigEffect,
    EntryPoint,
    Finding,
    HookImplementation,
    HookOptions,
    HostEffect,
    PluginReport,
    Source,
    TraitEffect,
)
from tljh.packages.types import PackageChange
from tljh.planning import actions
from tljh.planning.types import Plan, Problem, Withheld
from tljh.spec import InstallSpec, to_dict

PREFIX = "/opt/tljh"


def candidate(name: str, summary: str, *, index: bool = False, **more: object) -> Candidate:
    git = PluginSource("git", f"https://git.example.org/teaching/{name}.git")
    sources = (PluginSource("index", name), git) if index else (git,)
    return Candidate(name, summary, sources, **more)  # type: ignore[arg-type]


CANDIDATES = (
    candidate(
        "tljh-earth",
        "Earth-science packages and sample data for courses.",
        index=True,
        documented=True,
        last_activity=date(2026, 8, 3),
        topics=("earth",),
        packages=("xarray", "iris"),
    ),
    candidate(
        "tljh-earth-data",
        "Sample data for the earth-science course.",
        index=True,
        last_activity=date(2025, 2, 14),
    ),
    candidate(
        "tljh-repo2docker",
        "Build user environments from repositories and let people choose one.",
        index=True,
        documented=True,
        last_activity=date(2026, 6, 15),
    ),
    candidate(
        "tljh-shared-directory",
        "A directory in /srv/scratch that all users share.",
        documented=True,
        last_activity=date(2019, 6, 5),
    ),
    candidate(
        "tljh-statistics",
        "R, Stan and the packages of the statistics course.",
        index=True,
        last_activity=date(2026, 1, 20),
    ),
    candidate(
        "tljh-voila-gallery",
        "A gallery of Voilà dashboards.",
        documented=True,
        last_activity=date(2020, 11, 10),
    ),
    candidate(
        "tljh-db", "MySQL databases for users.", index=True, documented=True, last_activity=date(2021, 3, 15)
    ),
)

ENRICHED = {
    "tljh-earth": "2.1.0",
    "tljh-earth-data": "0.4.2",
    "tljh-repo2docker": "3.0.21",
    "tljh-statistics": "1.3.0",
    "tljh-db": "0.4.1",
}


def release(version: str, day: tuple[int, int, int], **more: object) -> Release:
    moment = datetime(*day, tzinfo=timezone.utc)
    values = {"requirement": f"tljh-earth=={version}", "has_wheel": True, "size": 12_400, **more}
    return Release(version, moment, **values)  # type: ignore[arg-type]


RELEASES = (
    release("2.2.0rc1", (2026, 9, 1), prerelease=True),
    release("2.1.0", (2026, 8, 3)),
    release("2.0.1", (2026, 3, 12), yanked=True, yanked_reason="breaks the first login"),
    release(
        "2.0.0", (2026, 3, 2), requires_python=">=3.13", incompatible="it needs Python >=3.13, here is 3.11"
    ),
    release("1.4.0", (2025, 9, 30)),
    release("1.3.2", (2025, 4, 8)),
)


def hook(name: str, line: int, **more: object) -> HookImplementation:
    values: dict[str, object] = {
        "path": "tljh_earth.py",
        "end_line": line + 4,
        "parameters": (),
        "options": HookOptions(),
        "certainty": "certain",
        "value": None,
        "effects": (),
        "source": f"@hookimpl\ndef {name}():\n    ...",
    }
    return HookImplementation(name, line=line, **{**values, **more})  # type: ignore[arg-type]


POST_INSTALL = """\
@hookimpl
def tljh_post_install():
    archive = Path("/tmp/earth.tar.gz")
    urllib.request.urlretrieve("https://data.example.org/earth.tar.gz", archive)
    os.makedirs("/srv/earth", exist_ok=True)
    subprocess.run(["tar", "-xf", str(archive), "-C", "/srv/earth"], check=True)
    os.chmod("/srv/earth", 0o755)
"""
PACKAGES = (
    "xarray",
    "dask",
    "iris",
    "cartopy",
    "netcdf4",
    "cftime",
    "bottleneck",
    "zarr",
    "rasterio",
    "geopandas",
    "pooch",
    "intake",
)

EARTH = PluginReport(
    requirement="tljh-earth",
    name="tljh-earth",
    version="2.1.0",
    source=Source("index", "tljh-earth", sha256="5e" * 32),
    requires_python=">=3.10",
    entry_points=(EntryPoint("earth", "tljh_earth"),),
    hooks=(
        hook("tljh_extra_user_conda_packages", 8, value=PACKAGES),
        hook("tljh_extra_apt_packages", 16, value=("libgeos-dev",)),
        hook(
            "tljh_config_post_install",
            22,
            parameters=("config",),
            effects=(
                ConfigEffect("user_environment.default_app", "set", "jupyterlab", "certain", 23),
                ConfigEffect("limits.memory", "set", "2G", "certain", 24),
            ),
        ),
        hook(
            "tljh_post_install",
            31,
            end_line=37,
            source=POST_INSTALL,
            certainty="partial",
            unknown=("the mode of what it unpacks",),
            effects=(
                HostEffect(
                    "network", "downloads https://data.example.org/earth.tar.gz", "high", "certain", 34
                ),
                HostEffect("file", "makes the folder /srv/earth", "low", "certain", 35),
                HostEffect(
                    "command", "runs tar -xf /tmp/earth.tar.gz -C /srv/earth", "medium", "certain", 36
                ),
                HostEffect("permission", "makes /srv/earth readable by everyone", "high", "certain", 37),
            ),
        ),
    ),
    findings=(Finding("no-sources", "info", "It was read from a wheel; the sdist has the same version."),),
    summary="Earth-science packages and sample data for courses.",
    license="BSD-3-Clause",
    readme="# tljh-earth\n\nPackages and data for the course *Earth systems*.\n\n* xarray, dask, iris\n",
)
DATA = PluginReport(
    requirement="tljh-earth-data",
    name="tljh-earth-data",
    version="0.4.2",
    source=Source("index", "tljh-earth-data", sha256="da" * 32),
    entry_points=(EntryPoint("data", "tljh_earth_data"),),
    hooks=(
        hook(
            "tljh_extra_user_conda_packages", 5, path="tljh_earth_data.py", value=("pooch", "fsspec", "s3fs")
        ),
        hook(
            "tljh_custom_jupyterhub_config",
            12,
            path="tljh_earth_data.py",
            parameters=("c",),
            effects=(
                TraitEffect("c.Spawner.environment", "update", {"EARTH_DATA": "/srv/data"}, "certain", 13),
            ),
        ),
        hook(
            "tljh_config_post_install",
            18,
            path="tljh_earth_data.py",
            parameters=("config",),
            effects=(ConfigEffect("limits.memory", "set", "4G", "certain", 19),),
        ),
    ),
    license="MIT",
    readme="Data.",
)
REPO2DOCKER = PluginReport(
    requirement="tljh-repo2docker",
    name="tljh-repo2docker",
    version="3.0.21",
    source=Source("index", "tljh-repo2docker", sha256="2d" * 32),
    requires_python=">=3.10",
    entry_points=(EntryPoint("tljh_repo2docker", "tljh_repo2docker"),),
    hooks=(
        hook(
            "tljh_custom_jupyterhub_config",
            25,
            path="tljh_repo2docker/__init__.py",
            parameters=("c",),
            certainty="partial",
            unknown=("the value of c.JupyterHub.services",),
            effects=(
                TraitEffect(
                    "c.JupyterHub.spawner_class", "set", "tljh_repo2docker.Repo2DockerSpawner", "certain", 27
                ),
                TraitEffect("c.JupyterHub.services", "extend", None, "opaque", 30),
            ),
        ),
        hook(
            "tljh_extra_hub_pip_packages",
            60,
            path="tljh_repo2docker/__init__.py",
            value=("dockerspawner~=14.0",),
        ),
    ),
    license="BSD-3-Clause",
)
DB = PluginReport(
    requirement="tljh-db",
    name="tljh-db",
    version="0.4.1",
    source=Source("index", "tljh-db", sha256="db" * 32),
    status="no-entry-point",
    findings=(
        Finding(
            "no-entry-point", "danger", "It registers no plugin: there is no entry point in the group tljh."
        ),
    ),
)
REPORTS = {report.requirement: report for report in (EARTH, DATA, REPO2DOCKER, DB)}
REPORTS["tljh-earth==1.4.0"] = EARTH


def change(name: str, version: str, size: int, previous: str | None = None) -> PackageChange:
    return PackageChange(name, "upgrade" if previous else "install", version, previous, size)


APT = (change("libgeos-dev", "3.11.1-1", 1_200_000), change("libgeos-c1v5", "3.11.1-1", 76_000))
HUB = tuple(
    change(name, version, 900_000)
    for name, version in (
        ("jupyterhub", "5.4.2"),
        ("jupyterhub-systemdspawner", "1.0.2"),
        ("tornado", "6.5.2"),
        ("sqlalchemy", "2.0.44"),
    )
)
CONDA = (
    *tuple(change(name, "2026.7.0", 4500000) for name in PACKAGES),
    change("numpy", "2.4.0", 8000000, "2.3.1"),
)
DIFF = "--- config.yaml\n+++ config.yaml (new)\n+user_environment:\n+  default_app: jupyterlab"


def plan(spec: InstallSpec, problems: tuple[Problem, ...] = (), withheld: tuple[Withheld, ...] = ()) -> Plan:
    names = tuple(choice.requirement for choice in spec.plugins)
    artifacts = tuple(
        actions.PluginArtifact(
            name=r.name or "",
            version=r.version,
            requirement=r.requirement,
            sha256=r.source.sha256 or "",
            path=f"{PREFIX}/cache/artifacts/{r.name}",
        )
        for r in (REPORTS[n] for n in names if n in REPORTS)
    )
    with_plugins: tuple[actions.Action, ...] = (
        actions.InstallAptPackages(packages=("libgeos-dev",), changes=APT, owners=("tljh-earth",)),
        actions.InstallHubPackages(pins=("jupyterhub==5.4.2",), changes=HUB, owners=("TLJH",)),
        actions.InstallPlugins(plugins=artifacts, owners=("answers",)),
        actions.CheckPlugins(plugins=names, expected=()),
        actions.SyncCondaEnvironment(
            channels=("conda-forge",), specs=PACKAGES, changes=CONDA, owners=("TLJH", "tljh-earth")
        ),
        actions.EnsureAccounts(groups=("jupyterhub-admins", "jupyterhub-users"), sudoers=True),
        actions.WriteConfig(settings={}, admins=spec.admins, hooks=("tljh-earth",), diff=DIFF),
        actions.StartServices(units=("traefik.service", "jupyterhub.service")),
        actions.CheckHealth(url="http://127.0.0.1/hub/api"),
        actions.RunPostInstall(plugins=("tljh-earth",), owners=("tljh-earth",)),
    )
    return Plan(PREFIX, to_dict(spec), with_plugins, problems, withheld, address="http://HOST/")


WARNING = Problem(
    "same-key",
    "tljh-earth and tljh-earth-data both set limits.memory; tljh-earth-data wins: 4G.",
    "Set limits.memory yourself to decide it: yours wins over both.",
)
BLOCKING = Problem(
    "port-in-use",
    "Port 80 is in use by nginx.",
    "Stop it (sudo systemctl disable --now nginx), or set http.port.",
    blocking=True,
)
WITHHELD = Withheld("Server packages", ("sl",), "needs root on a server: would install sl")
