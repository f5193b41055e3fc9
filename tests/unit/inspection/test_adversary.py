# ruff: noqa: E501
"""The adversary: plugins made to mislead the inspector, compared with what a real interpreter makes of them."""

from __future__ import annotations

import random
import time
import tracemalloc
from pathlib import Path

import pytest
from adversary import DATA, disagreements, inspect_trap, read_traps, run_all
from plugins import hook, report

FILES = ("traps_values.txt", "traps_config.txt", "traps_registration.txt")


@pytest.mark.parametrize("file", FILES)
def test_certain_is_right_in_every_environment(file: str, tmp_path: Path) -> None:
    traps = read_traps(file)
    assert len({trap.name for trap in traps}) == len(traps)
    real = run_all(traps, tmp_path)
    wrong = {trap.name: disagreements(inspect_trap(trap), real[trap.name]) for trap in traps}
    assert {name: found for name, found in wrong.items() if found} == {}


def test_derived_from_the_environment_is_named() -> None:
    text = "packages = ['x']\npackages.extend(os.environ.get('HUB_EXTRAS', '').split())\nreturn packages"
    found = report(hook(text, before="import os\n")).hooks[0]
    assert (found.certainty, found.value) == ("partial", ("x",))
    assert "HUB_EXTRAS" in "; ".join(found.unknown)


