"""`python -m tljh` is the command `tljh`."""

import sys

from tljh.cli import main

sys.exit(main())
