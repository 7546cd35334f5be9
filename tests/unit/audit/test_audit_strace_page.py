"""docs/strace.md: it names the options that there are, and those only."""

from __future__ import annotations

import re
from pathlib import Path

from seismo.ui.cli.parser import Refuse
from seismo.ui.cli.strace import strace_parser

PAGE = (Path(__file__).parents[3] / "docs" / "strace.md").read_text(encoding="utf-8")


def options(*, is_refused: bool) -> set[str]:
    return {
        option
        for action in strace_parser()._actions
        if isinstance(action, Refuse) is is_refused
        for option in action.option_strings
        if not option.startswith("--")
    }


def test_the_page_names_every_option() -> None:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `-")]
    named = {word[:2] for row in rows for word in re.findall(r"`(-\w+)", row)}
    there = options(is_refused=False) - {"-h"}
    assert named == there


def test_the_page_names_what_is_not_there() -> None:
    paragraph = next(one for one in PAGE.split("\n- ") if one.startswith("Options that"))
    assert set(re.findall(r"`(-\w+)`", paragraph)) == options(is_refused=True)
