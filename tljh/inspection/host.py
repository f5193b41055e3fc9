"""Calls of libraries: what they give where that is known, and what they do to the machine."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from posixpath import basename, normpath

from tljh.inspection import library
from tljh.inspection.access import iterate, iterate_later
from tljh.inspection.builtin_calls import Keywords, make_dict
from tljh.inspection.concrete import NotKnown, concrete, doubts_of, lift
from tljh.inspection.configuration import emit_config
from tljh.inspection.machine import SITE, Frame, Machine
from tljh.inspection.operators import join_path, text_of
from tljh.inspection.report import HostKind, Risk
from tljh.inspection.shell import RISKS, explain, explain_text, file_risk, mode_meaning, parse
from tljh.inspection.values import (
    FALSE,
    NONE,
    Choice,
    ConfigNode,
    Const,
    External,
    FileValue,
    Function,
    Items,
    Marker,
    Method,
    Partial,
    PathValue,
    Ref,
    Unknown,
    Value,
    Wrapped,
)

RUNNERS = frozenset(
    {
        *("subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output"),
        *("subprocess.Popen", "subprocess.getoutput", "subprocess.getstatusoutput", "os.system", "os.popen"),
        *("tljh.utils.run_subprocess", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell"),
        *("os.execv", "os.execvp", "os.execl", "os.execlp", "os.spawnlp", "os.spawnvp", "pexpect.run"),
    }
)
SHELL_RUNNERS = frozenset(
    {
        *("subprocess.getoutput", "subprocess.getstatusoutput", "os.system", "os.popen"),
        "asyncio.create_subprocess_shell",
    }
)
SEPARATE_WORDS = frozenset({"asyncio.create_subprocess_exec", "os.execl", "os.execlp"})
SH_OPTIONS = ("_", "cwd", "env")


def call_library(
    machine: Machine,
    frame: Frame,
    name: str,
    positional: Sequence[Value],
    keywords: Keywords,
    function: Value,
) -> Value:
    """The value of a call of something of a library, with its effects noted."""
    value = library.call_pure(machine, name, positional, keywords)
    if value is not None:
        return value
    known = KNOWN.get(name)
    if known is not None and "**" in keywords and known not in (_open, _exit):
        for argument in positional:
            machine.hand_over(machine, frame, argument, "it was called with arguments that are not known")
        if name.startswith("tljh."):
            machine.note_unread(f"{name}()")
        return Unknown("a call with arguments that are not known")
    if known is not None:
        return known(machine, frame, list(positional), keywords)
    if name in RUNNERS or name == "sh" or name.startswith("sh."):
        return _run(machine, frame, name, positional, keywords)
    machine.may_raise()
    effect = _effect(machine, frame, name, positional, keywords)
    for argument in (*positional, *keywords.values()):
        if not name.startswith(KEEPS_ARGUMENTS) or isinstance(argument, (Function, Wrapped, Method, Partial)):
            machine.hand_over(machine, frame, argument, f"it was handed to {name}")
            if machine.holds_configuration(argument):
                machine.note_unread(f"{name}(), which is given the configuration,")
    if name.startswith(RUNS_CODE):
        machine.dynamic = machine.dynamic or f"the plugin makes code while it runs ({name})"
    if not effect and not _is_harmless(name):
        machine.note_unread(f"{name}()")
    return Unknown(f"what {name}() gives", f"{name}(…)", f"{name}()")


HARMLESS = (
    *("logging.", "time.", "os.path.", "posixpath.", "traceback.", "typing.", "collections.", "platform."),
    *("datetime.", "random.", "secrets.", "uuid.", "re.", "math.", "pwd.", "grp.", "getpass.", "socket.get"),
    *(
        "warnings.",
        "hashlib.",
        "base64.",
        "functools.",
        "itertools.",
        "contextlib.",
        "string.",
        "io.",
        "json.",
    ),
    *("yaml.", "ruamel.yaml.", "configparser.", "os.get", "os.stat", "os.access", "os.walk", "os.listdir"),
    *(
        "os.cpu_count",
        "os.fspath",
        "os.umask",
        "glob.",
        "argparse.",
        "dataclasses.",
        "abc.",
        "enum.",
        "copy.",
    ),
    *(
        "inspect.",
        "sys.",
        "shutil.which",
        "shutil.disk_usage",
        "tempfile.gettempdir",
        "traitlets.",
        "jinja2.",
    ),
    *("importlib.", "pkgutil.", "pluggy.", "tljh.configurer.load_config", "tljh.normalize.", "tljh.yaml."),
    *("psutil.", "operator.", "textwrap.", "shlex.", "packaging.", "pathlib.", "multiprocessing.cpu_count"),
    *("tljh.config.get_", "os.environ.", "types.", "urllib.parse.", "asyncio.run", "string.Template"),
)


RUNS_CODE = (
    "importlib.reload",
    "imp.",
    "runpy.",
    "code.",
    "types.FunctionType",
    "types.CodeType",
    "sys.modules.",
    "importlib.util.",
    "importlib.machinery.",
    "sys.settrace",
    "sys.meta_path",
    "gc.",
)
KEEPS_ARGUMENTS = (
    *(
        "logging.",
        "time.",
        "posixpath.",
        "os.",
        "platform.",
        "datetime.",
        "re.",
        "math.",
        "pwd.",
        "grp.",
        "getpass.",
    ),
    *(
        "json.",
        "yaml.dump",
        "yaml.safe_dump",
        "shlex.",
        "textwrap.",
        "urllib.",
        "shutil.",
        "hashlib.",
        "base64.",
    ),
    *(
        "subprocess.",
        "requests.",
        "secrets.",
        "uuid.",
        "warnings.",
        "tempfile.",
        "glob.",
        "random.choice",
        "tljh.",
    ),
    *("random.sample", "random.randint", "pathlib.", "packaging.", "string.", "itertools.product", "socket."),
)
"""Calls that leave what they are given as it is."""


def _is_harmless(name: str) -> bool:
    """Whether nothing on the machine changes by it."""
    return name.startswith(HARMLESS) or "logger" in name.lower() or ".getLogger()" in name


def _shown(value: Value | None) -> str:
    return "…" if value is None else text_of(value)


def _is_known(machine: Machine, *values: Value) -> bool:
    """Whether all of it is known, the hook's own arguments counting as known."""
    for value in values:
        if isinstance(value, (Const, PathValue)):
            if not set(value.doubt) <= library.KNOWN_ENOUGH:
                return False
        elif isinstance(value, Ref):
            items = machine.items(value)
            if items is None or not items.is_exact or not items.order:
                return False
            if not _is_known(machine, *(slot.value for slot in items.slots)):
                return False
        elif not (isinstance(value, Unknown) and value.given):
            return False
    return True


