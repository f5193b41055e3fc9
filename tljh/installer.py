"""The upstream installer's flags, turned into answers, through the same plan and apply.

`python -m tljh.installer [--admin NAME[:PASSWORD] ...]... [--user-requirements-txt-url URL]
[--plugin REQUIREMENT ...]... [--progress-page-server-pid PID]`
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace

from tljh.argv import handed_on, hide_passwords, split_admins
from tljh.cli import EXIT_STATUSES, Parser, report_error, report_fault
from tljh.errors import TljhError
from tljh.layout import Layout
from tljh.spec import InstallSpec


def build_parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m tljh.installer",
        description="Install The Littlest JupyterHub with plugins, without questions.",
        epilog=EXIT_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--admin", nargs="+", action="extend", default=[], metavar="NAME[:PASSWORD]")
    parser.add_argument("--user-requirements-txt-url", metavar="URL")
    parser.add_argument("--plugin", nargs="+", action="extend", default=[], metavar="REQUIREMENT")
    parser.add_argument("--progress-page-server-pid", type=int, metavar="PID")
    return parser


def with_flags(spec: InstallSpec, arguments: argparse.Namespace) -> tuple[InstallSpec, dict[str, str]]:
    """The answers with what the flags add, and the passwords in them; a password may contain `:`."""
    from tljh.workflow import add_plugins

    names, passwords = split_admins(arguments.admin)
    admins = dict.fromkeys([*spec.admins, *names])
    environment = spec.user_environment
    url = arguments.user_requirements_txt_url
    if url and url not in environment.requirements_files:
        environment = replace(environment, requirements_files=(*environment.requirements_files, url))
    spec = replace(spec, admins=tuple(admins), user_environment=environment)
    return add_plugins(spec, arguments.plugin), passwords


def main(argv: Sequence[str] | None = None) -> int:
    from tljh.commands.applying import apply_spec
    from tljh.workflow import Workflow

    if argv is None:
        hide_passwords("tljh.installer", sys.argv[1:])
    arguments = build_parser().parse_args(argv)
    workflow = Workflow(Layout.from_environment())
    flags = argparse.Namespace(json=False, full=False, yes=True, approve=None, detach=False)
    try:
        spec, passwords = with_flags(workflow.load_spec(), arguments)
        passwords.update(handed_on())
        hashes = workflow.password_hashes(passwords) if passwords else {}
        if arguments.progress_page_server_pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(arguments.progress_page_server_pid, signal.SIGINT)
        return apply_spec(workflow, spec, hashes, flags)
    except TljhError as error:
        report_error(error, as_json=False)
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    except Exception:  # noqa: BLE001  (no traceback reaches a person)
        return report_fault(as_json=False)


if __name__ == "__main__":
    sys.exit(main())
