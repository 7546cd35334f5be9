"""`seismo test`: what it prints, how it ends, what it rewrites."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seismo.ui.cli.main import main

EXAMPLE = Path(__file__).parents[3] / "examples" / "replay" / "failed_opens.bt"
SCRIPT = 'tracepoint:syscalls:sys_enter_close { printf("%d\\n", args.fd); @ = count(); }\n'
CASES = """-- case three
-- events
tracepoint:syscalls:sys_enter_close pid=7 fd=3
-- expect
3


@: 1

-- case four
-- events
tracepoint:syscalls:sys_enter_close pid=7 fd=4
-- expect
5


@: 1
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script with a test of which one case fails, in the directory where we are."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "closes.bt"
    path.write_text(SCRIPT)
    (tmp_path / "closes.test").write_text(CASES)
    return path


def said(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The exit status, standard output and standard error of a command line."""
    try:
        status = main(("test", *arguments))
    except SystemExit as ended:
        assert isinstance(ended.code, int)
        status = ended.code
    return status, *capfd.readouterr()


def test_the_example_passes(capfd: pytest.CaptureFixture[str]) -> None:
    status, output, errors = said(capfd, str(EXAMPLE))
    assert (status, errors) == (0, "")
    assert output.splitlines()[-1] == "4 passed"


def test_a_failure_shows_what_differs(script: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert said(capfd, "closes.bt") == (
        1,
        "ok     closes.test: three\n"
        "FAILED closes.test: four\n"
        "--- closes.test: four: expect\n"
        "+++ what came out\n"
        "@@ -1,4 +1,4 @@\n"
        "-5\n"
        "+4\n"
        " \n"
        " \n"
        " @: 1\n"
        "1 passed, 1 failed\n",
        "",
    )


def test_cases_by_name(script: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert said(capfd, "closes.test", "-k", "thr")[:2] == (
        0,
        "ok     closes.test: three\n1 passed\n",
    )
    status, _, errors = said(capfd, "closes.test", "-k", "five")
    assert (status, errors) == (1, "error: no case has 'five' in its name\n")


def test_what_comes_out_is_written_down(script: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert said(capfd, "--update", "closes.bt") == (0, "", "updated closes.test\n")
    assert Path("closes.test").read_text() == CASES.replace("5\n", "4\n")
    assert said(capfd, "closes.bt")[0] == 0
    assert said(capfd, "--update", "closes.bt") == (0, "", "")


def test_only_the_cases_that_are_named_are_rewritten(
    script: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert said(capfd, "--update", "closes.bt", "-k", "three") == (0, "", "")
    assert Path("closes.test").read_text() == CASES


def test_a_script_in_the_file_with_arguments_errors_and_a_status(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.test"
    path.write_text(
        """-- script
tracepoint:syscalls:sys_enter_close
{
    printf("%s %d\\n", str($1), getopt("limit", 0));
    warnf("careful");
    exit(3);
}
-- args
'two words' -- --limit=5
-- events
tracepoint:syscalls:sys_enter_close fd=1
tracepoint:syscalls:sys_enter_close fd=2
-- expect
two words 5
-- errors
a.bt:4:5: WARNING: careful
-- exit
3
"""
    )
    assert said(capfd, str(path)) == (0, f"ok     {path}\n1 passed\n", "")


def test_mistakes_of_a_script_may_be_expected(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.test"
    path.write_text("-- script\nBEGIN { @ = $x; }\n-- events\n-- expect\n")
    status, output, _ = said(capfd, str(path))
    assert status == 1 and "+a.bt:1:13: error: " in output and "-0\n+1\n" in output
    assert said(capfd, "--update", str(path))[0] == said(capfd, str(path))[0] == 0


def test_other_tracepoints_come_with_their_format(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.test"
    path.write_text(
        """-- script
tracepoint:sched:sched_switch { printf("%s %d\\n", args.prev_comm, args.prev_pid); }
kprobe:vfs_read { printf("%d\\n", arg2); }
-- format sched:sched_switch
\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;
\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;
-- events
tracepoint:sched:sched_switch prev_comm=sh prev_pid=-7
kprobe:vfs_read arg2=512
-- expect
sh -7
512
"""
    )
    assert said(capfd, str(path))[0] == 0


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        (("a.py",), "", "a.py is neither a script (.bt) nor a test file (.test)"),
        (("b.bt",), "", "cannot read b.test: No such file or directory\nhint: "),
        (("a.test",), "-- events\n-- expect\n", "cannot read a.bt: No such file"),
        (("a.test",), "-- evnts\n", "a.test:1:1: error: there is no section 'evnts'\n    -- evnts"),
        (("a.test",), "-- script\nBEGIN {}\n-- events\n", "a.test:1:1: error: the case expects"),
        (
            ("a.test",),
            "-- script\nBEGIN {}\n-- events\nkprobe:f pid=x\n-- expect\n",
            "a.test:4:10: error: pid is a number\n    kprobe:f pid=x\n             ^^^^^\nhint: ",
        ),
        (("a.test",), "-- script\n-- args\n'\n-- expect\n", "a.test:2:1: error: its arguments: "),
        (
            ("a.test",),
            "-- script\nBEGIN {}\n-- recording no.rec\n-- expect\n",
            "cannot read the recording no.rec",
        ),
    ],
)
def test_mistakes_in_files(
    arguments: tuple[str, ...],
    text: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.test").write_text(text)
    status, _, errors = said(capfd, *arguments)
    assert (status, os.getcwd()) == (1, str(tmp_path))
    assert message in errors
