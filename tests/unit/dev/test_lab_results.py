"""The lab's verdicts: JUnit files, endings of guests, the choice of a package, the time limit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab.boot import Boot, Ending, Job
from lab.errors import LabUnavailable
from lab.fetch import newest_package
from lab.results import Counts, count, judge
from lab.run import main

JUNIT = """<?xml version="1.0"?><testsuites><testsuite tests="5" errors="1" failures="1">
<testcase name="a"/><testcase name="b"><failure message="m">text</failure></testcase>
<testcase name="c"><skipped/></testcase><testcase name="d"><error/></testcase>
<testcase name="e"><system-out>x</system-out></testcase></testsuite></testsuites>"""

PASSING = '<testsuites><testsuite><testcase name="a"/></testsuite></testsuites>'
SKIPPING = (
    '<testsuites><testsuite><testcase name="a"><skipped/></testcase></testsuite></testsuites>'
)


def _boot(
    ending: Ending = Ending.FINISHED, status: int = 0, junit: str = "", console: str = ""
) -> Boot:
    return Boot(
        ending=ending,
        status=status,
        seconds=30.0,
        boot_seconds=3.0,
        output="",
        junit=junit,
        console=console,
    )


def test_count_takes_errors_for_failures() -> None:
    assert count(JUNIT) == Counts(passed=2, failed=2, skipped=1)


def test_counts_add_and_print() -> None:
    total = Counts(passed=1, skipped=2) + Counts(passed=2, failed=3)
    assert total == Counts(passed=3, failed=3, skipped=2)
    assert str(total) == "3 passed, 3 failed, 2 skipped"
    assert str(Counts(passed=4)) == "4 passed, 0 failed"


@pytest.mark.parametrize(
    ("junit", "ending", "status", "problem"),
    [
        (PASSING, Ending.FINISHED, 0, ""),
        (JUNIT, Ending.FINISHED, 1, "tests failed"),
        (SKIPPING, Ending.FINISHED, 0, "no test ran"),
        ("", Ending.FINISHED, 4, "no test ran"),
        (PASSING, Ending.FINISHED, 3, "pytest ended with status 3"),
        (PASSING, Ending.CRASHED, -1, "crashed"),
        ("", Ending.NOT_BOOTED, -1, "did not boot"),
        ("", Ending.TIMED_OUT, -1, "ran into its time limit"),
    ],
)
def test_judge(junit: str, ending: Ending, status: int, problem: str) -> None:
    assert judge(_boot(ending, status, junit)).problem == problem


def test_the_console_tail_is_short_and_plain() -> None:
    lines = [f"line {number}" for number in range(100)]
    boot = _boot(console="\x1bc\x1b[?7l" + "\r\n".join(lines))
    assert boot.console_tail().splitlines() == lines[50:]


@pytest.mark.parametrize(
    ("version", "newest"),
    [("6.1", "linux-image-6.1.0-54-amd64"), ("6.12", "linux-image-6.12.117+deb12-amd64")],
)
def test_the_newest_plain_kernel_is_chosen(version: str, newest: str) -> None:
    names = [
        "linux-image-6.1.0-9-amd64",
        "linux-image-6.1.0-54-amd64",
        "linux-image-6.1.0-55-cloud-amd64",
        "linux-image-6.1.0-56-amd64-unsigned",
        "linux-image-6.12.100+deb12-amd64",
        "linux-image-6.12.117+deb12-amd64",
        "linux-image-6.12.118+deb12-rt-amd64",
        "linux-image-6.12-amd64",
    ]
    assert newest_package(version, names) == newest


def test_a_kernel_that_apt_does_not_know_is_no_failure_of_ours() -> None:
    with pytest.raises(LabUnavailable, match=r"linux-image-6\.6"):
        newest_package("6.6", ["linux-image-6.60.1-amd64"])


def test_a_job_hides_no_directory_that_it_needs() -> None:
    job = Job(["pytest", "-k", "a b"], Path("/tmp/clone"), {"NAME": "it's"})
    assert job.script() == (
        "mount -t tmpfs tmpfs /run\n"
        """export NAME='it'"'"'s'\n"""
        "cd /tmp/clone\n"
        "exec pytest -k 'a b'\n"
    )


@pytest.mark.parametrize(
    ("arguments", "ci", "status"),
    [(["--optional"], "", 0), (["--optional"], "true", 1), ([], "", 1)],
)
def test_a_machine_without_qemu_may_skip_but_not_in_ci(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], ci: str, status: int
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("CI", ci)
    assert main(arguments) == status


def test_a_test_that_hangs_fails_alone(tmp_path: Path) -> None:
    (tmp_path / "test_hang.py").write_text(
        "import time\ndef test_hang():\n    time.sleep(30)\ndef test_good():\n    pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "lab.limits", "--test-limit=1", str(tmp_path)]
    environment = {"PYTHONPATH": str(Path(__file__).parents[3] / "dev")}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert "1 failed, 1 passed" in done.stdout
    assert "still running after 1 s" in done.stdout
    assert "time.sleep(30)" in done.stdout
