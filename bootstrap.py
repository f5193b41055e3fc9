#!/usr/bin/env python3
"""From a bare Debian or Ubuntu machine to the TLJH wizard. Standard library only.

    sudo python3 bootstrap.py                    from a checkout: installs that checkout
    curl ... | sudo python3 -                    piped: installs the newest release
    sudo python3 bootstrap.py --admin ada        no questions: runs the installer with these flags
    python3 bootstrap.py --demo                  try it in a folder: no root, no systemd, nothing else changed

It checks the machine first and changes nothing if it refuses. It needs Debian 12 or newer or Ubuntu 22.04
or newer, systemd, root, Python 3.10 or newer, 400 MB of free memory (swap counts) and 2 GB of free disk
(0.5 GB to run it again). Running it again repairs and upgrades.
"""

import argparse
import ast
import concurrent.futures
import contextlib
import errno
import fcntl
import html
import http.server
import importlib.util
import io
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import termios
import threading
import time
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, TextIO, Tuple

DISTRIBUTION = "tljh-wizard"
COMMANDS = ("tljh-wizard", "tljh", "tljh-config")
UV_REQUIREMENT = "uv>=0.13,<0.14"
ARCHITECTURES = ("x86_64", "aarch64")
OLDEST_SYSTEMS = {"debian": (12,), "ubuntu": (22, 4)}
MB = 1000 * 1000
FREE_MEMORY = 400 * MB
FREE_DISK = 2000 * MB
FREE_DISK_AGAIN = 500 * MB
FREE_DISK_DEMO = 800 * MB
LOCK_SECONDS = 900
REFUSED, BUSY, FAILED, INTERRUPTED = 8, 9, 11, 130
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
DEMO_MARK = ".tljh-wizard-demo"
DEMO_PLUGIN = "tljh-tides"
DEMO_JOB = (
    ("search", "tides"),
    ("versions", DEMO_PLUGIN),
    ("preview", DEMO_PLUGIN),
    ("plan", DEMO_PLUGIN),
    ("install", DEMO_PLUGIN, "--yes"),
    ("list",),
)


class Stop(Exception):
    """An expected end: lines for people and the exit status."""

    def __init__(self, status: int, *lines: str) -> None:
        super().__init__(*lines)
        self.status = status
        self.lines = lines


# The machine ---------------------------------------------------------------------------------------------


class Facts(NamedTuple):
    """What the checks look at."""

    system: str
    system_version: str
    system_name: str
    architecture: str
    systemd: bool
    root: bool
    python: Tuple[int, ...]
    executable: str
    can_make_venv: bool
    free_memory: int
    free_disk: int
    prefix: str
    prepared: bool = False
    other_tljh: bool = False


