"""The base image: a minimal Debian with systemd and sshd, made from this machine's own mirror."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import apt_sources
from .cache import cached
from .errors import ImageError

ADMIN = "admin"
PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "libpam-systemd",
    "openssh-server",
    "sudo",
    "python3",
    "python3-venv",
    "ca-certificates",
    "iproute2",
)
# What the host needs, and the Debian package that has it.
HOST_PROGRAMS = {
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "nft": "nftables",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "tmux": "tmux",
    "git": "git",
}
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_DEBOOTSTRAP_SECONDS = 900


def why_not(suite: str = "bookworm") -> str | None:
    """Why no machine can be booted here, or None where one can."""
    if sys.platform != "linux":
        return "machines are booted with systemd-nspawn, which needs Linux"
    if os.geteuid() != 0:
        return "booting a machine needs root"
    missing = sorted({package for program, package in HOST_PROGRAMS.items() if _which(program) is None})
    if missing:
        return f"missing Debian packages: {' '.join(missing)}"
    if apt_sources.mirror(suite) is None:
        return "the sources of apt name no Debian mirror"
    if "overlay" not in Path("/proc/filesystems").read_text().split():
        return "the kernel has no overlayfs"
    return None


def base_image(suite: str = "bookworm") -> Path:
    """The root of a complete image, never written to: machines put an overlay over it."""
    sources = [source.line() for source in apt_sources.debian_sources(suite)]
    recipe = {
        "suite": suite,
        "packages": PACKAGES,
        "sources": sources,
        "apt": apt_sources.transport_settings(),
        "builder": Path(__file__).read_text(),
    }
    return cached(f"image-{suite}", recipe, lambda root: _build(suite, root)) / "root"


def _which(program: str) -> str | None:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:{_SYSTEM_PATH}")


def _build(suite: str, folder: Path) -> None:
    root = folder / "root"
    archive = apt_sources.mirror(suite)
    if archive is None:
        raise ImageError("the sources of apt name no Debian mirror")
    _debootstrap(suite, root, archive)
    etc = root / "etc"
    lines = [source.line() for source in apt_sources.debian_sources(suite)]
    (etc / "apt/sources.list").write_text("\n".join(lines) + "\n")
    (etc / "apt/apt.conf.d/90host").write_text(apt_sources.transport_settings())
    (etc / "hosts").write_text("127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n")
    # An empty machine-id is filled at boot, so that two machines differ.
    (etc / "machine-id").write_text("")
    _inside(root, "useradd", "--create-home", "--shell", "/bin/bash", ADMIN)
    sudoers = etc / "sudoers.d" / ADMIN
    sudoers.write_text(f"{ADMIN} ALL=(ALL) NOPASSWD: ALL\n")
    sudoers.chmod(0o440)
    _inside(root, "apt-get", "clean")
    for index in (root / "var/lib/apt/lists").iterdir():
        shutil.rmtree(index) if index.is_dir() else index.unlink()


def _debootstrap(suite: str, root: Path, archive: str) -> None:
    argv = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", suite, str(root), archive]
    finished = subprocess.run(
        argv,
        env={**os.environ, "PATH": _SYSTEM_PATH, "DEBIAN_FRONTEND": "noninteractive"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_DEBOOTSTRAP_SECONDS,
        check=False,
    )
    if finished.returncode != 0:
        last = "\n".join(finished.stdout.splitlines()[-20:])
        raise ImageError(f"debootstrap ended with {finished.returncode}:\n{last}")


def _inside(root: Path, *argv: str) -> None:
    subprocess.run(
        ["chroot", str(root), *argv],
        env={"PATH": _SYSTEM_PATH},
        capture_output=True,
        check=True,
    )
