"""The names of errors and system calls, against what this machine's headers and Python know."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest

from seismo.builtin.error_names import ERRORS
from seismo.builtin.names import NAME_BYTES
from seismo.lang.syscall_names import SYSCALLS

X86_HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")


def test_every_error_has_words() -> None:
    assert [number for number, words in enumerate(ERRORS) if not words] == [41, 58]
    assert len(ERRORS) > max(errno.errorcode)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "Success"),
        (errno.ENOENT, "No such file or directory"),
        (errno.EAGAIN, "Try again (operation would block)"),
        (133, "Memory page has hardware error"),
    ],
)
def test_errors(number: int, words: str) -> None:
    assert ERRORS[number] == words


@pytest.mark.parametrize(
    ("machine", "number", "name"),
    [
        ("x86_64", 0, "read"),
        ("x86_64", 59, "execve"),
        ("x86_64", 257, "openat"),
        ("x86_64", 336, "uprobe"),
        ("x86_64", 469, "file_setattr"),
        ("aarch64", 56, "openat"),
        ("aarch64", 79, "newfstatat"),
        ("aarch64", 80, "fstat"),
        ("aarch64", 221, "execve"),
        ("aarch64", 222, "mmap"),
        ("aarch64", 469, "file_setattr"),
    ],
)
def test_system_calls(machine: str, number: int, name: str) -> None:
    assert SYSCALLS[machine][number] == name


@pytest.mark.skipif(not X86_HEADER.exists(), reason="needs the kernel's headers for x86-64")
def test_system_calls_are_those_of_the_header() -> None:
    numbers = re.findall(r"#define __NR_(\w+) (\d+)", X86_HEADER.read_text())
    for name, number in numbers:
        assert SYSCALLS["x86_64"][int(number)] == name


@pytest.mark.parametrize("machine", SYSCALLS)
def test_no_system_call_stands_twice(machine: str) -> None:
    names = [name for name in SYSCALLS[machine] if name]
    assert len(names) == len(set(names))


def test_every_name_fits() -> None:
    assert (
        max(len(one) for one in (*ERRORS, *SYSCALLS["x86_64"], *SYSCALLS["aarch64"])) < NAME_BYTES
    )