EFFECTS = {
    "mkdir": ("(SHARED / username).mkdir(exist_ok=True)", "{username}"),
    "joinpath": ("SHARED.joinpath(username, 'x').mkdir()", "{username}"),
    "home": ("Path(f'/home/jupyter-{username}/x').write_text('a')", "{username}"),
    "home2": ("(Path('/home') / ('jupyter-' + username) / '.bashrc').open('a').write('x')", "{username}"),
    "open": ("open('/home/jupyter-%s/.x' % username, 'w').write('y')", "{username}"),
    "expanduser": ("Path('~' + username).expanduser().joinpath('x').mkdir()", "username"),
    "pathhome": ("(Path.home() / 'x').mkdir()", "x"),
    "env": ("Path(os.environ['D']).mkdir()", "D"),
    "env2": ("(Path(os.environ.get('D', '/srv')) / 'a').mkdir()", "/srv/a"),
    "makedirs": ("os.makedirs(os.path.join('/srv', username))", "{username}"),
    "chown": ("shutil.chown(SHARED / username, 'root')", "{username}"),
    "chmod": ("(SHARED / username).chmod(0o777)", "{username}"),
    "symlink": ("(Path('/home') / username / 'shared').symlink_to('/srv/shared')", "{username}"),
    "loop": ("for p in SHARED.iterdir():\n  p.unlink()", ""),
    "glob": ("for p in Path('/srv').glob('*'):\n  p.chmod(0o777)", ""),
    "walk": ("for d, _, fs in os.walk('/srv'):\n  for f in fs:\n    os.chmod(os.path.join(d, f), 0o666)", ""),
    "run": ("subprocess.run(['usermod', '-aG', 'x', username])", "{username}"),
    "run-star": ("cmd = ['rm', '-rf', '/x']\nsubprocess.run(*[cmd], **{'check': True})", "/x"),
    "run-unknown": ("subprocess.run(*foo.args())", "not known"),
    "run-alias": ("r = subprocess.run\nr('apt-get install -y x', shell=True)", "x"),
    "run-dict": ("{'a': subprocess.check_call}['a'](['useradd', 'x'])", "x"),
    "getattr": ("getattr(subprocess, 'run')(['useradd', 'x'])", "x"),
    "getattr-doubt": ("getattr(os, os.environ.get('N', 'system'))('useradd x')", ""),
    "thread": (
        "import threading\ndef work():\n  subprocess.run(['useradd', 'x'])\nthreading.Thread(target=work).start()",
        "x",
    ),
    "atexit": ("import atexit\natexit.register(lambda: os.system('useradd x'))", "x"),
    "map": ("list(map(os.remove, ['/a', '/b']))", "/b"),
    "comprehension": ("[os.remove(p) for p in ('/a', '/b')]", "/b"),
    "decorated": ("@functools.lru_cache()\ndef f():\n  os.remove('/a')\nf()", "/a"),
    "partial": ("functools.partial(os.remove, '/a')()", "/a"),
    "exception": ("try:\n  foo.x()\nexcept Exception:\n  os.remove('/a')", "/a"),
    "with": ("with open('/etc/x', 'w') as f:\n  f.write('a')", "/etc/x"),
    "with-path": ("with Path('/etc/x').open('w') as f:\n  print('x', file=f)", "/etc/x"),
    "super": ("class A(foo.B):\n  def go(self):\n    super().go()\nA().go()", ""),
    "unknown-method": ("x = foo.Client()\nx.install('a')", ""),
    "method-of-arg": ("username.foo()", ""),
    "import-run": ("__import__('os').system('useradd x')", ""),
    "importlib": ("importlib.import_module('os').system('useradd x')", "x"),
    "exec": ("exec('import os')", ""),
    "shutil": ("shutil.copy(Path(__file__).parent / 'x.sh', '/usr/local/bin')", "/usr/local/bin"),
    "os-alias": ("import os as o\no.system('useradd x')", "x"),
    "from-import": ("from os import system as s\ns('useradd x')", "x"),
    "walrus": ("if (p := subprocess.run(['useradd', 'x'])).returncode:\n  os.remove('/a')", "/a"),
    "fstring-call": ("f\"{os.system('useradd x')}\"", "x"),
    "default-arg": ("def f(a=os.system('useradd x')): pass", "x"),
    "class-body": ("class A:\n  os.system('useradd x')", "x"),
    "match": ("match foo.x:\n  case 1:\n    os.system('useradd x')", "x"),
    "match-guard": ("match 1:\n  case 1 if os.system('useradd x'):\n    pass", "x"),
    "assert": ("assert os.system('useradd x') == 0", "x"),
    "raise": ("try:\n  raise RuntimeError(os.system('useradd x'))\nexcept RuntimeError:\n  pass", "x"),
    "while": ("while os.system('useradd x'):\n  pass", "x"),
    "decorator-effect": ("def d(f):\n  os.system('useradd x')\n  return f\n@d\ndef g(): pass", "x"),
    "context": (
        "class A:\n  def __enter__(self): os.system('useradd x')\n  def __exit__(self, *a): pass\nwith A(): pass",
        "x",
    ),
    "iter": (
        "class A:\n  def __iter__(self):\n    os.system('useradd x')\n    return iter([])\nfor i in A(): pass",
        "",
    ),
    "operator": ("class A:\n  def __add__(self, o): os.system('useradd x')\nA() + 1", ""),
    "getattr-hook": ("class A:\n  def __getattr__(self, n): os.system('useradd x')\nA().y", ""),
    "call": ("class A:\n  def __call__(self): os.system('useradd x')\nA()()", "x"),
    "str": ("class A:\n  def __str__(self): os.system('useradd x')\nstr(A())", ""),
    "getitem": ("class A:\n  def __getitem__(self, i): os.system('useradd x')\nA()[0]", ""),
    "setitem": ("class A:\n  def __setitem__(self, i, v): os.system('useradd x')\nA()[0] = 1", ""),
    "eq": ("class A:\n  def __eq__(self, v): os.system('useradd x')\nA() == 1", ""),
    "bool": ("class A:\n  def __bool__(self): os.system('useradd x')\nif A(): pass", ""),
    "sorted-key": ("sorted([1], key=lambda x: os.system('useradd x'))", "x"),
    "async": ("async def f():\n  os.system('useradd x')\nasyncio.run(f())", "x"),
    "os-write": ("fd = os.open('/etc/x', os.O_WRONLY)\nos.write(fd, b'')", ""),
    "socket": ("s = socket.socket()\ns.connect(('h', 1))", ""),
    "tempfile": (
        "with tempfile.NamedTemporaryFile('w') as f:\n  f.write('x')\n  subprocess.run(['sh', f.name])",
        "sh",
    ),
}
"""Code of a hook, and a word of the effect that must be shown; without one, it must not be called certain."""


@pytest.mark.parametrize(("body", "word"), EFFECTS.values(), ids=EFFECTS)
def test_no_effect_is_missed(body: str, word: str) -> None:
    before = (
        "import os, subprocess, shutil, functools, importlib, asyncio, socket, tempfile\nimport foo\n"
        "from pathlib import Path\nSHARED = Path('/srv/shared')\n"
    )
    found = report(hook(body, "tljh_new_user_create", before=before, parameters="username")).hooks[0]
    shown = [getattr(effect, "what", "") for effect in found.effects]
    if word:
        assert any(word in what for what in shown), found.unknown
    else:
        assert found.certainty != "certain"
    assert found.effects or found.unknown


def test_a_path_with_the_users_name_is_shown() -> None:
    before = "from pathlib import Path\nSHARED = Path('/srv/shared')\n"
    text = hook("(SHARED / username).mkdir(exist_ok=True)", "tljh_new_user_create", before, "username")
    effects = report(text).hooks[0].effects
    assert [getattr(effect, "what", "") for effect in effects] == [
        "creates the folder /srv/shared/{username}"
    ]


