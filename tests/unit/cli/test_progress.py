"""The line that says how long a run has taken, and when it is taken away."""

from __future__ import annotations

import math

import pytest

from seismo.ui.cli.progress import NO_PROGRESS, Progress, has_progress_line

WIPE = "\r\033[K"


def test_the_line_is_rewritten_when_it_changes(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(is_on=True)
    for seconds in (0.0, 0.9, 1.01):
        progress.show(seconds, math.inf)
    lines = [f"tracing for {n} s, Ctrl-C ends it" for n in (0, 1)]
    assert capsys.readouterr().err == "".join(WIPE + line for line in lines)


def test_it_is_wiped_once_and_shown_again(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(is_on=True)
    progress.wipe()
    progress.show(3.7, 10)
    progress.wipe()
    progress.wipe()
    progress.show(3.8, 10)
    line = f"{WIPE}tracing for 3 s of 10 s, Ctrl-C ends it"
    assert capsys.readouterr().err == f"{line}{WIPE}{line}"


def test_nothing_is_written_where_it_is_off(capsys: pytest.CaptureFixture[str]) -> None:
    NO_PROGRESS.show(3, 10)
    NO_PROGRESS.wipe()
    assert capsys.readouterr().err == ""


def test_it_needs_a_terminal_that_can_wipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.isatty", lambda fd: fd == 2)
    assert has_progress_line({"TERM": "xterm"}) and has_progress_line({})
    assert not has_progress_line({"TERM": "dumb"})
    monkeypatch.setattr("os.isatty", lambda fd: fd != 2)
    assert not has_progress_line({"TERM": "xterm"})
