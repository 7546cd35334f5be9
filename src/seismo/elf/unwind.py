"""Stacks without frame pointers: from a thread's registers and stack, the calls it is in.

>>> unwind(0x55501234, {6: 0, 7: 0x7ffe10}, stack.word, tables.at)
[0x55501234, 0x55501111, 0x7f0029ca]

Everything here is arithmetic on what was sampled before: nothing asks a process or a kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, assert_never

from seismo.base.errors import BpfError
from seismo.elf.frame_expression import evaluate
from seismo.elf.frame_program import (
    AtCfa,
    AtExpression,
    CfaPlus,
    Expression,
    FrameRule,
    Place,
    RegisterPlus,
    Undefined,
)
from seismo.elf.frame_table import UnwindTable

__all__ = ("FindTable", "ReadWord", "unwind")

ReadWord: TypeAlias = Callable[[int], int]
"""The 8 bytes of the stack at an address; raises `LookupError` if they were not sampled."""

FindTable: TypeAlias = Callable[[int], tuple[UnwindTable, int]]
"""The table of the file that is mapped at an address, and by how much its addresses were moved when
it was loaded; raises `LookupError` if there is none."""

_STACK_POINTERS = {16: 7, 30: 31}
"""The stack pointer of the machine that has this return address register: x86-64, arm64."""
_ADDRESS_BITS = {16: (1 << 64) - 1, 30: (1 << 48) - 1}
"""arm64 may have signed the return address, in the bits above."""


def unwind(
    pc: int, registers: Mapping[int, int], read: ReadWord, find: FindTable, most: int = 127
) -> list[int]:
    """The program counter, then the return addresses, innermost first; `most` of them at most.

    `registers` are numbered as DWARF does; the stack pointer is needed, of the others those that
    functions save (`rbx rbp r12`-`r15`, on arm64 `x19`-`x30`). It ends with the outermost function,
    or where something was not sampled or is not told.
    """
    addresses, now, before_pc = [pc], dict(registers), 0
    while len(addresses) < most:
        try:
            table, bias = find(pc)
            rule = table.rule(pc - bias - before_pc)
            caller, pc = _caller(rule, now, read)
        except (LookupError, BpfError):
            break
        stack = _STACK_POINTERS[rule.return_register]
        is_leaf = len(addresses) == 1 and caller[stack] == now[stack]
        if not pc or not (caller[stack] > now[stack] or is_leaf or rule.is_signal):
            break
        # A call may be the last instruction of a function: what it returns to is the next one.
        before_pc = 0 if rule.is_signal else 1
        now = caller
        addresses.append(pc)
    return addresses


def _caller(rule: FrameRule, now: Mapping[int, int], read: ReadWord) -> tuple[dict[int, int], int]:
    """The caller's registers, and where it goes on; 0 if there is no caller."""
    cfa = _value(rule.cfa, 0, now, read)
    caller = {**now, _STACK_POINTERS[rule.return_register]: cfa}
    for register, place in rule.saved.items():
        try:
            caller[register] = _value(place, cfa, now, read)
        except LookupError:
            # It may well be that no caller needs it.
            caller.pop(register, None)
    return caller, caller[rule.return_register] & _ADDRESS_BITS[rule.return_register]


def _value(place: Place, cfa: int, now: Mapping[int, int], read: ReadWord) -> int:
    match place:
        case RegisterPlus(register, offset):
            return now[register] + offset
        case AtCfa(offset):
            return read(cfa + offset)
        case CfaPlus(offset):
            return cfa + offset
        case Expression(operations):
            return evaluate(operations, cfa, now, read)
        case AtExpression(operations):
            return read(evaluate(operations, cfa, now, read))
        case Undefined():
            return 0
        case _:
            assert_never(place)
