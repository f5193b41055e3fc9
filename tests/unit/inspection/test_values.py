"""What package hooks return: certain where it can be, and never certain and wrong."""

# ruff: noqa: E501

from __future__ import annotations

import pytest
from plugins import hook, report

CERTAIN = [
    ("literal", "return ['a', 'b']", ["a", "b"]),
    ("tuple", "return ('a', 'b')", ["a", "b"]),
    ("none", "return None", []),
    ("nothing", "pass", []),
    ("sum", "return ['a'] + ['b'] + list(('c',))", ["a", "b", "c"]),
    ("star", "x = ['a']\nreturn [*x, 'b', *('c', 'd')]", ["a", "b", "c", "d"]),
    ("f-string", "v = '1.2'\nreturn [f'numpy=={v}', f'{v!r:>6}']", ["numpy==1.2", " '1.2'"]),
    ("percent", "return ['%s==%d' % ('a', 3), '%(x)s' % {'x': 'b'}]", ["a==3", "b"]),
    ("format", "return ['{}-{x}'.format('a', x=1), '{1}{0:03d}'.format(7, 'q')]", ["a-1", "q007"]),
    ("split", "return 'a b\\n c'.split()", ["a", "b", "c"]),
    ("lines", "return [l.strip() for l in '\\na # x\\n\\nb\\n'.splitlines() if l]", ["a # x", "b"]),
    ("comprehension", "return [p + '==1' for p in ('a', 'b') if p != 'a']", ["b==1"]),
    ("nested comprehension", "return [a + b for a in 'xy' for b in '12']", ["x1", "x2", "y1", "y2"]),
    ("dict comprehension", "d = {k: v for k, v in [('a', 1), ('b', 2)]}\nreturn [f'{k}={v}' for k, v in d.items()]",
     ["a=1", "b=2"]),
    ("dict loop", "d = {'a': '1', 'b': '2'}\nout = []\nfor k in d:\n  out.append(k + d[k])\nreturn out", ["a1", "b2"]),
    ("sorted set", "return sorted({'c', 'a', 'b', 'a'})", ["a", "b", "c"]),
    ("sorted by key", "return sorted(['bb', 'a', 'ccc'], key=len, reverse=True)", ["ccc", "bb", "a"]),
    ("sorted by lambda", "return sorted(['b2', 'a3', 'c1'], key=lambda s: s[1])", ["c1", "b2", "a3"]),
    ("slices", "x = ['a', 'b', 'c', 'd']\nreturn x[1:3] + x[-1:] + x[::-1][:1]", ["b", "c", "d", "d"]),
    ("zip", "return [a + b for a, b in zip(['a', 'b'], ['1', '2'])]", ["a1", "b2"]),
    ("enumerate", "return [f'{i}{x}' for i, x in enumerate(['a', 'b'], 1)]", ["1a", "2b"]),
    ("range", "return ['p%d' % i for i in range(2, 6, 2)]", ["p2", "p4"]),
    ("mutation", "x = ['a']\nx.append('b')\nx.extend(['c', 'd'])\nx.insert(0, 'z')\nx.remove('c')\nx += ['e']\nreturn x",
     ["z", "a", "b", "d", "e"]),
    ("alias", "x = ['a']\ny = x\ny.append('b')\nreturn x", ["a", "b"]),
    ("copy", "x = ['a']\ny = list(x)\ny.append('b')\nreturn x", ["a"]),
    ("pop", "x = ['a', 'b']\ny = x.pop()\nreturn [y] + x", ["b", "a"]),
    ("sort in place", "x = ['b', 'a']\nx.sort()\nreturn x", ["a", "b"]),
    ("dict update", "d = {'a': 1}\nd.update(b=2)\nd['c'] = 3\ndel d['a']\nreturn list(d)", ["b", "c"]),
    ("conditional", "return ['a'] if 1 + 1 == 2 else ['b']", ["a"]),
    ("known if", "x = []\nif len('abc') == 3:\n  x.append('a')\nelse:\n  x.append('b')\nreturn x", ["a"]),
    ("while", "x = []\nn = 0\nwhile n < 3:\n  x.append(str(n))\n  n += 1\nreturn x", ["0", "1", "2"]),
    ("break", "x = []\nfor i in 'abc':\n  if i == 'b':\n    break\n  x.append(i)\nreturn x", ["a"]),
    ("continue", "x = []\nfor i in 'abc':\n  if i == 'b':\n    continue\n  x.append(i)\nreturn x", ["a", "c"]),
    ("for else", "for i in 'ab':\n  pass\nelse:\n  return ['else']\nreturn []", ["else"]),
    ("unpacking", "a, (b, *c) = 'x', ['y', 'z', 'w']\nreturn [a, b] + c", ["x", "y", "z", "w"]),
    ("walrus", "return [y for x in ('a', 'b') if (y := x + '1') != 'a1']", ["b1"]),
    ("lambda", "f = lambda n, v='1': f'{n}=={v}'\nreturn [f('a'), f('b', v='2')]", ["a==1", "b==2"]),
    ("map", "return list(map(str.upper, ['a'])) if False else list(map(lambda s: s * 2, ['a', 'b']))", ["aa", "bb"]),
    ("filter", "return list(filter(None, ['a', '', 'b']))", ["a", "b"]),
    ("generator", "yield 'a'\nfor x in ['b', 'c']:\n  yield x", ["a", "b", "c"]),
    ("yield from", "yield from ['a', 'b']", ["a", "b"]),
    ("generator expression", "return (x for x in ['a', 'b'])", ["a", "b"]),
    ("used up generator", "g = (x for x in 'ab')\nlist(g)\nreturn list(g)", []),
    ("join", "return ['-'.join(['a', 'b']), ' '.join(x for x in 'cd')]", ["a-b", "c d"]),
    ("chain", "import itertools\nreturn list(itertools.chain(['a'], ('b',)))", ["a", "b"]),
    ("safe try", "x = []\ntry:\n  x.append('a')\nexcept KeyError:\n  x.append('b')\nreturn x", ["a"]),
    ("sure exception", "x = []\ntry:\n  x.append({}['k'])\nexcept KeyError:\n  x.append('b')\nreturn x", ["b"]),
    ("finally", "x = []\ntry:\n  x.append('a')\nfinally:\n  x.append('b')\nreturn x", ["a", "b"]),
    ("swap", "a, b = 'x', 'y'\na, b = b, a\nreturn [a, b]", ["y", "x"]),
    ("nested function", "def f(*names, **pins):\n  return [*names, *(k + v for k, v in pins.items())]\nreturn f('a', b='==1')",
     ["a", "b==1"]),
    ("closure", "n = 0\ndef f():\n  nonlocal n\n  n += 1\n  return str(n)\nreturn [f(), f()]", ["1", "2"]),
    ("recursion", "def f(n):\n  return [] if n == 0 else [str(n)] + f(n - 1)\nreturn f(3)", ["3", "2", "1"]),
    ("set operations", "return sorted({'a', 'b'} | {'c'} - {'c'})", ["a", "b"]),
    ("dict merge", "return list({**{'a': 1}, 'b': 2} | {'c': 3})", ["a", "b", "c"]),
    ("chained comparison", "return ['a'] if 1 < 2 < 3 else []", ["a"]),
    ("ternary chain", "x = None\nreturn (x or ['a']) + (['b'] and ['c'])", ["a", "c"]),
    ("json text", "import json\nreturn json.loads('[\"a\", \"b\"]')", ["a", "b"]),
    ("match is decided", "return ['a'] if isinstance('x', (str, bytes)) else ['b']", ["a"]),
    ("partial call", "from functools import partial\nf = partial('{}=={}'.format, 'a')\nreturn [f('1')]", ["a==1"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "value"), [case[1:] for case in CERTAIN], ids=[case[0] for case in CERTAIN])
def test_value_is_certain(body: str, value: list[str]) -> None:
    found = report(hook(body)).hooks[0]
    assert (found.certainty, list(found.value or ())) == ("certain", value), found.unknown


MODULE = [
    ("constant", "PINS = {'a': '1'}\nNAMES = ['b']\n", "return [f'{k}=={v}' for k, v in PINS.items()] + NAMES",
     ["a==1", "b"]),
    ("reassigned", "X = ['a']\nX = ['b']\n", "return X", ["b"]),
    ("mutated at import", "X = []\nfor n in ('a', 'b'):\n    X.append(n)\n", "return X", ["a", "b"]),
    ("helper", "def pin(name, version='1'):\n    return f'{name}=={version}'\n", "return [pin('a'), pin('b', '2')]",
     ["a==1", "b==2"]),
    ("helper defined later", "", "return later()\n", ["z"]),
    ("class attribute", "class Stack:\n    packages = ['a']\n    @classmethod\n    def more(cls):\n"
     "        return cls.packages + ['b']\n", "return Stack.more()", ["a", "b"]),
    ("instance", "class Stack:\n    def __init__(self, name):\n        self.name = name\n    @property\n"
     "    def pin(self):\n        return self.name + '==1'\n", "return [Stack('a').pin]", ["a==1"]),
    ("dataclass", "from dataclasses import dataclass\n@dataclass\nclass P:\n    name: str\n    version: str\n",
     "return [f'{p.name}={p.version}' for p in (P('a', '1'), P(version='2', name='b'))]", ["a=1", "b=2"]),
    ("decorator of the plugin", "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def inner():\n"
     "        return f() * 2\n    return inner\n", "@twice\ndef f():\n  return ['a']\nreturn f()", ["a", "a"]),
    ("guarded import", "try:\n    from tljh.hooks import hookimpl as h\nexcept ImportError:\n    h = None\n",
     "return ['a'] if h else ['b']", ["a"]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "body", "value"), [c[1:] for c in MODULE], ids=[c[0] for c in MODULE])
def test_value_from_the_module(before: str, body: str, value: list[str]) -> None:
    text = hook(body, before=before)
    if "later" in body:
        text += "\ndef later():\n    return ['z']\n"
    found = report(text).hooks[0]
    assert (found.certainty, list(found.value or ())) == ("certain", value), found.unknown


PARTIAL = [
    ("environment", "import os\nreturn ['a', os.environ.get('P', 'b')]", ["a", "b"], "variable P"),
    ("unknown test", "import sys\nx = ['a']\nif sys.version_info >= (3, 11):\n  x.append('b')\nreturn x", ["a", "b"],
     "sys.version_info"),
    ("two returns", "import os\nif os.path.exists('/x'):\n  return ['a', 'c']\nreturn ['a']", ["a", "c"], "which way"),
    ("conditional expression", "import os\nreturn ['a', 'b' if os.path.exists('/x') else 'c']", ["a", "b"], "'c'"),
    ("unknown item", "import os\nreturn ['a', os.getlogin()]", ["a"], "os.getlogin"),
    ("unknown loop", "import os\nx = ['a']\nfor f in os.listdir('/x'):\n  x.append('b')\nreturn x", ["a", "b"], "how often"),
    ("unknown comprehension", "import os\nreturn ['a'] + [f for f in os.listdir('/x')]", ["a"], "os.listdir"),
    ("handed away", "import random\nx = ['a', 'b']\nfoo.bar(x)\nreturn x", ["a", "b"], "foo.bar"),
    ("risky try", "x = ['a']\ntry:\n  import nowhere\n  x.append('b')\nexcept ImportError:\n  pass\nreturn x", ["a", "b"],
     "fails"),
    ("filter of the unknown", "import os\nreturn [p for p in ('a', 'b') if os.path.exists(p)]", ["a", "b"], "only if"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "value", "reason"), [c[1:] for c in PARTIAL], ids=[c[0] for c in PARTIAL])
def test_value_is_partial(body: str, value: list[str], reason: str) -> None:
    found = report(hook(body, before="import foo\n")).hooks[0]
    assert (found.certainty, list(found.value or ())) == ("partial", value), found.unknown
    assert reason in "; ".join(found.unknown)


OPAQUE = [
    ("library call", "import foo\nreturn foo.packages()"),
    ("exec", "exec('x = 1')\nreturn eval('[1]')"),
    ("recursion without end", "def f(n):\n  return f(n + 1)\nreturn f(0)"),
    ("fails", "return [][1]"),
    ("a text", "return 'numpy'"),
    ("read elsewhere", "return open('/etc/hosts').read().split()"),
    ("memory", "x = 'a' * 10**9\nreturn [x]"),
    ("wide format", "return [f'{1:999999999}', ('%99999999d' % 1)]"),
    ("power", "return [str(9 ** 9 ** 9)]"),
    ("exponential", "x = ['a']\nfor i in range(64):\n  x = x + x\nreturn x"),
]


@pytest.mark.parametrize("body", [case[1] for case in OPAQUE], ids=[case[0] for case in OPAQUE])
def test_value_is_opaque(body: str) -> None:
    found = report(hook(body)).hooks[0]
    assert found.certainty == "opaque"
    assert found.value is None
    assert found.unknown


def test_state_that_another_hook_changes_is_in_doubt() -> None:
    text = hook("PKGS.append('b')\nreturn PKGS", before="PKGS = ['a']\n")
    text += "\n@hookimpl\ndef tljh_post_install():\n    PKGS.append('c')\n"
    found = report(text).hooks[0]
    assert found.certainty == "partial"
    assert (found.value or ())[0] == "a"


def test_code_made_at_run_time_leaves_nothing_certain() -> None:
    found = report(hook("return ['a']", before="exec('tljh_x = 1')\n"))
    assert found.hooks[0].certainty == "partial"
    assert "dynamic-code" in {finding.code for finding in found.findings}


@pytest.mark.parametrize(
    "read",
    [
        "open(os.path.join(os.path.dirname(__file__), 'data', 'p.txt')).read().split()",
        "(Path(__file__).parent / 'data' / 'p.txt').read_text().split()",
        "Path(__file__).resolve().parent.joinpath('data/p.txt').read_text().splitlines()",
        "[l.strip() for l in open(os.path.abspath(os.path.dirname(__file__)) + '/data/p.txt')]",
        "[l.rstrip('\\n') for l in open(Path(__file__).with_name('data') / 'p.txt').readlines()]",
        "importlib.resources.files('tljh_case').joinpath('data', 'p.txt').read_text().split()",
        "(importlib.resources.files(__package__) / 'data' / 'p.txt').read_text().split()",
        "pkgutil.get_data(__name__, 'data/p.txt').decode().split()",
        "json.load(open(Path(__file__).parent / 'data/p.json'))",
        "json.loads(Path(__file__).parent.joinpath('data/p.json').read_text())['x'] and ['a', 'b']",
        "yaml.safe_load((Path(__file__).parent / 'data/p.yaml').read_text())['dependencies']",
    ],
)
def test_packaged_files_are_read(read: str) -> None:
    from plugins import report_of, wheel

    imports = "import os, importlib.resources, pkgutil, json, yaml\nfrom pathlib import Path\n"
    files = {
        "tljh_case/__init__.py": hook(f"return {read}", before=imports),
        "tljh_case/data/p.txt": "a\nb\n",
        "tljh_case/data/p.json": '{"x": 1}' if "['x']" in read else '["a", "b"]',
        "tljh_case/data/p.yaml": "dependencies:\n  - a\n  - b\n",
    }
    found = report_of(wheel(files)).hooks[0]
    assert (found.certainty, found.value) == ("certain", ("a", "b")), found.unknown
