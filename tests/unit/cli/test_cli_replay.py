"""`seismo replay`: scripts over a recording, and the recording as a list."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seismo.base.source import Source, Span
from seismo.engine.recording import read_recording
from seismo.engine.recording_line import parse_hit
from seismo.ui.cli.main import main

EXAMPLE = str(Path(__file__).parents[3] / "examples" / "replay" / "cat.rec")
OPENS = "tracepoint:syscalls:sys_enter_openat"
COUNT = f"{OPENS} {{ @[comm] = count(); }}"


def said(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The exit status, standard output and standard error of a command line."""
    try:
        status = main(("replay", *arguments))
    except SystemExit as ended:
        assert isinstance(ended.code, int)
        status = ended.code
    return status, *capfd.readouterr()


def test_a_script_over_a_recording(capfd: pytest.CaptureFixture[str]) -> None:
    assert said(capfd, EXAMPLE, "-e", COUNT) == (0, "\n\n@[cat]: 4\n", "Attached 1 probe\n")


def test_a_replay_is_the_same_every_time(capfd: pytest.CaptureFixture[str]) -> None:
    script = (
        f'{OPENS} {{ printf("%llu %llu %s %s\\n", nsecs, elapsed, str(args.filename), '
        'strftime("%F %T", nsecs)); @us = hist(nsecs / 1000); @r = rand % 100; } '
        "interval:us:10 { @ticks = count(); }"
    )
    first, second = [said(capfd, EXAMPLE, "-e", script) for _ in range(2)]
    assert first == second
    lines = first[1].splitlines()
    assert lines[3].split()[2] == "/nowhere" and lines[0].split()[1] == "0"


def test_a_file_with_parameters(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    script = tmp_path / "a.bt"
    script.write_text(
        f'{OPENS} /str(args.filename) == str($1)/ {{ printf("%s\\n", comm); exit(4); }}'
    )
    assert said(capfd, "-q", EXAMPLE, str(script), "/nowhere") == (4, "cat\n\n\n", "")


def test_json(capfd: pytest.CaptureFixture[str]) -> None:
    status, output, _ = said(capfd, EXAMPLE, "-f", "json", "-q", "-e", COUNT)
    assert (status, json.loads(output)) == (0, {"type": "map", "data": {"@": {"cat": 4}}})


def test_output_to_a_file(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "out"
    assert said(capfd, EXAMPLE, "-q", "-o", str(path), "-e", COUNT) == (0, "", "")
    assert path.read_text() == "\n\n@[cat]: 4\n"


def test_the_list_is_what_was_recorded(capfd: pytest.CaptureFixture[str]) -> None:
    status, output, errors = said(capfd, EXAMPLE)
    found = [parse_hit(Span(Source("list", line), 0, len(line))) for line in output.splitlines()]
    assert (status, tuple(found), errors) == (0, read_recording(EXAMPLE).hits, "")


def test_stages(capfd: pytest.CaptureFixture[str]) -> None:
    status, output, _ = said(capfd, EXAMPLE, "-d", "asm", "-e", COUNT)
    assert status == 0 and "r0 = " in output and "@[cat]" not in output
    status, _, errors = said(capfd, EXAMPLE, "-d", "verifier", "-e", COUNT)
    assert status == 1 and "-d verifier asks the kernel's, and there is none here" in errors


def test_a_probe_that_was_not_recorded(capfd: pytest.CaptureFixture[str]) -> None:
    status, output, errors = said(capfd, EXAMPLE, "-e", "tracepoint:sched:sched_process_fork { }")
    assert (status, output) == (1, "")
    assert errors.startswith("stdin:1:1: error: ")
    assert "hint: did you mean 'sched:sched_process_exit'?" in errors


def test_what_no_recording_has(capfd: pytest.CaptureFixture[str]) -> None:
    status, _, errors = said(capfd, EXAMPLE, "-e", "kprobe:vfs_read { }")
    assert status == 1 and "the user engine has no kprobe" in errors


def test_a_recording_that_lacks_something_says_so(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = Path(EXAMPLE).read_text()
    path = tmp_path / "a.rec"
    path.write_text(text.replace('"recorded": 9, "lost": 0', '"recorded": 8, "lost": 1'))
    assert f"warning: {path} lacks 1 event" in said(capfd, str(path), "-e", COUNT)[2]
    path.write_text(text[:-300])
    status, output, errors = said(capfd, "-q", str(path), "-e", COUNT)
    assert (status, output) == (0, "\n\n@[cat]: 4\n")
    assert f"warning: {path} ends before its last line" in errors


def test_a_script_without_a_probe_to_run(capfd: pytest.CaptureFixture[str]) -> None:
    status, _, errors = said(capfd, EXAMPLE, "-e", "test:x { }")
    assert status == 255 and "the script has nothing to run" in errors
