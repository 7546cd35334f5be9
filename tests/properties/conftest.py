"""How hypothesis looks for counter-examples."""

from __future__ import annotations

import os

from hypothesis import settings

# CI judges one change: there every run tries the same examples. At a desk each run tries new ones.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "desk")
