"""The machine's conda settings, and what an environment says it was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tljh.errors import InvalidInput
from tljh.packages import condarc
from tljh.packages.conda_records import Record, difference, disagreements, installed
from tljh.packages.conda_requests import merged_specs, record_request, requested, spec_name, write_pending
from tljh.packages.condarc import CondaSettings
from tljh.packages.types import PackageChange


def load(tmp_path: Path, **variables: str) -> CondaSettings:
    return condarc.load({"HOME": str(tmp_path), **variables}, etc=tmp_path / "etc")


def test_later_files_win_and_mappings_merge(tmp_path: Path) -> None:
    (tmp_path / "etc" / "condarc.d").mkdir(parents=True)
    (tmp_path / "etc" / ".condarc").write_text(
        "channel_alias: http://system\ncustom_channels: {a: http://one}\n"
    )
    (tmp_path / "etc" / "condarc.d" / "x.yml").write_text("custom_channels: {b: http://two}\n")
    (tmp_path / ".condarc").write_text("channel_alias: http://user/\nssl_verify: false\n")
    found = load(tmp_path)
    assert found.resolve(["conda-forge", "a", "b/label/x"]) == (
        "http://user/conda-forge",
        "http://one/a",
        "http://two/b/label/x",
    )
    assert found.ssl_verify is False
    assert "tls-no-verify = true" in condarc.library_config(found, [])
    (tmp_path / "named").write_text("channel_priority: flexible\n")
    found = load(tmp_path, CONDARC=str(tmp_path / "named"), CONDA_CHANNEL_ALIAS="http://env")
    assert found.channel_priority == "flexible"
    assert found.resolve(["x"]) == ("http://env/x",)


def test_urls_paths_and_unknown_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = CondaSettings(
        default_channels=("http://d/main", "r"), custom_multichannels={"both": ("http://x", "http://y")}
    )
    assert settings.resolve(["https://u:p@h/c/", "/opt/c", "./c", "conda-forge", "defaults", "both"]) == (
        "https://u:p@h/c", "file:///opt/c", (tmp_path / "c").as_uri(), "conda-forge", "http://d/main", "r",
        "http://x", "http://y",
    )  # fmt: skip


def test_mirrors(tmp_path: Path) -> None:
    (tmp_path / ".condarc").write_text("mirrored_channels:\n  conda-forge: [http://one/cf, http://two/cf]\n")
    found = load(tmp_path)
    assert found.resolve(["conda-forge"]) == ("http://one/cf",)
    assert '"http://one/cf" = ["http://one/cf", "http://two/cf"]' in condarc.library_config(
        found, ["conda-forge"]
    )


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / ".condarc").write_text("channels: [")
    with pytest.raises(InvalidInput, match=r"\.condarc does not parse"):
        load(tmp_path)


def test_proxies_and_certificates_reach_the_worker(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    settings = CondaSettings(proxy_servers={"http": "http://p", "https": "http://p"}, ssl_verify=str(bundle))
    assert condarc.worker_environment(settings, {"HTTPS_PROXY": "set"}) == {
        "http_proxy": "http://p",
        "SSL_CERT_FILE": str(bundle),
    }
    assert condarc.worker_environment(CondaSettings(), {"REQUESTS_CA_BUNDLE": "/x"}) == {
        "SSL_CERT_FILE": "/x"
    }
    assert (
        condarc.worker_environment(CondaSettings(), {"REQUESTS_CA_BUNDLE": "/x", "SSL_CERT_FILE": "/y"}) == {}
    )


def record(prefix: Path, name: str, version: str = "1.0", **more: object) -> None:
    folder = prefix / "conda-meta"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}-{version}-0.json").write_text(json.dumps({"name": name, "paths": [], **more}))


def test_installed_from_file_names(tmp_path: Path) -> None:
    record(tmp_path, "a-b", "1.0")
    (tmp_path / "conda-meta" / "history").touch()
    assert {name: package.version for name, package in installed(tmp_path).items()} == {"a-b": "1.0"}
    assert installed(tmp_path / "none") == {}


def test_requested_from_history_and_records(tmp_path: Path) -> None:
    record(tmp_path, "python", requested_spec="python=3.10")
    record(tmp_path, "numpy", requested_specs=["numpy >1"])
    record(tmp_path, "mamba", requested_specs=["mamba"])
    record(tmp_path, "zlib", requested_spec="None", requested_specs=[])
    (tmp_path / "conda-meta" / "history").write_text(
        "==> 2024-01-01 10:00:00 <==\n# cmd: c\n# update specs: ['python=3.9', \"mamba\", 'gone']\n"
        "+channel::python-3.9\n==> 2024-02-01 10:00:00 <==\n# update specs: ['python=3.11']\n"
        "# neutered specs: ['zlib']\n# remove specs: ['mamba']\n"
    )
    assert requested(tmp_path) == ("numpy >1", "python=3.11")
    record_request(tmp_path, requested(tmp_path), ["numpy", "zlib >=1,<2"])
    assert requested(tmp_path) == ("numpy", "zlib >=1,<2")


def test_an_interrupted_request_loses_nothing_that_was_asked_before(tmp_path: Path) -> None:
    record(tmp_path, "b")
    write_pending(tmp_path, ["a=1", "b"], ["a=2", "b", "c"])
    assert requested(tmp_path) == ("a=1", "b")
    record(tmp_path, "c")
    assert requested(tmp_path) == ("c", "a=1", "b")
    record_request(tmp_path, requested(tmp_path), ["b", "c"])
    assert requested(tmp_path) == ("b", "c")


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("B 1.0", "b"),
        ("b=1", "b"),
        ("b[version='1']", "b"),
        ("c::b>=1", "b"),
        ("http://h/c::b", "b"),
        ("b!=1", "b"),
    ],
)
def test_spec_name(spec: str, name: str) -> None:
    assert spec_name(spec) == name


def test_new_specs_replace_old_ones_by_name() -> None:
    assert merged_specs(["a=1", "b"], ["A=2", "a!=2.1"]) == ("b", "A=2", "a!=2.1")
    assert merged_specs(["a=1", "b"], [], ["a"]) == ("b",)


def test_difference() -> None:
    old = [
        Record("a", "1", "0", 0),
        Record("b", "2", "0", 0),
        Record("c", "1", "0", 0),
        Record("d", "1", "0", 0),
    ]
    new = [
        Record("a", "10", "0", 0),
        Record("b", "1", "0", 0),
        Record("c", "1", "1", 1),
        Record("e", "1", "0", size=5),
    ]
    found = difference(old, new, int)
    assert [(c.name, c.kind) for c in found] == [
        ("a", "upgrade"), ("b", "downgrade"), ("c", "upgrade"), ("d", "remove"), ("e", "install"),
    ]  # fmt: skip
    assert found[-1].download_size == 5


def test_disagreements() -> None:
    approved = [PackageChange("a", "install", "2", build="0"), PackageChange("gone", "remove", None, "1")]
    assert disagreements(approved, approved, []) == []
    assert disagreements(approved, [], [Record("a", "2", "0")]) == []
    assert disagreements(approved, [], []) == ["a 2 0 is in the plan but would not happen"]
    assert disagreements(approved, [], [Record("a", "2", "0"), Record("gone", "1", "0")]) == [
        "gone removed is in the plan but would not happen"
    ]
    other = [PackageChange("a", "install", "3"), PackageChange("x", "install", "1")]
    assert disagreements(approved, other, []) == ["a: 3 instead of 2 0", "x 1 is not in the plan"]
