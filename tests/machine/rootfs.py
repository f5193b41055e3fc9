"""A machine's root: an overlay over the base image, on a tmpfs that is thrown away with it."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

from .host_settings import copy_host_settings
from .image import ADMIN
from .waiting import wait_until

_SIZE = "8g"
_UNMOUNT_SECONDS = 10
_HOMES = (Path("root"), Path("home") / ADMIN)


def mount_root(base: Path, place: Path, undo: ExitStack) -> None:
    """Mount it at `place/root`; `undo` unmounts it."""
    place.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"mode=755,size={_SIZE}", "tmpfs", str(place))
    undo.callback(_unmount, place)
    for folder in ("upper", "work", "root"):
        (place / folder).mkdir()
    layers = f"lowerdir={base},upperdir={place}/upper,workdir={place}/work"
    _mount("-t", "overlay", "-o", layers, "overlay", str(place / "root"))
    undo.callback(_unmount, place / "root")


def prepare_root(root: Path, name: str, key: Path) -> None:
    """Write what only this machine has: its name, the host's settings, a new key for ssh."""
    copy_host_settings(root)
    (root / "etc/hostname").write_text(f"{name}\n")
    with (root / "etc/hosts").open("a") as hosts:
        hosts.write(f"127.0.1.1 {name}\n")
    keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(key)]
    subprocess.run(keygen, check=True, stdin=subprocess.DEVNULL)
    for home in _HOMES:
        owner = (root / home).stat()
        folder = root / home / ".ssh"
        folder.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(key.with_suffix(".pub"), folder / "authorized_keys")
        for path in (folder, folder / "authorized_keys"):
            os.chown(path, owner.st_uid, owner.st_gid)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


def _unmount(folder: Path) -> None:
    """A tool of the host may look into the root for a moment after the machine has ended."""

    def unmounted() -> bool:
        return subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode == 0

    wait_until(unmounted, _UNMOUNT_SECONDS, lambda: f"{folder} is still in use")
