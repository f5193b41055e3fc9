"""The answers file: round trip, comments, refusals, schema."""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tljh import spec as specs
from tljh.errors import InvalidInput
from tljh.spec import InstallSpec, PluginChoice, UserEnvironment

words = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=20)
settings = st.dictionaries(
    words, st.one_of(st.booleans(), st.integers(0, 2**40), words, st.lists(words, max_size=3)), max_size=4
)
spec_values = st.builds(
    InstallSpec,
    plugins=st.lists(st.builds(PluginChoice, words, st.one_of(st.none(), st.just("a" * 64))), max_size=4).map(
        tuple
    ),
    admins=st.lists(words, max_size=3).map(tuple),
    user_environment=st.builds(
        UserEnvironment,
        manager=st.sampled_from(["conda", "uv"]),
        channels=st.lists(words, max_size=2).map(tuple),
        conda_packages=st.lists(words, max_size=2).map(tuple),
        jupyter=st.booleans(),
    ),
    settings=settings,
    scope=st.sampled_from(["server", "folder"]),
)


@given(spec_values)
def test_what_is_written_is_read_back(spec: InstallSpec) -> None:
    assert specs.parse(specs.render(spec)) == spec


@given(spec_values, spec_values)
def test_an_edited_file_reads_as_the_new_answers(before: InstallSpec, after: InstallSpec) -> None:
    assert specs.parse(specs.render(after, specs.render(before))) == after


@given(spec_values)
def test_every_spec_is_valid_by_its_schema(spec: InstallSpec) -> None:
    jsonschema.validate(specs.to_dict(spec), specs.json_schema())


def test_comments_survive() -> None:
    text = '# ours\nadmins = ["ada"]  # head\n\n[settings.limits]\n# per person\nmemory = "1G"\n'
    spec = specs.parse(text)
    changed = InstallSpec(admins=spec.admins, settings={"limits": {"memory": "2G"}})
    rendered = specs.render(changed, text)
    assert "# ours" in rendered
    assert "# head" in rendered
    assert "# per person" in rendered
    assert specs.parse(rendered) == changed


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("plugins = [", "TOML"),
        ('admins = "ada"', "admins"),
        ("[user_environment]\nmanager = 'mamba'", "user_environment.manager"),
        ("pluginz = []", "pluginz"),
        ("[[plugins]]\nsha256 = 'x'", "plugins.0"),
    ],
)
def test_a_wrong_file_is_refused_and_the_place_named(text: str, named: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        specs.parse(text, "answers.toml")
    assert "answers.toml" in caught.value.message
    assert named in caught.value.message
    assert caught.value.hint
