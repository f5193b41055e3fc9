"""The command `tljh-wizard`: arguments and terminal checks first; Textual is imported last.

Only `argparse` is imported at the top: `--help` and refusals must answer at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

EPILOG = """\
The same job without a terminal: tljh plan --spec FILE, then tljh install --spec FILE.
TLJH_INSTALL_PREFIX names another place than /opt/tljh."""


class ShowVersion(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        from tljh import __version__

        print(f"tljh-wizard {__version__}")
        parser.exit()


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Of a fixed width: asking for the terminal's would import half the standard library."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=90)


def make_parser() -> argparse.ArgumentParser:
    """The options of `tljh-wizard`."""
    parser = argparse.ArgumentParser(
        prog="tljh-wizard",
        description="Find plugins for The Littlest JupyterHub, see what they will do, and apply them.",
        epilog=EPILOG,
        formatter_class=_Formatter,
    )
    parser.add_argument("--version", action=ShowVersion, nargs=0, help="print the version and exit")
    parser.add_argument("--spec", metavar="FILE", help="start from the answers in FILE (tljh.toml)")
    parser.add_argument(
        "--theme", choices=("dark", "light", "plain"), help="colours; plain is the terminal's own"
    )
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    parser.add_argument("--mouse", action="store_true", help="use the mouse (text can then not be selected)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Open the wizard; the exit status as docs/reference/exit-codes.md lists it."""
    arguments = make_parser().parse_args(argv)
    from tljh.errors import TljhError

    try:
        return open_wizard(arguments)
    except TljhError as error:
        print(f"tljh-wizard: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        return 130


def open_wizard(arguments: argparse.Namespace) -> int:
    """Check the terminal and the answers, then show the first screen. Raises Refused, InvalidInput."""
    import os

    from tljh_wizard import terminal

    terminal.check(os.environ, interactive=sys.stdin.isatty() and sys.stdout.isatty(), spec=arguments.spec)
    look = terminal.choose(
        os.environ, theme=arguments.theme, ascii_only=arguments.ascii, mouse=arguments.mouse
    )
    os.environ.update(look.variables)
    from pathlib import Path

    from tljh.layout import Layout
    from tljh_wizard.app import WizardApp
    from tljh_wizard.backend import WorkflowBackend

    spec_file = Path(arguments.spec) if arguments.spec else None
    if spec_file is not None:
        from tljh.workflow import load_spec

        load_spec(spec_file)
    return WizardApp(WorkflowBackend(Layout.from_environment(), spec_file), look).show()
