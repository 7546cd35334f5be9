"""`python -m lab`: see `lab.run`."""

from __future__ import annotations

import sys

from lab.run import main

__all__ = ()

sys.exit(main(sys.argv[1:]))
