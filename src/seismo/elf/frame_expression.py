"""The DWARF operations of call frame information: those of linkage tables and signal frames.

>>> evaluate(bytes([0x77, 8]), 0, {7: 0x1000}, read)
4104
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seismo.elf.frame_bytes import Cursor

__all__ = ("evaluate",)

_MASK = (1 << 64) - 1
_DEREF, _CONST1U, _CONST1S, _PLUS_UCONST, _LIT0, _BREG0 = 0x06, 0x08, 0x09, 0x23, 0x30, 0x70
"""`DW_OP_*` (DWARF 5, 7.7.1). Of the last two there are 32 each, one after another."""
_BINARY: dict[int, Callable[[int, int], int]] = {
    0x1A: lambda a, b: a & b,
    0x1C: lambda a, b: a - b,
    0x21: lambda a, b: a | b,
    0x22: lambda a, b: a + b,
    0x24: lambda a, b: a << (b & 63),
    0x25: lambda a, b: a >> (b & 63),
    0x29: lambda a, b: int(a == b),
    0x2A: lambda a, b: int(a >= b),
    0x2D: lambda a, b: int(a < b),
}
"""`and minus or plus shl shr eq ge lt`; what is compared here is never negative."""


def evaluate(
    operations: bytes, given: int, registers: Mapping[int, int], read: Callable[[int], int]
) -> int:
    """The value that the operations leave, of 64 bits; `given` is there when they begin.

    Raises `LookupError` for registers and memory that are not known, for operations too.
    """
    stack = [given]
    cursor = Cursor(memoryview(operations), 0)
    while cursor.at < len(operations):
        opcode = cursor.u8()
        if _LIT0 <= opcode < _LIT0 + 32:
            stack.append(opcode - _LIT0)
        elif _BREG0 <= opcode < _BREG0 + 32:
            stack.append(registers[opcode - _BREG0] + cursor.sleb())
        elif opcode == _DEREF:
            stack.append(read(stack.pop()))
        elif opcode == _PLUS_UCONST:
            stack.append(stack.pop() + cursor.uleb())
        elif opcode == _CONST1U:
            stack.append(cursor.u8())
        elif opcode == _CONST1S:
            stack.append((cursor.u8() ^ 0x80) - 0x80)
        else:
            right, left = stack.pop(), stack.pop()
            stack.append(_BINARY[opcode](left, right))
        stack[-1] &= _MASK
    return stack[-1]