def _words(machine: Machine, value: Value) -> list[str] | None:
    """The words of a command given as a list."""
    items = machine.items(value)
    if items is None:
        return None
    words = [text_of(slot.value) for slot in items.slots]
    return [*words, *(["…"] if items.rest else [])]


def _run(machine: Machine, frame: Frame, name: str, positional: Sequence[Value], keywords: Keywords) -> Value:
    """A call that starts a process."""
    machine_values = list(positional)
    if name == "sh" or name.startswith("sh."):
        _run_sh(machine, frame, name, machine_values)
    else:
        given = positional[0] if positional else keywords.get("args", keywords.get("cmd"))
        if given is None:
            given = Unknown("a command that is not known")
        if name in SEPARATE_WORDS:
            given = machine.list_of(list(positional))
        for option in given.options if isinstance(given, Choice) else (given,):
            shell = keywords.get("shell", FALSE)
            _run_value(machine, frame, option, in_shell=name in SHELL_RUNNERS or shell != FALSE)
    machine.may_raise()
    return Unknown("what a command prints or returns", "{output}", "subprocess()")


def _run_sh(machine: Machine, frame: Frame, name: str, positional: list[Value]) -> None:
    """`sh.git("clone", url)` of the package `sh`."""
    program = name.removeprefix("sh").lstrip(".").replace("().", " ").replace(".", " ").replace("()", "")
    if program.startswith("Command"):
        program = text_of(positional.pop(0)) if positional and program == "Command" else "…"
        if not positional and name.endswith(".Command"):
            return
    if program in ("contrib sudo", "sudo"):
        program = "sudo"
    words = [*program.replace("_", "-").split(), *(text_of(value) for value in positional)]
    if program.endswith("bake"):
        return
    note_words(machine, frame, words, known=_is_known(machine, *positional))


