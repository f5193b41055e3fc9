"""Shell commands in plain words: taken apart, never run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import basename

from tljh.inspection.report import HostKind, Risk

MAX_COMMANDS = 200
MAX_SHOWN = 160
SEPARATORS = frozenset({"&&", "||", ";", "|", "&", ";;", "|&", "(", ")"})
CONTROL = frozenset(
    {"if", "then", "else", "elif", "fi", "for", "do", "done", "while", "until", "case", "esac", "in"}
    | {"function", "{", "}", "!", "time", "select"}
)
PREFIXES = frozenset({"sudo", "env", "nohup", "exec", "command", "nice", "time", "setsid"})
SHELLS = frozenset({"sh", "bash", "dash", "zsh"})
DOWNLOADERS = frozenset({"curl", "wget", "http", "aria2c"})
ONLY_ASSIGNS = re.compile(r"\s*(export\s+)?[A-Za-z_]\w*=[^;&|`]*$")
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """One simple command: its words, the files it is redirected to, and the command that feeds it."""

    words: tuple[str, ...]
    written: tuple[str, ...] = ()
    fed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a command does."""

    kind: HostKind
    what: str
    risk: Risk


def parse(text: str) -> list[ShellCommand]:
    """The simple commands of a shell text. Raises ValueError if it does not parse."""
    commands: list[ShellCommand] = []
    for line in _lines(text):
        lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
        lexer.whitespace_split = True
        lexer.commenters = "#"
        words: list[str] = []
        written: list[str] = []
        fed: tuple[str, ...] = ()
        tokens = iter(lexer)
        for token in tokens:
            if token in SEPARATORS or set(token) <= set("();|&"):
                if words or written:
                    commands.append(ShellCommand(tuple(words), tuple(written), fed))
                fed = tuple(words) if token in ("|", "|&") else ()
                words, written = [], []
            elif set(token) <= set("<>&|") and token:
                target = next(tokens, "")
                if ">" in token and not target.isdigit() and target not in ("/dev/null", "/dev/stderr"):
                    written.append(target)
                if words and words[-1].isdigit():
                    words.pop()
            elif not words and (token in CONTROL or ASSIGNMENT.match(token)):
                continue
            else:
                words.append(token)
        if words or written:
            commands.append(ShellCommand(tuple(words), tuple(written), fed))
        if len(commands) > MAX_COMMANDS:
            break
    return commands


def _lines(text: str) -> Iterator[str]:
    """Logical lines: continued ones joined, here-documents left out."""
    until = ""
    joined = ""
    for line in text.split("\n"):
        if until:
            if line.strip() == until:
                until = ""
            continue
        if line.endswith("\\"):
            joined += line[:-1] + " "
            continue
        line, joined = joined + line, ""
        here = re.search(r"<<-?\s*(['\"]?)(\w+)\1", line)
        if here:
            until = here[2]
            line = line[: here.start()] + line[here.end() :]
        if line.strip() and not line.lstrip().startswith("#") and not ONLY_ASSIGNS.match(line):
            yield line
    if joined.strip():
        yield joined


def explain_text(text: str) -> list[Meaning]:
    """What a shell text does, command by command."""
    try:
        commands = parse(text)
    except ValueError:
        return [Meaning("command", f"runs: {shorten(text)} as root", "medium")]
    meanings: list[Meaning] = []
    for command in commands:
        for path in command.written:
            meanings.append(Meaning("file", f"writes {path}", file_risk(path)))
        if command.words:
            only_prints = basename(command.words[0]) in QUIET
            if not (only_prints and command.written):
                meanings.append(explain(command.words, command.fed_by))
    return [meaning for meaning in meanings if meaning.what] or [
        Meaning("command", f"runs: {shorten(text)} as root", "low")
    ]


