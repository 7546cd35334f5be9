"""The table of calls whose ends tell kernel events: its bits are those of its cases, its numbers
those of the calls that are meant."""

from __future__ import annotations

import re

import pytest

from seismo.audit.program.compile import read_part
from seismo.lang.syscall_names import SYSCALLS

TEXT = read_part("call_numbers.h")
ARM, _, X86 = TEXT.partition("#else")
MACHINES = {"aarch64": ARM, "x86_64": X86}
CHANGING = {
    *("execve", "execveat", "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid"),
    *("setfsuid", "setfsgid", "capset", "prctl", "unshare", "setns"),
}
TELLING = {
    *("accept", "accept4", "sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg"),
    *("read", "readv", "write", "writev", "ptrace"),
}


def numbers(text: str, function: str) -> set[int]:
    """The numbers of a function's cases; those of 32-bit programs are 1024 higher."""
    body = text.partition(f"{function}(u32 type)")[2].partition("\n}")[0]
    found = re.findall(r"case (1024 \+ )?(\d+)", body)
    return {int(number) + (1024 if is_narrow else 0) for is_narrow, number in found}


def bits(text: str, function: str) -> set[int]:
    """The numbers whose bits are set."""
    body = text.partition(f"{function}(u64 word)")[2].partition("\n}")[0]
    words = re.findall(r"case (\d+): return (0x[0-9a-f]+);", body)
    return {
        int(word) * 64 + bit
        for word, mask in words
        for bit in range(64)
        if int(mask, 16) >> bit & 1
    }


@pytest.mark.parametrize("machine", list(MACHINES))
def test_bits_are_those_of_the_cases(machine: str) -> None:
    text = MACHINES[machine]
    change, kinds = numbers(text, "may_change"), numbers(text, "call_kind")
    assert bits(text, "change_bits") == {one % 1024 for one in change}
    assert bits(text, "call_bits") == {one % 1024 for one in change | kinds}


@pytest.mark.parametrize("machine", list(MACHINES))
def test_numbers_are_those_of_the_calls(machine: str) -> None:
    names, text = SYSCALLS[machine], MACHINES[machine]
    for function, expected in (("may_change", CHANGING), ("call_kind", TELLING)):
        wide = [one for one in numbers(text, function) if one < 1024]
        assert {names[one] for one in wide} == expected
