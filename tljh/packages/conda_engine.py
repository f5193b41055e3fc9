"""Solves and installs with the conda library. Imported by the worker only: the library takes 0.15 s."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rattler
from rattler import exceptions

from tljh.packages import conda_errors as errors
from tljh.packages.conda_records import Record, clobbered, difference, disagreements
from tljh.packages.conda_requests import merged_specs, record_request, requested, spec_name, write_pending
from tljh.packages.redaction import public
from tljh.packages.types import PackageChange, change_from_dict

READING_ERRORS = (exceptions.GatewayError, exceptions.FetchRepoDataError, exceptions.InvalidChannelError)
INSTALLING_ERRORS = (
    exceptions.InstallerError,
    exceptions.TransactionError,
    exceptions.LinkError,
    exceptions.IoError,
    exceptions.CacheDirError,
    exceptions.ExtractError,
    OSError,
)
Reporter = Any
"""What the library calls back; the worker's."""


@dataclass(frozen=True, slots=True)
class Job:
    """One request of the front end, as it travels to the worker."""

    prefix: str
    specs: tuple[str, ...]
    channels: tuple[str, ...]
    cache_dir: str
    config: str = ""
    remove: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    channel_priority: str = "strict"
    offline: bool = False
    apply: bool = False
    expected: tuple[Mapping[str, Any], ...] | None = None
    token: str = ""

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Job:
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in document.items()}
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Solved:
    """The library's records of a solution, and what it changes."""

    records: list[Any]
    changes: tuple[PackageChange, ...]
    specs: tuple[str, ...]


