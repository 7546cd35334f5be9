"""Samples of stacks as the arithmetic of frames wants them."""

from __future__ import annotations

import os
import struct

import pytest

from seismo.elf.frame_table import UnwindTable
from seismo.elf.registers import instruction_pointer, register_names, stack_pointer
from seismo.events.stack import StackSample
from seismo.runtime.symbols.samples import ThreadState

MACHINE = os.uname().machine
TOP = 0x7FFE_0000_1238


def sample(pc: int, stack: bytes = b"", most: int = 127) -> StackSample:
    """Every register but two holds its place in `struct pt_regs`."""
    values = {name: at for at, name in enumerate(register_names(MACHINE))}
    values |= {instruction_pointer(MACHINE): pc, stack_pointer(MACHINE): TOP}
    return StackSample(7, most, struct.pack(f"={len(values)}Q", *values.values()), stack)


def nothing(address: int) -> tuple[UnwindTable, int]:
    raise LookupError(hex(address))


def test_registers_have_their_dwarf_numbers() -> None:
    state = ThreadState(sample(0x401136))
    assert state.pc == 0x401136
    saved = {
        # r15 r14 r13 r12 rbp rbx, rdx rsi rdi
        "x86_64": {15: 0, 14: 1, 13: 2, 12: 3, 6: 4, 3: 5, 1: 12, 4: 13, 5: 14, 7: TOP},
        "aarch64": {number: number for number in range(31)} | {31: TOP},
    }
    assert saved[MACHINE].items() <= state.registers.items()


def test_words_are_those_of_the_stack() -> None:
    state = ThreadState(sample(1, struct.pack("<QQ4x", 5, (1 << 64) - 1)))
    assert [state.word(TOP), state.word(TOP + 8)] == [5, (1 << 64) - 1]
    for address in (TOP - 8, TOP - 1, TOP + 13, TOP + 16):
        with pytest.raises(LookupError):
            state.word(address)


@pytest.mark.parametrize("pc", [0, 1 << 63, 0xFFFF_FFFF_8100_0000])
def test_a_thread_of_the_kernel_has_no_frames(pc: int) -> None:
    assert ThreadState(sample(pc)).unwind(nothing) == []


def test_of_unknown_code_only_the_place_is_known() -> None:
    assert ThreadState(sample(0x401136)).unwind(nothing) == [0x401136]
