"""The command line as a value, and its mistakes."""

from __future__ import annotations

import pytest

from seismo.ui.cli.options import TraceOptions, parse_trace_options


@pytest.mark.parametrize(
    ("line", "options"),
    [
        (["-e", "BEGIN {}"], TraceOptions(program="BEGIN {}")),
        (["x.bt"], TraceOptions(file="x.bt")),
        (["-"], TraceOptions(file="-")),
        (["-l"], TraceOptions(list_pattern="*")),
        (["-l", "t:*"], TraceOptions(list_pattern="t:*")),
        (["x.bt", "1", "two"], TraceOptions(file="x.bt", parameters=("1", "two"))),
        (["-e", "BEGIN {}", "7"], TraceOptions(program="BEGIN {}", parameters=("7",))),
        (
            ["-d", "ir", "-d", "asm", "x.bt"],
            TraceOptions(file="x.bt", stages=("ir", "asm")),
        ),
        (
            ["-q", "-v", "-f", "json", "-o", "out", "-c", "ls /", "-p", "7", "--dry-run", "x.bt"],
            TraceOptions(
                file="x.bt",
                is_quiet=True,
                is_verbose=True,
                format="json",
                output="out",
                command="ls /",
                pid=7,
                is_dry_run=True,
            ),
        ),
        (["--ring-size", "64M", "x.bt"], TraceOptions(file="x.bt", ring_bytes=64 << 20)),
        (["--ring-size", "4096", "x.bt"], TraceOptions(file="x.bt", ring_bytes=4096)),
    ],
)
def test_options(line: list[str], options: TraceOptions) -> None:
    assert parse_trace_options(line) == options


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ([], "give one of: -e PROGRAM, FILE"),
        (["-e", "x", "-l", "y"], "give one of them"),
        (["-p", "zero", "x.bt"], "'zero' is not a process id"),
        (["-p", "0", "x.bt"], "'0' is not a process id"),
        (["--ring-size", "3M", "x.bt"], "3M is not a power of two"),
        (["--ring-size", "64Q", "x.bt"], "'64Q' is not a size"),
        (["-f", "xml", "x.bt"], "invalid choice: 'xml'"),
        (["--rng-size", "4M", "x.bt"], "unrecognized arguments"),
    ],
)
def test_mistakes_end_with_status_one(
    line: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_trace_options(line)
    assert caught.value.code == 1
    assert message in capsys.readouterr().err


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_trace_options(["--help"])
    assert caught.value.code == 0
    assert "seismo opensnoop -c 'cat /etc/hostname'" in capsys.readouterr().out
