import copy

import pytest

from tljh.config import (
    add_item_to_config,
    parse_value,
    remove_item_from_config,
    set_item_in_config,
    unset_item_from_config,
)


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ({}, "a", "b", {"a": "b"}),
        ({}, "a.b.c", 1, {"a": {"b": {"c": 1}}}),
        ({"a": {"x": 1}}, "a.b", 2, {"a": {"x": 1, "b": 2}}),
        ({"a": "scalar"}, "a.b", 2, {"a": {"b": 2}}),
        ({"a": None}, "a.b", 2, {"a": {"b": 2}}),
        ({"a": {"b": {"c": 1}}}, "a.b", None, {"a": {"b": None}}),
    ],
)
def test_set_makes_parents_and_replaces_what_is_in_the_way(before, path, value, after):
    untouched = copy.deepcopy(before)
    assert set_item_in_config(before, path, value) == after
    assert before == untouched


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ({"a": 1, "b": 2}, "a", {"b": 2}),
        ({"a": {"b": 1}}, "a.b", {}),
        ({"a": {"b": {"c": 1}, "d": 2}}, "a.b.c", {"a": {"d": 2}}),
        ({"a": {"b": {"c": 1, "e": 3}}}, "a.b.c", {"a": {"b": {"e": 3}}}),
    ],
)
def test_unset_prunes_mappings_that_became_empty(before, path, after):
    untouched = copy.deepcopy(before)
    assert unset_item_from_config(before, path) == after
    assert before == untouched


@pytest.mark.parametrize(
    ("before", "path"), [({}, "a"), ({"a": {}}, "a.b"), ({"a": 1}, "a.b"), ({}, "a.b.c")]
)
def test_unset_of_a_missing_key_is_an_error(before, path):
    with pytest.raises(ValueError, match="is not set"):
        unset_item_from_config(before, path)


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ({}, "a", 1, {"a": [1]}),
        ({}, "a.b", "c", {"a": {"b": ["c"]}}),
        ({"a": ["x"]}, "a", "y", {"a": ["x", "y"]}),
        ({"a": None}, "a", "y", {"a": ["y"]}),
        ({"a": ["x"]}, "a", "x", {"a": ["x"]}),
        ({"a": [1]}, "a", True, {"a": [1, True]}),
    ],
)
def test_add_makes_the_list(before, path, value, after):
    untouched = copy.deepcopy(before)
    assert add_item_to_config(before, path, value) == after
    assert before == untouched


def test_add_to_something_that_is_not_a_list_keeps_it():
    with pytest.raises(ValueError, match="not a list"):
        add_item_to_config({"a": "precious"}, "a", "x")


def test_remove_takes_one_item():
    before = {"a": {"b": ["x", "y"]}}
    assert remove_item_from_config(before, "a.b", "x") == {"a": {"b": ["y"]}}
    assert before == {"a": {"b": ["x", "y"]}}


@pytest.mark.parametrize("before", [{}, {"a": 1}, {"a": {"b": 1}}, {"a": "text"}])
def test_remove_from_something_that_is_not_a_list_is_an_error(before):
    with pytest.raises(ValueError, match="not a list"):
        remove_item_from_config(before, "a", "x")


def test_remove_of_an_item_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match="does not hold 'x'"):
        remove_item_from_config({"a": ["y"]}, "a", "x")


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b"])
def test_a_path_with_an_empty_part_is_an_error(path):
    with pytest.raises(ValueError, match="is not a key"):
        set_item_in_config({}, path, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("none", None),
        ("None", None),
        ("1", 1),
        ("-3", -3),
        ("1.5", 1.5),
        ("2.", 2.0),
        ("true", True),
        ("TRUE", True),
        ("False", False),
        ("1G", "1G"),
        ("", ""),
        ("null", "null"),
        ("12e45678", "12e45678"),
        ("nan", "nan"),
        ("ada", "ada"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_values_of_the_command_line(text, value):
    parsed = parse_value(text)
    assert parsed == value
    assert type(parsed) is type(value)
