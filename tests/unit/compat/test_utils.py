import logging
import subprocess
import sys
from functools import partial
from importlib import metadata

import pytest

from tljh import migrator, utils
from tljh.hooks import hookimpl
from tljh.runner import SystemRunner
from tljh.yaml import yaml


def test_what_a_command_prints_goes_to_the_log_if_it_succeeds(caplog):
    with caplog.at_level(logging.DEBUG, logger="tljh"):
        assert utils.run_subprocess(["sh", "-c", "echo out; echo err >&2"]) == "out\nerr\n"
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("tljh", logging.DEBUG)
    assert "out\nerr" in record.message


def test_and_to_the_user_if_it_fails(caplog):
    with pytest.raises(subprocess.CalledProcessError) as raised:
        utils.run_subprocess(["sh", "-c", "echo oh no; exit 3"])
    assert raised.value.returncode == 3
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("tljh", logging.ERROR)
    assert "oh no" in record.message


def test_keywords_of_subprocess(tmp_path):
    assert utils.run_subprocess(["pwd"], cwd=tmp_path, check=True) == f"{tmp_path}\n"
    assert utils.run_subprocess(["sh", "-c", "echo $A"], env={"A": "1"}) == "1\n"
    assert utils.run_subprocess(["cat"], input=b"x") == "x"
    assert utils.run_subprocess("echo $((1+1))", shell=True) == "2\n"
    with pytest.raises(TypeError, match="preexec_fn"):
        utils.run_subprocess(["true"], preexec_fn=print)


@pytest.mark.parametrize(
    ("text", "version"),
    [("1.2.3", (1, 2, 3)), ("v2.0b1-7", (2, 0, 1, 7)), ("conda 4.7.10", (4, 7, 10)), ("", ())],
)
def test_versions(text, version):
    assert utils.parse_version(text) == version


@pytest.fixture
def distributions(tmp_path, monkeypatch):
    """Make installed distributions with plugins; only these are seen."""
    discover = partial(metadata.Distribution.discover, path=[str(tmp_path)])
    monkeypatch.setattr(utils.metadata, "distributions", discover)
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name, modules):
        folder = tmp_path / f"{name}-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        points = "".join(f"{point} = {module}\n" for point, (module, _) in modules.items())
        (folder / "entry_points.txt").write_text(f"[tljh]\n{points}")
        for module, source in modules.values():
            (tmp_path / f"{module}.py").write_text(source)
            monkeypatch.delitem(sys.modules, module, raising=False)

    return make


def plugin(package):
    hook = f"@hookimpl\ndef tljh_extra_apt_packages():\n    return ['{package}']\n"
    return f"from tljh.hooks import hookimpl\n{hook}"


def test_plugins_are_called_in_an_order_of_their_names(distributions):
    distributions("zz", {"m": ("compat_zz", plugin("z"))})
    distributions("aa", {"y": ("compat_aa_y", plugin("ay")), "x": ("compat_aa_x", plugin("ax"))})
    distributions("B_b", {"m2": ("compat_bb", plugin("b"))})
    manager, failures = utils.load_plugins()
    assert failures == ()
    found = manager.list_plugin_distinfo()
    assert [(p.__name__, d.metadata["name"]) for p, d in found] == [
        ("compat_aa_x", "aa"),
        ("compat_aa_y", "aa"),
        ("compat_bb", "B_b"),
        ("compat_zz", "zz"),
    ]
    assert manager.hook.tljh_extra_apt_packages() == [["z"], ["b"], ["ay"], ["ax"]]


def test_a_plugin_that_cannot_be_imported_is_named_and_the_others_load(distributions, caplog):
    distributions("good", {"g": ("compat_good", plugin("g"))})
    distributions("broken", {"b": ("compat_broken", "import no_such_module_at_all\n")})
    distributions("leaves", {"l": ("compat_leaves", "raise SystemExit(3)\n")})
    distributions("crooked", {"c": ("compat_crooked", "def (\n")})
    manager, failures = utils.load_plugins()
    assert [f.distribution for f in failures] == ["broken", "crooked", "leaves"]
    assert "no_such_module_at_all" in str(failures[0].error)
    assert manager.hook.tljh_extra_apt_packages() == [["g"]]
    assert utils.get_plugin_manager().hook.tljh_extra_apt_packages() == [["g"]]
    for name in ("broken", "leaves", "crooked"):
        assert f"the plugin {name} could not be loaded" in caplog.text


def test_a_hook_with_a_wrong_parameter_fails_only_its_plugin(distributions):
    source = "from tljh.hooks import hookimpl\n@hookimpl\ndef tljh_post_install(surprise):\n    pass\n"
    distributions("bad", {"b": ("compat_bad", source)})
    distributions("good", {"g": ("compat_good2", plugin("g"))})
    manager, failures = utils.load_plugins()
    assert [f.distribution for f in failures] == ["bad"]
    assert manager.hook.tljh_extra_apt_packages() == [["g"]]


def test_entry_points_of_the_same_name_are_both_loaded(distributions):
    distributions("one", {"plugin": ("compat_one", plugin("1"))})
    distributions("two", {"plugin": ("compat_two", plugin("2"))})
    manager, failures = utils.load_plugins()
    assert failures == ()
    assert manager.hook.tljh_extra_apt_packages() == [["2"], ["1"]]


def test_a_module_that_is_registered_twice_is_called_once(distributions):
    source = plugin("1")
    distributions("one", {"a": ("compat_same", source), "b": ("compat_same", source)})
    manager, failures = utils.load_plugins()
    assert failures == ()
    assert manager.hook.tljh_extra_apt_packages() == [["1"]]


def test_hooks_may_take_fewer_parameters():
    class Plugin:
        @hookimpl
        def tljh_new_user_create(self):
            return "called"

    manager = utils.PluginManager()
    manager.register(Plugin())
    assert manager.hook.tljh_new_user_create(username="ada") == ["called"]


def test_the_runner_is_the_real_one():
    assert isinstance(utils._runner, SystemRunner)


def test_yaml_keeps_comments_and_quotes(capsys):
    text = "# one\na: 'x'\nb: [1, 2] # two\n"
    yaml.dump(yaml.load(text), sys.stdout)
    assert capsys.readouterr().out == text


def test_old_files_are_moved_into_config(prefix):
    (prefix / "config.yaml").write_text("a: 1\n")
    (prefix / "jupyterhub_config.d").mkdir()
    (prefix / "jupyterhub_config.d" / "x.py").write_text("x\n")
    migrator.migrate_config_files()
    migrator.migrate_config_files()
    assert (prefix / "config" / "config.yaml").read_text() == "a: 1\n"
    assert (prefix / "config" / "jupyterhub_config.d" / "x.py").read_text() == "x\n"
    assert sorted(path.name for path in prefix.iterdir()) == ["config", "state"]


def test_where_there_is_a_new_one_the_old_one_is_kept_beside_it(prefix):
    new = prefix / "config" / "config.yaml"
    new.write_text("new: 1\n")
    for number in range(3):
        (prefix / "config.yaml").write_text(f"old: {number}\n")
        migrator.migrate_config_files()
    today = migrator.date.today().isoformat()
    assert new.read_text() == "new: 1\n"
    assert {path.name: path.read_text() for path in new.parent.iterdir() if path != new} == {
        f"config.yaml.old.{today}": "old: 0\n",
        f"config.yaml.old.{today}.0": "old: 1\n",
        f"config.yaml.old.{today}.1": "old: 2\n",
    }
