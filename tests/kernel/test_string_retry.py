"""Strings whose page nobody has touched when the system call begins: read at its end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.kernel

SEISMO = (sys.executable, "-m", "seismo")

OPEN_BY_UNTOUCHED_NAME = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.openat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
names = os.open(sys.argv[1], os.O_RDONLY)
# A private mapping of a file: its pages are not there before they are read.
for _ in range(int(sys.argv[2])):
    libc.openat(-100, libc.mmap(None, 4096, 1, 2, names, 0), 0)
libc.openat(-100, 0x1234, 0)
libc.openat(-100, None, 0)
"""


def traced(script: str, tmp_path: Path, times: int) -> subprocess.CompletedProcess[str]:
    """A script over a process that opens a file by a name in fresh pages, then by two bad ones."""
    names, program = tmp_path / "names", tmp_path / "program.py"
    names.write_bytes(b"/etc/hostname\0".ljust(4096, b"\0"))
    program.write_text(OPEN_BY_UNTOUCHED_NAME)
    command = f"{sys.executable} -S {program} {names} {times}"
    return subprocess.run(
        [*SEISMO, "--tree", "-c", command, "-e", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_every_name_is_read_and_what_cannot_be_is_marked(tmp_path: Path) -> None:
    script = 'tracepoint:syscalls:sys_enter_openat { printf("<%s>\\n", str(args.filename)); }'
    done = traced(script, tmp_path, 50)
    lines = done.stdout.splitlines()
    assert lines.count("</etc/hostname>") == 50
    assert lines.count("<<unreadable>>") == 1
    assert lines.count("<>") == 1, "a null pointer is no mistake"
    assert "1 string" in done.stderr
    assert "stdin:1:61" in done.stderr


def test_a_key_is_read_and_the_predicate_holds_once(tmp_path: Path) -> None:
    script = (
        "tracepoint:syscalls:sys_enter_openat /args.flags == 0/"
        " { @asked++; @[str(args.filename), args.flags] = count(); }"
    )
    done = traced(script, tmp_path, 20)
    assert "@[/etc/hostname, 0]: 20\n" in done.stdout
    assert "@[, 0]: 1\n" in done.stdout
    asked = int(done.stdout.partition("@asked: ")[2].split()[0])
    counted = [int(line.split(": ")[1]) for line in done.stdout.splitlines() if "@[" in line]
    assert asked == sum(counted), "no call is seen twice"


def test_nothing_is_put_aside_where_no_string_is_read(tmp_path: Path) -> None:
    script = "tracepoint:syscalls:sys_enter_openat /args.flags == 0/ { @ = count(); }"
    done = subprocess.run(
        [*SEISMO, "-v", "--dry-run", "-e", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "retry" not in done.stderr


CHDIR_AND_OPEN = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.chdir.argtypes = [ctypes.c_void_p]
libc.openat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
names = os.open(sys.argv[1], os.O_RDONLY)
for _ in range(10):
    libc.chdir(libc.mmap(None, 4096, 1, 2, names, 0))
    libc.openat(-100, libc.mmap(None, 4096, 1, 2, names, 0), 0)
"""


def test_calls_of_few_and_of_many_arguments_are_put_aside_together(tmp_path: Path) -> None:
    names, program = tmp_path / "names", tmp_path / "program.py"
    names.write_bytes(b"/etc/hostname\0".ljust(4096, b"\0"))
    program.write_text(CHDIR_AND_OPEN)
    script = (
        "tracepoint:syscalls:sys_enter_chdir { @chdir[str(args.filename)] = count(); }"
        " tracepoint:syscalls:sys_enter_openat /args.flags == 0/"
        " { @open[args.dfd, str(args.filename)] = count(); }"
    )
    done = subprocess.run(
        [*SEISMO, "--tree", "-c", f"{sys.executable} -S {program} {names}", "-e", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "@chdir[/etc/hostname]: 10\n" in done.stdout
    assert "@open[-100, /etc/hostname]: 10\n" in done.stdout


def test_empty_names_are_strings_of_one_byte(tmp_path: Path) -> None:
    """Some kernels say 0 of the NUL alone."""
    script = (
        "tracepoint:syscalls:sys_enter_openat /pid == cpid && args.flags == 0x2000000/ {\n"
        '    printf("<%s>\\n", str(args.filename)); @ = strlen(args.filename);\n'
        '    @s[str(args.filename) == ""] = count();\n'
        "}"
    )
    program = "import ctypes; ctypes.CDLL(None).openat(-100, b'', 0x2000000)"
    command = f'{sys.executable} -S -c "{program}"'
    done = subprocess.run(
        [*SEISMO, "-c", command, "-e", script],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["<>", "@:", "0", "@s[true]:", "1"]
    assert "could not be read" not in done.stderr


def test_probes_at_one_call_wait_apart(tmp_path: Path) -> None:
    """Each is told of its own, also where another does not wait, or waits for another's string."""
    script = """
        tracepoint:syscalls:sys_enter_openat /args.flags != 0/ { @never[str(args.filename)]++; }
        tracepoint:syscalls:sys_enter_openat { @first[str(args.filename)]++; @ = count(); }
        tracepoint:syscalls:sys_enter_openat /args.flags == 0/ { @second[str(args.filename)]++; }
    """
    done = traced(script, tmp_path, 30)
    assert "@first[/etc/hostname]: 30\n" in done.stdout
    assert "@second[/etc/hostname]: 30\n" in done.stdout
    assert "@never[/etc/hostname]" not in done.stdout
    told = sum(map(int, re.findall(r"@first\[.*\]: (\d+)", done.stdout)))
    assert f"@: {told}\n" in done.stdout
    assert "left out" not in done.stderr


BLOCK_IN_OPEN = """
import ctypes, os, pathlib, sys
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.openat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
name = libc.mmap(None, 4096, 1, 2, os.open(sys.argv[1], os.O_RDONLY), 0)
child = os.fork()
if child == 0:
    os.closerange(1, 3)
    os._exit(libc.openat(-100, name, 0) < 0)
call = pathlib.Path(f"/proc/{child}/syscall")
while f"{name:#x}" not in call.read_text():
    pass
"""


def test_a_call_that_does_not_end_in_time_is_told_of(tmp_path: Path) -> None:
    names, program, fifo = (tmp_path / one for one in ("names", "program.py", "fifo"))
    os.mkfifo(fifo)
    names.write_bytes(bytes(fifo).ljust(4096, b"\0"))
    program.write_text(BLOCK_IN_OPEN)
    script = 'tracepoint:syscalls:sys_enter_openat { printf("<%s>\\n", str(args.filename)); }'
    try:
        done = subprocess.run(
            [*SEISMO, "--tree", "-c", f"{sys.executable} -S {program} {names}", "-e", script],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
    finally:
        os.close(os.open(fifo, os.O_RDWR))
    assert f"<{fifo}>" not in done.stdout
    assert "1 run of the probe left out: the string was not resident" in done.stderr
    assert "stdin:1:61" in done.stderr
