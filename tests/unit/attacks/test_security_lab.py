"""docs/security-lab.md: every command on the page is run, and says what the page says it does.

    pytest --update tests/unit/attacks/test_security_lab.py

writes what comes out into the page; review the difference.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from seismo.attacks.attack import Quadrant
from seismo.attacks.table import ATTACKS
from seismo.ui.cli.main import main

PAGE = Path(__file__).resolve().parents[3] / "docs" / "security-lab.md"
BLOCK = re.compile(
    r"(?<=^```console\n)\$ seismo (?P<command>.*)\n(?P<output>(?:.*\n)*?)(?=```$)", re.M
)
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = [(match["command"], match["output"]) for match in BLOCK.finditer(TEXT)]

Run = Callable[[str], str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_command(command: str) -> str:
        status = main(shlex.split(command))
        printed = capsys.readouterr()
        assert printed.err == ""
        return printed.out + (f"exit status {status}\n" if status else "")

    return run_command


@pytest.mark.parametrize(("command", "output"), BLOCKS, ids=[command for command, _ in BLOCKS])
def test_a_command_of_the_page(
    command: str, output: str, run: Run, pytestconfig: pytest.Config
) -> None:
    found = run(command)
    if pytestconfig.getoption("--update"):
        text = PAGE.read_text(encoding="utf-8")
        old = f"```console\n$ seismo {command}\n{output}```\n"
        assert old in text
        PAGE.write_text(text.replace(old, f"```console\n$ seismo {command}\n{found}```\n"), "utf-8")
        return
    assert found == output


def test_every_attack_is_run_on_the_page() -> None:
    shown = [command for command, _ in BLOCKS]
    assert [f"attack run {one.name}" for one in ATTACKS if f"attack run {one.name}" in shown] == [
        f"attack run {one.name}" for one in ATTACKS
    ]


def test_everything_on_the_page_came_out_as_stated() -> None:
    assert "NOT AS STATED" not in TEXT


def test_the_chapters_are_the_quadrants() -> None:
    chapters = re.findall(r"^## \d\. (.*)$", TEXT, re.M)
    assert [one.lower() for one in chapters] == [one.value.lower() for one in Quadrant]


def test_no_console_block_is_left_out() -> None:
    assert len(BLOCKS) == TEXT.count("```console\n")
