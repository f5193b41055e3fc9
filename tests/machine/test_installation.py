"""The main job on a fresh Debian machine: from a bare server to a hub in which people work."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from . import evidence, nine
from .conftest import CHANNEL, CHECKOUT, Boot
from .evidence import HUB_PYTHON, PREFIX, USER_PYTHON, Ended, ProcessWatch, command
from .hub_client import HubClient
from .machine import Bind, Machine
from .terminal import Terminal

pytestmark = [pytest.mark.machine, pytest.mark.network]

BOOTSTRAP = ("python3", f"{CHECKOUT}/bootstrap.py")
PASSWORD = "correct horse 7f3k"
COLON_PASSWORD = "pass:word:9q2d"
REPO2DOCKER = "tljh-repo2docker==3.0.21"
REPO2DOCKER_PACKAGES = ["dockerspawner~=14.0", "jupyter_client>=6.1,<8", "aiodocker~=0.21"]
INSTALL_SECONDS = 400


def test_wizard_conda(boot: Boot, checkout: Bind, channels: tuple[Bind, Bind]) -> None:
    """Search, preview, choose, answer, review and apply over ssh, with a connection that breaks."""
    machine = boot(checkout, *channels)
    plugin = nine.write_plugin(machine)
    began = time.monotonic()
    with Terminal(machine, f"sudo python3 {CHECKOUT}/bootstrap.py") as terminal:
        terminal.wait_for("to the results", timeout=INSTALL_SECONDS)
        print(f"from the command to the first screen: {time.monotonic() - began:.1f} s")
        look_at_repo2docker(terminal)
        choose_by_address(terminal, plugin)
        answer(terminal)
        approve(terminal)
        terminal.wait_for("close, it goes on")
        terminal.drop()
    with Terminal(machine, "sudo tljh-wizard") as terminal:
        terminal.wait_for("close, it goes on")
        terminal.wait_for("Your JupyterHub is at", timeout=INSTALL_SECONDS)
        terminal.keys("q")
        assert terminal.wait_for_exit() == 0
    print(f"from the command to the hub: {time.monotonic() - began:.1f} s")
    assert len(evidence.runs(machine)) == 1

    assert set(nine.CONDA_PACKAGES) <= conda_packages(machine)
    check_plugin(machine, "tljh-nine")
    check_services_and_files(machine)
    work_as(machine, "ada", PASSWORD)
    assert machine.read(f"/home/jupyter-ada/{nine.WELCOME_FILE}") == "Hello jupyter-ada\n"
    assert evidence.mentions(machine, PASSWORD) == ""
    check_nothing_is_left_to_do(machine)
    assert machine.read(nine.POST_INSTALL_FILE) == "installed by 0\n"


def test_uv_flags(boot: Boot, checkout: Bind) -> None:
    """Unattended, with the flags that scripts use; again with others, which add and replace nothing."""
    machine = boot(checkout)
    plugin = nine.write_plugin(machine, conda=False)
    answers(machine, '[user_environment]\nmanager = "uv"\n')
    with ProcessWatch(machine, COLON_PASSWORD) as watch:
        flags = ("--admin", f"ada:{COLON_PASSWORD}", "--plugin", plugin)
        command(machine, *BOOTSTRAP, *flags, timeout=INSTALL_SECONDS).said(0, "Done. The hub is at")
        # `timeout` is how the test itself starts a command.
        assert watch.found() <= {"timeout"}
    check_plugin(machine, "tljh-seven")
    check_services_and_files(machine)
    work_as(machine, "ada", COLON_PASSWORD)
    assert evidence.mentions(machine, COLON_PASSWORD) == ""

    flags = ("--admin", "bob", "--plugin", plugin)
    command(machine, *BOOTSTRAP, *flags, timeout=INSTALL_SECONDS).said(0, "Done. The hub is at")
    administrators = json.loads(machine.run([HUB_PYTHON, "-c", _CONFIG]).stdout)["users"]["admin"]
    assert administrators == ["ada", "bob"]
    command(machine, "tljh-config", "set", "limits.cpu", "2").said(0)
    command(machine, "tljh-config", "reload").said(0)
    with HubClient(machine.url) as client:
        client.sign_in("ada", COLON_PASSWORD)
    check_nothing_is_left_to_do(machine)
    assert machine.read(nine.POST_INSTALL_FILE) == "installed by 0\n"

    kill_a_run(machine, "Services", "--admin", "carol")
    command(machine, "tljh", "list").said(0, "interrupted")
    command(machine, "tljh", "install", "--yes").said(0, "Services", "Done. The hub is at")
    assert "user carol" in machine.journal("jupyterhub", 200).replace("User: ", "user ")
    check_nothing_is_left_to_do(machine)


def test_refusals(boot: Boot, checkout: Bind) -> None:
    """What cannot be is refused in words, with nothing half-changed; then the same machine gets its hub."""
    machine = boot(checkout)
    machine.run(["mkdir", PREFIX])
    machine.run(["mount", "-t", "tmpfs", "-o", "size=2900m,mode=755", "tmpfs", PREFIX])
    fill(machine, leave="1G")
    command(machine, *BOOTSTRAP, "--no-wizard").said(8, "Nothing was changed", "free some space")
    make_room(machine)
    command(machine, *BOOTSTRAP, "--no-wizard", timeout=INSTALL_SECONDS).said(0, "Ready after")
    answers(machine, '[user_environment]\nmanager = "uv"\n')

    preview_of_the_real_one(machine)
    plan_of_the_real_one(machine)
    refuse_without_root(machine)
    refuse_a_used_port(machine)
    refuse_a_broken_config(machine)
    fail_on_a_full_disk(machine)
    refuse_a_second_run(machine)
    the_real_one_is_at_work(machine)


# The wizard, key by key ----------------------------------------------------------------------------------


def look_at_repo2docker(terminal: Terminal) -> None:
    """Find the real plugin, read what it does, and go back."""
    terminal.type("repo2docker")
    terminal.wait_for("tljh-repo2docker")
    terminal.keys("Enter")
    terminal.wait_for("add by address")
    terminal.keys("Enter")
    screen = terminal.wait_for("contributions read from source", timeout=60)
    assert "aiodocker~=0.21" in screen
    assert "dockerspawner~=14.0" in screen
    assert "Nothing has been run." in screen
    terminal.keys("Escape")
    terminal.wait_for("add by address")


def choose_by_address(terminal: Terminal, folder: str) -> None:
    """Add the folder, and look at what it will do."""
    terminal.keys("a")
    terminal.wait_for("Add a plugin by address")
    terminal.type(folder)
    terminal.keys("Enter")
    terminal.wait_for("[x] tljh-nine", timeout=60)
    terminal.keys("Home", "Enter")
    screen = terminal.wait_for("9 of 9 contributions read from source")
    for package in (nine.APT_PACKAGE, nine.HUB_PACKAGE, *nine.CONDA_PACKAGES):
        assert package in screen
    terminal.keys("Enter")
    terminal.wait_for("add by address")


def answer(terminal: Terminal) -> None:
    """An administrator with a password, and the conda channel."""
    terminal.keys("C-n")
    terminal.wait_for("Add an administrator")
    terminal.keys("a")
    terminal.wait_for("First password")
    for text in ("ada", PASSWORD, PASSWORD):
        terminal.type(text)
        terminal.keys("Enter")
    assert PASSWORD not in terminal.wait_for("first password given")
    terminal.keys("End", "Enter")
    terminal.wait_for("the most important first")
    terminal.type(f"file://{CHANNEL}")
    terminal.keys("Enter")
    terminal.wait_until_gone("the most important first")
    terminal.wait_for(f"file://{CHANNEL}")


def approve(terminal: Terminal) -> None:
    terminal.keys("C-n")
    screen = terminal.wait_for("apply this plan", timeout=180)
    assert "✗" not in screen
    terminal.keys("A")
    terminal.wait_for("It goes on if your connection drops")
    terminal.keys("Down", "Enter")


# What was installed --------------------------------------------------------------------------------------

_CONFIG = "import json; from tljh.configurer import load_config; print(json.dumps(load_config()))"


def conda_packages(machine: Machine) -> set[str]:
    listing = machine.run(["find", f"{PREFIX}/user/conda-meta", "-name", "*.json", "-printf", "%f\n"]).stdout
    return {name.rsplit("-", 2)[0] for name in listing.split()}


def check_plugin(machine: Machine, name: str) -> None:
    """All that the plugin contributes to the machine and to both environments is there."""
    assert evidence.has_debian_package(machine, nine.APT_PACKAGE)
    hub, user = (evidence.distributions(machine, python) for python in (HUB_PYTHON, USER_PYTHON))
    assert hub[name] == "1.2.0"
    assert hub[nine.HUB_PACKAGE] == "0.5.1"
    assert nine.USER_PACKAGE in user
    assert nine.USER_PACKAGE not in hub
    config = json.loads(machine.run([HUB_PYTHON, "-c", _CONFIG]).stdout)
    assert config["limits"]["memory"] == nine.MEMORY_LIMIT
    assert config["users"]["admin"] == ["ada"]
    assert machine.read(nine.POST_INSTALL_FILE) == "installed by 0\n"
    assert evidence.mode(machine, nine.POST_INSTALL_FILE) == "640 root"


def check_services_and_files(machine: Machine) -> None:
    for service in ("traefik", "jupyterhub"):
        assert machine.run(["systemctl", "is-active", service]).stdout == "active\n"
        assert machine.run(["systemctl", "is-enabled", service]).stdout == "enabled\n"
    assert machine.run(["systemctl", "--failed", "--no-legend"]).stdout == ""
    for folder in ("state", "config", "runs", "cache"):
        assert evidence.mode(machine, f"{PREFIX}/{folder}") == "700 root"
    assert evidence.mode(machine, f"{PREFIX}/installer.log") == "600 root"
    for environment in ("user", "hub"):
        assert evidence.writable_by_others(machine, f"{PREFIX}/{environment}") == ""


def work_as(machine: Machine, user: str, password: str) -> None:
    """Sign in through the proxy, open JupyterLab, compute; an administrator may use sudo there."""
    with HubClient(machine.url) as client:
        assert nine.ANNOUNCEMENT in client.page("/hub/login")
        client.sign_in(user, password)
        client.start_server()
        client.open_lab()
        assert client.execute("1+1") == "2"
        assert client.execute("import subprocess; subprocess.getoutput('sudo -n id -un; id -nG')") == (
            f"'root\\njupyter-{user} jupyterhub-admins jupyterhub-users'"
        )


def kill_a_run(machine: Machine, title: str, *flags: str) -> None:
    """Start a run, and kill it as soon as it says that it is at this step."""
    before = set(evidence.runs(machine))
    command(machine, "tljh", "install", "--yes", "--detach", *flags).said(0, "goes on in the background")
    (run,) = set(evidence.runs(machine)) - before
    wait_for_event(machine, f'"action-started".*"{title}"', run)
    machine.run(["systemctl", "kill", "--signal=KILL", f"tljh-run-{run}"])


def check_nothing_is_left_to_do(machine: Machine) -> None:
    """The same answers a second time: no action, no run."""
    before = evidence.runs(machine)
    began = time.monotonic()
    command(machine, "tljh", "install", "--yes").said(0, "Nothing to do")
    print(f"a second installation: {time.monotonic() - began:.2f} s")
    assert evidence.runs(machine) == before


# What is refused -----------------------------------------------------------------------------------------


def answers(machine: Machine, text: str) -> None:
    machine.run(["install", "-d", "-m", "700", f"{PREFIX}/config"])
    machine.write(f"{PREFIX}/config/tljh.toml", text)


def fill(machine: Machine, leave: str = "") -> None:
    """Take the room on the prefix's file system, but for so much; without it, to the last byte."""
    script = (
        'free=$(df --output=avail -B1 "$1" | tail -n 1); '
        'fallocate -l $((free - $(numfmt --from=iec "${2:-50M}"))) "$1/filler"; '
        'test "$2" || cat /dev/zero >> "$1/filler"'
    )
    machine.run(["sh", "-c", script, "sh", PREFIX, leave], check=bool(leave))


