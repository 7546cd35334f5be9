"""Folds constants, applies algebraic identities, fuses comparisons into branches.

Before:                                     After:
    entry:                                  entry:
        %1 = load.u32 %p0+8                     %4 = const 7
        %2 = const 4294967295                   %1 = load.u32 %p0+8
        %3 = and64 %1, %2                       branch.gt64 %1, %4 ? a : b
        %4 = const 7
        %5 = cmp.lt64 %4, %3
        %6 = const 0
        branch.ne64 %5, %6 ? a : b

Afterwards every constant, and address stands once, at the top of the entry block
(`pool.py` says why). What an identity leaves without a use, `dce` removes: above, it already has.

Comparisons of pointers are never folded: they are the null checks that the kernel's verifier wants.
"""

from __future__ import annotations

from seismo.base.bits import fits_signed
from seismo.base.dataclass import replace
from seismo.ir import arithmetic
from seismo.ir.conditions import MIRRORED, NEGATED
from seismo.ir.func import Block, Func
from seismo.ir.graph import Graph
from seismo.ir.ops import (
    Atomic,
    Binary,
    BinaryKind,
    Branch,
    Call,
    CallFunc,
    Compare,
    Cond,
    Const,
    CopyBytes,
    Extend,
    Fill,
    FuncAddress,
    Kind,
    Load,
    MapAddress,
    Op,
    SlotAddress,
    Store,
    Swap,
    Symbol,
    Terminator,
    Value,
)
from seismo.ir.passes.facts import Facts
from seismo.ir.passes.identities import simplify_binary, simplify_extend
from seismo.ir.passes.pool import Pool, Pooled
from seismo.ir.passes.rewrite import rename

__all__ = ("simplify",)


def simplify(func: Func) -> Func:
    """The function with each op in its simplest form; unreachable blocks are dropped."""
    result = Func(func.name, func.params, next_id=func.next_id)
    return _Simplifier(result, Facts.of(func, Pool(result))).run(Graph.of(func))


class _Simplifier:
    """One walk over the blocks, definitions before uses.

    `renamed` says what to use instead of a value whose op went away.
    """

    def __init__(self, result: Func, facts: Facts) -> None:
        self.result = result
        self.facts = facts
        self.renamed: dict[Value, Value] = {}
        self.stale = self.renamed.keys()

    def run(self, graph: Graph) -> Func:
        for block in graph.order:
            kept: list[Op] = []
            for op in block.ops:
                self._visit(op, kept)
            end = self._branch(rename(block.end, self.renamed))
            self.result.blocks.append(Block(block.label, list(block.params), kept, end))
        for block in self.result.blocks:
            # A loop's back edge names values before the walk has come to their ops.
            block.terminator = rename(block.end, self.renamed)
        entry = self.result.blocks[0]
        entry.ops = [*self.facts.pool.ops, *entry.ops]
        return self.result

    def _visit(self, op: Op, kept: list[Op]) -> None:
        """Append what is left of `op`, or note the value that replaces its result."""
        if not self.stale.isdisjoint(op.uses):
            op = op.with_uses(self.renamed)
        simpler = self._simpler(op)
        if isinstance(simpler, Pooled):
            self.facts.learn(simpler)
            simpler = self.facts.pool.add(simpler)
        if isinstance(simpler, Value):
            if op.result is not None and op.result is not simpler:
                self.renamed[op.result] = simpler
                self.facts.uses[simpler] += self.facts.uses[op.result]
        else:
            self.facts.learn(simpler)
            kept.append(simpler)

    def _simpler(self, op: Op) -> Op | Value:
        """What `op` comes down to; the frequent ones first."""
        match op:
            case Call():
                return self._call(op)
            case Store():
                return self._store(op)
            case Binary():
                return simplify_binary(op, self.facts)
            case Const() | SlotAddress() | MapAddress() | FuncAddress() | Symbol():
                return op
            case Load(base=base, offset=offset):
                base, offset = self._address(base, offset)
                return op if base is op.base else replace(op, base=base, offset=offset)
            case Atomic(base=base, offset=offset) | Fill(base=base, offset=offset):
                base, offset = self._address(base, offset)
                return op if base is op.base else replace(op, base=base, offset=offset)
            case Extend():
                return simplify_extend(op, self.facts)
            case Compare():
                return self._compare(op)
            case CopyBytes():
                return self._copy(op)
            case Swap(result, value, bits):
                constant = self.facts.constant(value)
                return op if constant is None else Const(result, arithmetic.swap(constant, bits))
            case CallFunc():
                return op

    def _call(self, op: Call) -> Call | Const:
        """Linux 6.7 forgets the callback of a loop without turns, and stumbles over its address."""
        if op.helper == "loop" and op.result is not None:
            turns, _, _, flags = op.args
            if self.facts.constant(turns) == self.facts.constant(flags) == 0:
                return Const(op.result, 0)
        return op

    def _address(self, base: Value, offset: int) -> tuple[Value, int]:
        """(p + constant) + offset is p + (constant + offset)."""
        match self.facts.definition(base):
            case Binary(_, BinaryKind.ADD, left, right) if left.kind is Kind.PTR:
                addend = self.facts.constant(right)
                if addend is not None and fits_signed(addend + offset, 16):
                    return left, addend + offset
            case _:
                pass
        return base, offset

    def _store(self, op: Store) -> Store:
        """Fold the address; an extension of what the store cuts off again is not needed."""
        base, offset = self._address(op.base, op.offset)
        value = op.value
        match self.facts.definition(value):
            case Extend(_, narrow, bits) if bits >= op.size * 8:
                value = narrow
            case _:
                pass
        if base is op.base and value is op.value:
            return op
        return replace(op, base=base, offset=offset, value=value)

    def _copy(self, op: CopyBytes) -> CopyBytes:
        target = self._address(op.target, op.target_offset)
        source = self._address(op.source, op.source_offset)
        if target[0] is op.target and source[0] is op.source:
            return op
        return CopyBytes(*target, *source, op.size, op.alignment, span=op.span)

    def _compare(self, op: Compare) -> Op | Value:
        left, right = self.facts.constant(op.left), self.facts.constant(op.right)
        if left is not None and right is not None:
            return Const(op.result, int(arithmetic.compare(op.cond, left, right, op.width)))
        if left is not None:
            return replace(op, cond=MIRRORED[op.cond], left=op.right, right=op.left)
        inner = self.facts.definition(op.left)
        if right == 0 and isinstance(inner, Compare):
            if op.cond is Cond.NE:
                return op.left
            if op.cond is Cond.EQ and inner.cond in NEGATED:
                return replace(inner, result=op.result, cond=NEGATED[inner.cond], span=op.span)
        return op

    def _branch(self, end: Terminator) -> Terminator:
        """Test what a comparison compared instead of the comparison's result."""
        if not isinstance(end, Branch):
            return end
        left, right = self.facts.constant(end.left), self.facts.constant(end.right)
        if left is not None and right is None:
            end = replace(end, cond=MIRRORED[end.cond], left=end.right, right=end.left)
            left, right = right, left
        if right != 0 or end.cond not in (Cond.EQ, Cond.NE):
            return end
        then, other = end.then, end.other
        if end.cond is Cond.EQ:
            then, other = other, then
        match self.facts.definition(end.left):
            case Compare(_, cond, a, b, width):
                return self._branch(Branch(cond, a, b, then, other, width, span=end.span))
            case Binary(_, BinaryKind.AND, a, b, width) if (
                width <= end.width and self.facts.is_used_once(end.left)
            ):
                return Branch(Cond.SET, a, b, then, other, width, span=end.span)
            case _:
                return end
