import asyncio
import grp
import hashlib
import importlib
import pwd
import stat
import sys
from types import ModuleType, SimpleNamespace

import pytest

from tljh import user, utils
from tljh.errors import StepFailed
from tljh.hooks import hookimpl
from tljh.normalize import generate_system_username
from tljh.runner import Result


class Accounts:
    """The system's users and groups, changed by the commands that are recorded."""

    def __init__(self, home):
        self.home, self.users, self.groups = home, set(), {}

    def getpwnam(self, name):
        if name not in self.users:
            raise KeyError(name)
        return SimpleNamespace(pw_dir=str(self.home / name))

    def getgrnam(self, name):
        return SimpleNamespace(gr_mem=sorted(self.groups[name]))

    def do(self, words):
        match words:
            case ("useradd", *_, name):
                self.users.add(name)
                (self.home / name).mkdir(mode=0o755)
            case ("userdel", name):
                self.users.remove(name)
            case ("groupadd", "--force", name):
                self.groups.setdefault(name, set())
            case ("groupdel", name):
                del self.groups[name]
            case ("gpasswd", "--add", name, group):
                self.groups[group].add(name)
            case ("gpasswd", "--delete", name, group):
                self.groups[group].remove(name)
            case _:
                raise AssertionError(words)


@pytest.fixture
def accounts(runner, tmp_path, monkeypatch):
    made = Accounts(tmp_path)
    original = runner.run

    def run(argv, **options):
        result = original(argv, **options)
        if result.ok:
            made.do(tuple(argv))
        return result

    monkeypatch.setattr(runner, "run", run)
    monkeypatch.setattr(pwd, "getpwnam", made.getpwnam)
    monkeypatch.setattr(grp, "getgrnam", made.getgrnam)
    return made


@pytest.fixture
def hooks(monkeypatch):
    """Names that a plugin's hook was called with."""
    called = []

    class Plugin:
        @hookimpl
        def tljh_new_user_create(self, username):
            called.append(username)
            if username == "jupyter-bad":
                raise RuntimeError("the plugin is broken")

    manager = utils.PluginManager()
    manager.register(Plugin())
    monkeypatch.setattr(utils, "get_plugin_manager", lambda: manager)
    return called


def test_a_user_is_made_once_with_a_private_home_then_the_hook_is_called(accounts, hooks, runner, tmp_path):
    user.ensure_user("jupyter-ada")
    user.ensure_user("jupyter-ada")
    assert runner.calls == [("useradd", "--create-home", "--shell", "/bin/bash", "jupyter-ada")]
    assert stat.S_IMODE((tmp_path / "jupyter-ada").stat().st_mode) == 0o700
    assert hooks == ["jupyter-ada"]


def test_a_broken_hook_is_logged_and_keeps_nobody_out(accounts, hooks, caplog):
    user.ensure_user("jupyter-bad")
    assert hooks == ["jupyter-bad"]
    assert "the plugin is broken" in caplog.text
    assert "jupyter-bad" in caplog.text


def test_names_that_need_a_flag_of_useradd(accounts, hooks, runner):
    plain = ("useradd", "--create-home", "--shell", "/bin/bash")
    refused = "useradd: invalid user name 'jupyter-a@b.org': use --badname to ignore\n"
    runner.answers = {(*plain, "jupyter-a@b.org"): Result(plain, 3, errors=refused)}
    user.ensure_user("jupyter-a@b.org")
    assert runner.calls[-1] == (*plain, "--badname", "jupyter-a@b.org")
    assert accounts.users == {"jupyter-a@b.org"}


def test_a_name_that_the_system_refuses(accounts, hooks, runner):
    runner.answers = {("useradd",): Result(("useradd",), 3, errors="useradd: invalid user name (--badname)")}
    with pytest.raises(StepFailed, match="make the system user a b"):
        user.ensure_user("a b")
    assert len(runner.calls) == 1
    assert hooks == []


def test_removing_a_user(accounts, hooks, runner):
    user.ensure_user("x")
    user.remove_user("x")
    user.remove_user("x")
    assert runner.calls[1:] == [("userdel", "x")]


def test_groups(accounts, runner):
    user.ensure_group("g")
    user.ensure_group("g")
    user.ensure_user_group("ada", "g")
    user.ensure_user_group("ada", "g")
    assert accounts.groups == {"g": {"ada"}}
    user.remove_user_group("ada", "g")
    user.remove_user_group("ada", "g")
    user.remove_user_group("ada", "nosuch")
    user.remove_group("g")
    user.remove_group("g")
    assert accounts.groups == {}
    assert [call[0] for call in runner.calls] == ["groupadd", "groupadd", "gpasswd", "gpasswd", "groupdel"]


@pytest.mark.parametrize("name", ["jupyter-ada", "a" * 25])
def test_short_names_stay(name):
    assert generate_system_username(name) == name


def test_long_names_are_cut():
    assert generate_system_username("a" * 26) == "aaaaaaaaaaaaaaaaaaaaaaaaaa-9976d"
    long = "jupyter-" + "b" * 40
    digest = hashlib.sha256(long.encode()).hexdigest()[:5]
    assert generate_system_username(long) == f"jupyter-{'b' * 18}-{digest}"


@pytest.fixture
def spawner_class(monkeypatch):
    """The spawner over a stand-in for SystemdSpawner, which is in the hub environment only."""

    class Base:
        started = False

        async def start(self):
            self.started = True
            return ("127.0.0.1", 1)

    def module(name, **names):
        made = ModuleType(name)
        vars(made).update(names)
        monkeypatch.setitem(sys.modules, name, made)

    module("systemdspawner", SystemdSpawner=Base)
    module("traitlets", Dict=lambda **_: {}, List=lambda _: [], Unicode=lambda: "")
    monkeypatch.delitem(sys.modules, "tljh.user_creating_spawner", raising=False)
    yield importlib.import_module("tljh.user_creating_spawner").UserCreatingSpawner
    monkeypatch.delitem(sys.modules, "tljh.user_creating_spawner", raising=False)


def start(spawner_class, name, *, admin=False, groups=None):
    spawner = spawner_class()
    spawner.user = SimpleNamespace(name=name, admin=admin)
    spawner.user_groups = groups or {}
    assert asyncio.run(spawner.start()) == ("127.0.0.1", 1)
    return spawner


def test_starting_a_server_makes_the_user_and_its_groups(spawner_class, accounts, hooks):
    spawner = start(spawner_class, "ada", groups={"staff": ["ada"], "other": ["bob"]})
    assert spawner.started
    assert spawner.username_template == "jupyter-ada"
    assert spawner.disable_user_sudo is True
    assert accounts.groups == {"jupyterhub-users": {"jupyter-ada"}, "staff": {"jupyter-ada"}}
    assert hooks == ["jupyter-ada"]


def test_administrators_come_and_go(spawner_class, accounts, hooks):
    assert start(spawner_class, "ada", admin=True).disable_user_sudo is False
    assert accounts.groups["jupyterhub-admins"] == {"jupyter-ada"}
    assert start(spawner_class, "ada").disable_user_sudo is True
    assert accounts.groups["jupyterhub-admins"] == set()
    assert hooks == ["jupyter-ada"]


def test_long_names_of_hub_users(spawner_class, accounts, hooks):
    spawner = start(spawner_class, "x" * 40)
    assert accounts.users == {spawner.username_template}
    assert len(spawner.username_template) == 32
