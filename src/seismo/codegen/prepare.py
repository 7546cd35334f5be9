"""Brings IR into the shape that instructions have.

- a constant that does not fit its instruction is made in a register just before:
      %3 = and64 %1, %2               %4 = const 1311768467463790320
                                ->    %3 = and64 %1, %4
- fills, copies and signed loads become plain stores and loads:
      fill %p1+0, 12            ->    store.u64 %p1+0, %zero;  store.u32 %p1+8, %zero
- a branch passes no values (`edges.py`);
- an offset fits s16.

Fills and copies are unrolled whatever their size: it is one instruction for 8 bytes (two for a
copy), the kernel's verifier would walk every turn of a loop anyway, and stays free of surprises.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from seismo.base.bits import fits_signed, to_signed
from seismo.base.dataclass import replace
from seismo.base.source import NOWHERE
from seismo.codegen.edges import split_edges
from seismo.codegen.places import (
    FrameAddress,
    FuncPointer,
    Immediate,
    MapPointer,
    Place,
    Prepared,
    Relocated,
)
from seismo.ir.arithmetic import COMMUTATIVE
from seismo.ir.conditions import MIRRORED
from seismo.ir.func import Block, Func
from seismo.ir.graph import Graph
from seismo.ir.ops import (
    Atomic,
    AtomicKind,
    Binary,
    BinaryKind,
    Branch,
    Call,
    CallFunc,
    Compare,
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
    Symbol,
    Terminator,
    Value,
)

__all__ = ("prepare",)

Anew: TypeAlias = Const | Symbol | SlotAddress | MapAddress | FuncAddress
Cheap: TypeAlias = Anew | Binary


def prepare(func: Func) -> Prepared:
    """The function in instruction shape, its blocks in the order of their code."""
    return _Preparer(func).run()


class _Preparer:
    """One walk, definitions before uses; `ops` is the block being written."""

    def __init__(self, func: Func) -> None:
        self.graph = Graph.of(split_edges(func))
        # A program may hand its context to a subprogram.
        self.contexts = {param for param in func.params if param.kind is Kind.PTR}
        self.result = Func(func.name, func.params, next_id=func.next_id)
        self.places: dict[Value, Place] = {}
        self.definitions: dict[Value, Cheap] = {}
        self.fixed: set[Value] = set()
        self.constants: dict[int, Value] = {}
        self.ops: list[Op] = []
        self.span = NOWHERE

    def run(self) -> Prepared:
        for block in self.graph.order:
            self.ops = []
            for op in block.ops:
                self.span = op.span
                self._visit(op)
            self.span = block.end.span
            end = self._end(block.end)
            self.result.blocks.append(Block(block.label, block.params, self.ops, end))
        entry = self.result.blocks[0]
        entry.ops = [*(Const(made, value) for value, made in self.constants.items()), *entry.ops]
        graph = self.graph.with_blocks(self.result.blocks)
        return Prepared(self.result, graph, self.places, frozenset(self.fixed))

    def _visit(self, op: Op) -> None:
        match op:
            case Call() | CallFunc():
                self.ops.append(op)
            case Store():
                self._store(op)
            case Binary():
                self._binary(op)
            case Const() | SlotAddress() | MapAddress() | FuncAddress() | Symbol():
                self._made_anew(op)
            case Compare(cond=cond, left=left, right=right):
                if left in self.places and right not in self.places:
                    cond, left, right = MIRRORED[cond], right, left
                left, right = self._register(left), self._operand(right, op.width)
                self.ops.append(Compare(op.result, cond, left, right, op.width, span=op.span))
            case Load():
                self._load(op)
            case Atomic():
                self._atomic(op)
            case Fill():
                self._fill(op)
            case CopyBytes():
                self._copy(op)
            case _:
                self.ops.append(op)

    def _made_anew(self, op: Anew) -> None:
        """The op stays, so that the IR is whole, but its result is made where it is used."""
        place: Place
        match op:
            case Const(result, value):
                place = Immediate(to_signed(value, 64))
            case Symbol(result, value, relocation):
                place = Relocated(value, relocation)
            case SlotAddress(result, slot):
                place = FrameAddress(slot, 0)
            case MapAddress(result, name, is_value):
                place = MapPointer(name, is_value)
            case FuncAddress(result, name):
                place = FuncPointer(name)
        self._put(op, result, place)

    def _put(self, op: Cheap, result: Value, place: Place) -> None:
        self.places[result] = place
        self.definitions[result] = op
        self.ops.append(op)

    def _constant(self, value: int) -> Value:
        """A constant without a register."""
        if value not in self.constants:
            self.constants[value] = made = self.result.new_value()
            self.places[made] = Immediate(value)
            self.definitions[made] = Const(made, value)
        return self.constants[value]

    def _temporary(self, kind: Kind = Kind.INT) -> Value:
        """A new value that lives for an op or two."""
        made = self.result.new_value(kind)
        self.fixed.add(made)
        return made

    def _register(self, value: Value) -> Value:
        """`value` in a register."""
        if value not in self.places:
            return value
        made = self._temporary(value.kind)
        self.ops.append(replace(self.definitions[value], result=made, span=self.span))
        return made

    def _operand(self, value: Value, width: int) -> Value:
        """`value` as the second operand of a comparison."""
        place = self.places.get(value)
        is_folded = isinstance(place, Immediate) and place.fits(width)
        return value if is_folded else self._register(value)

    def _binary(self, op: Binary) -> None:
        """Constants to the right, the frame's address to the left: there they cost least."""
        left, right = self.places.get(op.left), self.places.get(op.right)
        if op.op in COMMUTATIVE and (
            isinstance(right, FrameAddress) or (isinstance(left, Immediate) and right is None)
        ):
            op = replace(op, left=op.right, right=op.left)
            left, right = right, left
        if isinstance(right, Immediate) and right.folds_into(op.op, op.width):
            if isinstance(left, FrameAddress) and op.op is BinaryKind.ADD and op.width == 64:
                place = FrameAddress(left.slot, left.offset + right.value)
                self._put(op, op.result, place)
                return
        elif right is not None:
            op = replace(op, right=self._register(op.right))
        self.ops.append(op)

    def _address(self, base: Value, offset: int, size: int) -> tuple[Value, int]:
        """An address whose base an instruction can take, up to `size` bytes above it."""
        place = self.places.get(base)
        if isinstance(place, FrameAddress):
            return base, offset
        base = self._register(base)
        if fits_signed(offset, 16) and fits_signed(offset + size, 16):
            return base, offset
        far = self._temporary(Kind.PTR)
        addition = Binary(far, BinaryKind.ADD, base, self._constant(offset), span=self.span)
        self._binary(addition)
        return far, 0

    def _load(self, op: Load) -> None:
        """Before Linux 6.6 no load extends the sign."""
        base, offset = self._address(op.base, op.offset, op.size)
        is_whole = not op.signed or op.size == 8
        loaded = op.result if is_whole else self._temporary()
        load = replace(op, result=loaded, base=base, offset=offset, signed=False)
        self.ops.append(load)
        if is_whole:
            return
        self.ops.append(Extend(op.result, loaded, op.size * 8, signed=True, span=op.span))

    def _store(self, op: Store) -> None:
        """An immediate is sign-extended; the kernel's verifier wants no immediate in a context."""
        base, offset = self._address(op.base, op.offset, op.size)
        value = op.value
        place = self.places.get(value)
        is_folded = isinstance(place, Immediate) and place.fits(64 if op.size == 8 else 32)
        if not is_folded or base in self.contexts:
            value = self._register(value)
        self.ops.append(Store(base, offset, value, op.size, span=op.span))

    def _atomic(self, op: Atomic) -> None:
        base, offset = self._address(op.base, op.offset, op.size)
        result, value = op.result, op.value
        if result is None and op.op is AtomicKind.XCHG:
            result = self._temporary()
        if result is None:
            value = self._register(value)
        self.ops.append(Atomic(result, op.op, base, offset, value, op.size, span=op.span))

    def _fill(self, op: Fill) -> None:
        base, offset = self._address(op.base, op.offset, op.size)
        zero = self._constant(0)
        for start, size in _pieces(op.size, 8):
            self.ops.append(Store(base, offset + start, zero, size, span=op.span))

    def _copy(self, op: CopyBytes) -> None:
        target, target_offset = self._address(op.target, op.target_offset, op.size)
        source, source_offset = self._address(op.source, op.source_offset, op.size)
        for start, size in _pieces(op.size, op.alignment):
            byte = self._temporary()
            self.ops.append(Load(byte, source, source_offset + start, size, span=op.span))
            self.ops.append(Store(target, target_offset + start, byte, size, span=op.span))

    def _end(self, end: Terminator) -> Terminator:
        if not isinstance(end, Branch):
            return end
        cond, left, right = end.cond, end.left, end.right
        if left in self.places and right not in self.places:
            cond, left, right = MIRRORED[cond], right, left
        left, right = self._register(left), self._operand(right, end.width)
        return Branch(cond, left, right, end.then, end.other, end.width, span=end.span)


def _pieces(size: int, alignment: int) -> Iterator[tuple[int, int]]:
    """(start, size) of the widest aligned moves that cover `size` bytes."""
    start = 0
    while start < size:
        while start + alignment > size:
            alignment //= 2
        yield start, alignment
        start += alignment
