import sys

import pytest

from tljh import configurer
from tljh.configurer import apply_config, default, load_config


def test_defaults(c):
    apply_config({}, c)
    assert c.JupyterHub.base_url == "/"
    assert c.JupyterHub.authenticator_class == "firstuseauthenticator.FirstUseAuthenticator"
    assert c.FirstUseAuthenticator.create_users is False
    assert c.FirstUseAuthenticator.allow_all is True
    assert c.Authenticator.allowed_users == set()
    assert c.Authenticator.blocked_users == set()
    assert c.Authenticator.admin_users == set()
    assert c.Spawner.mem_limit is None
    assert c.Spawner.cpu_limit is None
    assert c.Spawner.default_url == "/lab"
    assert c.UserCreatingSpawner.user_groups == {}
    assert c.TraefikFileProviderProxy.traefik_api_url == "http://127.0.0.1:8099"
    assert c.TraefikFileProviderProxy.traefik_api_username == "api_admin"
    assert c.TraefikFileProviderProxy.traefik_entrypoint == "http"


def test_users_limits_and_environment(c):
    apply_config(
        {
            "base_url": "/hub",
            "users": {
                "allowed": ["ada", "bob"],
                "banned": ["eve"],
                "admin": ["ada"],
                "extra_user_groups": {"staff": ["ada"], "empty": None},
            },
            "limits": {"memory": "2G", "cpu": 1.5},
            "user_environment": {"default_app": "classic"},
        },
        c,
    )
    assert c.JupyterHub.base_url == "/hub"
    assert c.Authenticator.allowed_users == {"ada", "bob"}
    assert c.Authenticator.blocked_users == {"eve"}
    assert c.Authenticator.admin_users == {"ada"}
    assert c.UserCreatingSpawner.user_groups == {"staff": ["ada"], "empty": []}
    assert (c.Spawner.mem_limit, c.Spawner.cpu_limit, c.Spawner.default_url) == ("2G", 1.5, "/tree")
    assert "allow_all" not in c.FirstUseAuthenticator


@pytest.mark.parametrize("where", ["FirstUseAuthenticator", "Authenticator"])
def test_allow_all_that_was_set_stays(c, where):
    apply_config({"auth": {where: {"allow_all": False}}}, c)
    assert c[where].allow_all is False
    assert "allow_all" not in (c.Authenticator if where[0] == "F" else c.FirstUseAuthenticator)


def test_allow_all_is_the_default_authenticators_only(c):
    apply_config({"auth": {"type": "nativeauthenticator.NativeAuthenticator"}}, c)
    assert "allow_all" not in c.FirstUseAuthenticator


def test_authenticators(c):
    traits = {"client_id": "x", "client_secret": None, "scope": ["a"]}
    apply_config(
        {"auth": {"type": "oauthenticator.github.GitHubOAuthenticator", "GitHubOAuthenticator": traits}}, c
    )
    assert c.JupyterHub.authenticator_class == "oauthenticator.github.GitHubOAuthenticator"
    assert c.GitHubOAuthenticator.client_id == "x"
    assert c.GitHubOAuthenticator.scope == ["a"]
    assert "client_secret" not in c.GitHubOAuthenticator


def test_a_null_trait_is_not_passed_even_where_there_is_a_default(c):
    apply_config({"auth": {"FirstUseAuthenticator": {"create_users": None}}}, c)
    assert "create_users" not in c.FirstUseAuthenticator


@pytest.mark.parametrize("auth", [{"typo": "x"}, {"firstuse": {"create_users": True}}, {"Class": "text"}])
def test_other_keys_of_auth_are_an_error(c, auth):
    with pytest.raises(ValueError, match=r"auth\."):
        apply_config({"auth": auth}, c)


def test_empty_sections_mean_the_defaults(c):
    apply_config({"users": {"admin": None}, "limits": None, "auth": None, "services": {"cull": None}}, c)
    assert c.Authenticator.admin_users == set()
    assert len(c.JupyterHub.services) == 1


def test_the_culler(c):
    apply_config({}, c)
    command = [
        sys.executable,
        "-m",
        "jupyterhub_idle_culler",
        "--timeout=600",
        "--cull-every=60",
        "--concurrency=5",
        "--max-age=0",
    ]
    assert c.JupyterHub.services == [{"name": "cull-idle", "admin": True, "command": command}]


def test_the_culler_as_set(c):
    cull = {
        "timeout": 1,
        "every": 2,
        "concurrency": 3,
        "max_age": 4,
        "users": True,
        "remove_named_servers": True,
    }
    apply_config({"services": {"cull": cull}}, c)
    assert c.JupyterHub.services[0]["command"][3:] == [
        "--timeout=1",
        "--cull-every=2",
        "--concurrency=3",
        "--max-age=4",
        "--cull-users",
        "--remove-named-servers",
    ]


def test_no_culler(c):
    apply_config({"services": {"cull": {"enabled": False}}}, c)
    assert c.JupyterHub.services == []


TLS = {"cert": "/a", "key": "/b"}
ACME = {"email": "a@example.org", "domains": ["hub.example.org"]}


@pytest.mark.parametrize("https", [{"tls": TLS}, {"letsencrypt": ACME}, {"tls": TLS, "letsencrypt": ACME}])
def test_https_with_a_certificate(c, https):
    apply_config({"https": {"enabled": True, **https}}, c)
    assert c.TraefikFileProviderProxy.traefik_entrypoint == "https"


@pytest.mark.parametrize(
    ("https", "missing"),
    [
        ({"tls": {"cert": "/a"}}, "https.tls.key is not"),
        ({"tls": {"key": "/a"}}, "https.tls.cert is not"),
        ({"letsencrypt": {"email": "a@example.org"}}, "https.letsencrypt.domains is not"),
        ({"letsencrypt": {"domains": ["hub.example.org"]}}, "https.letsencrypt.email is not"),
        ({"tls": TLS, "letsencrypt": {"email": "a@example.org"}}, "https.letsencrypt.domains is not"),
        ({}, "there is no certificate"),
    ],
)
def test_https_with_half_a_certificate_is_an_error(c, https, missing):
    with pytest.raises(ValueError, match=missing):
        apply_config({"https": {"enabled": True, **https}}, c)


def test_https_that_is_off_may_be_half_set(c):
    apply_config({"https": {"tls": {"cert": "/a"}}}, c)


def test_load_config_is_defaults_then_secrets_then_the_file(prefix, config_file):
    assert load_config(config_file) == default
    (prefix / "state" / "traefik-api.secret").write_text("hidden\n")
    assert configurer.load_secrets() == {"traefik_api": {"password": "hidden"}}
    assert configurer.load_config()["traefik_api"] == {**default["traefik_api"], "password": "hidden"}
    config_file.write_text("limits: {memory: 1G}\ntraefik_api: {port: 9}\nplugin: {a: 1}\n")
    loaded = configurer.load_config()
    assert loaded["limits"] == {"memory": "1G", "cpu": None}
    assert loaded["traefik_api"]["password"] == "hidden"
    assert loaded["traefik_api"]["port"] == 9
    assert loaded["plugin"] == {"a": 1}
    assert default["limits"]["memory"] is None


def test_loading_without_secrets(prefix):
    assert configurer.load_traefik_api_credentials() == {}
    assert f"{prefix}/config/config.yaml" == configurer.CONFIG_FILE
