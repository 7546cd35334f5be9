"""docs/cbpf.md shows what its commands print.

    pytest --update tests/unit/cbpf/test_cbpf_page.py

writes what comes out into the page; review the difference.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "cbpf.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL)
# A command, the lines of its standard input, and what it prints.
COMMANDS = re.compile(r"^(\$ .*\n(?:> .*\n)*)((?:(?!\$ ).*\n)*)", re.MULTILINE)
SEISMO = f'seismo() {{ "{sys.executable}" -m seismo "$@"; }}\n'


def printed(command: str) -> str:
    """What the shell prints for a command of the page."""
    return subprocess.run(
        ["sh", "-c", SEISMO + re.sub(r"^[$>] ", "", command, flags=re.MULTILINE)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    ).stdout


@pytest.mark.parametrize("block", BLOCKS, ids=lambda text: text[2:40])
def test_the_page_shows_what_is_printed(block: str, pytestconfig: pytest.Config) -> None:
    found = "".join(command + printed(command) for command, _ in COMMANDS.findall(block))
    if pytestconfig.getoption("--update"):
        PAGE.write_text(PAGE.read_text(encoding="utf-8").replace(block, found), "utf-8")
        return
    assert found == block