def _run_value(machine: Machine, frame: Frame, given: Value, *, in_shell: bool) -> None:
    words = _words(machine, given)
    known = _is_known(machine, given)
    if words is not None:
        note_words(machine, frame, words, known=known)
        return
    text = text_of(given)
    if isinstance(given, (Const, Unknown)) and (in_shell or " " in text):
        note_text(machine, frame, text, known=known)
    elif isinstance(given, (Const, PathValue)):
        note_words(machine, frame, [text], known=known)
    else:
        machine.host(frame, "command", "runs a command that is not known as root", "high", known=False)


def note_words(machine: Machine, frame: Frame, words: list[str], *, known: bool) -> None:
    """Note a command given as words; a script of the plugin is read too."""
    if not words:
        return
    if _tljh_config(machine, frame, words):
        return
    meaning = explain(words)
    shown = meaning.what.replace(f"{SITE}/", "")
    machine.host(frame, meaning.kind, shown, meaning.risk, known=known)
    for word in words[:3]:
        if word.startswith(f"{SITE}/") and not word.endswith(".py"):
            _note_script(machine, frame, word)


def _note_script(machine: Machine, frame: Frame, path: str) -> None:
    """Note what a packaged shell script does."""
    found = machine.library.read_packaged(normpath(path))
    if found is None:
        return
    content, _ = found
    text = content[:100_000].decode("utf-8", "replace")
    if text.startswith("#!") and "sh" not in text.split("\n", 1)[0]:
        return
    name = basename(path)
    for meaning in explain_text(text)[:50]:
        if meaning.what and not (meaning.risk == "low" and meaning.kind == "command"):
            what = f"{meaning.what}, in {name}"
            machine.host(frame, meaning.kind, what, meaning.risk, known=False)


def note_text(machine: Machine, frame: Frame, text: str, *, known: bool) -> None:
    """Note a command given to a shell."""
    try:
        commands = parse(text)
    except ValueError:
        commands = []
    handled = [command for command in commands if _tljh_config(machine, frame, list(command.words))]
    if handled and len(handled) == len(commands):
        return
    for meaning in explain_text(text):
        what = meaning.what.replace(f"{SITE}/", "")
        machine.host(frame, meaning.kind, what, meaning.risk, known=known)


def _tljh_config(machine: Machine, frame: Frame, words: list[str]) -> bool:
    """`tljh-config set KEY VALUE` changes config.yaml."""
    plain = [word for word in words if basename(word) != "sudo"]
    if len(plain) < 3 or basename(plain[0]) != "tljh-config":
        return False
    operations = {"set": "set", "unset": "delete", "add-item": "append"}
    operation = operations.get(plain[1])
    if operation is None:
        return False
    lifted = lift(machine, _setting(plain[3]) if len(plain) > 3 else None)
    if len(plain) > 3 and "{" in plain[3]:
        lifted = Unknown("part of it is unknown", plain[3])
    emit_config(machine, frame, ConfigNode(()), tuple(plain[2].split(".")), operation, lifted)
    return True


def _setting(text: str) -> str | int | float | bool | None:
    """A value on the command line of tljh-config."""
    words = {"none": None, "true": True, "false": False}
    if text.lower() in words:
        return words[text.lower()]
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _effect(
    machine: Machine, frame: Frame, name: str, positional: Sequence[Value], keywords: Keywords
) -> bool:
    """Note what a call does to the machine; whether anything is known of it."""
    for pattern, kind, phrase, risk in EFFECTS:
        if re.fullmatch(pattern, name):
            values = [*positional, *keywords.values()]
            arguments = [_shown(value) for value in values] + ["…", "…", "…"]
            what = phrase.format(*arguments, name=name)
            if kind == "permission" and name in ("os.chmod", "os.fchmod", "os.lchmod"):
                what, risk = _mode(positional, keywords)
            elif kind == "file" and values:
                target = (
                    arguments[1]
                    if name.startswith(("shutil.copy", "shutil.move", "os.rename"))
                    else arguments[0]
                )
                risk = max(risk, file_risk(target), key=RISKS.index)
            known = _is_known(machine, *positional[:2])
            machine.host(frame, kind, what.replace(f"{SITE}/", ""), risk, known=known)
            if name.startswith("shutil.copy") and len(positional) > 1:
                _copied(machine, frame, positional[0], positional[1])
            return True
    return False


