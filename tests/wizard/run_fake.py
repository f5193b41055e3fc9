"""Open the wizard on believable values, to look at it: `python tests/wizard/run_fake.py [FLAGS]`.

A run advances by itself, a step every second. Nothing is read from or written to this machine.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def main() -> int:
    from tljh_wizard import terminal
    from tljh_wizard.cli import make_parser

    arguments = make_parser().parse_args()
    look = terminal.choose(
        os.environ, theme=arguments.theme, ascii_only=arguments.ascii, mouse=arguments.mouse
    )
    os.environ.update(look.variables)
    from wizard_fakes.backend import T0, FakeBackend, run_rest, run_so_far

    from tljh.applying.events import Event
    from tljh_wizard.app import WizardApp

    class Moving(FakeBackend):
        async def follow(self, run: str) -> AsyncIterator[Event]:
            offset = time.time() - T0
            for event in (*run_so_far(), *run_rest()):
                await asyncio.sleep(0.5)
                yield replace(event, time=event.time + offset)

    return WizardApp(Moving(), look).show()


if __name__ == "__main__":
    sys.exit(main())
