"""The process of a run: `python -m tljh.applying.main PREFIX RUN`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tljh.applying import runs
from tljh.applying.context import Context
from tljh.applying.engine import execute
from tljh.index_settings import IndexSettings
from tljh.layout import Layout
from tljh.runner import Redactor, SystemRunner


def main() -> int:
    layout = Layout(Path(sys.argv[1]))
    run = runs.find(layout, sys.argv[2])
    settings = IndexSettings.load(os.environ)
    for hangup in (signal.SIGHUP, signal.SIGINT):
        signal.signal(hangup, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: run.cancel_file.touch())
    context = Context(run, run.plan(), layout, SystemRunner(), settings, Redactor(settings.secrets))
    return 0 if execute(context) == "done" else 11


if __name__ == "__main__":
    sys.exit(main())
