"""What an environment holds, read from files."""

from __future__ import annotations

from pathlib import Path

from tljh.packages.distributions import installed, site_packages
from tljh.packages.types import InstalledPackage


def environment(prefix: Path, python: str = "python3.11") -> Path:
    folder = prefix / "lib" / python / "site-packages"
    folder.mkdir(parents=True)
    return folder


def distribution(folder: Path, name: str, text: str, kind: str = "dist-info") -> None:
    path = folder / f"{name}.{kind}"
    path.mkdir()
    (path / ("METADATA" if kind == "dist-info" else "PKG-INFO")).write_bytes(text.encode("latin-1"))


def test_headers_only(tmp_path: Path) -> None:
    folder = environment(tmp_path)
    headers = (
        "Metadata-Version: 2.1",
        "Name: My_Package",
        "Version: 1.0",
        "Requires-Dist: a>1",
        "Requires-Dist: b",
    )
    text = "\r\n".join([*headers, "", "Name: no", ""])
    distribution(folder, "My_Package-1.0", text)
    distribution(folder, "old-2", "Name: old\nVersion: 2\n\ncaf\xe9", "egg-info")
    distribution(folder, "broken-1", "nothing here")
    (folder / "empty-1.dist-info").mkdir()
    assert installed(tmp_path) == {
        "my-package": InstalledPackage("My_Package", "1.0", requires=("a>1", "b")),
        "old": InstalledPackage("old", "2"),
    }


def test_no_environment(tmp_path: Path) -> None:
    assert installed(tmp_path / "missing") == {}


def test_left_overs_of_another_python_do_not_count(tmp_path: Path) -> None:
    old, new = environment(tmp_path, "python3.10"), environment(tmp_path, "python3.12")
    distribution(old, "a-1", "Name: a\nVersion: 1\n")
    distribution(new, "a-2", "Name: a\nVersion: 2\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3.12").touch()
    (tmp_path / "bin" / "python").symlink_to("python3.12")
    assert site_packages(tmp_path) == [new]
    assert installed(tmp_path)["a"].version == "2"


def test_readmes_of_a_whole_environment_are_not_read(tmp_path: Path) -> None:
    folder = environment(tmp_path)
    headers = "Metadata-Version: 2.1\n" + "".join(f"Requires-Dist: d{i}>=1\n" for i in range(30))
    for number in range(170):
        readme = f"Name: wrong{number}\nVersion: 9\n{'readme ' * 4000}"
        distribution(folder, f"p{number}-1", f"{headers}Name: p{number}\nVersion: 1\n\n{readme}")
    found = installed(tmp_path)
    assert sorted(found) == sorted(f"p{number}" for number in range(170))
    assert {package.version for package in found.values()} == {"1"}
