"""`ThreadState`: a sample of a stack, as the arithmetic of frames wants it."""

from __future__ import annotations

import os
import struct

from seismo.elf.registers import (
    instruction_pointer,
    register_names,
    register_offset,
    stack_pointer,
)
from seismo.elf.unwind import FindTable, unwind
from seismo.events.stack import StackSample

__all__ = ("ThreadState",)

_WORD = 8
_NUMBERS = {
    # System V psABI for x86-64, figure 3.36.
    "x86_64": dict(
        zip(
            ("ax", "dx", "cx", "bx", "si", "di", "bp", "sp", *[f"r{at}" for at in range(8, 16)]),
            range(16),
            strict=True,
        )
    ),
    # DWARF for the Arm 64-bit architecture, 4.1.
    "aarch64": {**{f"r{at}": at for at in range(31)}, "sp": 31},
}
"""What DWARF calls the registers of `struct pt_regs`."""

_USER_END = 1 << 63


class ThreadState:
    """Where a thread was (`pc`; 0 for one that has never been in user space), its registers by
    their DWARF numbers, its stack by address; of the machine that this runs on."""

    def __init__(self, sample: StackSample) -> None:
        machine = os.uname().machine
        words = struct.unpack(f"={len(register_names(machine))}Q", sample.registers)

        def value(name: str) -> int:
            return int(words[register_offset(machine, name)[0] // _WORD])

        self.pc = value(instruction_pointer(machine))
        self.registers = {number: value(name) for name, number in _NUMBERS[machine].items()}
        self._stack_pointer = value(stack_pointer(machine))
        self._sample = sample

    def word(self, address: int) -> int:
        """The 8 bytes of the stack at an address; `LookupError` if they are not in the sample."""
        at = address - self._stack_pointer
        if not 0 <= at <= len(self._sample.stack) - _WORD:
            raise LookupError(hex(address))
        return int.from_bytes(self._sample.stack[at : at + _WORD], "little")

    def unwind(self, find: FindTable) -> list[int]:
        """Where the thread was, and the addresses that its calls return to, innermost first."""
        if not 0 < self.pc < _USER_END:
            return []
        return unwind(self.pc, self.registers, self.word, find, self._sample.most)
