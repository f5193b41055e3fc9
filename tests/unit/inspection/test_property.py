"""Generated modules: wherever the inspector is certain, a real interpreter with real pluggy agrees.

The modules are made here, of a small grammar; they are run with `exec` in this process, once with and once
without the environment variable that they test.
"""

from __future__ import annotations

import functools
import os
import types
from collections.abc import Iterator

import pluggy
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from plugins import report

from tljh import hooks

NAMES = ("x", "y", "z")
WORD = st.sampled_from(["a", "b", "ab", "", "a b", "B-1"])
UNKNOWN = "os.environ.get('TLJH_CASE')"


@functools.cache
def texts(depth: int) -> st.SearchStrategy[str]:
    literal = WORD.map(repr)
    if depth == 0:
        return literal
    inner, lists = texts(depth - 1), sequences(depth - 1)
    return st.one_of(
        literal,
        st.builds("({} + {})".format, inner, inner),
        st.builds("f'{{{}}}-{{{}!r}}'".format, inner.filter(_quotable), inner.filter(_quotable)),
        st.builds("('%s=%s' % ({}, {}))".format, inner, inner),
        st.builds("'{{}}{{}}'.format({}, {})".format, inner, inner),
        st.builds("','.join({})".format, lists),
        st.builds("{}.{}()".format, inner, st.sampled_from(["upper", "strip", "title", "swapcase"])),
        st.builds("{}.replace({}, {})".format, inner, inner, literal),
        st.builds("({} if {} else {})".format, inner, conditions(depth - 1), inner),
        st.builds("str(len({}))".format, lists),
        st.builds("pin({}, {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("TABLE.get({}, {})".format, inner, inner),
        st.just(f"({UNKNOWN} or 'd')"),
        st.just("os.environ.get('TLJH_CASE', 'e')"),
    )


def _quotable(text: str) -> bool:
    return not set("'\"{}\\") & set(text)


@functools.cache
def sequences(depth: int) -> st.SearchStrategy[str]:
    literal = st.lists(WORD.map(repr), max_size=3).map(lambda items: f"[{', '.join(items)}]")
    named = st.sampled_from([f"list({name})" for name in (*NAMES, "TOP")])
    if depth == 0:
        return st.one_of(literal, named)
    inner, item = sequences(depth - 1), texts(depth - 1)
    return st.one_of(
        literal,
        named,
        st.builds("[{}, {}]".format, item, item),
        st.builds("[*{}, {}]".format, inner, item),
        st.builds("({} + {})".format, inner, inner),
        st.builds("sorted({})".format, inner),
        st.builds("sorted(set({}))".format, inner),
        st.builds("sorted({}, key=len, reverse=True)".format, inner),
        st.builds("list(set({}))".format, inner),
        st.builds("[i + {} for i in {} if {}]".format, item, inner, conditions(depth - 1)),
        st.builds("[i for i in {} if i]".format, inner),
        st.builds("[i + j for i in {} for j in {}]".format, inner, inner),
        st.builds("{}[{}:{}]".format, inner, st.integers(-2, 2), st.integers(-2, 3)),
        st.builds("list({{i: {} for i in {}}})".format, item, inner),
        st.builds("list(map(str.upper, {}))".format, inner),
        st.builds("[k + v for k, v in zip({}, {})]".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, conditions(depth - 1), inner),
        st.builds("{}.split()".format, item),
        st.builds("list(reversed({}))".format, inner),
        st.builds("grow({}, {})".format, inner, item),
        st.builds("list(each({}))".format, inner),
        st.builds("[v for v in TABLE.values() if v in {}]".format, inner),
    )


@functools.cache
def conditions(depth: int) -> st.SearchStrategy[str]:
    simple = st.sampled_from(
        ["True", "False", UNKNOWN, f"not {UNKNOWN}", f"{UNKNOWN} == 'q'", "x", "len(y) > 1"]
    )
    if depth == 0:
        return simple
    item, inner = texts(depth - 1), sequences(depth - 1)
    return st.one_of(
        simple,
        st.builds("({} in {})".format, item, inner),
        st.builds("({} == {})".format, item, item),
        st.builds("({} < {} <= {})".format, item, item, item),
        st.builds("({} and {})".format, conditions(depth - 1), conditions(depth - 1)),
        st.builds("not {}".format, inner),
    )


@functools.cache
def statements(
    depth: int, *, in_loop: bool = False, in_function: bool = True
) -> st.SearchStrategy[list[str]]:
    name = st.sampled_from(NAMES)
    item, value = texts(1), sequences(1)
    simple = [
        st.builds("{} = {}".format, name, value),
        st.builds("{} = {}".format, name, name),
        st.builds("{}.append({})".format, name, item),
        st.builds("{} += {}".format, name, value),
        st.builds("{}.extend({})".format, name, value),
        st.builds("{}.insert({}, {})".format, name, st.integers(-1, 2), item),
        st.builds("{}[:] and {}.pop()".format, name, name),
        st.builds("{}.sort()".format, name),
        st.builds("{}.reverse()".format, name),
        st.builds("TABLE[{}] = {}".format, item, item),
        st.builds("TABLE.pop({}, None)".format, item),
        st.builds("TABLE.setdefault({}, {})".format, item, item),
        st.builds("use({})".format, name),
        st.builds("{}, {} = {}, {}".format, st.just("x"), st.just("y"), name, value),
        st.builds("del {}[:1]".format, name),
        st.builds("{}.remove({})".format, name, item),
        st.builds("os.environ['TLJH_CASE']".format),
        st.builds("{}[{}] = {}".format, name, st.integers(-1, 1), item),
    ]
    if in_function:
        simple.append(st.builds("return {}".format, value))
    if in_loop:
        simple += [st.just("break"), st.just("continue")]
    one = st.one_of(*simple).map(lambda line: [line])
    if depth == 0:
        return st.lists(one, min_size=1, max_size=3).map(_flat)
    block = statements(depth - 1, in_loop=in_loop, in_function=in_function).map(_indented)
    loop = statements(depth - 1, in_loop=True, in_function=in_function).map(_indented)
    compound = st.one_of(
        st.builds(lambda t, a: [f"if {t}:", *a], conditions(1), block),
        st.builds(lambda t, a, b: [f"if {t}:", *a, "else:", *b], conditions(1), block, block),
        st.builds(lambda v, a: [f"for i in {v}:", *a], value, loop),
        st.builds(lambda v, a, b: [f"for i in {v}:", *a, "else:", *b], value, loop, block),
        st.builds(lambda t, a: ["n = 0", f"while n < 2 and ({t}):", "    n += 1", *a], conditions(1), loop),
        st.builds(lambda a, b: ["try:", *a, "except (ValueError, KeyError):", *b], block, block),
        st.builds(lambda a, b: ["try:", *a, "except Exception:", *b], block, block),
        st.builds(lambda a, b: ["try:", *a, "finally:", *b], block, block),
        st.builds(lambda a, b, c: ["try:", *a, "except IndexError:", *b, "else:", *c], block, block, block),
    )
    return st.lists(st.one_of(one, compound), min_size=1, max_size=4).map(_flat)


def _flat(blocks: list[list[str]]) -> list[str]:
    return [line for block in blocks for line in block]


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


PREAMBLE = """\
import os
from tljh.hooks import hookimpl

TOP = ['t', 'u']
TABLE = {'a': 'b', 'b': 'a'}

def pin(name, version='1'):
    return name + '==' + version

def grow(items, item):
    items = items + [item]
    items.append('g')
    return items

def each(items):
    for item in items:
        if item == 'a':
            continue
        yield item
    yield 'last'

def use(items):
    if os.environ.get('TLJH_CASE'):
        items.append('used')
"""


@st.composite
def modules(draw: st.DrawFn) -> str:
    top = draw(st.lists(sequences(1).map(lambda value: f"TOP = {value.replace('x', 'TOP')}"), max_size=0))
    body = draw(statements(2))
    result = draw(st.one_of(sequences(2), st.sampled_from(NAMES)))
    start = ["x, y, z = ['p'], ['q', 'r'], []", *body, f"return {result}"]
    lines = [PREAMBLE, *top, "@hookimpl", "def tljh_extra_user_pip_packages():", *_indented(start)]
    return "\n".join(lines) + "\n"


def run(source: str, environment: str | None, monkeypatch: pytest.MonkeyPatch) -> list[object] | Exception:
    """What pluggy gives for the module's hook, in a fresh namespace."""
    if environment is None:
        monkeypatch.delenv("TLJH_CASE", raising=False)
    else:
        monkeypatch.setenv("TLJH_CASE", environment)
    module = types.ModuleType("generated")
    exec(compile(source, "generated", "exec"), module.__dict__)  # of this file's own making
    manager = pluggy.PluginManager(hooks.PROJECT_NAME)
    manager.add_hookspecs(hooks)
    manager.register(module)
    try:
        returned = manager.hook.tljh_extra_user_pip_packages()
    except Exception as error:  # noqa: BLE001
        return error
    return [item for items in returned for item in items]


@pytest.fixture(scope="module")
def environment() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def agrees(source: str, environment: pytest.MonkeyPatch) -> str:
    """Check one module; how certain the inspector was."""
    found = report(source).hooks[0]
    if found.certainty != "certain":
        return found.certainty
    for variable in (None, "q", "other"):
        real = run(source, variable, environment)
        if isinstance(real, Exception):
            continue
        seen = list(found.value or ())
        if found.unknown:
            real, seen = sorted(map(str, real)), sorted(map(str, seen))
        assert seen == real, f"\n{source}\n{found.unknown}"
    return "certain"


EXAMPLES = int(os.environ.get("TLJH_PROPERTY_EXAMPLES", "300"))


@settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES == 300,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
@given(source=modules())
def test_certain_is_right(source: str, environment: pytest.MonkeyPatch) -> None:
    agrees(source, environment)