def read_facts(prefix: str) -> Facts:
    """Look at this machine; changes nothing."""
    release = read_pairs("/etc/os-release", "=")
    meminfo = read_pairs("/proc/meminfo", ":")
    hub = os.path.join(prefix, "hub")
    return Facts(
        system=release.get("ID", ""),
        system_version=release.get("VERSION_ID", ""),
        system_name=release.get("PRETTY_NAME") or platform.platform(),
        architecture={"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine()),
        systemd=os.path.isdir("/run/systemd/system"),
        root=os.geteuid() == 0,
        python=tuple(sys.version_info[:3]),
        executable=base_python(),
        can_make_venv=bool(importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")),
        free_memory=sum(int(meminfo.get(key, "0").split()[0]) * 1024 for key in ("MemAvailable", "SwapFree")),
        free_disk=shutil.disk_usage(existing_parent(prefix)).free,
        prefix=prefix,
        prepared=os.path.exists(os.path.join(hub, "bin", COMMANDS[0])),
        other_tljh=has_other_tljh(hub),
    )


def refusals(facts: Facts) -> List[str]:
    """Every reason not to start, each with what to do; none if the machine will do."""
    found = []
    if not supported_system(facts):
        found.append(
            f"This is {facts.system_name}; Debian 12 or newer, or Ubuntu 22.04 or newer, is needed: "
            "start from a server with one of these."
        )
    if facts.architecture not in ARCHITECTURES:
        found.append(
            "This processor is {}; {} is needed: use another server.".format(
                facts.architecture, " or ".join(ARCHITECTURES)
            )
        )
    if not facts.systemd:
        found.append(
            "systemd does not run here: use a server or virtual machine, not a container. "
            "To try it in a folder: python3 bootstrap.py --demo"
        )
    if not facts.root:
        found.append("This is not root: run the same command with sudo.")
    found += python_refusals(facts)
    if not facts.can_make_venv and not is_system_python(facts):
        found.append(f"{facts.executable} has no venv and ensurepip: run this with /usr/bin/python3.")
    if facts.free_memory < FREE_MEMORY:
        found.append(
            f"Only {size(facts.free_memory)} of memory are free; {size(FREE_MEMORY)} are needed: "
            "stop something, use a larger server, or add swap."
        )
    found += disk_refusals(facts, FREE_DISK_AGAIN if facts.prepared else FREE_DISK)
    if facts.other_tljh:
        found.append(
            f"{facts.prefix}/hub holds an installation of the distribution the-littlest-jupyterhub, which "
            "this would break: use a new server, or another place with TLJH_INSTALL_PREFIX."
        )
    return found


def demo_refusals(facts: Facts) -> List[str]:
    """Every reason not to start the demonstration."""
    found = python_refusals(facts)
    if not facts.can_make_venv:
        found.append(
            f"{facts.executable} cannot make environments: on Debian and Ubuntu run "
            "sudo apt install python3-venv, elsewhere use a Python that has venv and ensurepip."
        )
    return found + disk_refusals(facts, FREE_DISK_DEMO)


def python_refusals(facts: Facts) -> List[str]:
    if facts.python >= (3, 10):
        return []
    version = ".".join(str(part) for part in facts.python)
    return [
        f"This is Python {version} ({facts.executable}); 3.10 or newer is needed: run this with a newer one, "
        "such as python3.12."
    ]


def disk_refusals(facts: Facts, needed: int) -> List[str]:
    if facts.free_disk >= needed:
        return []
    place = existing_parent(facts.prefix)
    return [
        f"Only {size(facts.free_disk)} of disk are free at {place}; {size(needed)} are needed: "
        "free some space or make the disk larger."
    ]


def supported_system(facts: Facts) -> bool:
    oldest = OLDEST_SYSTEMS.get(facts.system)
    if oldest is None:
        return False
    # Debian's testing and unstable state no version.
    if not facts.system_version:
        return facts.system == "debian"
    return tuple(int(part) for part in re.findall(r"\d+", facts.system_version)) >= oldest


def missing_packages(facts: Facts) -> List[str]:
    """The Debian packages that the wizard needs and that are not there."""
    found = [] if facts.can_make_venv else ["python3-venv"]
    if not shutil.which("git"):
        found.append("git")
    if not os.path.exists(CERTIFICATES):
        found.append("ca-certificates")
    return found


def read_pairs(path: str, separator: str) -> Dict[str, str]:
    """A file of `NAME separator value` lines; nothing if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            pairs = [line.partition(separator) for line in stream if separator in line]
    except OSError:
        return {}
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def base_python() -> str:
    """The interpreter itself, where this runs in a virtual environment."""
    return getattr(sys, "_base_executable", None) or sys.executable


def is_system_python(facts: Facts) -> bool:
    """Whether Debian's packages bring what this Python lacks."""
    return os.path.dirname(facts.executable) in ("/usr/bin", "/bin")


def has_other_tljh(hub: str) -> bool:
    """Whether the original distribution, whose files have the same names, is in the hub environment."""
    library = os.path.join(hub, "lib")
    if not os.path.isdir(library):
        return False
    found = [
        name
        for python in os.listdir(library)
        if os.path.isdir(os.path.join(library, python, "site-packages"))
        for name in os.listdir(os.path.join(library, python, "site-packages"))
    ]
    return any(re.match(r"the_littlest_jupyterhub-.*\.dist-info$", name) for name in found)


def existing_parent(path: str) -> str:
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return path


def size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


# What is shown and kept ----------------------------------------------------------------------------------


class Journal:
    """A few lines with seconds on the terminal, everything in the log."""

    def __init__(self, log: TextIO, screen: TextIO) -> None:
        self.log = log
        self.screen = screen
        self.started = time.monotonic()
        self.step = ""
        self.changed: List[str] = []
        self._open_line = False

    def say(self, text: str) -> None:
        """A line of its own, also within a step."""
        self.write("\n" + text if self._open_line else text, "\n")
        self._open_line = False

    @contextlib.contextmanager
    def doing(self, step: str) -> Iterator[None]:
        """Show that a step began, then how long it took; its name is what an error tells."""
        started = time.monotonic()
        self.step = step
        self.write(f"  {step[0].upper() + step[1:]} ... ", "")
        self._open_line = True
        yield
        text = f"{time.monotonic() - started:.1f} s"
        self.write(text if self._open_line else "  done after " + text, "\n")
        self._open_line = False

    def write(self, text: str, end: str) -> None:
        self.screen.write(text + end)
        self.screen.flush()
        self.log.write(text.lstrip("\n") + "\n")
        self.log.flush()

    def end_line(self) -> None:
        if self._open_line:
            self._open_line = False
            self.screen.write("\n")

    @property
    def elapsed(self) -> str:
        return f"{time.monotonic() - self.started:.0f} s"


class CommandFailed(Exception):
    """A command ended with a status other than 0."""

    def __init__(self, argv: Sequence[str], status: int, output: str) -> None:
        super().__init__(f"{argv[0]} ended with status {status}")
        self.status = status
        self.output = output


class Shell:
    """Runs commands, their whole output into the journal's log."""

    def __init__(
        self, journal: Journal, environment: Dict[str, str], folder: str, log: Optional[TextIO] = None
    ) -> None:
        self.journal = journal
        self.log = log or journal.log
        self.environment = environment
        self.folder = folder

    def run(self, argv: Sequence[str], extra: Optional[Dict[str, str]] = None) -> str:
        """The output, standard error in it. Raises CommandFailed."""
        log = self.log
        log.write("$ {}\n".format(" ".join(shlex.quote(word) for word in argv)))
        log.flush()
        try:
            process = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                universal_newlines=True,
                encoding="utf-8",
                errors="replace",
                env=dict(self.environment, **(extra or {})),
                cwd=self.folder,
            )
        except OSError as error:
            raise CommandFailed(argv, 127, f"{argv[0]}: {error.strerror}") from None
        lines = []
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                lines.append(line)
                log.write(line)
                log.flush()
        status = process.wait()
        if status != 0:
            raise CommandFailed(argv, status, "".join(lines))
        return "".join(lines)

    def works(self, argv: Sequence[str]) -> bool:
        try:
            self.run(argv)
        except CommandFailed:
            return False
        return True


@contextlib.contextmanager
def opened_log(prefix: str) -> Iterator[TextIO]:
    """`installer.log`, for root only; locked, so that there is one bootstrap at a time."""
    os.makedirs(prefix, exist_ok=True)
    path = os.path.join(prefix, "installer.log")
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8", errors="replace") as log:
        os.fchmod(descriptor, 0o600)
        take_lock(log, f"Another bootstrap of {prefix} is running: wait for its end.")
        log.write("\n--- {} bootstrap\n".format(time.strftime("%Y-%m-%d %H:%M:%S")))
        yield log


@contextlib.contextmanager
def no_run_in_progress(prefix: str) -> Iterator[None]:
    """The environment must not be replaced below a run that uses it."""
    path = os.path.join(prefix, "runs", "lock")
    if not os.path.exists(path):
        yield
        return
    with open(path) as lock:
        take_lock(lock, "An installation is in progress: sudo tljh-wizard shows it.")
        yield


def take_lock(stream: TextIO, message: str) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Stop(BUSY, message) from None


# Debian packages -----------------------------------------------------------------------------------------

APT_ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "NEEDRESTART_MODE": "a",
    "UCF_FORCE_CONFFOLD": "1",
    "LC_ALL": "C.UTF-8",
}
APT_GET = (
    "apt-get",
    "--yes",
    "-o=DPkg::Lock::Timeout=2",
    "-o=Dpkg::Options::=--force-confdef",
    "-o=Dpkg::Options::=--force-confold",
)