def make_room(machine: Machine) -> None:
    machine.run(["rm", f"{PREFIX}/filler"])


def preview_of_the_real_one(machine: Machine) -> None:
    """Read from the package index, not run."""
    shown = command(machine, "tljh", "preview", REPO2DOCKER, "--json")
    shown.said(0)
    (plugin,) = json.loads(shown.output)["plugins"]
    assert plugin["status"] == "ok"
    hooks = {hook["hook"]: hook for hook in plugin["hooks"]}
    assert set(hooks) == {"tljh_custom_jupyterhub_config", "tljh_extra_hub_pip_packages"}
    packages = hooks["tljh_extra_hub_pip_packages"]
    assert (packages["certainty"], packages["value"]) == ("certain", REPO2DOCKER_PACKAGES)


def plan_of_the_real_one(machine: Machine) -> None:
    """It is held to the hooks that were read, and asks for an alembic older than JupyterHub alone gets."""
    made = command(machine, "tljh", "plan", REPO2DOCKER, "--json")
    made.said(0)
    actions = {action["kind"]: action for action in json.loads(made.output)["actions"]}
    assert actions["plugins"]["plugins"][0]["version"] == "3.0.21"
    assert actions["check"]["implements"] == {
        "tljh-repo2docker": ["tljh_extra_hub_pip_packages", "tljh_custom_jupyterhub_config"]
    }
    (expected,) = actions["check"]["expected"]
    assert (expected["certainty"], expected["value"]) == ("certain", REPO2DOCKER_PACKAGES)
    assert "post-install" not in actions


