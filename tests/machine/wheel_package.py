"""Conda packages made from pure wheels of the package index, with dependencies from their metadata."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from configparser import RawConfigParser
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from .conda_package import CondaPackage

_SITE = "site-packages"
_DOWNLOAD_SECONDS = 300


def download_wheels(requirements: tuple[str, ...], folder: Path) -> list[Path]:
    """One wheel for each requirement, without its dependencies, by pip as this machine has it set up."""
    for requirement in requirements:
        # One by one: two versions of one name do not go into one resolution.
        subprocess.run(
            [
                sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
                "--no-deps", "--only-binary=:all:", "--dest", str(folder), requirement,
            ],
            check=True,
            capture_output=True,
            timeout=_DOWNLOAD_SECONDS,
        )  # fmt: skip
    return sorted(folder.glob("*.whl"))


def pack_wheel(wheel: Path, channel: Path) -> Path:
    """Repack a pure wheel as `noarch: python`."""
    name, version, _, tags = parse_wheel_filename(wheel.name)
    if any(tag.platform != "any" for tag in tags):
        raise ValueError(f"{wheel.name} is not for any platform")
    with TemporaryDirectory() as scratch, zipfile.ZipFile(wheel) as archive:
        tree = Path(scratch)
        for member in archive.infolist():
            if not member.is_dir():
                target = tree / _place(PurePosixPath(member.filename))
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(member))
        described = next((tree / _SITE).glob("*.dist-info"))
        (described / "INSTALLER").write_text("conda\n")
        package = CondaPackage(
            name=canonicalize_name(name),
            version=str(version),
            depends=_depends((described / "METADATA").read_text(encoding="utf-8")),
            entry_points=_entry_points(described / "entry_points.txt"),
        )
        return package.write(tree, channel)


def _place(member: PurePosixPath) -> PurePosixPath:
    """Where a wheel's member lies in the package."""
    top, *rest = member.parts
    if not top.endswith(".data"):
        return PurePosixPath(_SITE, member)
    kind, *inner = rest
    folders = {"purelib": _SITE, "platlib": _SITE, "scripts": "python-scripts", "data": "."}
    return PurePosixPath(folders[kind], *inner)


def _depends(metadata: str) -> tuple[str, ...]:
    headers = HeaderParser().parsestr(metadata)
    python = f"python {headers['Requires-Python'] or ''}".replace(", ", ",").strip()
    found = [python]
    for text in headers.get_all("Requires-Dist") or []:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            found.append(f"{canonicalize_name(requirement.name)} {requirement.specifier}".strip())
    return tuple(found)


def _entry_points(file: Path) -> tuple[str, ...]:
    parser = RawConfigParser(delimiters=("=",))
    # Names of entry points keep their case.
    parser.optionxform = str  # type: ignore[method-assign, assignment]
    if file.is_file():
        parser.read_string(file.read_text(encoding="utf-8"))
    section = "console_scripts"
    return tuple(f"{name} = {value}" for name, value in parser.items(section)) if section in parser else ()
