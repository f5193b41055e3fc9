"""Modules that cannot be read, or would overflow a parser: a status and a message, never an exception."""

from __future__ import annotations

import pytest
from plugins import SOURCE, hook, wheel

from tljh.inspection import inspect
from tljh.inspection.tree import MemoryTree

GOOD = hook("return ['a']").encode()

SOURCES: dict[str, tuple[bytes, str]] = {
    "not UTF-8": (b"x = '\xff\xfe'\n", "unreadable"),
    "unknown coding": (b"# coding: klingon\nx = 1\n", "unreadable"),
    "coding that runs": (b"# coding: rot13\nx = 1\n", "unreadable"),
    "null byte": (b"x = 1\0\n", "unreadable"),
    "huge": (b"x = 1\n" * 400_000, "unreadable"),
    "brackets": (b"x = " + b"(" * 5000 + b")" * 5000, "module-syntax-error"),
    "unary": (b"x = " + b"-" * 200_000 + b"1\n", "module-syntax-error"),
    "indentation": (b"".join(b" " * n + b"if 1:\n" for n in range(150)), "module-syntax-error"),
    "Python 2": (b"print 'x'\n", "module-syntax-error"),
    "unfinished": (b"def f(:\n", "module-syntax-error"),
    "surrogates": (b"x = '\\ud800'\n" + GOOD, "ok"),
    "BOM": (b"\xef\xbb\xbf" + GOOD, "ok"),
    "latin-1": (b"# -*- coding: latin-1 -*-\n# \xe9\n" + GOOD, "ok"),
    "windows line ends": (GOOD.replace(b"\n", b"\r\n"), "ok"),
    "long sum": (GOOD + b"\nx = " + b" + ".join([b"1"] * 300) + b"\n", "ok"),
    "long chain": (GOOD + b"\nx = str" + b".a" * 500 + b"\n", "ok"),
    "f-strings": (GOOD + b"\nx = " + b" ".join([b"f'{1:{2}}'"] * 2000) + b"\n", "ok"),
    "large list": (GOOD + b"\nx = [" + b"1," * 30_000 + b"]\n", "ok"),
    "comprehension": (
        GOOD + b"\nx = [a for a in range(9999) for b in range(9999) for c in range(9999)]\n",
        "ok",
    ),
    "endless": (GOOD + b"\nwhile True:\n    pass\n", "ok"),
    "recursion": (GOOD + b"\ndef f():\n    return f()\nf()\n", "ok"),
}


@pytest.mark.parametrize(("content", "status"), SOURCES.values(), ids=SOURCES)
def test_source(content: bytes, status: str) -> None:
    files = wheel({})
    members = {name: files.read(name) for name in files.names()}
    tree = MemoryTree({**members, "tljh_case.py": content}, "wheel")
    found = inspect(tree, requirement="x", source=SOURCE)
    assert found.status == status, found.findings
    if status == "ok":
        assert [hook.value for hook in found.hooks] == [("a",)]
    else:
        assert found.hooks == ()
        assert any(finding.severity == "danger" and finding.message for finding in found.findings)


def test_names_given_stand_in_for_those_not_declared() -> None:
    tree = MemoryTree({"tljh_case.py": GOOD})
    found = inspect(tree, requirement="x", source=SOURCE, name="tljh-case", version="2")
    assert (found.name, found.version, found.status) == ("tljh-case", "2", "not-a-plugin")


def test_another_name_than_the_one_asked_for() -> None:
    found = inspect(wheel({"tljh_case.py": GOOD.decode()}), requirement="x", source=SOURCE, name="other")
    assert [finding.code for finding in found.findings] == ["name-differs"]


def test_many_entry_points_are_bounded() -> None:
    points = "[tljh]\n" + "".join(f"n{number} = tljh_case\n" for number in range(500))
    found = inspect(wheel({"tljh_case.py": GOOD.decode()}, points), requirement="x", source=SOURCE)
    assert len(found.entry_points) < 100
    assert len(found.hooks) == 1
