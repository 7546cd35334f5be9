"""docs/strace.md: it names the options that there are, and those only."""

from __future__ import annotations

import re
from pathlib import Path

from seismo.ui.cli.strace import strace_parser

PAGE = (Path(__file__).parents[3] / "docs" / "strace.md").read_text(encoding="utf-8")


def test_the_page_names_every_option() -> None:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `-")]
    named = {word[:2] for row in rows for word in re.findall(r"`(-\w+)", row)}
    there = {
        option
        for action in strace_parser()._actions
        for option in action.option_strings
        if len(option) == 2 and option != "-h"
    }
    assert named == there