def install_packages(packages: Sequence[str], shell: Shell) -> None:
    """Install Debian packages; the package lists are fetched only if it does not work without."""
    install = (*APT_GET, "install", "--no-install-recommends", *packages)
    try:
        apt(install, shell)
    except CommandFailed as error:
        if "dpkg was interrupted" in error.output:
            shell.run(["dpkg", "--force-confdef", "--force-confold", "--configure", "-a"], APT_ENVIRONMENT)
        apt((*APT_GET, "-o=Acquire::Languages=none", "update"), shell)
        apt(install, shell)


def apt(argv: Sequence[str], shell: Shell, pause: Callable[[float], None] = time.sleep) -> None:
    """Run apt-get; while another program holds the package lock, say so and wait."""
    deadline = time.monotonic() + LOCK_SECONDS
    told = False
    while True:
        try:
            shell.run(argv, APT_ENVIRONMENT)
            return
        except CommandFailed as error:
            if "Could not get lock" not in error.output or time.monotonic() > deadline:
                raise
            if not told:
                holder = re.search(r"held by (process \d+(?: \([^)]*\))?)", error.output)
                who = holder.group(1) if holder else "another package installation"
                shell.journal.say(f"  Waiting for {who} to release the package lock")
                told = True
            pause(3)


@contextlib.contextmanager
def installing_beside(packages: Sequence[str], shell: Shell) -> Iterator[None]:
    """Install Debian packages while the body runs, and wait for their end."""
    if not packages:
        yield
        return
    journal = shell.journal
    journal.changed.append("Debian packages: " + " ".join(packages))
    output = io.StringIO()
    apart = Shell(journal, shell.environment, shell.folder, output)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        job = pool.submit(install_packages, packages, apart)
        try:
            yield
            with journal.doing("install " + ", ".join(packages)):
                job.result()
        finally:
            concurrent.futures.wait([job])
            journal.log.write(output.getvalue())


