"""What is known of libraries without running them: constants, paths, environment, packaged files."""

from __future__ import annotations

import json
import posixpath
import shlex
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tljh.inspection.concrete import NotKnown, concrete, doubts_of, failing, lift
from tljh.inspection.machine import SITE, SITE_DOUBT, Frame, Machine
from tljh.inspection.operators import PLAIN_ERRORS, join_path, template, text_of
from tljh.inspection.values import (
    NONE,
    Choice,
    Const,
    External,
    FileValue,
    Marker,
    Module,
    PathValue,
    Unknown,
    Value,
)

PREFIX_DOUBT = ("where TLJH is installed, /opt/tljh by default",)
USER_NAME = Unknown("the name of the user", "{username}", given=True)
"""What `tljh_new_user_create` is called with."""
KNOWN_ENOUGH = frozenset({*PREFIX_DOUBT, SITE_DOUBT, USER_NAME.reason})
"""Doubts that leave an effect certain: they are the same for every plugin."""
CONSTANTS: dict[str, Value] = {
    "tljh.hooks.hookimpl": Marker("tljh"),
    "tljh.config.INSTALL_PREFIX": Const("/opt/tljh", PREFIX_DOUBT),
    "tljh.config.HUB_ENV_PREFIX": Const("/opt/tljh/hub", PREFIX_DOUBT),
    "tljh.config.USER_ENV_PREFIX": Const("/opt/tljh/user", PREFIX_DOUBT),
    "tljh.config.STATE_DIR": Const("/opt/tljh/state", PREFIX_DOUBT),
    "tljh.config.CONFIG_DIR": Const("/opt/tljh/config", PREFIX_DOUBT),
    "tljh.config.CONFIG_FILE": Const("/opt/tljh/config/config.yaml", PREFIX_DOUBT),
    "tljh.configurer.CONFIG_FILE": Const("/opt/tljh/config/config.yaml", PREFIX_DOUBT),
    "os.sep": Const("/"),
    "os.path.sep": Const("/"),
    "os.linesep": Const("\n"),
    "os.pathsep": Const(":"),
    "os.name": Const("posix"),
    "string.ascii_lowercase": Const("abcdefghijklmnopqrstuvwxyz"),
    "string.ascii_uppercase": Const("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    "string.digits": Const("0123456789"),
    "sys.executable": Unknown("the hub's interpreter", "{python}", given=True),
    "sys.prefix": Unknown("the hub environment", "{hub environment}"),
    "typing.TYPE_CHECKING": Const(False),
    "stat.S_ISGID": Const(0o2000),
    "stat.S_ISUID": Const(0o4000),
    "stat.S_ISVTX": Const(0o1000),
    "stat.S_IRWXU": Const(0o700),
    "stat.S_IRWXG": Const(0o070),
    "stat.S_IRWXO": Const(0o007),
    "stat.S_IRUSR": Const(0o400),
    "stat.S_IWUSR": Const(0o200),
    "stat.S_IXUSR": Const(0o100),
    "stat.S_IRGRP": Const(0o040),
    "stat.S_IWGRP": Const(0o020),
    "stat.S_IXGRP": Const(0o010),
    "stat.S_IROTH": Const(0o004),
    "stat.S_IWOTH": Const(0o002),
    "stat.S_IXOTH": Const(0o001),
}
_SURE = """
    __future__ abc argparse ast asyncio base64 collections configparser contextlib copy csv dataclasses
    datetime email enum errno fileinput functools getpass glob grp hashlib http importlib inspect io itertools
    json locale logging math numbers operator os pathlib pkgutil platform pluggy posixpath pprint pwd queue
    random re secrets select shlex shutil signal smtplib socket sqlite3 ssl stat string struct subprocess sys
    tarfile tempfile textwrap threading time tljh traceback types typing urllib uuid warnings weakref zipfile
    zlib
"""
SURE_MODULES = frozenset(_SURE.split())
"""Modules that are always there, so that importing them cannot fail."""


def constant(name: str) -> Value:
    """What a dotted name of a library stands for."""
    found = CONSTANTS.get(name)
    if found is not None:
        return found
    if name.startswith("os.path."):
        return External(name.replace("os.path.", "posixpath.", 1))
    return External(name)


def environment(machine: Machine, name: Value, default: Value) -> Value:
    """`os.environ.get(name, default)`: the default is known, whether it is used is not."""
    shown = text_of(name)
    reason = f"the environment variable {shown}, if it is set"
    if isinstance(default, Const) and isinstance(default.value, str):
        return Const(default.value, (*default.doubt, reason))
    if default == NONE:
        return Choice((NONE, Unknown(f"the environment variable {shown}", f"${shown}")), reason)
    return Choice((default, Unknown(f"the environment variable {shown}", f"${shown}")), reason)


def item_of(machine: Machine, value: External, index: Value) -> Value:
    """`value[index]` of something of a library."""
    if value.name == "os.environ":
        machine.may_raise("KeyError")
        shown = text_of(index)
        return Unknown(f"the environment variable {shown}", f"${shown}")
    if value.name == "sys.modules":
        machine.dynamic = machine.dynamic or "the plugin reaches into the running program (sys.modules)"
    if value.name == "sys.version_info":
        return Unknown("the version of Python")
    machine.may_raise("LookupError")
    return Unknown(f"{value.name} of a library", name=value.name)


def path_attribute(machine: Machine, path: PathValue, name: str) -> Value | None:
    """An attribute of a pathlib path; None for methods."""
    text = path.text
    if name == "parent":
        return replace(path, text=posixpath.dirname(text) or ".")
    if name == "name":
        return Const(posixpath.basename(text), path.doubt)
    if name == "stem":
        return Const(posixpath.splitext(posixpath.basename(text))[0], path.doubt)
    if name == "suffix":
        return Const(posixpath.splitext(text)[1], path.doubt)
    if name == "parents":
        folders: list[Value] = []
        while text not in ("/", ".", "") and len(folders) < 50:
            text = posixpath.dirname(text)
            folders.append(replace(path, text=text or "."))
        return machine.list_of(folders, "tuple")
    return None


def as_path(value: Value) -> tuple[str, tuple[str, ...]] | None:
    """The text and doubts of a path given as text or pathlib path."""
    if isinstance(value, PathValue):
        return value.text, value.doubt
    if isinstance(value, Const) and isinstance(value.value, str):
        return value.value, value.doubt
    if isinstance(value, Unknown) and value.given and value.text:
        return value.text, (value.reason,)
    return None


def read_text(machine: Machine, path: Value) -> Value | None:
    """The content of a packaged file; None if the path is not below the plugin's own folder."""
    named = as_path(path)
    if named is not None and machine.reads_relative and not named[0].startswith(("/", SITE)):
        named = (f"{SITE}/{named[0]}", named[1])
    if named is None or not named[0].startswith(f"{SITE}/"):
        return None
    found = machine.library.read_packaged(posixpath.normpath(named[0]))
    others = tuple(doubt for doubt in named[1] if doubt != SITE_DOUBT)
    if found is None:
        machine.may_raise("FileNotFoundError")
        return Unknown(f"{named[0].removeprefix(SITE + '/')} is not in the plugin")
    content, doubt = found
    machine.step(len(content) // 200)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        machine.may_raise("UnicodeDecodeError")
        return Unknown(f"{named[0].removeprefix(SITE + '/')} is not UTF-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return lift(machine, text, (*others, *([doubt] if doubt else [])))


USED = "used"


def use_up(machine: Machine, file: FileValue) -> None:
    """Remember that something was read of an open file: what comes next is not followed."""
    machine.heap.set((file.number, USED), Const(True))


def read_open(machine: Machine, file: FileValue) -> Value | None:
    """The whole content of an open packaged file, once."""
    if machine.heap.get((file.number, USED)) is not None:
        return Unknown("what is left of a file")
    use_up(machine, file)
    return read_text(machine, file.path)


def read_lines(machine: Machine, file: FileValue) -> Value | None:
    """The lines of an open packaged file."""
    text = read_open(machine, file)
    if isinstance(text, Const) and isinstance(text.value, str):
        lines = [line + "\n" for line in text.value.split("\n")]
        lines[-1] = lines[-1][:-1]
        if not lines[-1]:
            del lines[-1]
        return lift(machine, lines, text.doubt)
    return text


PURE: dict[str, Callable[..., object]] = {
    "posixpath.join": posixpath.join,
    "posixpath.dirname": posixpath.dirname,
    "posixpath.basename": posixpath.basename,
    "posixpath.split": posixpath.split,
    "posixpath.splitext": posixpath.splitext,
    "posixpath.normpath": posixpath.normpath,
    "posixpath.isabs": posixpath.isabs,
    "shlex.split": shlex.split,
    "shlex.quote": shlex.quote,
    "shlex.join": shlex.join,
    "textwrap.dedent": textwrap.dedent,
    "json.loads": json.loads,
}
"""Functions that only depend on their arguments, and end soon."""


def call_pure(
    machine: Machine, name: str, positional: Sequence[Value], keywords: Mapping[str, Value]
) -> Value | None:
    """The value of a pure function of a library; None if it is not one."""
    function = PURE.get(name)
    if function is None:
        return None
    arguments = [Const(p.text, p.doubt) if isinstance(p, PathValue) else p for p in positional]
    if name == "posixpath.join" and any(isinstance(argument, Unknown) for argument in arguments):
        return template(_join_texts([text_of(argument) for argument in arguments]), list(arguments))
    try:
        plain: list[Any] = [concrete(machine, argument) for argument in arguments]
        named: dict[str, Any] = {key: concrete(machine, value) for key, value in keywords.items()}
    except NotKnown:
        machine.may_raise()
        return Unknown(f"{name} of something that is not known")
    try:
        return lift(machine, function(*plain, **named), doubts_of(machine, *arguments))
    except (*PLAIN_ERRORS, RecursionError) as error:
        return failing(machine, error, *arguments)


def _join_texts(parts: list[str]) -> str:
    text = ""
    for part in parts:
        text = part if part.startswith("/") or not text else f"{text.rstrip('/')}/{part}"
    return text


def make_path(machine: Machine, positional: Sequence[Value]) -> Value:
    """`pathlib.Path(...)`"""
    path: Value = PathValue(".")
    for index, part in enumerate(positional):
        named = as_path(part)
        if named is None or not isinstance(path, PathValue):
            return template("/".join(text_of(part) for part in positional), list(positional))
        text = posixpath.normpath(named[0]) if named[0] else "."
        path = PathValue(text, named[1]) if index == 0 else join_path(path, text, named[1])
    return path


def package_file(machine: Machine, frame: Frame, positional: Sequence[Value]) -> PathValue | None:
    """The folder of `importlib.resources.files(package)`."""
    package = positional[0] if positional else Const(frame.package)
    name = None
    if isinstance(package, Const) and isinstance(package.value, str):
        name = package.value
    elif isinstance(package, Module):
        name = package.name
    if not name:
        return None
    folder = f"{SITE}/{name.replace('.', '/')}"
    if not machine.library.is_packaged_folder(folder):
        folder = posixpath.dirname(folder)
        if not machine.library.is_packaged_folder(folder):
            return None
    return PathValue(folder, (SITE_DOUBT,))