def the_real_one_is_at_work(machine: Machine) -> None:
    """All of it but what Docker does: its packages, its spawner in the hub, which people can sign in to."""
    hub = evidence.distributions(machine, HUB_PYTHON)
    assert hub["tljh-repo2docker"] == "3.0.21"
    assert hub["dockerspawner"].startswith("14.")
    assert "Using Spawner: tljh_repo2docker.Repo2DockerSpawner" in machine.journal("jupyterhub", 200)
    with HubClient(f"{machine.url}:8080") as client:
        client.sign_in("ada", PASSWORD)


def refuse_without_root(machine: Machine) -> None:
    def as_admin(*argv: str) -> Ended:
        return command(machine, "runuser", "-u", "admin", "--", *argv)

    as_admin(*BOOTSTRAP).said(8, "run the same command with sudo")
    as_admin("tljh", "plan").said(8, "Run the same command with sudo")
    as_admin("tljh", "install", "--yes").said(8, "Run the same command with sudo")
    as_admin("tljh-config", "show").said(8, "sudo")


def refuse_a_used_port(machine: Machine) -> None:
    """The program is named, and the setting that moves the hub; with it the plan can be made."""
    machine.run(["systemd-run", "--quiet", "--unit=other", "python3", "-m", "http.server", "80"])
    port_80 = ("Port 80 is in use by python3", "http.port")
    command(machine, "tljh", "plan").said(8, *port_80)
    command(machine, "tljh", "install", "--yes").said(8, *port_80)
    assert not machine.exists(f"{PREFIX}/runs")
    answers(machine, '[user_environment]\nmanager = "uv"\n\n[settings]\nhttp.port = 8080\n')
    command(machine, "tljh", "plan").said(0, "http://127.0.0.1:8080/")


