"""`seismo record`: its command line, and recordings that need no privilege."""

from __future__ import annotations

from pathlib import Path

import pytest

from seismo.engine.recording import Recording, read_recording
from seismo.ui.cli.main import main


def said(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit status and standard error of a command line."""
    try:
        status = main(("record", *arguments))
    except SystemExit as ended:
        assert isinstance(ended.code, int)
        status = ended.code
    return status, capfd.readouterr().err


def recorded(path: Path, command: str, *arguments: str) -> Recording:
    """What the user engine records of a command."""
    assert main(("record", "--engine", "user", "-o", str(path), "-c", command, *arguments)) == 0
    return read_recording(str(path))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("-e", "BEGIN { }", "tracepoint:a:b"),
            "give either probes, a script's file or -e PROGRAM",
        ),
        ((), "say whom to record: -c CMD, -p PID …; or for how long: -d SECONDS"),
        (("--strings", "4"), "'4' is not between 16 and 4096"),
        (("-d", "0"), "'0' is not a number of seconds"),
        (("-c", "true", "-p", "1"), "-c runs a command and -p names a process"),
        (("nowhere.bt",), "cannot read the script nowhere.bt: No such file or directory"),
        (
            ("--engine", "user", "-c", "true", "profile:hz:99"),
            "profile:hz:99 cannot be recorded\nhint: there are recordings of tracepoint, ",
        ),
        (
            ("--engine", "user", "-c", "true", "-e", "BEGIN { exit(); }"),
            "the script has no probe of which there could be a recording",
        ),
        (
            ("--engine", "user", "-c", "true", "tracepoint:block:block_rq_issue"),
            "no tracepoint 'block:block_rq_issue'",
        ),
    ],
)
def test_mistakes(
    arguments: tuple[str, ...], message: str, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, errors = said(capfd, "-o", str(tmp_path / "a.rec"), *arguments)
    assert status == 1
    assert message in errors


def test_a_command_is_recorded_without_the_kernels_help(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.rec.gz"
    found = recorded(path, "sh -c 'cat /nowhere; exit 3'")
    assert found.accounts is not None
    assert found.accounts.produced == found.accounts.recorded == len(found.hits)
    calls = [hit for hit in found.hits if hit.at == "tracepoint:syscalls:sys_enter_execve"]
    assert [hit.arguments["argv"] for hit in calls] == [
        ("sh", "-c", "cat /nowhere; exit 3"),
        ("cat", "/nowhere"),
    ]
    exits = [hit for hit in found.hits if hit.at == "tracepoint:sched:sched_process_exit"]
    assert [hit.arguments["comm"] for hit in exits] == ["cat", "sh"]
    errors = capfd.readouterr().err.splitlines()
    assert f"Recorded {len(found.hits)} of {len(found.hits)} events in {path}" in errors
    assert not [line for line in errors if line.startswith("warning")]


def test_only_what_a_script_is_about_is_recorded(tmp_path: Path) -> None:
    script = """
        BEGIN { }
        tracepoint:syscalls:sys_enter_openat { @ = count(); }
        t:syscalls:sys_exit_opena* { @ = count(); }
        interval:s:1 { print(@); }
    """
    found = recorded(tmp_path / "a.rec", "cat /nowhere", "-e", script)
    names = {hit.at for hit in found.hits}
    assert names == {f"tracepoint:syscalls:sys_{way}_openat" for way in ("enter", "exit")}
    assert found.header.probes == (
        "tracepoint:syscalls:sys_enter_openat",
        "tracepoint:syscalls:sys_exit_opena*",
    )
    assert found.header.command == "cat /nowhere"
    assert "/nowhere" in [hit.arguments.get("filename") for hit in found.hits]


def test_text_is_cut_where_it_is_wanted(tmp_path: Path) -> None:
    name = "/" + "n" * 40
    probe = "tracepoint:syscalls:sys_enter_openat"
    found = recorded(tmp_path / "a.rec", f"cat {name}", "--strings", "16", probe)
    texts = [str(hit.arguments["filename"]) for hit in found.hits]
    assert name[:16] in texts and max(map(len, texts)) == 16