def _mode(positional: Sequence[Value], keywords: Mapping[str, Value]) -> tuple[str, Risk]:
    values = [*positional, *keywords.values()]
    path = _shown(values[0]) if values else "a file"
    mode = values[1] if len(values) > 1 else None
    if isinstance(mode, Const) and isinstance(mode.value, int):
        return mode_meaning(oct(mode.value)[2:], path)
    return f"changes the permissions of {path}", "medium"


DATABASES = r"pymysql|MySQLdb|psycopg2?|sqlite3|mysql\.connector"
EFFECTS: tuple[tuple[str, HostKind, str, Risk], ...] = (
    (r"os\.(l|f)?chmod", "permission", "changes the permissions of {0}", "low"),
    (r"os\.(l|f)?chown|shutil\.chown", "permission", "changes the owner of {0}", "medium"),
    (r"os\.(mkdir|makedirs)", "file", "creates the folder {0}", "low"),
    (r"os\.(remove|unlink|rmdir|removedirs)", "file", "deletes {0}", "medium"),
    (r"os\.(rename|replace|renames)", "file", "moves {0} to {1}", "low"),
    (r"os\.(symlink|link)", "file", "links {0} to {1}", "low"),
    (r"os\.(mknod|mkfifo|truncate|utime|setxattr)", "file", "changes {0}", "low"),
    (r"os\.(kill|killpg|abort)", "process", "stops a process", "medium"),
    (r"os\.(fork|forkpty|daemon)", "process", "starts another process", "medium"),
    (r"os\.(setuid|setgid|seteuid|initgroups)", "process", "changes the user that it runs as", "medium"),
    (r"os\.(putenv|chdir|chroot)", "process", "changes the running process ({name})", "low"),
    (r"shutil\.(copy|copy2|copyfile|copytree)", "file", "copies {0} to {1}", "low"),
    (r"shutil\.move", "file", "moves {0} to {1}", "low"),
    (r"shutil\.rmtree", "file", "deletes the folder {0} and all in it", "medium"),
    (r"shutil\.(unpack_archive|make_archive)", "file", "unpacks or makes the archive {0}", "medium"),
    (r"(tarfile|zipfile)\..*extract(all)?", "file", "unpacks an archive", "medium"),
    (r"urllib\.request\.urlretrieve", "network", "downloads {0} to {1}", "medium"),
    (r"(urllib\.request\.urlopen|urllib2?\.urlopen)", "network", "fetches {0}", "medium"),
    (r"(requests|httpx|aiohttp)\.(.*\.)?(get|post|put|delete|patch|head|request|stream)", "network",
     "fetches or sends {0}", "medium"),
    (r"(socket|ftplib|smtplib|paramiko|telnetlib)\..*(connect|sendmail|SMTP|create_connection|SSHClient).*",
     "network", "connects to another machine ({name})", "medium"),
    (r"tljh\.apt\.install_packages", "package", "installs the Debian packages {0}", "medium"),
    (r"tljh\.apt\.(add_source|trust_gpg_key)", "package", "adds a package source ({name})", "high"),
    (r"tljh\.conda\.ensure_(conda|pip)_packages", "package", "installs packages into {0}: {1}", "medium"),
    (r"tljh\.conda\.ensure_pip_requirements", "package", "installs the requirements {1} into {0}", "medium"),
    (r"tljh\.conda\.fix_permissions", "permission", "changes the permissions in {0}", "low"),
    (r"tljh\.user\.ensure_user_group", "user", "puts {0} into the group {1}", "medium"),
    (r"tljh\.user\.ensure_group", "user", "creates the group {0}", "medium"),
    (r"tljh\.user\.ensure_user", "user", "creates the user {0}", "medium"),
    (r"tljh\.user\.remove_\w+", "user", "removes a user or group: {0}", "high"),
    (r"tljh\.systemd\.install_unit", "service", "installs the service {0}", "high"),
    (r"tljh\.systemd\.(un)?\w+_(service|unit|daemon)", "service", "{name} {0}", "medium"),
    (r"tljh\.config\.reload_component", "service", "reloads {0}", "medium"),
    (r"tljh\.traefik\.\w+", "service", "changes the proxy", "medium"),
    (rf"({DATABASES}|asyncpg|pymongo|redis)\.\w*([cC]onnect|Client|Redis)\w*", "database",
     "connects to a database ({name})", "medium"),
    (rf"({DATABASES}).*\.(execute|executemany|executescript)", "database",
     "runs in a database: {0}", "medium"),
    (rf"({DATABASES}).*\.(commit|cursor|close|rollback|__\w+__)(\(\).*)?",
     "database", "uses a database ({name})", "low"),
    (r"sqlalchemy\.create_engine", "database", "connects to a database ({name})", "medium"),
    (r"(pip|conda)\.(_internal\.)?main", "package", "installs packages: {0}", "medium"),
    (r"docker\..*", "process", "uses containers ({name})", "medium"),
    (r"(crypt|spwd)\..*", "user", "works with passwords ({name})", "medium"),
    (r"ctypes\..*", "process", "calls machine code ({name})", "high"),
    (r"(signal\.signal|threading\.Thread|multiprocessing\.Process).*", "process",
     "starts work of its own ({name})", "medium"),
    (r"(pickle|marshal|dill)\.loads?", "process", "runs what is in a pickle", "high"),
)  # fmt: skip


