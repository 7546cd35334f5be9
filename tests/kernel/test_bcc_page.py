"""docs/bcc.md: its programs run and print what the page shows, and it has every name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from seismo.bcc.machine import machine
from seismo.c.headers.dialect import DIALECT

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "bcc.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
SECONDS = 60


@pytest.fixture
def shells() -> Iterator[None]:
    """Somebody who calls clone(2) all the time: `sh`."""
    with subprocess.Popen(["sh", "-c", "while :; do (:); sleep 0.02; done"]) as process:
        try:
            yield
        finally:
            process.kill()


def has_kprobes() -> bool:
    with machine().used() as used:
        return used.has_kprobes


def pattern(line: str) -> re.Pattern[str]:
    """The line with any numbers, and as many spaces as they leave."""
    text = re.sub(r"\\?\d+", r"\\d+", re.escape(line))
    return re.compile(re.sub(r"(\\ )+", " +", text) + "$")


@pytest.mark.kernel
@pytest.mark.usefixtures("shells")
@pytest.mark.parametrize(("program", "shown"), SHOWN, ids=range(len(SHOWN)))
def test_a_program_of_the_page_prints_what_is_shown(program: str, shown: str) -> None:
    if "kprobe" in program and has_kprobes():
        pytest.skip("the page shows a kernel without kprobes")
    if "arrays()" in program:
        pytest.importorskip("numpy")
    wanted = [pattern(line) for line in shown.splitlines()]
    command = [sys.executable, "-u", "-c", program]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        ended = threading.Timer(SECONDS, process.kill)
        ended.start()
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                if wanted and wanted[0].match(line.rstrip("\n")):
                    del wanted[0]
                if not wanted:
                    break
            assert not wanted, "".join(lines)
        finally:
            ended.cancel()
            process.kill()


def test_every_program_of_the_page_is_run() -> None:
    assert len(SHOWN) == PAGE.count("```python\n") >= 6


@pytest.mark.parametrize("macro", [one for one in DIALECT if not one.startswith("__")])
def test_a_macro_is_on_the_page(macro: str) -> None:
    assert re.search(rf"\b{macro}\b", PAGE)
