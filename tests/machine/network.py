"""A network for one machine: a namespace, a cable to the host, address translation to outside.

So every machine has its own ports 22, 80, 8099 and 15001, and the host reaches it at `address`.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .slot import RUN_FOLDER, Slot, network_lock

_NAMESPACES = Path("/run/netns")
_TABLE_PREFIX = "tljh-test-"
_DEFAULT_MTU = 1500
# The host's uplinks that forwarded nothing before the first machine came: put back after the last one.
_SWITCHED_ON = RUN_FOLDER / "forwarding-switched-on"


@dataclass(frozen=True, slots=True)
class Network:
    """What connects the machine of one slot."""

    slot: Slot

    @property
    def address(self) -> str:
        return f"10.213.{self.slot.number}.2"

    @property
    def host_address(self) -> str:
        """Where the machine finds servers that a test runs on the host."""
        return f"10.213.{self.slot.number}.1"

    @property
    def namespace(self) -> Path:
        return _NAMESPACES / self.slot.name

    @property
    def _cable(self) -> str:
        return f"tljhtest{self.slot.number}"

    @property
    def _table(self) -> str:
        return f"{_TABLE_PREFIX}{self.slot.number}"

    def up(self) -> None:
        """Make it; what a killed test left of it is taken away first."""
        self.down()
        with network_lock():
            uplinks = _uplinks()
            self._connect(mtu=min(map(_mtu, uplinks), default=_DEFAULT_MTU))
            _command("nft", "-f", "-", text=self._address_translation())
            _forward_from(uplinks)

    def down(self) -> None:
        with network_lock():
            if self._table in _tables():
                _command("nft", "delete", "table", "ip", self._table)
            if Path("/sys/class/net", self._cable).exists():
                _command("ip", "link", "delete", self._cable)
            if self.namespace.exists():
                _command("ip", "netns", "delete", self.slot.name)
            if not any(table.startswith(_TABLE_PREFIX) for table in _tables()):
                _put_forwarding_back()

    def _connect(self, mtu: int) -> None:
        name, cable = self.slot.name, self._cable
        inside = ("ip", "-n", name)
        _command("ip", "netns", "add", name)
        end = ("name", "host0", "mtu", str(mtu), "netns", name)
        _command("ip", "link", "add", cable, "mtu", str(mtu), "type", "veth", "peer", *end)
        _command("ip", "address", "add", f"{self.host_address}/30", "dev", cable)
        _command("ip", "link", "set", cable, "up")
        _command(*inside, "link", "set", "lo", "up")
        _command(*inside, "address", "add", f"{self.address}/30", "dev", "host0")
        _command(*inside, "link", "set", "host0", "up")
        _command(*inside, "route", "add", "default", "via", self.host_address)
        _forwarding(cable).write_text("1")

    def _address_translation(self) -> str:
        return (
            f"table ip {self._table} {{\n"
            " chain outgoing {\n"
            "  type nat hook postrouting priority 100\n"
            f'  ip saddr {self.address} oifname != "{self._cable}" masquerade\n'
            " }\n"
            "}\n"
        )


def _command(*argv: str, text: str | None = None) -> str:
    finished = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: {finished.stderr.strip()}")
    return finished.stdout


def _uplinks() -> list[str]:
    """The interfaces of the host's default routes; none where it has no network."""
    routes = json.loads(_command("ip", "-4", "-json", "route", "show", "default"))
    return sorted({route["dev"] for route in routes if "dev" in route})


def _mtu(interface: str) -> int:
    return int(Path("/sys/class/net", interface, "mtu").read_text())


def _tables() -> Sequence[str]:
    return [line.split()[-1] for line in _command("nft", "list", "tables").splitlines()]


def _forwarding(interface: str) -> Path:
    return Path("/proc/sys/net/ipv4/conf", interface, "forwarding")


def _forward_from(uplinks: list[str]) -> None:
    """Let answers from outside through to the machines."""
    switched = [uplink for uplink in uplinks if _forwarding(uplink).read_text().strip() == "0"]
    for uplink in switched:
        _forwarding(uplink).write_text("1")
    if switched:
        _SWITCHED_ON.write_text("\n".join(switched))


def _put_forwarding_back() -> None:
    if _SWITCHED_ON.exists():
        for uplink in _SWITCHED_ON.read_text().split():
            if _forwarding(uplink).exists():
                _forwarding(uplink).write_text("0")
        _SWITCHED_ON.unlink()