def _open(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    path = positional[0] if positional else keywords.get("file", Unknown("a file that is not known"))
    mode_value = positional[1] if len(positional) > 1 else keywords.get("mode", Const("r"))
    mode = mode_value.value if isinstance(mode_value, Const) and isinstance(mode_value.value, str) else "r+"
    return open_file(machine, frame, path, mode)


def open_file(machine: Machine, frame: Frame, path: Value, mode: str) -> FileValue:
    """An open file; opening it to write is an effect."""
    machine.may_raise("OSError")
    if set(mode) & set("wax+"):
        shown = _shown(path)
        verb = "appends to" if "a" in mode else "writes"
        known = _is_known(machine, path)
        machine.host(frame, "file", f"{verb} {shown.replace(SITE + '/', '')}", file_risk(shown), known=known)
    return FileValue(path, mode, machine.heap.number())


def _copied(machine: Machine, frame: Frame, source: Value, target: Value) -> None:
    """A packaged file is copied to where the hub reads configuration: read it as that."""
    if "jupyterhub_config.d" not in text_of(target):
        return
    text = library.read_text(machine, source)
    if isinstance(text, Const) and isinstance(text.value, str):
        machine.run_drop_in(machine, frame, text.value, text_of(source).removeprefix(f"{SITE}/"))


def _written(machine: Machine, frame: Frame, path: Value, content: Value) -> None:
    target = text_of(path)
    if "jupyterhub_config.d/" not in target or not target.endswith(".py"):
        return
    if isinstance(content, Const) and isinstance(content.value, str):
        machine.run_drop_in(machine, frame, content.value, target)


def call_file(
    machine: Machine, frame: Frame, file: FileValue, name: str, positional: Sequence[Value]
) -> Value:
    """A method of an open file."""
    if name in ("read", "readlines", "readline", "__enter__") and not positional:
        if name == "__enter__":
            return file
        if "b" not in file.mode and name != "readline":
            text = (
                library.read_lines(machine, file) if name == "readlines" else library.read_open(machine, file)
            )
            if text is not None:
                return text
        library.use_up(machine, file)
        machine.may_raise("OSError")
        shown = _shown(file.path)
        return Unknown(f"the content of {shown}", f"{{content of {shown}}}")
    if name in ("write", "writelines") and positional:
        _written(machine, frame, file.path, positional[0])
        return Unknown("how much was written")
    return NONE if name in ("close", "flush", "seek") else Unknown(f"{name} of a file")


PATH_WRITES: dict[str, tuple[HostKind, str]] = {
    "write_text": ("file", "writes"),
    "write_bytes": ("file", "writes"),
    "mkdir": ("file", "creates the folder"),
    "touch": ("file", "creates"),
    "unlink": ("file", "deletes"),
    "rmdir": ("file", "deletes the folder"),
    "rename": ("file", "moves"),
    "replace": ("file", "moves"),
    "symlink_to": ("file", "links"),
    "hardlink_to": ("file", "links"),
}


def note_path_method(
    machine: Machine, frame: Frame, name: str, shown: str, positional: Sequence[Value]
) -> None:
    """A method by whose name something that is not known is a path, and is written."""
    shown = shown.replace(f"{SITE}/", "")
    if name == "chmod" and positional:
        what, risk = _mode([Unknown("", shown), *positional], {})
        machine.host(frame, "permission", what, risk, known=False)
    elif name in PATH_WRITES and name not in ("replace", "rename"):
        kind, verb = PATH_WRITES[name]
        machine.host(frame, kind, f"{verb} {shown}", file_risk(shown), known=False)


def call_path(
    machine: Machine,
    frame: Frame,
    path: PathValue,
    name: str,
    positional: Sequence[Value],
    keywords: Keywords,
) -> Value:
    """A method of a pathlib path."""
    if name in PATH_WRITES:
        kind, verb = PATH_WRITES[name]
        machine.host(frame, kind, f"{verb} {path.text}", file_risk(path.text), known=_is_known(machine, path))
        if name == "write_text" and positional:
            _written(machine, frame, path, positional[0])
        machine.may_raise("OSError")
        return NONE
    if name == "chmod" and positional:
        what, risk = _mode([path, *positional], keywords)
        machine.host(frame, "permission", what, risk, known=_is_known(machine, path, *positional))
        return NONE
    if name == "open":
        mode = positional[0] if positional else keywords.get("mode", Const("r"))
        return open_file(machine, frame, path, str(mode.value) if isinstance(mode, Const) else "r+")
    if name == "read_text":
        text = library.read_text(machine, path)
        if text is not None:
            return text
        machine.may_raise("OSError")
        return Unknown(f"the content of {path.text}", f"{{content of {path.text}}}")
    if name == "joinpath":
        joined: Value = path
        for part in positional:
            named = library.as_path(part)
            if named is None or not isinstance(joined, PathValue):
                return Unknown("a path that is not known", f"{path.text}/{text_of(part)}")
            joined = join_path(joined, named[0], named[1])
        return joined
    if name in ("resolve", "absolute", "expanduser", "as_posix", "__str__", "__fspath__"):
        if name in ("as_posix", "__str__", "__fspath__"):
            return Const(path.text, path.doubt)
        if path.text.startswith(("/", SITE)):
            return PathValue(normpath(path.text), path.doubt)
        return PathValue(path.text, (*path.doubt, "the folder that it runs in, or the user"))
    if name in ("with_name", "with_suffix") and positional and isinstance(positional[0], Const):
        folder, _, base = path.text.rpartition("/")
        new = str(positional[0].value)
        if name == "with_suffix":
            new = (base.rsplit(".", 1)[0] if "." in base[1:] else base) + new
        return PathValue(f"{folder}/{new}" if folder else new, (*path.doubt, *positional[0].doubt))
    machine.may_raise("OSError")
    return Unknown(f"{name} of {path.text}")


def _load(parse_text: Callable[[str], object]) -> Callable[..., Value]:
    """`json.load(file)` and the like, of a packaged file or of known text."""

    def load(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
        text: Value | None = positional[0] if positional else None
        if isinstance(text, FileValue):
            text = library.read_open(machine, text)
        if (
            not (isinstance(text, Const) and isinstance(text.value, (str, bytes)))
            or len(text.value) > 200_000
        ):
            machine.may_raise()
            return Unknown("what is read from a file")
        plain_text = text.value if isinstance(text.value, str) else text.value.decode("utf-8", "replace")
        try:
            plain = parse_text(plain_text)
        except (ValueError, RecursionError, NotKnown):
            machine.may_raise("ValueError")
            return Unknown("a file that does not parse")
        return lift(machine, plain, text.doubt)

    return load


def _yaml(text: str) -> object:
    """YAML, unless it says something else to YAML 1.1, which plugins' libraries read."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if "&" in text and "*" in text and re.search(r"(^|\s)[&*]\w", text):
        raise NotKnown
    if "<<" in text or re.search(r"(?i)\b(yes|no|on|off|y|n)\b|\b0[\do]|\d[_:e]\d", text):
        raise NotKnown
    try:
        return YAML(typ="safe", pure=True).load(StringIO(text))
    except YAMLError as error:
        raise ValueError(str(error)) from None


def _toml(text: str) -> object:
    from tljh.inspection.declarations import parse_toml

    return parse_toml(text)


def _environ(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    default = positional[1] if len(positional) > 1 else keywords.get("default", NONE)
    return library.environment(machine, positional[0] if positional else NONE, default)


def _path(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    return library.make_path(machine, positional)


def _files(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    folder = library.package_file(machine, frame, positional)
    return folder or Unknown("files of another package")


def _resource(kind: str) -> Callable[..., Value]:
    """`importlib.resources.read_text(package, name)`, `pkgutil.get_data`, `pkg_resources.resource_string`."""

    def read(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
        folder = library.package_file(machine, frame, positional[:1]) if positional else None
        named = library.as_path(positional[1]) if len(positional) > 1 else None
        if folder is None or named is None:
            machine.may_raise()
            return Unknown("a file of a package")
        path = join_path(folder, named[0], named[1])
        if kind == "path":
            return path
        if kind == "name":
            return Const(path.text, path.doubt)
        text = library.read_text(machine, path)
        if isinstance(text, Const) and isinstance(text.value, str) and kind == "bytes":
            return Const(text.value.encode(), text.doubt)
        return text or Unknown("a file of a package")

    return read


def _chain(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    merged = Items("generator")
    for value in positional:
        more = iterate_later(machine, value)
        merged = Items(
            "generator",
            (*merged.slots, *more.slots),
            merged.rest or more.rest,
            merged.order and more.order,
        )
    return machine.heap.new_lazy(merged, names=False)


def _chain_all(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    outer = iterate(machine, positional[0])
    chained = _chain(machine, frame, [slot.value for slot in outer.slots], {})
    items = machine.items(chained)
    if (outer.rest or not outer.is_exact) and items is not None:
        return machine.heap.new(Items("generator", (), outer.rest or "which parts are there"))
    return chained


def _copy(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    value = positional[0] if positional else NONE
    cell = machine.items(value) or machine.table(value)
    return machine.heap.new(cell) if cell is not None else value


def _deep_copy(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    value = positional[0] if positional else NONE
    if isinstance(value, (Const, PathValue, Unknown, Function)):
        return value
    try:
        if doubts_of(machine, value):
            raise NotKnown
        return lift(machine, concrete(machine, value))
    except NotKnown:
        return Unknown("a copy of something that is not wholly known")


def _partial(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    if not positional:
        return Unknown("a partial call")
    return Partial(positional[0], tuple(positional[1:]), tuple(keywords.items()))


def _marker(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    project = positional[0] if positional else keywords.get("project_name", NONE)
    if isinstance(project, Const) and isinstance(project.value, str) and not project.doubt:
        return Marker(project.value)
    return Unknown("a marker of a project that is not known")


def _wraps(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    """`functools.wraps(f)` hands on f's attributes, the hook's mark among them."""
    wrapped = positional[0] if positional else NONE
    return Partial(External("tljh.inspection.wraps"), (wrapped,), ())


def _wrap(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    wrapped, inner = positional[0], positional[1] if len(positional) > 1 else NONE
    if isinstance(wrapped, (Function, Wrapped)) and isinstance(inner, (Function, Wrapped)):
        mark = machine.heap.get((wrapped.number, "tljh_impl"))
        if mark is not None:
            machine.heap.set((inner.number, "tljh_impl"), mark)
    return inner


def _import_module(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    name = positional[0] if positional else NONE
    if isinstance(name, Const) and isinstance(name.value, str) and not name.doubt:
        text = name.value
        if text.startswith("."):
            text = f"{frame.package}{text}"
        return machine.library.import_module(machine, text) or External(text)
    return Unknown("a module whose name is not known")


def _setup(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    """`setuptools.setup(...)` in a setup.py."""
    machine.setup_calls.append(dict(keywords))
    return Unknown("setup() gives nothing of use")


def _exit(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    raise machine.raises("SystemExit")


def _set_config(operation: str) -> Callable[..., Value]:
    """`tljh.config.set_config_value(path, key, value)` changes config.yaml on disk."""

    def change(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
        key = positional[1] if len(positional) > 1 else keywords.get("key_path", NONE)
        value = positional[2] if len(positional) > 2 else keywords.get("value", NONE)
        path = tuple(text_of(key).split("."))
        note = "" if isinstance(key, Const) and not key.doubt else "the key is not known"
        emit_config(machine, frame, ConfigNode(()), path, operation, value, note)
        return NONE

    return change


def _await(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    return positional[0] if positional else NONE


def _ordered(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    return make_dict(machine, frame, positional, keywords)


def _fspath(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    """`os.path.abspath` and the like: absolute paths stay what they are."""
    value = positional[0] if positional else NONE
    named = library.as_path(value)
    if named is not None and named[0].startswith(("/", SITE)):
        return Const(normpath(named[0]), named[1])
    return Unknown("a path that depends on the folder that it runs in", text_of(value))


def _expanduser(machine: Machine, frame: Frame, positional: list[Value], keywords: Keywords) -> Value:
    value = positional[0] if positional else NONE
    if isinstance(value, Const) and isinstance(value.value, str) and not value.value.startswith("~"):
        return value
    return Unknown("a home folder", text_of(value), given=isinstance(value, Unknown) and value.given)


Handler = Callable[[Machine, Frame, list[Value], Keywords], Value]
KNOWN: dict[str, Handler] = {
    "builtins.open": _open,
    "io.open": _open,
    "codecs.open": _open,
    "os.environ.get": _environ,
    "os.getenv": _environ,
    "pathlib.Path": _path,
    "pathlib.PurePath": _path,
    "pathlib.PosixPath": _path,
    "pathlib.PurePosixPath": _path,
    "importlib.resources.files": _files,
    "importlib_resources.files": _files,
    "importlib.resources.read_text": _resource("text"),
    "importlib.resources.read_binary": _resource("bytes"),
    "importlib.resources.path": _resource("path"),
    "pkgutil.get_data": _resource("bytes"),
    "pkg_resources.resource_string": _resource("bytes"),
    "pkg_resources.resource_filename": _resource("name"),
    "json.load": _load(json.loads),
    "yaml.safe_load": _load(_yaml),
    "tomllib.loads": _load(_toml),
    "tomllib.load": _load(_toml),
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": _chain_all,
    "collections.OrderedDict": _ordered,
    "copy.copy": _copy,
    "copy.deepcopy": _deep_copy,
    "functools.partial": _partial,
    "functools.wraps": _wraps,
    "tljh.inspection.wraps": _wrap,
    "setuptools.setup": _setup,
    "distutils.core.setup": _setup,
    "pluggy.HookimplMarker": _marker,
    "importlib.import_module": _import_module,
    "sys.exit": _exit,
    "os._exit": _exit,
    "asyncio.run": _await,
    "tljh.config.set_config_value": _set_config("set"),
    "tljh.config.add_config_value": _set_config("append"),
    "tljh.config.unset_config_value": _set_config("delete"),
    "posixpath.abspath": _fspath,
    "posixpath.realpath": _fspath,
    "posixpath.expanduser": _expanduser,
    "posixpath.expandvars": _expanduser,
}
