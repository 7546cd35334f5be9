"""`printf` and its relatives, `join`, `cat`, `system`, `exit`, on the running kernel."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from script_runs import output_of, run_script
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('"%d %u %x %X %o\\n", -1, -1, 255, 255, 8', "-1 4294967295 ff FF 10"),
        ('"%hhd %hd %ld %lld\\n", 257, 65537, 1 << 40, 1 << 40', "1 1 1099511627776 1099511627776"),
        ('"[%5d|%-5d|%05d|%+d]\\n", 42, 42, 42, 42', "[   42|42   |00042|+42]"),
        ('"[%*d|%-*d]\\n", 5, 42, 5, 42', "[   42|42   ]"),
        ('"%s %s %s\\n", true, 5, (1, "a")', "true 5 (1, a)"),
        ('"%d %d\\n", true, false', "1 0"),
        ('"%c%c %p\\n", 72, 105, 4096', "Hi 0x1000"),
        ('"[%-6s|%6s]\\n", "ab", "cd"', "[ab    |    cd]"),
        ('"100%%\\n"', "100%"),
        ('"no conversion"', "no conversion"),
        ('"%r %rx %rh\\n", $a, $a, $a', "a\\x00 \\x61\\x00 61 00"),
        ('"%r %rx %rh\\n", buf("ab", 2), buf("ab", 2), buf("ab", 2)', "ab \\x61\\x62 61 62"),
    ],
)
def test_printf(arguments: str, expected: str) -> None:
    assert output_of(f"$a = (uint8[2])(uint16)0x61; printf({arguments})") == expected


def test_printf_of_an_aggregation() -> None:
    assert output_of('@ = sum(7); printf("%d %s\\n", @, @)') == "7 7"


def test_errorf_and_warnf_name_the_place() -> None:
    ran = run_script('BEGIN { errorf("bad %d", 1); warnf("odd %s", "thing"); }')
    assert ran.output.strip("\n") == ""
    errors = ran.errors.splitlines()
    assert any("case.bt:1:9" in one and "bad 1" in one for one in errors)
    assert any("case.bt:1:30" in one and "odd thing" in one for one in errors)


def test_cat(tmp_path: Path) -> None:
    file = tmp_path / "text-7"
    file.write_text("one\ntwo\n", encoding="utf-8")
    assert output_of(f'cat("{tmp_path}/%s-%d", "text", 7)') == "one\ntwo"


def test_cat_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_text("abcdefgh", encoding="utf-8")
    script = f'config = {{ max_cat_bytes = 5 }} BEGIN {{ cat("{file}"); }}'
    assert run_script(script).output.startswith("abcde")
    assert "f" not in run_script(script).output


def test_system() -> None:
    assert output_of('system("echo %d %s", 5, "words")', is_unsafe=True) == "5 words"


@pytest.mark.parametrize(("call", "code"), [("exit()", 0), ("exit(3)", 3), ("exit($x + 1)", 42)])
def test_exit(call: str, code: int) -> None:
    script = f'BEGIN {{ $x = 41; {call}; printf("never\\n"); }} END {{ printf("end\\n"); }}'
    ran = run_script(script)
    assert ran.exit_code == code
    assert ran.output.strip("\n") == "end"


def test_exit_ends_the_probe_within_blocks() -> None:
    assert output_of('if (pid > 0) { printf("once\\n"); exit(); } printf("never\\n")') == "once"


def traced(mark: str) -> str:
    """The line with the mark in what the kernel's trace buffer holds."""
    with Tracefs(LiveKernel()) as tracefs, open(f"{tracefs.root}/trace", encoding="utf-8") as file:
        return next((line for line in file if mark in line), "")


def test_debugf() -> None:
    mark = f"mark-{os.getpid()}-{time.monotonic_ns()}"
    assert output_of(f'debugf("{mark} %d%% %s %llx", -3, "word", 1 << 40)') == ""
    assert f"{mark} -3% word 10000000000" in traced(mark)


def joined(script: str, *arguments: str) -> str:
    """What a script prints that traces the start of a program with these arguments."""
    command = " ".join(f"'{one}'" for one in ("/bin/true", *arguments))
    done = subprocess.run(
        [sys.executable, "-m", "seismo", "-q", "-e", script, "-c", command],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout.strip("\n")


ENTER = "tracepoint:syscalls:sys_enter_execve /pid == cpid/"


def test_join() -> None:
    assert joined(f"{ENTER} {{ join(args.argv); }}", "a", "bc") == "/bin/true a bc"


def test_join_with_a_separator() -> None:
    script = f'{ENTER} {{ join(args.argv, ", "); }}'
    assert joined(script, "a", "bc") == "/bin/true, a, bc"


def test_join_keeps_empty_words_and_long_ones() -> None:
    script = f'{ENTER} {{ join(args.argv, "|"); }}'
    assert joined(script, "", "x" * 3000, "z") == f"/bin/true||{'x' * 3000}|z"


def test_join_takes_a_hundred_words() -> None:
    words = [str(n) for n in range(100)]
    assert joined(f"{ENTER} {{ join(args.argv); }}", *words) == " ".join(["/bin/true", *words])


def test_join_takes_16_kib_and_marks_what_is_longer() -> None:
    words = ["w" * 1023] * 15
    script = f"{ENTER} {{ join(args.argv); }}"
    assert joined(script, *words) == " ".join(["/bin/true", *words])
    assert joined(script, *words, *words).endswith("w...")


def test_join_of_nothing() -> None:
    assert output_of("join(0)") == ""
