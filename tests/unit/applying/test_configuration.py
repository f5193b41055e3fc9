"""Whose setting wins when a plugin changes `config.yaml`."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tljh.applying.steps.configuration import Kept, add_admins, take_over, update


@pytest.mark.parametrize(
    ("mine", "after", "result", "kept"),
    [
        ({}, {"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, {"a": 1}, [Kept("a", 1, 2)]),
        (
            {"limits": {"memory": "4G"}},
            {"limits": {"memory": "2G", "cpu": 1}},
            {"limits": {"memory": "4G", "cpu": 1}},
            [Kept("limits.memory", "4G", "2G")],
        ),
        ({"users": {"admin": ["ada"]}}, {"users": {"admin": ["ada", "bot"]}}, None, []),
        (
            {"users": {"admin": ["ada"]}},
            {"users": {"admin": ["bot"]}},
            {"users": {"admin": ["ada"]}},
            [Kept("users.admin", ["ada"], ["bot"])],
        ),
        ({"a": {"b": 1}}, {}, {"a": {"b": 1}}, [Kept("a", {"b": 1}, None)]),
        ({"a": {"b": 1}}, {"a": 5}, {"a": {"b": 1}}, [Kept("a", {"b": 1}, 5)]),
    ],
)
def test_the_administrator_wins(
    mine: dict[str, Any], after: dict[str, Any], result: dict[str, Any] | None, kept: list[Kept]
) -> None:
    document = copy.deepcopy(mine)
    assert list(take_over(document, after, mine)) == kept
    assert document == (after if result is None else result)


def test_a_later_plugin_may_change_what_an_earlier_one_set() -> None:
    document: dict[str, Any] = {"mine": 1}
    administrator = {"mine": 1}
    assert not list(take_over(document, {"mine": 1, "app": "lab"}, administrator))
    assert not list(take_over(document, {"mine": 1, "app": "classic"}, administrator))
    assert document == {"mine": 1, "app": "classic"}


def test_answers_override_leaf_by_leaf() -> None:
    document: dict[str, Any] = {"limits": {"memory": "1G", "cpu": 2}, "custom": {"x": 1}}
    update(document, {"limits": {"memory": "2G"}, "http": {"port": 8080}})
    assert document == {"limits": {"memory": "2G", "cpu": 2}, "custom": {"x": 1}, "http": {"port": 8080}}


def test_administrators_are_added() -> None:
    document: dict[str, Any] = {"users": {"admin": ["ada"]}}
    add_admins(document, ("ada", "bob"))
    assert document == {"users": {"admin": ["ada", "bob"]}}
    empty: dict[str, Any] = {}
    add_admins(empty, ())
    assert empty == {}
