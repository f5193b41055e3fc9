"""What JupyterHub is given, whether it answers, and the passwords of its users."""

import http.server
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tljh import config, configurer, jupyterhub_config
from tljh.errors import InvalidInput
from tljh.hooks import hookimpl
from tljh.settings import health, passwords
from tljh.utils import LoadFailure, PluginManager

HUB_CONFIG = Path(jupyterhub_config.__file__)


def run_as_the_hub_does(c):
    """As traitlets executes a configuration file; returns the files that it then loaded."""
    loaded = []
    names = {"get_config": lambda: c, "load_subconfig": loaded.append, "__file__": str(HUB_CONFIG)}
    exec(compile(HUB_CONFIG.read_text(), str(HUB_CONFIG), "exec"), names)
    return loaded


def test_the_hubs_configuration(prefix, config_file, c):
    config_file.write_text("limits: {memory: 1G}\nbase_url: /x\n")
    assert run_as_the_hub_does(c) == []
    assert c.JupyterHub.spawner_class == "tljh.user_creating_spawner.UserCreatingSpawner"
    assert c.JupyterHub.cleanup_servers is False
    assert c.JupyterHub.hub_port == 15001
    assert c.JupyterHub.proxy_class == "traefik_file"
    assert c.JupyterHub.base_url == "/x"
    assert c.TraefikFileProviderProxy.should_start is False
    assert c.TraefikFileProviderProxy.dynamic_config_file == f"{prefix}/state/rules/rules.toml"
    assert c.FirstUseAuthenticator.dbm_path == f"{prefix}/state/passwords.dbm"
    assert c.Spawner.cmd == [f"{prefix}/user/bin/jupyterhub-singleuser"]
    assert c.Spawner.mem_limit == "1G"
    assert c.SystemdSpawner.extra_paths == [f"{prefix}/user/bin"]
    assert c.SystemdSpawner.default_shell == "/bin/bash"
    assert c.SystemdSpawner.unit_name_template == "jupyter-{USERNAME}"


def test_plugins_come_after_tljh_and_before_the_administrators_files(prefix, c, monkeypatch, caplog):
    folder = prefix / "config" / "jupyterhub_config.d"
    folder.mkdir()
    for name in ("20.py", "10.py", "readme.txt"):
        (folder / name).touch()
    order = []

    class Plugin:
        @hookimpl
        def tljh_custom_jupyterhub_config(self, c):
            order.append(c.JupyterHub.hub_port)
            c.JupyterHub.spawner_class = "a.plugins"

    def load():
        manager = PluginManager()
        manager.register(Plugin())
        return manager, (LoadFailure("broken", "b", "b_module", ImportError("no b_module")),)

    monkeypatch.setattr("tljh.utils.load_plugins", load)
    loaded = run_as_the_hub_does(c)
    assert order == [15001]
    assert c.JupyterHub.spawner_class == "a.plugins"
    assert loaded == [str(folder / "10.py"), str(folder / "20.py")]
    assert "the plugin broken could not be loaded" in caplog.text


def test_importing_it_configures_nothing():
    code = "import sys, tljh.jupyterhub_config, tljh.user, tljh.systemd, tljh.traefik, tljh.apt, tljh.conda\n"
    code += "late = {'jupyterhub', 'traitlets', 'rattler', 'jsonschema', 'ruamel.yaml', 'bcrypt'}\n"
    code += "assert not late & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.fixture
def server():
    """Answers each path with what `replies` says."""
    replies = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = replies.get(self.path, (404, b""))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made.server_address[1], replies
    made.shutdown()
    made.server_close()


def test_a_hub_that_answers(server, prefix, config_file):
    port, replies = server
    config_file.write_text(f"http: {{port: {port}}}\nbase_url: jupyter/\n")
    assert config.check_hub_ready() is False
    replies["/jupyter/hub/api"] = (200, b'{"version": "5.5"}')
    assert config.check_hub_ready() is True
    assert health.wait_until_ready(f"http://127.0.0.1:{port}/jupyter", seconds=5) is None


@pytest.mark.parametrize(
    ("reply", "words"),
    [((503, b""), "HTTP status 503"), ((200, b"<html>"), "not JupyterHub"), ((200, b"7"), "not JupyterHub")],
)
def test_other_answers(server, reply, words):
    port, replies = server
    replies["/hub/api"] = reply
    assert words in (health.problem_at(f"http://127.0.0.1:{port}/") or "")


def test_no_answer():
    assert "no answer" in (health.wait_until_ready("http://127.0.0.1:9/", seconds=0) or "")


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "http://127.0.0.1:80/"),
        ({"http": {"address": "10.0.0.1", "port": 8080}, "base_url": "/a/b/"}, "http://10.0.0.1:8080/a/b/"),
        ({"http": {"address": "0.0.0.0"}}, "http://127.0.0.1:80/"),
        ({"http": {"address": "::"}}, "http://[::1]:80/"),
        ({"https": {"enabled": True, "port": 8443}}, "https://127.0.0.1:8443/"),
    ],
)
def test_the_address_on_this_machine(settings, url):
    assert health.local_address(configurer.merge(configurer.default, settings)) == url


def test_passwords(tmp_path):
    state = tmp_path / "state"
    assert passwords.verify(state, "ada", "s:e:cret") is False
    passwords.set_password(state, "Ada", "s:e:cret")
    assert passwords.verify(state, "ada", "s:e:cret") is True
    assert passwords.verify(state, "ada", "other") is False
    assert passwords.verify(state, "bob", "s:e:cret") is False
    passwords.set_password(state, "ada", "changed")
    assert passwords.verify(state, "ada", "changed") is True
    for path in state.iterdir():
        assert b"changed" not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_hash_that_was_made_before(tmp_path):
    passwords.set_hash(tmp_path, "ada", "$2b$04$JGfVR2w4G7UnQqNQ.0zHW.pru8YxnK7IeT35b6IieIVH2vdvfTQv6")
    assert passwords.verify(tmp_path, "ada", "x") is False


def test_a_password_that_bcrypt_cannot_take(tmp_path):
    with pytest.raises(InvalidInput, match="longer than 72 bytes"):
        passwords.set_password(tmp_path, "ada", "ä" * 37)
    assert passwords.verify(tmp_path, "ada", "ä" * 37) is False