def explain(words: Sequence[str], fed_by: Sequence[str] = ()) -> Meaning:
    """What one command does."""
    shown = shorten(" ".join(_quote(word) for word in words))
    rest = list(words)
    while rest and (basename(rest[0]) in PREFIXES or ASSIGNMENT.match(rest[0])):
        prefix = basename(rest.pop(0))
        while rest and rest[0].startswith("-") and prefix in PREFIXES:
            option = rest.pop(0)
            if prefix == "sudo" and option in ("-u", "-g", "-H -u") and rest:
                rest.pop(0)
    if not rest:
        return Meaning("command", f"runs: {shown} as root", "low")
    program = basename(rest[0])
    if program in SHELLS and "-c" in rest[1:] and rest.index("-c") + 1 < len(rest):
        inner = explain_text(rest[rest.index("-c") + 1])
        worst = max(inner, key=lambda meaning: RISKS.index(meaning.risk))
        return Meaning(worst.kind, f"runs: {shown} as root ({worst.what})", worst.risk)
    if program in SHELLS and fed_by and basename(fed_by[0]) in DOWNLOADERS:
        source = next((word for word in fed_by if "://" in word), "the network")
        return Meaning("network", f"runs as root what it downloads from {source}", "high")
    kind, plain, risk = _meaning(program, rest[1:])
    command = f"runs: {shown} as root"
    return Meaning(kind, f"{plain} ({command})" if plain else command, risk)


RISKS: tuple[Risk, ...] = ("low", "medium", "high")
QUIET = frozenset(
    {"echo", "printf", "cat", "true", "false", "test", "[", "cd", "exit", "set", "export", "ls"}
)
ROOT_GROUPS = frozenset(
    {"docker", "sudo", "root", "wheel", "adm", "lxd", "shadow", "disk", "jupyterhub-admins"}
)


def _meaning(program: str, arguments: list[str]) -> tuple[HostKind, str, Risk]:
    plain = [word for word in arguments if not word.startswith("-")]
    if program in QUIET:
        return "command", "", "low"
    for names, handler in MEANINGS:
        if program in names or (program.rstrip("0123456789.") in names):
            found = handler(program, arguments, plain)
            if found is not None:
                return found
    return "command", "", "medium"


Found = tuple[HostKind, str, Risk] | None


def _apt(program: str, arguments: list[str], plain: list[str]) -> Found:
    if program.startswith("add-apt"):
        return "package", f"adds the package source {' '.join(plain)}", "high"
    if plain[:1] == ["install"] or program == "dpkg":
        return "package", f"installs the Debian packages {', '.join(plain[1:]) or '…'}", "medium"
    if plain[:1] and plain[0] in ("remove", "purge", "autoremove"):
        return "package", f"removes the Debian packages {', '.join(plain[1:]) or '…'}", "high"
    if plain[:1] and plain[0] in ("upgrade", "dist-upgrade", "full-upgrade"):
        return "package", "upgrades the whole system", "high"
    return "package", "", "low"


def _pip(program: str, arguments: list[str], plain: list[str]) -> Found:
    if plain[:1] == ["install"]:
        return "package", f"installs Python packages {', '.join(plain[1:]) or '…'}", "medium"
    if plain[:1] in (["uninstall"], ["remove"]):
        return "package", f"removes packages {', '.join(plain[1:])}", "medium"
    return "package", "", "low" if plain[:1] in (["list"], ["freeze"], ["show"]) else "medium"


def _python(program: str, arguments: list[str], plain: list[str]) -> Found:
    if "-m" in arguments:
        after = arguments[arguments.index("-m") + 1 :]
        if after[:1] == ["pip"]:
            return _pip("pip", after[1:], [word for word in after[1:] if not word.startswith("-")])
        if after[:1] == ["ipykernel"]:
            return "file", "installs a Jupyter kernel", "low"
    return "command", "", "medium"


def _chmod(program: str, arguments: list[str], plain: list[str]) -> Found:
    if not plain:
        return None
    mode, paths = plain[0], " ".join(plain[1:]) or "a file"
    if mode.startswith(("-", "+")) and len(plain) == 1:
        paths = "a file"
    return ("permission", *mode_meaning(mode, paths))


