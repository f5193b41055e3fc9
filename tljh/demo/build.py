"""Build the embedded index, channel, catalogue and answers: `python -m tljh.demo.build DIR`."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tomlkit

from tljh import spec as specs
from tljh.demo.channel import CondaPackage, this_python, write_channel
from tljh.demo.distributions import Release, read_release
from tljh.demo.index import write_index
from tljh.layout import Layout

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """What a demonstration's folder holds."""

    path: Path

    @property
    def index(self) -> Path:
        return self.path / "simple"

    @property
    def channel(self) -> Path:
        return self.path / "channel"

    @property
    def catalogue(self) -> Path:
        return self.path / "catalogue.toml"

    @property
    def layout(self) -> Layout:
        return Layout(self.path / "opt" / "tljh")


def build(path: Path) -> DemoFolder:
    """Write everything below `path`; answers that are there already stay."""
    folder = DemoFolder(path.resolve())
    for stale in (folder.index, folder.channel):
        shutil.rmtree(stale, ignore_errors=True)
    write_index(folder.index, read_releases(folder.channel.as_uri()))
    write_channel(folder.channel, [*read_conda_packages(), this_python()])
    shutil.copyfile(HERE / "catalogue.toml", folder.catalogue)
    answers = folder.layout.spec_file
    if not answers.exists():
        answers.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        answers.write_text(specs.render(demo_spec(folder)), "utf-8")
        answers.chmod(0o600)
    return folder


def demo_spec(folder: DemoFolder) -> specs.InstallSpec:
    """Answers that keep to the folder and to its channel."""
    environment = specs.UserEnvironment(
        manager="conda", channels=(folder.channel.as_uri(),), base=("python",), jupyter=False
    )
    return specs.InstallSpec(user_environment=environment, scope="folder")


def read_releases(channel: str) -> tuple[Release, ...]:
    """The releases that `samples.toml` lists, their channel being `channel`."""
    entries = tomlkit.parse((HERE / "samples.toml").read_text("utf-8")).unwrap()["release"]
    return tuple(read_release(HERE / "plugins" / entry["folder"], entry, channel) for entry in entries)


def read_conda_packages() -> tuple[CondaPackage, ...]:
    """The conda packages that `samples.toml` lists."""
    entries = tomlkit.parse((HERE / "samples.toml").read_text("utf-8")).unwrap()["conda"]
    return tuple(
        CondaPackage(
            entry["name"],
            entry["version"],
            entry["summary"],
            tuple(entry.get("depends", ())),
            entry["files"],
        )
        for entry in entries
    )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tljh.demo.build", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    folder = build(parser.parse_args(argv).folder)
    print(f"The index is in {folder.index}, the conda channel in {folder.channel}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
