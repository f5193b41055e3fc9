"""The command `tljh`: everything that the wizard can do, for scripts and for people without a terminal."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from tljh.argv import hide_passwords

EXIT_STATUSES = """\
exit status:
  0  done
  1  an error of this program
  2  the command line is wrong
  3  there is no such plugin, version or run
  4  a requirement, answers file or setting is not valid
  5  the network, the index or a channel failed
  6  the artifact is unusable or not a plugin
  7  what was asked for contradicts itself
  8  refused here: no root, no terminal, a port in use, a full disk
  9  another run is in progress
 10  what would happen is not what was approved
 11  a step failed
130  interrupted
"""


class Parser(argparse.ArgumentParser):
    """One line for a wrong command line, then where help is."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\nSee: {self.prog} --help\n")


def build_parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="tljh",
        description="Find, inspect, plan and apply plugins of The Littlest JupyterHub.",
        epilog=EXIT_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)

    def add(name: str, help: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
        command.add_argument("--json", action="store_true", help="print one JSON document")
        return command

    def several(command: argparse.ArgumentParser, need: str, metavar: str = "REQUIREMENT") -> None:
        what = (
            "anything that pip accepts: a name, name==version, git+https://...@tag, a URL, a file, a folder"
        )
        command.add_argument("requirements", nargs=need, metavar=metavar, help=what)

    search = add("search", "search the catalogue of plugins")
    search.add_argument("text", nargs="*", help="words to look for; without any, list all")
    search.add_argument("--offline", action="store_true", help="do not ask the index")
    show = add("show", "show what is known of one plugin, and its README")
    show.add_argument("plugin", help="a name, or anything that pip accepts")
    versions = add("versions", "list the versions of a plugin, newest first")
    versions.add_argument("plugin", help="a name or a git address")
    several(add("preview", "show what plugins contribute, without running them"), "+")
    for name, help in (
        ("plan", "show what an installation would do; changes nothing"),
        ("install", "plan, ask, and apply"),
    ):
        command = add(name, help)
        several(command, "*")
        command.add_argument("--spec", metavar="FILE", help="an answers file instead of this machine's own")
        command.add_argument(
            "--admin", action="append", default=[], metavar="NAME[:PASSWORD]", help="add an administrator"
        )
        command.add_argument("--full", action="store_true", help="list every package")
        if name == "install":
            command.add_argument("--yes", action="store_true", help="apply without asking")
            command.add_argument(
                "--approve",
                metavar="DIGEST",
                help="apply only if the plan has this digest (or its first 12 digits)",
            )
            command.add_argument("--detach", action="store_true", help="do not wait for the end of the run")
    add("list", "list what is installed, and the last runs")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is documented in `tljh --help`."""
    from tljh.errors import TljhError

    if argv is None:
        hide_passwords("tljh", sys.argv[1:])
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if arguments.version:
        from tljh import __version__

        print(f"tljh {__version__}")
        return 0
    if not arguments.command:
        parser.print_help()
        return 2
    try:
        return command_named(arguments.command)(arguments)
    except TljhError as error:
        report_error(error, as_json=arguments.json)
        return error.exit_status
    except KeyboardInterrupt:
        print("Interrupted. Nothing that was under way in a run is lost: `tljh list`.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001  (no traceback reaches a person)
        return report_fault(arguments.json)


def command_named(name: str) -> Callable[[argparse.Namespace], int]:
    """The function of a command; its module is imported only now, so that `--help` stays quick."""
    from importlib import import_module

    functions = {"list": "list_installed"}
    modules = {"plan": "applying", "install": "applying", "list": "applying"}
    module = import_module(f"tljh.commands.{modules.get(name, 'finding')}")
    command: Callable[[argparse.Namespace], int] = getattr(module, functions.get(name, name))
    return command


def report_fault(as_json: bool) -> int:
    """A fault of this program: what is needed to report it goes into a file, not onto the screen."""
    import tempfile
    import traceback

    from tljh.errors import TljhError

    descriptor, path = tempfile.mkstemp(prefix="tljh-fault-", suffix=".txt")
    with open(descriptor, "w", encoding="utf-8") as stream:
        traceback.print_exc(file=stream)
    kind = sys.exc_info()[0]
    error = TljhError(
        f"An error of this program ({kind.__name__ if kind else 'unknown'}).",
        f"Please report it with {path}.",
    )
    report_error(error, as_json=as_json)
    return error.exit_status


def report_error(error: Exception, *, as_json: bool) -> None:
    """One message and what to do; as JSON on standard output where JSON was asked for."""
    import json

    from tljh.errors import TljhError
    from tljh.text import clean

    assert isinstance(error, TljhError)
    if as_json:
        print(json.dumps({"schema": "tljh.error/1", "error": error.to_dict()}, ensure_ascii=False, indent=2))
    print(f"tljh: {clean(error.message, keep_newlines=True)}", file=sys.stderr)
    if error.hint:
        print(f"  → {clean(error.hint, keep_newlines=True)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