def mode_meaning(mode: str, paths: str) -> tuple[str, Risk]:
    """A mode of chmod in plain words."""
    if re.fullmatch(r"[0-7]{1,5}", mode):
        bits = int(mode, 8)
        special = ", and new files in it belong to its group" if bits & 0o2000 else ""
        if bits & 0o4000:
            return f"lets anyone run {paths} with its owner's rights", "high"
        if bits & 0o002:
            return f"makes {paths} writable by everyone{special}", "high" if not bits & 0o1000 else "medium"
        if bits & 0o020:
            return f"makes {paths} writable by its group{special}", "low"
        return f"sets the permissions of {paths} to {mode}", "low"
    for part in mode.split(","):
        match = re.fullmatch(r"([ugoa]*)([+=])([rwxXst]*)", part)
        if match is None:
            continue
        who, _, what = match.groups()
        if "s" in what and (not who or "u" in who):
            return f"lets anyone run {paths} with its owner's rights", "high"
        if "w" in what and (not who or set(who) & set("oa")):
            return f"makes {paths} writable by everyone", "high"
        if "s" in what and "g" in who:
            return f"makes new files in {paths} belong to its group", "low"
    return f"changes the permissions of {paths} ({mode})", "low"


def _chown(program: str, arguments: list[str], plain: list[str]) -> Found:
    if program == "setfacl":
        return "permission", f"changes who may use {plain[-1] if plain else 'a file'}", "medium"
    if not plain:
        return None
    noun = "group" if program == "chgrp" else "owner"
    paths = " ".join(plain[1:]) or "a file"
    return "permission", f"makes {plain[0]} the {noun} of {paths}", file_risk(paths)


def _users(program: str, arguments: list[str], plain: list[str]) -> Found:
    groups = {part for word in arguments for part in word.split(",")} & ROOT_GROUPS
    if program in ("usermod", "gpasswd", "adduser") and groups:
        return "user", f"gives a user the rights of the group {', '.join(sorted(groups))}", "high"
    who = plain[-1] if plain else "…"
    if program in ("usermod", "gpasswd") and ("-aG" in arguments or "-G" in arguments or "-a" in arguments):
        return "user", f"puts {who} into a group", "medium"
    verb = {
        "useradd": "creates the user",
        "adduser": "creates the user",
        "userdel": "deletes the user",
        "deluser": "deletes the user",
        "groupadd": "creates the group",
        "addgroup": "creates the group",
        "groupdel": "deletes the group",
        "passwd": "changes the password of",
        "chpasswd": "changes the passwords of",
    }.get(program, "changes the user")
    return "user", f"{verb} {who}", "high" if "del" in program or "passwd" in program else "medium"


def _service(program: str, arguments: list[str], plain: list[str]) -> Found:
    if program in ("systemctl", "service"):
        verbs = {"start", "stop", "restart", "reload", "enable", "disable", "mask", "unmask", "daemon-reload"}
        if set(plain) & verbs:
            return "service", f"changes services: {' '.join(plain)}", "medium"
        return "service", "", "low"
    return "service", "changes what runs regularly", "high"


def _network(program: str, arguments: list[str], plain: list[str]) -> Found:
    if program == "git":
        if plain[:1] and plain[0] in ("clone", "pull", "fetch", "submodule"):
            return "network", f"fetches {next((w for w in plain[1:] if ':' in w), 'a repository')}", "medium"
        return "command", "", "low"
    if program in ("iptables", "ip6tables", "nft", "ufw", "firewall-cmd"):
        return "network", "changes the firewall", "high"
    source = next((word for word in arguments if "://" in word or word.startswith("{")), "")
    return "network", f"downloads {source}".rstrip(), "medium"