BOUNDED = {
    "large text": "x = 'x' * 10**9\nreturn [x]",
    "large range": "return [str(i) for i in range(10**12)]",
    "range in a set": "return sorted(map(str, set(range(10**9))))",
    "power": "return [str(9**9**9)]",
    "shift": "return [str(1 << 10**9)]",
    "doubling": "x = 'a'\nfor i in range(100):\n    x += x\nreturn [x]",
    "doubling a list": "x = ['a']\nwhile True:\n    x.extend(x)\nreturn x",
    "exponential comprehension": "r = range(100)\nreturn [str(a) for a in r for b in r for c in r for d in r for e in r]",
    "exponential recursion": "def f(n):\n    return f(n - 1) + f(n - 1) if n else ['a']\nreturn f(60)",
    "exponential branches": "x = []\n"
    + "".join(f"if os.environ.get('A{i}'):\n    x.append('{i}')\n" for i in range(300))
    + "return x",
    "nested branches": "def f(n):\n    if os.environ.get('A'):\n        return f(n - 1)\n    else:\n        return f(n - 2)\nreturn f(50)",
    "nested loops in doubt": "x = []\n"
    + "".join("    " * i + "for i in os.listdir('/'):\n" for i in range(12))
    + "    " * 12
    + "x.append('a')\nreturn x",
    "nested try": "x = []\n"
    + "".join("    " * i + "try:\n" for i in range(15))
    + "    " * 15
    + "x.append(foo())\n"
    + "".join(
        "    " * i + "except ValueError:\n" + "    " * (i + 1) + "x.append('b')\n"
        for i in reversed(range(15))
    )
    + "return x",
    "nested finally": "x = []\n"
    + "".join("    " * i + "try:\n" for i in range(15))
    + "    " * 15
    + "return x\n"
    + "".join("    " * i + "finally:\n" + "    " * (i + 1) + "x.append('b')\n" for i in reversed(range(15))),
    "choices": "x = '"
    + "a'\nfor v in ('A', 'B', 'C', 'D'):\n    x = x + (os.environ.get(v) or 'b')\n" * 20
    + "return [x]",
    "endless while": "n = 0\nwhile n >= 0:\n    n += 1\nreturn [str(n)]",
    "wide format": "return ['{:>999999999}'.format('a'), '%999999999d' % 1, f\"{'a':>999999999}\", 'a'.ljust(10**9)]",
    "replace": "return ['a' * 10**5 and ('a' * 10**5).replace('a', 'b' * 10**5)]",
    "join": "return [('a' * 10**5).join('b' * 10**4)]",
    "nested lists": "x = []\nfor i in range(5000):\n    x = [x]\nreturn x",
    "cycle": "x = ['a']\nx.append(x)\nreturn x",
    "cycle of dicts": "d = {}\nd['d'] = d\nreturn [str(d)]",
    "callbacks": "def f(g):\n    foo(f)\n    foo(lambda: f(g))\nf(f)\nreturn ['a']",
    "generators": "g = (i for i in 'ab')\nfor n in range(2000):\n    g = (i for i in g)\nreturn list(g)",
}


@pytest.mark.parametrize("body", BOUNDED.values(), ids=BOUNDED)
def test_time_is_bounded(body: str) -> None:
    start = time.process_time()
    report(hook(body, before="import os\nfrom foo import foo\n"))
    assert time.process_time() - start < 4