def refuse_a_broken_config(machine: Machine) -> None:
    path, text = f"{PREFIX}/config/config.yaml", "users:\n  admin: [ada\nlimits: {}\n"
    machine.write(path, text)
    for words in (("plan",), ("install", "--yes")):
        command(machine, "tljh", *words).said(4, path, "line 3")
    assert machine.read(path) == text
    machine.run(["rm", path])


def fail_on_a_full_disk(machine: Machine) -> None:
    """Before a run it is refused; in the middle of one the run says so, and leaves its record."""
    fill(machine, leave="500M")
    command(machine, "tljh", "plan").said(8, "are free", "Free some space")
    make_room(machine)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(
            command,
            machine,
            "tljh",
            "install",
            REPO2DOCKER,
            "--admin",
            "ada",
            "--yes",
            timeout=INSTALL_SECONDS,
        )
        wait_for_event(machine, "action-started")
        fill(machine)
        running.result().said(8, "space", "Changed so far:", "Next: tljh install")
    command(machine, "tljh", "list").said(0, "failed")
    make_room(machine)


def refuse_a_second_run(machine: Machine) -> None:
    """While `tljh install`, which goes on from there, is at work."""
    command(machine, "tljh", "install", "--yes", "--detach").said(0, "goes on in the background")
    command(machine, "tljh", "install", "--yes").said(9, "is in progress", "tljh-wizard")
    command(machine, *BOOTSTRAP).said(9, "in progress")
    with Terminal(machine, "sudo tljh-wizard") as terminal:
        terminal.wait_for("Your JupyterHub is at", timeout=INSTALL_SECONDS)
        assert ":8080" in terminal.screen()


def wait_for_event(machine: Machine, pattern: str, run: str = "*") -> None:
    """Until the run has told it."""
    script = 'until grep -qs "$1" "$2"/runs/$3/events.jsonl; do sleep 0.05; done'
    machine.run(["sh", "-c", script, "sh", pattern, PREFIX, run], timeout=120)