def _files(program: str, arguments: list[str], plain: list[str]) -> Found:
    paths = " ".join(plain)
    if program in ("rm", "rmdir", "shred", "unlink"):
        recursive = any(word.startswith("-") and "r" in word.lower() for word in arguments)
        risk: Risk = (
            "high" if recursive and any(len(p.strip("/").split("/")) < 2 for p in plain) else "medium"
        )
        return "file", f"deletes {paths}", risk
    if program == "mkdir" or (program == "install" and "-d" in arguments):
        return "file", f"creates the folder {paths}", "low"
    if program == "ln":
        return "file", f"links {' to '.join(reversed(plain[-2:]))}", file_risk(plain[-1] if plain else "")
    if program in ("mount", "umount"):
        return "file", f"changes what is mounted: {paths}", "high"
    if program == "sed" and not any(word.startswith("-i") for word in arguments):
        return "command", "", "low"
    target = plain[-1] if plain else "…"
    return "file", f"writes {target}", file_risk(target)


def _docker(program: str, arguments: list[str], plain: list[str]) -> Found:
    if "--privileged" in arguments:
        return "process", "runs a container with all rights", "high"
    if plain[:1] in (["pull"], ["build"]):
        return "network", f"fetches or builds the container image {plain[-1]}", "medium"
    return "process", "uses containers", "medium"


def _database(program: str, arguments: list[str], plain: list[str]) -> Found:
    return "database", "changes a database", "medium"


def _process(program: str, arguments: list[str], plain: list[str]) -> Found:
    if program in ("reboot", "shutdown", "poweroff", "halt"):
        return "process", "restarts or stops the machine", "high"
    if program == "sysctl":
        return "other", "changes settings of the kernel", "high"
    return "process", "stops processes", "medium"


MEANINGS = (
    (frozenset({"apt", "apt-get", "aptitude", "dpkg", "add-apt-repository"}), _apt),
    (frozenset({"pip", "pip3", "conda", "mamba", "micromamba", "npm", "uv", "snap", "gem", "pipx"}), _pip),
    (frozenset({"python", "python3", "{python}"}), _python),
    (frozenset({"chmod"}), _chmod),
    (frozenset({"chown", "chgrp", "setfacl"}), _chown),
    (
        frozenset(
            {"useradd", "adduser", "userdel", "deluser", "usermod", "groupadd", "addgroup", "groupdel"}
            | {"gpasswd", "passwd", "chpasswd", "groupmod"}
        ),
        _users,
    ),
    (frozenset({"systemctl", "service", "crontab", "update-rc.d"}), _service),
    (frozenset({"curl", "wget", "git", "aria2c", "iptables", "nft", "ufw", "rsync", "scp"}), _network),
    (
        frozenset(
            {"rm", "rmdir", "mkdir", "cp", "mv", "ln", "touch", "tee", "sed", "install", "tar", "unzip", "dd"}
            | {"mount", "umount", "shred", "unlink"}
        ),
        _files,
    ),
    (frozenset({"docker", "podman", "docker-compose"}), _docker),
    (
        frozenset({"mysql", "psql", "createdb", "createuser", "dropdb", "sqlite", "mongo", "redis-cli"}),
        _database,
    ),
    (frozenset({"kill", "pkill", "killall", "reboot", "shutdown", "poweroff", "halt", "sysctl"}), _process),
)

HIGH_PATHS = (
    *("/etc/sudoers", "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/ssh", "/etc/pam", "/etc/cron"),
    *("/root", "/etc/systemd", "/lib/systemd", "/etc/ld", "/boot", "/etc/profile", "/var/spool/cron"),
)


def file_risk(path: str) -> Risk:
    """How much depends on a file."""
    if path.strip() in ("", "/") or path.startswith(HIGH_PATHS):
        return "high"
    if path.startswith(("/etc", "/usr", "/bin", "/sbin", "/lib", "/var", "/opt/tljh", "{…}")):
        return "medium"
    return "low"


def shorten(text: str) -> str:
    """A command on one line, not longer than a screen or two."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_SHOWN else f"{line[: MAX_SHOWN - 1]}…"


def _quote(word: str) -> str:
    return word if re.fullmatch(r"[\w@%+=:,./{}…~$*\[\]()<>!-]+", word) else shlex.quote(word)
