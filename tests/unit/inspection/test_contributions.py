"""Merging in pluggy's order, compared with real pluggy on modules that this test writes; and conflicts."""

from __future__ import annotations

import itertools
import types
from dataclasses import replace

import jsonschema
import pluggy
import pytest
from plugins import HEADER, report_of, wheel

from tljh import hooks
from tljh.inspection import PluginReport, preview_document, preview_schema
from tljh.inspection.conflicts import conflicts
from tljh.inspection.contributions import merge

APT = "tljh_extra_apt_packages"
OPTIONS = ("", "(tryfirst=True)", "(trylast=True)")


def made(name: str, source: str, entry_point: str = "case") -> PluginReport:
    found = report_of(wheel({"tljh_case.py": HEADER + source}, f"[tljh]\n{entry_point} = tljh_case\n"))
    assert found.status == "ok", found.findings
    return replace(found, name=name, requirement=name)


def returning(hook: str, *values: str, options: str = "") -> str:
    return f"@hookimpl{options}\ndef {hook}():\n    return {list(values)!r}\n"


@pytest.mark.parametrize("options", itertools.product(OPTIONS, repeat=3))
def test_order_is_pluggys(options: tuple[str, ...]) -> None:
    texts = {
        name: returning(APT, name, "common", options=option)
        + f"@hookimpl(specname={APT!r}{', trylast=True' if option else ''})\n"
        + f"def another():\n    return [{name + '2'!r}]\n"
        for name, option in zip(("tljh-a", "tljh-b", "tljh-c"), options, strict=True)
    }
    manager = pluggy.PluginManager(hooks.PROJECT_NAME)
    manager.add_hookspecs(hooks)
    for name in sorted(texts):
        module = types.ModuleType(name)
        exec(compile(HEADER + texts[name], name, "exec"), module.__dict__)  # of this file's own making
        manager.register(module, name=name)
    real = [item for items in manager.hook.tljh_extra_apt_packages() for item in items]
    reports = [made(name, text) for name, text in reversed(texts.items())]
    merged = merge(reports).apt
    assert [package.package for package in merged] == list(dict.fromkeys(real))
    common = next(package for package in merged if package.package == "common")
    assert common.owners == tuple(
        owner for owner in dict.fromkeys(item.removesuffix("2") for item in real) if owner.startswith("tljh")
    ) or set(common.owners) == {"tljh-a", "tljh-b", "tljh-c"}


def test_options_of_pip_stay_with_their_values() -> None:
    hook = "tljh_extra_user_pip_packages"
    one = made("tljh-a", returning(hook, "--extra-index-url", "https://a", "x", "--pre"))
    two = made("tljh-b", returning(hook, "--extra-index-url", "https://b", "x"))
    packages = [package.package for package in merge([one, two]).user_pip]
    assert packages == ["--extra-index-url", "https://b", "x", "--extra-index-url", "https://a", "--pre"]


def test_what_is_unknown_is_named() -> None:
    opaque = made("tljh-a", f"import lib\n@hookimpl\ndef {APT}():\n    return lib.packages()\n")
    wrapper = made("tljh-b", f"@hookimpl(wrapper=True)\ndef {APT}():\n    return (yield)\n")
    unknown = merge([opaque, wrapper]).unknown
    assert [(item.hook, item.owner) for item in unknown] == [(APT, "tljh-b"), (APT, "tljh-a")]
    assert "lib.packages" in unknown[1].reason


CONFIG = "@hookimpl\ndef tljh_custom_jupyterhub_config(c):\n    {}\n"
SETTINGS = "@hookimpl\ndef tljh_config_post_install(config):\n    {}\n"


@pytest.mark.parametrize(
    ("first", "second", "kind", "says"),
    [
        (CONFIG.format("c.Spawner.cmd = ['a']"), CONFIG.format("c.Spawner.cmd = ['b']"), "same-trait",
         "tljh-a is called last and wins"),
        (CONFIG.format("c.JupyterHub.services = []"), "", "services-replaced", "idle servers"),
        (SETTINGS.format("config['limits'] = {}"), "", "section-replaced", "limits"),
        (SETTINGS.format("config['limits']['memory'] = 1"), SETTINGS.format("config['limits']['memory'] = 2"),
         "same-setting", "limits.memory"),
        (SETTINGS.format("config['https'] = {'enabled': True}"),
         SETTINGS.format("config['https']['enabled'] = False"), "same-setting", "as a whole"),
        (SETTINGS.format("config['mine'] = 1"), "", "unknown-setting", "mine"),
        (returning("tljh_extra_user_pip_packages", "numpy==1.2"),
         returning("tljh_extra_user_pip_packages", "NumPy>=2"), "pins", "cannot hold together"),
        (returning("tljh_extra_user_conda_channels", "a", "b"),
         returning("tljh_extra_user_conda_channels", "b", "a"), "channel-order", "tljh-b is called first"),
    ],
)  # fmt: skip
def test_conflicts(first: str, second: str, kind: str, says: str) -> None:
    reports = [made("tljh-a", first)] + ([made("tljh-b", second)] if second else [])
    found = conflicts(reports, merge(reports))
    assert kind in {conflict.kind for conflict in found}
    assert any(says in conflict.message for conflict in found), found


def test_no_conflict_where_there_is_none() -> None:
    reports = [
        made("tljh-a", CONFIG.format("c.JupyterHub.services.append({})")
             + returning("tljh_extra_user_pip_packages", "numpy>=1", "numpy==1.2")),
        made("tljh-b", SETTINGS.format("config['limits']['memory'] = 1")),
    ]  # fmt: skip
    assert conflicts(reports, merge(reports)) == ()


def test_the_same_distribution_twice() -> None:
    reports = [made("tljh-a", returning(APT, "x")), made("TLJH_a", returning(APT, "x"))]
    assert [conflict.kind for conflict in conflicts(reports, merge(reports))] == ["same-distribution"]


def test_documents_validate_and_go_round() -> None:
    reports = [
        made("tljh-a", returning(APT, "x") + CONFIG.format("c.Spawner.environment = {'A': [1, None, 2.5]}")),
        made("tljh-b", SETTINGS.format("config['limits'] = {'memory': '1G'}")
             + "import os\n@hookimpl\ndef tljh_post_install():\n    os.system('id')\n"),
    ]  # fmt: skip
    document = preview_document(reports)
    schema = preview_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)
    assert document["schema"] == "tljh.preview/1"
    assert document["contributions"]["apt"] == [{"package": "x", "from": ["tljh-a"]}]  # type: ignore[call-overload,index]
    for report in reports:
        assert PluginReport.from_dict(report.to_dict()) == replace(report, readme="")
    broken = {**document, "plugins": [{"name": 1}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(broken)