class Engine:
    """One environment, for one job."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.prefix = Path(job.prefix)
        self.client = rattler.Client.from_config(rattler.Config.from_toml(job.config))
        action = "force-cache-only" if job.offline else "cache-or-fetch"
        self.gateway = rattler.Gateway(
            cache_dir=Path(job.cache_dir, "repodata"),
            default_config=rattler.SourceConfig(cache_action=action),
            client=self.client,
        )
        self.warnings: list[str] = []
        known = requested(self.prefix)
        self.installed = self._load_installed()
        self.before = [plain(record) for record in self.installed]
        self.requested = known or self._leaves()

    async def solve(self) -> Solved:
        """One solve for what was asked for before and now. Changes nothing."""
        specs = merged_specs(self.requested, self.job.specs, self.job.remove)
        parsed = [parse_spec(spec) for spec in specs]
        limits = [parse_spec(spec) for spec in (*self.job.constraints, *self._pinned())]
        channels = self._channels(parsed)
        platforms = [rattler.Subdir.current(), rattler.Subdir("noarch")]
        try:
            records = await rattler.solve(
                channels,
                parsed,
                gateway=self.gateway,
                platforms=platforms,
                locked_packages=self.installed,
                virtual_packages=rattler.VirtualPackage.detect(rattler.VirtualPackageOverrides.from_env()),
                channel_priority=_priority(self.job.channel_priority),
                constraints=limits,
                channel_relations="disabled",
            )
        except exceptions.SolverError as error:
            raise await self._explain(str(error), parsed, channels, platforms) from None
        except READING_ERRORS as error:
            raise errors.unreachable(str(error), [channel.base_url for channel in channels]) from None
        changes = difference(self.before, map(plain, records), rattler.Version)
        return Solved(records, changes, specs)

    def check(self, solved: Solved) -> None:
        """Raise PlanChanged if the solution is not the approved one."""
        if self.job.expected is None:
            return
        expected = [change_from_dict(change) for change in self.job.expected]
        if lines := disagreements(expected, solved.changes, self.before):
            raise errors.plan_changed(lines)

    async def install(self, solved: Solved, reporter: Reporter) -> None:
        """Make the prefix hold the solution; what is being asked for is noted before and recorded after."""
        if not solved.changes and solved.specs == self.requested:
            return
        write_pending(self.prefix, self.requested, solved.specs)
        if solved.changes:
            await self._link(solved, reporter)
        record_request(self.prefix, self.requested, solved.specs)
        for name in clobbered(self.prefix):
            self.warnings.append(f"two packages bring the same file; the copy of one was set aside: {name}")

    async def _link(self, solved: Solved, reporter: Reporter) -> None:
        """Link scripts run, as conda and mamba do: packages such as R data sets are empty without them.

        They run as root from packages that the plan names, as building an sdist does.
        """
        relinked = {change.name for change in solved.changes if change.kind == "reinstall"}
        try:
            await rattler.install(
                solved.records,
                self.prefix,
                cache_dir=Path(self.job.cache_dir, "pkgs"),
                installed_packages=self.installed,
                reinstall_packages=relinked or None,
                execute_link_scripts=True,
                show_progress=False,
                client=self.client,
                requested_specs=[parse_spec(spec)._match_spec for spec in solved.specs],
                reporter=reporter,
            )
        except INSTALLING_ERRORS as error:
            raise errors.installation_failed(str(error), self.job.channels) from None
        for path in (self.prefix / "conda-meta").glob("*.json"):
            path.chmod(0o644)  # the library makes them for root alone, and users list packages too
        if reporter.failed_scripts:
            self._forget(reporter.failed_scripts, solved)
            raise errors.link_script_failed(reporter.failed_scripts)

    def _forget(self, names: Sequence[str], solved: Solved) -> None:
        """Take away the records of packages whose script failed, so that they count as not installed."""
        record_request(self.prefix, self.requested, [s for s in solved.specs if spec_name(s) not in names])
        for name in names:
            for path in (self.prefix / "conda-meta").glob(f"{name}-*.json"):
                if path.stem.rsplit("-", 2)[0] == name:
                    path.unlink()

    def _load_installed(self) -> list[Any]:
        """The records of the prefix; one cut short by a crash is dropped, and its package made anew."""
        records = []
        for path in sorted((self.prefix / "conda-meta").glob("*.json")):
            try:
                json.loads(path.read_bytes())
                records.append(rattler.PrefixRecord.from_path(path))
            except (ValueError, exceptions.IoError, OSError) as error:
                self.warnings.append(f"{path.name} cannot be read ({error}); its package is installed again")
                if self.job.apply:
                    path.unlink(missing_ok=True)
        return records

    def _leaves(self) -> tuple[str, ...]:
        """Of an environment that does not say what it was asked for: the packages that no other one needs."""
        needed = {spec_name(depend) for record in self.installed for depend in record.depends}
        return tuple(
            record.name.normalized for record in self.installed if record.name.normalized not in needed
        )

    def _pinned(self) -> list[str]:
        """What an administrator pinned, in conda's own file."""
        try:
            text = (self.prefix / "conda-meta" / "pinned").read_text(encoding="utf-8")
        except OSError:
            return []
        return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]

    def _channels(self, parsed: Iterable[Any]) -> list[Any]:
        """The channels in priority order, and after them those that a match spec names."""
        try:
            asked = [rattler.Channel(channel) for channel in self.job.channels]
        except exceptions.InvalidChannelError as error:
            raise errors.unreachable(str(error), self.job.channels) from None
        named = [spec.channel for spec in parsed if spec.channel is not None]
        return list({channel.base_url: channel for channel in reversed([*asked, *named])}.values())[::-1]

    async def _explain(
        self, text: str, parsed: Sequence[Any], channels: Sequence[Any], platforms: Sequence[Any]
    ) -> Exception:
        """Say whether a name or a version does not exist, else hand on the solver's tree."""
        found = re.search(r"^(?:.*: )?No candidates were found for (\S+)", text.strip())
        if not found:
            return errors.unsatisfiable(text)
        name = found[1].lower()
        spec = next((str(spec) for spec in parsed if spec_name(str(spec)) == name), name)
        answer = await self.gateway.query(channels, platforms, [name], recursive=False)
        versions = {record.version for records in answer for record in records}
        if versions:
            newest = sorted(versions, reverse=True)[:5]
            return errors.unknown_version(spec, map(str, newest))
        names = await self.gateway.names(channels, platforms)
        near = difflib.get_close_matches(name, {each.normalized for each in names}, n=3, cutoff=0.7)
        return errors.unknown_packages([name], near, [channel.base_url for channel in channels])


def parse_spec(spec: str) -> Any:
    """The library's match spec, read leniently. Raises InvalidInput that names the bad one."""
    name = spec_name(spec)
    if not re.fullmatch(r"[a-z0-9_][a-z0-9_.*-]*", name):
        raise errors.bad_spec(spec, "it does not begin with a package name")
    lowered = re.sub(re.escape(name), name, spec.strip(), count=1, flags=re.IGNORECASE)
    text = lowered if "::" in spec or "[" in spec else lowered.partition("#")[0].strip()
    try:
        return rattler.MatchSpec(text, strict=False)
    except exceptions.InvalidMatchSpecError as error:
        raise errors.bad_spec(spec, str(error)) from None


def plain(record: Any) -> Record:
    """The library's record as a value, without credentials."""
    return Record(
        record.name.normalized,
        str(record.version),
        str(record.build),
        record.build_number,
        public(record.channel or ""),
        public(record.url or ""),
        record.sha256.hex() if record.sha256 else None,
        record.size,
        record.noarch.python,
    )


def _priority(name: str) -> Any:
    return getattr(rattler.ChannelPriority, name.capitalize())
