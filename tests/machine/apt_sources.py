"""The Debian mirrors that this machine itself uses, whatever their address."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

DEBIAN_SUITES = ("bookworm", "trixie")
_APT = Path("/etc/apt")


@dataclass(frozen=True, slots=True)
class AptSource:
    """One suite of one Debian mirror."""

    uri: str
    suite: str
    components: tuple[str, ...]

    @property
    def release(self) -> str:
        """`bookworm` of `bookworm`, `bookworm-updates` and `bookworm-security`."""
        return self.suite.partition("-")[0]

    def line(self) -> str:
        return f"deb {self.uri} {self.suite} {' '.join(self.components)}"


def debian_sources(release: str, apt: Path = _APT) -> list[AptSource]:
    """The host's Debian sources, as they are for `release`; third parties' archives are left out."""
    own = [source for source in _all_sources(apt) if source.release in DEBIAN_SUITES]
    return list(
        dict.fromkeys(
            replace(source, suite=release + source.suite.removeprefix(source.release)) for source in own
        )
    )


def mirror(release: str) -> str | None:
    """The address of the main archive, or None where the host has no Debian source."""
    return next((source.uri for source in debian_sources(release) if source.suite == release), None)


def transport_settings() -> str:
    """The host's apt settings for proxies and TLS, as lines of an apt configuration file."""
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
    return "".join(
        f"{line}\n"
        for line in dump.splitlines()
        if re.match(r"Acquire::https?::.", line, re.IGNORECASE) and '"";' not in line
    )


def _all_sources(apt: Path) -> Iterator[AptSource]:
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    for file in files:
        if file.is_file() and file.suffix == ".list":
            yield from _one_line_sources(file.read_text())
        elif file.is_file() and file.suffix == ".sources":
            yield from _deb822_sources(file.read_text())


def _one_line_sources(text: str) -> Iterator[AptSource]:
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[[^]]*]\s+)?(\S+)\s+(\S+)\s+([^#]+)", line)
        if match:
            yield AptSource(match[1], match[2], tuple(match[3].split()))


def _deb822_sources(text: str) -> Iterator[AptSource]:
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in (" ", "\t"):
                fields[name] += " " + line.strip()
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.lower()
                fields[name] = value.strip()
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() == "no":
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield AptSource(uri, suite, tuple(fields.get("components", "").split()))
