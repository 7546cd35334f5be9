"""docs/audit.md: its programs run and print what the page shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.kernel

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("program", "shown"), SHOWN, ids=range(len(SHOWN)))
def test_a_program_of_the_page_prints_what_is_shown(program: str, shown: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", program]
    assert subprocess.check_output(command, env=environment, text=True) == shown


def test_every_program_of_the_page_is_run() -> None:
    assert len(SHOWN) == PAGE.count("```python\n") == 1