# The hub environment -------------------------------------------------------------------------------------


def make_hub(hub: str, source: str, shell: Shell) -> None:
    """Make, repair or upgrade the environment; a file beside it tells of what was cut off."""
    mark = hub + ".incomplete"
    cut_off = read_text(mark)
    if cut_off == "environment" or not shell.works([os.path.join(hub, "bin", "python"), "-m", "pip", "-V"]):
        with shell.journal.doing("make a Python environment"):
            write_text(mark, "environment")
            shell.run([base_python(), "-m", "venv", "--clear", hub])
    with shell.journal.doing("install the wizard"):
        write_text(mark, "packages")
        install_distribution(hub, source, shell, again=cut_off is not None)
        if not shell.works([os.path.join(hub, "bin", COMMANDS[0]), "--version"]):
            install_distribution(hub, source, shell, again=True)
            shell.run([os.path.join(hub, "bin", COMMANDS[0]), "--version"])
        os.unlink(mark)


def install_distribution(hub: str, source: str, shell: Shell, again: bool = False) -> None:
    """Install a folder or a requirement: with uv, which is faster; if it cannot, with pip.

    `again` replaces every file, for an installation that was cut off.
    """
    python, uv = os.path.join(hub, "bin", "python"), os.path.join(hub, "bin", "uv")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input"]
    settings = pip_settings(shell.run([*pip, "config", "list"]))
    options = ["--reinstall"] if again else ["--reinstall-package", DISTRIBUTION]
    if source == DISTRIBUTION:
        options += ["--upgrade-package", DISTRIBUTION]
    try:
        if again or not os.path.exists(uv):
            replace = ["--force-reinstall"] if again else []
            shell.run([*pip, "install", "--no-deps", "--only-binary=:all:", *replace, UV_REQUIREMENT])
        command = [uv, "pip", "install", "--python", python, "--compile-bytecode", "--no-progress"]
        shell.run([*command, *options, source], uv_settings(settings, shell.environment, hub))
    except CommandFailed:
        replace = ["--force-reinstall"] if again else []
        shell.run([*pip, "install", "--upgrade", "--upgrade-strategy=only-if-needed", *replace, source])


