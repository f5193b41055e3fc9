"""`python -m tljh_wizard` is `tljh-wizard`."""

import sys

from tljh_wizard.cli import main

sys.exit(main())
