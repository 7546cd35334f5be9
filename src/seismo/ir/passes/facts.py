"""What `simplify` knows about the values it has passed: constants, definitions, widths, use counts.

Widths are deliberately weak. A mask that is redundant to us may be what proves an access to the
kernel's verifier, so a width is claimed only where the verifier tracks it as well: loads, masks,
zero extensions, right shifts, comparisons (kernel/bpf/verifier.c, adjust_scalar_min_max_vals); not
for division, multiplication or byte swaps, after which it knows nothing on some kernels.
"""

from __future__ import annotations

from collections import Counter

from seismo.base.bits import to_signed
from seismo.base.dataclass import dataclass, field
from seismo.ir.func import Func
from seismo.ir.ops import Binary, BinaryKind, Call, Compare, Const, Extend, Load, Op, Value
from seismo.ir.passes.pool import Pool

__all__ = ("Facts",)


@dataclass(slots=True)
class Facts:
    """Filled op by op, definitions before uses."""

    pool: Pool
    uses: Counter[Value]
    definitions: dict[Value, Op] = field(default_factory=dict)
    constants: dict[Value, int] = field(default_factory=dict)
    widths: dict[Value, int] = field(default_factory=dict)

    @classmethod
    def of(cls, func: Func, pool: Pool) -> Facts:
        """No facts but how often each value is used."""
        uses: list[Value] = []
        for block in func.blocks:
            for op in block.ops:
                uses += op.uses
            uses += block.end.uses
        return cls(pool, Counter(uses))

    def learn(self, op: Op) -> None:
        """Remember what `op` says about its result."""
        result = op.result
        if result is None:
            return
        self.definitions[result] = op
        match op:
            case Call():
                pass
            case Binary():
                self.widths[result] = self._binary_width(op)
            case Const(_, value):
                self._learn_constant(result, value)
            case Load(size=size, signed=False):
                self.widths[result] = size * 8
            case Extend(_, value, bits, signed=False):
                self.widths[result] = min(bits, self.width(value))
            case Compare():
                self.widths[result] = 1
            case _:
                pass

    def make(self, value: int) -> Value:
        """A pooled constant that holds the 64-bit pattern of `value`."""
        result = self.pool.constant(value)
        self._learn_constant(result, value)
        return result

    def width(self, value: Value) -> int:
        """How many low bits of `value` may be set: 64 when nothing is known."""
        return self.widths.get(value, 64)

    def constant(self, value: Value) -> int | None:
        """The value as a signed 64-bit number, if it is known."""
        return self.constants.get(value)

    def definition(self, value: Value) -> Op | None:
        """The op that makes `value`; block and function parameters have none."""
        return self.definitions.get(value)

    def is_used_once(self, value: Value) -> bool:
        """Whether nothing but the op at hand uses `value`.

        A second use may be the bounds check that the kernel's verifier needs; looking through the
        value would then leave an equal value without the bound.
        """
        return self.uses[value] == 1

    def _learn_constant(self, result: Value, value: int) -> None:
        value = to_signed(value, 64)
        self.constants[result] = value
        self.widths[result] = value.bit_length() if value >= 0 else 64

    def _binary_width(self, op: Binary) -> int:
        left = min(self.width(op.left), op.width)
        right = min(self.width(op.right), op.width)
        count = self.constant(op.right)
        match op.op:
            case BinaryKind.AND:
                return min(left, right)
            case BinaryKind.OR | BinaryKind.XOR:
                return max(left, right)
            case BinaryKind.ADD:
                return min(max(left, right) + 1, op.width)
            case BinaryKind.SHR if count is not None:
                return max(left - count % op.width, 0)
            case _:
                return op.width