def pip_settings(listing: str) -> Dict[str, str]:
    """What `pip config list` prints, by name: `install` counts more than `global`, `PIP_*` most."""
    sections: Dict[str, Dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listing.splitlines():
        key, equals, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if equals and section in sections:
            with contextlib.suppress(ValueError, SyntaxError):
                sections[section][name] = str(ast.literal_eval(value))
    return dict(sections["global"], **dict(sections["install"], **sections[":env:"]))


def uv_settings(settings: Dict[str, str], environment: Dict[str, str], hub: str) -> Dict[str, str]:
    """pip's settings as uv's variables; those of uv that are set already win."""
    links = [link for link in settings.get("find-links", "").split() if "://" in link or os.path.isdir(link)]
    files = [path for path in settings.get("constraint", "").split() if os.path.isfile(path)]
    proxy = settings.get("proxy", "")
    values = {
        "UV_DEFAULT_INDEX": settings.get("index-url", ""),
        "UV_INDEX": " ".join(settings.get("extra-index-url", "").split()),
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": ",".join(links),
        "UV_CONSTRAINT": " ".join(files),
        "UV_INSECURE_HOST": " ".join(settings.get("trusted-host", "").split()),
        "UV_HTTP_TIMEOUT": settings.get("timeout") or settings.get("default-timeout", ""),
        "UV_NO_INDEX": settings.get("no-index", ""),
        "SSL_CERT_FILE": settings.get("cert", ""),
        "HTTPS_PROXY": proxy,
        "HTTP_PROXY": proxy,
        "UV_SYSTEM_CERTS": "true" if os.path.exists(CERTIFICATES) or settings.get("cert") else "",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_CACHE_DIR": os.path.join(os.path.dirname(hub), "cache", "uv"),
    }
    return {name: value for name, value in values.items() if value and not environment.get(name)}


def read_text(path: str) -> Optional[str]:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def write_text(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def link_commands(hub: str, folder: str) -> List[str]:
    """Link the commands into `folder`; returns what to say of those whose place is taken."""
    taken = []
    for name in COMMANDS:
        link, target = os.path.join(folder, name), os.path.join(hub, "bin", name)
        if os.path.islink(link) and os.readlink(link) == target:
            continue
        if os.path.lexists(link):
            taken.append(f"  {link} is not ours and stays as it is: use {target}")
            continue
        os.symlink(target, link)
    return taken


def clean_environment(**more: str) -> Dict[str, str]:
    """This environment, without what would send another Python or pip elsewhere."""
    unwanted = ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    environment.update({"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "NO_COLOR": "1"}, **more)
    return environment


# What a browser sees during an unattended installation -----------------------------------------------------

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>The Littlest JupyterHub is being installed</title>
<style>
body {{ font: 1.1rem/1.5 system-ui, sans-serif; margin: 20vh auto 0; max-width: 34rem; padding: 0 1rem }}
</style>
<h1>The Littlest JupyterHub is being installed</h1>
<p>It began {minutes} ago and takes a few minutes. This page turns into the login page when it is done.</p>
<script>
setInterval(() => fetch("/", {{cache: "no-store"}})
  .then(answer => {{ if (!answer.headers.get("X-TLJH-Installing")) location.reload(); }})
  .catch(() => {{}}), 3000);
</script>
"""


def progress_handler(started: float) -> type:
    class Handler(http.server.BaseHTTPRequestHandler):
        """Answers every request with the same page: nothing of the machine or the log is in it."""

        server_version = "TLJH"
        sys_version = ""
        timeout = 10

        def do_GET(self) -> None:
            minutes = int((time.time() - started) // 60)
            text = "less than a minute" if minutes == 0 else f"{minutes} min"
            page = PAGE.format(minutes=html.escape(text)).encode()
            self.send_response(200 if self.path == "/" else 503)
            for name, value in (
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Length", str(len(page))),
                ("Cache-Control", "no-store"),
                ("X-TLJH-Installing", "yes"),
            ):
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(page)

        do_HEAD = do_GET

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    return Handler


def start_progress_page(port: int = 80) -> int:
    """Serve the page from a process of its own, as nobody; the process id. It ends with this process."""
    server = http.server.ThreadingHTTPServer(("", port), progress_handler(time.time()))
    parent = os.getpid()
    child = os.fork()
    if child:
        server.server_close()
        return child
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        while os.getppid() == parent:
            time.sleep(0.5)
    finally:
        os._exit(0)


# The command line ----------------------------------------------------------------------------------------


def parse(argv: Sequence[str]) -> Tuple[argparse.Namespace, List[str]]:
    """The flags that are for this program, and the rest, which is for the installer."""
    description = __doc__.split("\n\n") if __doc__ else ["", ""]
    parser = argparse.ArgumentParser(
        prog="bootstrap.py",
        description=description[0],
        epilog="\n\n".join(
            [
                *description[1:],
                "All other flags go to the installer: --plugin REQUIREMENT ..., "
                "--user-requirements-txt-url URL.\nExit status: 8 refused here, 9 something is in progress, "
                "11 a step failed.",
            ]
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--admin", nargs="+", action="append", default=[], metavar="NAME[:PASSWORD]")
    parser.add_argument("--version", metavar="VERSION", help="install this release instead of the newest one")
    parser.add_argument(
        "--show-progress-page", action="store_true", help="tell browsers that an installation is going on"
    )
    parser.add_argument("--no-wizard", action="store_true", help="prepare the server and stop there")
    parser.add_argument("--demo", action="store_true", help="try it in a folder, with sample plugins")
    parser.add_argument("--demo-folder", metavar="DIR", help="the folder of the demonstration")
    options, rest = parser.parse_known_args(argv)
    options.admin = [entry for group in options.admin for entry in group]
    if (options.demo or options.demo_folder) and rest:
        parser.error(f"--demo takes none of the installer's flags: {rest[0]}")
    options.demo = options.demo or bool(options.demo_folder)
    return options, rest


def passwords_of(admins: Sequence[str]) -> Dict[str, str]:
    pairs = [entry.partition(":") for entry in admins]
    return {name: password for name, colon, password in pairs if colon}


def hand_on_passwords(passwords: Dict[str, str]) -> None:
    """Leave them in an anonymous file for `tljh.installer`, so that no process list shows them."""
    if passwords:
        descriptor = os.memfd_create("passwords", 0)
        os.write(descriptor, json.dumps(passwords).encode())
        os.environ["TLJH_PASSWORDS_FD"] = str(descriptor)


def hide_passwords(script: Optional[str], argv: Sequence[str], options: argparse.Namespace) -> None:
    """Start this script again without the passwords in its arguments; piped, there is no script to start."""
    passwords = passwords_of(options.admin)
    hand_on_passwords(passwords)
    if passwords and script:
        secret = {entry: entry.partition(":")[0] for entry in options.admin}
        secret.update({"--admin=" + entry: "--admin=" + name for entry, name in secret.items()})
        os.execv(sys.executable, [sys.executable, script, *(secret.get(word, word) for word in argv)])


def installer_flags(options: argparse.Namespace, rest: Sequence[str]) -> List[str]:
    names = [entry.partition(":")[0] for entry in options.admin]
    return [*(word for name in names for word in ("--admin", name)), *rest]


def this_script() -> Optional[str]:
    """The path of this file; None when it came through a pipe."""
    path = globals().get("__file__")
    return os.path.abspath(path) if path and os.path.isfile(path) else None


def checkout_of(script: Optional[str]) -> Optional[str]:
    """The folder to install, if this file stands in a checkout."""
    folder = os.path.dirname(script) if script else ""
    inside = ("pyproject.toml", "tljh", "tljh_wizard")
    return folder if script and all(os.path.exists(os.path.join(folder, name)) for name in inside) else None


def source_to_install(version: Optional[str], checkout: Optional[str]) -> str:
    """A requirement for pip: the release asked for, else the checkout, else the newest release."""
    if version and version != "latest":
        exact = version.count(".") >= 2 or not re.match(r"\d+(\.\d+)?$", version)
        return "{}=={}{}".format(DISTRIBUTION, version, "" if exact else ".*")
    return checkout if checkout and not version else DISTRIBUTION


def take_terminal(script: Optional[str]) -> bool:
    """Whether someone sits at a terminal; if this came through a pipe, standard input becomes it."""
    if not sys.stdout.isatty():
        return False
    if sys.stdin and sys.stdin.isatty():
        return True
    if script:
        return False
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return False
    os.dup2(terminal, 0)
    os.close(terminal)
    # sudo starts a command that is fed by a pipe in the background of its terminal, and brings it to the
    # front when it stops because it changes the terminal; Textual would stop in a way that sudo does not see.
    termios.tcsetattr(0, termios.TCSANOW, termios.tcgetattr(0))
    return True


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Do it; nobody but a developer sees a traceback."""
    words = sys.argv[1:] if argv is None else list(argv)
    options, rest = parse(words)
    try:
        return demo(options) if options.demo else prepare_server(options, rest, words)
    except Stop as stop:
        for line in stop.lines:
            print(line, file=sys.stderr)
        return stop.status
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to go on.", file=sys.stderr)
        return INTERRUPTED


def prepare_server(options: argparse.Namespace, rest: Sequence[str], words: Sequence[str]) -> int:
    script = this_script()
    hide_passwords(script, words, options)
    os.umask(0o022)
    prefix = os.path.abspath(os.environ.get("TLJH_INSTALL_PREFIX") or "/opt/tljh")
    os.environ["TLJH_INSTALL_PREFIX"] = prefix
    facts = read_facts(prefix)
    refuse(refusals(facts))
    flags = installer_flags(options, rest)
    page = open_page(options)
    try:
        with reported(prefix) as journal, no_run_in_progress(prefix):
            journal.say(f"Preparing {facts.system_name} for TLJH, into {prefix}")
            shell = Shell(journal, clean_environment(), prefix)
            hub = os.path.join(prefix, "hub")
            source = source_to_install(options.version, checkout_of(script))
            packages = missing_packages(facts)
            # git is not needed for what follows, and takes as long.
            first = [package for package in packages if package != "git"]
            with installing_beside(first, shell):
                pass
            with installing_beside([package for package in packages if package not in first], shell):
                make_hub(hub, source, shell)
            journal.step = "link the commands into /usr/bin"
            for line in link_commands(hub, "/usr/bin"):
                journal.say(line)
            journal.say(f"Ready after {journal.elapsed}. The whole output is in {prefix}/installer.log")
    except BaseException:
        close_page(page)
        raise
    if options.no_wizard:
        close_page(page)
        return 0
    interactive = not flags and not page and take_terminal(script)
    return go_on(hub, flags, page, interactive)


def refuse(reasons: Sequence[str]) -> None:
    if reasons:
        lines = ["  - " + reason for reason in reasons]
        raise Stop(REFUSED, "Nothing was changed, since this machine is not ready:", *lines)


def open_page(options: argparse.Namespace) -> Optional[int]:
    if not options.show_progress_page:
        return None
    try:
        return start_progress_page()
    except OSError as error:
        print(f"No progress page: port 80: {error.strerror}")
        return None


def close_page(page: Optional[int]) -> None:
    if page:
        with contextlib.suppress(ProcessLookupError):
            os.kill(page, signal.SIGTERM)
            os.waitpid(page, 0)


def go_on(hub: str, flags: Sequence[str], page: Optional[int], interactive: bool) -> int:
    """Become the wizard, or the installer with the flags."""
    sys.stdout.flush()
    program = os.path.join(hub, "bin", COMMANDS[0])
    if not interactive:
        program = os.path.join(hub, "bin", "python")
        pid = ["--progress-page-server-pid", str(page)] if page else []
        flags = ["-m", "tljh.installer", *flags, *pid]
    os.chdir("/")
    os.execv(program, [program, *flags])


@contextlib.contextmanager
def reported(prefix: str) -> Iterator[Journal]:
    """A journal; what goes wrong in the body is told with its last lines and what to run next."""
    try:
        with opened_log(prefix) as log:
            journal = Journal(log, sys.stdout)
            try:
                yield journal
            except (CommandFailed, OSError) as error:
                journal.end_line()
                output = error.output.rstrip() if isinstance(error, CommandFailed) else str(error)
                last = ["    " + line for line in output.splitlines()[-12:]]
                log.write(f"Could not {journal.step}: {error}\n")
                changed = ", ".join(journal.changed)
                raise Stop(
                    FAILED,
                    f"Could not {journal.step or 'begin'}. The last lines of its output:",
                    *last,
                    f"Changed so far: files below {prefix}" + (f"; {changed}." if changed else " only."),
                    f"The whole output is in {prefix}/installer.log",
                    f"{advice(output)} Then run the same command again; it goes on where this stopped.",
                ) from None
            finally:
                journal.end_line()
    except OSError as error:
        full = error.errno == errno.ENOSPC
        hint = "free some space" if full else "use TLJH_INSTALL_PREFIX or --demo-folder for another place"
        raise Stop(REFUSED, f"{prefix} cannot be written ({error.strerror}): {hint}.") from None


def advice(output: str) -> str:
    """What most likely has to be done first."""
    text = output.lower()
    if "no space left" in text:
        return "The disk is full: free some space."
    if re.search(r"resolve|network|unreachable|timed out|connect|failed to fetch", text):
        return "The package server could not be reached: look at the network, the proxy, the index settings."
    return "Correct what it says."


# The demonstration ---------------------------------------------------------------------------------------


def demo(options: argparse.Namespace) -> int:
    """Make everything in one folder and open the wizard on it; without a terminal, do the job with `tljh`."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = os.path.abspath(options.demo_folder or os.path.join(cache, "tljh-wizard-demo"))
    prefix = os.path.join(folder, "opt", "tljh")
    refuse(demo_refusals(read_facts(prefix)) + folder_refusals(folder))
    with reported(prefix) as journal, no_run_in_progress(prefix):
        write_text(os.path.join(folder, DEMO_MARK), "Made by bootstrap.py --demo.\n")
        journal.say(f"A demonstration in {folder}\n(nothing outside it is changed; rm -r removes it)")
        hub = os.path.join(prefix, "hub")
        shell = Shell(journal, clean_environment(), folder)
        make_hub(hub, source_to_install(options.version, checkout_of(this_script())), shell)
        python = os.path.join(hub, "bin", "python")
        with journal.doing("build the sample plugins and packages"):
            shell.run([python, "-m", "tljh.demo.build", folder])
        settings = pip_settings(shell.run([python, "-m", "pip", "config", "list"]))
        journal.say(f"Ready after {journal.elapsed}.")
    environment = demo_environment(folder, settings)
    if take_terminal(this_script()):
        program = os.path.join(hub, "bin", COMMANDS[0])
        os.execve(program, [program], environment)
    status = run_demo_job(os.path.join(hub, "bin", "tljh"), environment, sys.stdout)
    if status == 0:
        print(f"\nIn a terminal the same command opens the wizard. rm -r {folder} removes it all.")
    return status


def folder_refusals(folder: str) -> List[str]:
    """A folder that holds something else is left alone."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        return [f"{folder} cannot be used ({error.strerror}): name another one with --demo-folder."]
    # What a first start leaves that was cut off before it wrote its mark.
    if not names or DEMO_MARK in names or names == ["opt"]:
        return []
    return [f"{folder} holds something else: name a new or empty one with --demo-folder."]


def demo_environment(folder: str, settings: Dict[str, str]) -> Dict[str, str]:
    """The ordinary settings that make `tljh` work on the folder, its index and its catalogue."""
    index = "file://" + os.path.join(folder, "simple")
    extra = [index, *(url for url in settings.get("extra-index-url", "").split() if url != index)]
    environment = dict(os.environ)
    environment.update(
        TLJH_INSTALL_PREFIX=os.path.join(folder, "opt", "tljh"),
        TLJH_CATALOGUE=os.path.join(folder, "catalogue.toml"),
        PIP_EXTRA_INDEX_URL=" ".join(extra),
        TLJH_CACHE_DIR=os.path.join(folder, "cache", "tljh"),
        XDG_CACHE_HOME=os.path.join(folder, "cache"),
        XDG_STATE_HOME=os.path.join(folder, "state"),
    )
    return environment


def run_demo_job(program: str, environment: Dict[str, str], screen: TextIO) -> int:
    """Each command and its own output; the status of the first one that fails."""
    for words in DEMO_JOB:
        screen.write("\n$ tljh {}\n".format(" ".join(words)))
        screen.flush()
        status = subprocess.call([program, *words], env=environment, stdin=subprocess.DEVNULL)
        if status != 0:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
