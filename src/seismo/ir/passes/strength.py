"""Multiplication, division and remainder by powers of two become shifts and masks.

    mul64 %1, 8     ->  shl64 %1, 3
    div64 %1, 8     ->  shr64 %1, 3         division is unsigned
    mod64 %1, 8     ->  and64 %1, 7

The kernel's verifier follows bounds through shifts and masks, and not through division. Division
by other constants stays: BPF has no high multiply to replace it with.
"""

from __future__ import annotations

from seismo.base.bits import truncate
from seismo.base.dataclass import replace
from seismo.ir.func import Block, Func
from seismo.ir.ops import Binary, BinaryKind, Const, Value
from seismo.ir.passes.pool import Pool

__all__ = ("strength",)


def strength(func: Func) -> Func:
    """The function with cheaper ops for powers of two."""
    result = Func(func.name, func.params, next_id=func.next_id)
    pool = Pool(result)
    constants = {
        op.result: op.value for block in func.blocks for op in block.ops if isinstance(op, Const)
    }
    for block in func.blocks:
        ops = [_cheaper(op, constants, pool) if isinstance(op, Binary) else op for op in block.ops]
        result.blocks.append(Block(block.label, block.params, ops, block.terminator))
    entry = result.blocks[0]
    entry.ops = [*pool.ops, *entry.ops]
    return result


def _cheaper(op: Binary, constants: dict[Value, int], pool: Pool) -> Binary:
    """`op` by a shift or a mask, if its right operand is a power of two above one."""
    right = truncate(constants.get(op.right, 0), op.width)
    if right < 2 or right & (right - 1):
        return op
    match op.op:
        case BinaryKind.MUL:
            return replace(op, op=BinaryKind.SHL, right=pool.constant(right.bit_length() - 1))
        case BinaryKind.DIV:
            return replace(op, op=BinaryKind.SHR, right=pool.constant(right.bit_length() - 1))
        case BinaryKind.MOD:
            return replace(op, op=BinaryKind.AND, right=pool.constant(right - 1))
        case _:
            return op