SOURCES = {
    "null": b"x = 1\0\n",
    "bom": "\ufefffrom tljh.hooks import hookimpl\n".encode(),
    "utf-16": "x = 1\n".encode("utf-16"),
    "cookie": "# -*- coding: latin-1 -*-\nx = '\xe9'\n".encode("latin-1"),
    "bad cookie": b"# -*- coding: nothing -*-\n",
    "strange cookie": b"# -*- coding: rot13 -*-\nk = 1\n",
    "utf-7": b"# -*- coding: utf-7 -*-\n+AHg- = 1\n",
    "raw unicode": b"# -*- coding: raw_unicode_escape -*-\nx = 1\n",
    "idna": b"# -*- coding: idna -*-\nx = 1\n",
    "surrogate": b"x = '\\ud800'\n",
    "half a character": b"x = '\xc3'\n",
    "brackets": b"x = " + b"(" * 5000 + b")" * 5000,
    "unary": b"x = " + b"-" * 50000 + b"1",
    "not": b"x = " + b"not " * 20000 + b"1",
    "attributes": b"x = a" + b".b" * 20000,
    "calls": b"x = a" + b"()" * 20000,
    "sum": b"x = " + b"+".join([b"1"] * 50000),
    "power": b"x = " + b"**".join([b"1"] * 20000),
    "comparison": b"x = " + b"<".join([b"1"] * 20000),
    "conditional": b"x = " + b"1 if 1 else " * 5000 + b"1",
    "lambda": b"x = " + b"lambda: " * 5000 + b"1",
    "elif": b"if a:\n    pass\n" + b"elif a:\n    pass\n" * 5000,
    "indentation": b"".join(b" " * i + b"if 1:\n" for i in range(99)) + b" " * 99 + b"pass\n",
    "f-strings": b"x = f'" + b'{f"{' * 20 + b"1" + b'}"}' * 20 + b"'",
    "large number": b"x = " + b"9" * 100_000,
    "large text": b"x = '" + b"a" * 10_000_000 + b"'",
    "large list": b"x = [" + b"'a'," * 100_000 + b"]",
    "many names": b"\n".join(b"x%d = %d" % (i, i) for i in range(20_000)),
    "many functions": b"\n".join(b"def f%d(): return f%d()" % (i, i + 1) for i in range(2000)) + b"\nf0()",
    "control characters": bytes(range(1, 32)),
    "form feed": b"\x0cx = 1\n",
    "carriage returns": b"x = 1\ry = 2\r",
    "empty": b"",
    "decorators": b"@a\n" * 5000 + b"def f(): pass\n",
    "matrix": b"x = y" + b" @ y" * 5000 + b"\nx @= 1\n",
    "star": b"*x, = 1,\n*[*y], z = x\ndel (x, [y]), z\n",
    "type parameters": b"type X[T] = list[T]\ndef f[T](x: T): pass\nclass A[T]: pass\n",
    "exception groups": b"try:\n    pass\nexcept* ValueError:\n    pass\n",
    "await": b"await x\nasync with a: pass\nasync for i in a: pass\n",
    "return outside": b"return 1\n",
    "break outside": b"break\n",
    "yield outside": b"yield 1\nx = yield\n",
    "nonlocal outside": b"nonlocal x\n",
    "duplicate parameters": b"def f(a, a): pass\nf(1)\n",
    "late global": b"def f():\n    x = 1\n    global x\nf()\n",
    "starred alone": b"x = *a\n",
    "debug assigned": b"__debug__ = 1\n",
    "future": b"from __future__ import nothing\n",
    "from above": b"from .... import x\nfrom . import y\n",
    "walrus": b"[x := 1 for x in y]\nclass A: [y := 1 for z in 'a']\n",
}


def _whole(content: bytes) -> None:
    from plugins import SOURCE, wheel

    from tljh.inspection import inspect

    tree = wheel({"tljh_case.py": ""})
    tree._files["tljh_case.py"] = content
    inspect(tree, requirement="x", source=SOURCE).to_dict()


@pytest.mark.parametrize("content", SOURCES.values(), ids=SOURCES)
def test_nothing_is_raised(content: bytes) -> None:
    start = time.process_time()
    _whole(content)
    assert time.process_time() - start < 4


def test_mutated_sources() -> None:
    """Traps with lines dropped, doubled, swapped and joined, and letters replaced: nothing is raised."""
    generator = random.Random(7)
    traps = [trap for file in FILES for trap in read_traps(file)]
    for trap in generator.sample(traps, 150):
        lines = trap.files.get("tljh_case.py", "").split("\n")
        for _ in range(3):
            first, second = generator.randrange(len(lines)), generator.randrange(len(lines))
            lines[first], lines[second] = lines[second], lines[first]
            lines.insert(first, lines[generator.randrange(len(lines))])
        text = "\n".join(lines)
        place = generator.randrange(max(len(text), 1))
        _whole((text[:place] + generator.choice("()[]{}:,=.*'x1 \n") + text[place + 1 :]).encode())
        _whole("\n".join(lines[: len(lines) // 2]).encode())


def test_a_large_plugin_is_quick() -> None:
    """2,000 lines of ordinary code in under a second."""
    text = "\n".join(
        trap.files["tljh_case.py"] for trap in read_traps("traps_config.txt") if len(trap.files) == 1
    )
    lines = text.split("\n")[:2000]
    while lines and (not lines[-1].strip() or lines[-1].startswith((" ", "@", "def", "}"))):
        lines.pop()
    start = time.process_time()
    report("\n".join(lines))
    assert time.process_time() - start < 1


def test_data_is_there() -> None:
    assert sum(len(read_traps(path.name)) for path in DATA.glob("traps_*.txt")) > 600


def test_a_long_text_is_refused_before_it_is_made() -> None:
    tracemalloc.start()
    try:
        report(hook(BOUNDED["join"]))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 50 * 1024**2
