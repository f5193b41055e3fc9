import copy

import jsonschema
import pytest

from tljh.config import set_item_in_config, validate_config
from tljh.config_schema import config_schema
from tljh.configurer import default
from tljh.settings.errors import InvalidSetting
from tljh.settings.validation import problems


def test_the_schema_is_a_schema_and_allows_the_defaults():
    jsonschema.Draft202012Validator.check_schema(config_schema)
    assert problems(default) == []
    assert problems({}) == []


def test_every_default_is_known_to_the_schema():
    def walk(settings, schema):
        for key, value in settings.items():
            assert key in schema["properties"], key
            if isinstance(value, dict) and value:
                walk(value, schema["properties"][key])

    walk(default, config_schema)


GOOD = [
    ("http.port", 1),
    ("http.port", 65535),
    ("limits.memory", "2G"),
    ("limits.memory", "1.5T"),
    ("limits.memory", None),
    ("limits.memory", 1073741824),
    ("limits.cpu", 0.5),
    ("limits.cpu", None),
    ("http.address", ""),
    ("http.address", "127.0.0.1"),
    ("https.address", "2001:db8::1"),
    ("traefik_api.ip", "::1"),
    ("https.letsencrypt.email", "a.b+c@example.org"),
    ("https.letsencrypt.domains", ["hub.example.org"]),
    ("https.letsencrypt.domains", ["xn--bcher-kva.example"]),
    ("https.tls.cert", "/etc/hub.crt"),
    ("users.admin", ["ada", "a.b@example.org"]),
    ("users.admin", None),
    ("users", None),
    ("users.extra_user_groups", {"staff": ["ada"]}),
    ("auth.type", "nativeauthenticator.NativeAuthenticator"),
    ("auth.GitHubOAuthenticator", {"client_id": "x", "scope": ["y"]}),
    ("services.cull.max_age", 0),
    ("user_environment.default_app", "classic"),
    ("base_url", "/jupyter"),
]

BAD = [
    ("http.port", 0),
    ("http.port", 65536),
    ("http.port", "80"),
    ("http.port", True),
    ("https.port", -1),
    ("traefik_api.port", 99999),
    ("limits.memory", "banana"),
    ("limits.memory", "2GB"),
    ("limits.memory", "G"),
    ("limits.memory", "0G"),
    ("limits.memory", 0),
    ("limits.memory", "1024"),
    ("limits.memory", "-1G"),
    ("limits.cpu", 0),
    ("limits.cpu", -1),
    ("limits.cpu", "two"),
    ("http.address", "300.1.1.1"),
    ("http.address", "1.2.3"),
    ("http.address", "not an address"),
    ("https.address", "2001:db8::1::2"),
    ("https.letsencrypt.email", "nobody"),
    ("https.letsencrypt.email", "a@b@c.org"),
    ("https.letsencrypt.email", "a@b"),
    ("https.letsencrypt.domains", ["-bad.example.org"]),
    ("https.letsencrypt.domains", ["hub example org"]),
    ("https.letsencrypt.domains", ["https://hub.example.org"]),
    ("https.letsencrypt.domains", ["hub"]),
    ("https.letsencrypt.domains", ["1.2.3.4"]),
    ("https.letsencrypt.domains", "hub.example.org"),
    ("https.enabled", "yes"),
    ("https.tls.cert", "relative.crt"),
    ("users.admin", "ada"),
    ("users.admin", [1]),
    ("users.extra_user_groups", {"staff": "ada"}),
    ("services.cull.timeout", "600"),
    ("services.cull.concurrency", 0),
    ("user_environment.default_app", "jupyterlabs"),
    ("auth.FirstUseAuthenticator.create_users", "maybe"),
    ("auth.GitHubOAuthenticator", "x"),
    ("limits", 3),
]


@pytest.mark.parametrize(("key", "value"), GOOD)
def test_allowed(key, value):
    assert problems(set_item_in_config({}, key, value)) == []


@pytest.mark.parametrize(("key", "value"), BAD)
def test_refused_with_the_key_and_the_value_named(key, value):
    found = problems(set_item_in_config({}, key, value))
    assert len(found) == 1
    assert found[0].startswith(key)
    assert " is not " in found[0]


MISSPELT = [
    ("auth.typ", "auth.type"),
    ("auth.firstuseauthenticator", None),
    ("users.admins", "users.admin"),
    ("limits.memori", "limits.memory"),
    ("http.prot", "http.port"),
    ("https.enable", "https.enabled"),
    ("https.tls.crt", "https.tls.cert"),
    ("https.letsencrypt.mail", "https.letsencrypt.email"),
    ("traefik_api.usernam", "traefik_api.username"),
    ("user_environment.default", "user_environment.default_app"),
    ("services.cul", "services.cull"),
    ("services.cull.timeot", "services.cull.timeout"),
]


@pytest.mark.parametrize(("key", "meant"), MISSPELT)
def test_misspelt_keys_are_refused_at_every_level(key, meant):
    (found,) = problems(set_item_in_config({}, key, "x"))
    assert found.startswith(f"{key} is not a key that TLJH knows")
    assert meant is None or f"Did you mean {meant}?" in found


def test_every_problem_is_reported():
    config = {"http": {"port": 0, "prot": 1}, "limits": {"cpu": -1}}
    assert len(problems(config)) == 3


def test_validate_config_raises_or_warns(capsys):
    bad = {"limits": {"memory": "banana"}, "limts": {}}
    before = copy.deepcopy(bad)
    with pytest.raises(InvalidSetting) as raised:
        validate_config(bad, True)
    assert raised.value.exit_status == 4
    assert "--no-validate" in raised.value.hint
    assert "Did you mean limits?" in capsys.readouterr().err
    validate_config(bad, False)
    assert "banana" in capsys.readouterr().err
    assert bad == before
