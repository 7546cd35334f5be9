"""Builds a `Func` op by op, with script variables turned into SSA values on the fly.

Variables follow Braun, Buchwald, Hack et al., "Simple and Efficient Construction of Static Single
Assignment Form" (CC 2013): `write`/`read` within a block are immediate; a read in a block whose
predecessors are not all known makes a block parameter, completed by `seal`.

>>> b = Builder("probe_0")
>>> b.ret(b.binary(BinaryKind.ADD, b.const(1), b.const(2)))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seismo.base.bits import to_signed
from seismo.base.dataclass import replace
from seismo.base.source import NOWHERE, Span
from seismo.ir.func import Block, Func
from seismo.ir.ops import (
    Atomic,
    AtomicKind,
    Binary,
    BinaryKind,
    Branch,
    Call,
    CallFunc,
    Compare,
    Cond,
    Const,
    CopyBytes,
    Edge,
    Extend,
    Fill,
    FuncAddress,
    Jump,
    Kind,
    Load,
    MapAddress,
    Op,
    Return,
    Slot,
    SlotAddress,
    Store,
    Swap,
    Symbol,
    Terminator,
    Value,
)
from seismo.spec.relocations import Relocation

__all__ = ("Builder",)


class Builder:
    """Appends to `self.block`; `self.span` is stamped on every op made."""

    def __init__(self, name: str, params: Sequence[Kind] = (Kind.PTR,)) -> None:
        values = [Value(number, kind) for number, kind in enumerate(params)]
        self.func = Func(name, values, next_id=len(values) - 1)
        self.span: Span = NOWHERE
        self._current: dict[Block, dict[str, Value]] = {}
        self._kinds: dict[str, Kind] = {}
        self._incomplete: dict[Block, list[str]] = {}
        self._predecessors: dict[Block, list[Block]] = {}
        self._labels = 0
        self._slots = 0
        self._constants: dict[int, Value] = {}
        self._maps: dict[tuple[str, bool], Value] = {}
        self.block = self.new_block("entry")
        self.start(self.block)
        self.seal(self.block)

    @property
    def context(self) -> Value:
        """The first parameter: a program's context."""
        return self.func.params[0]

    def new_block(self, hint: str) -> Block:
        """A block that is not in the function yet; `start` puts it there."""
        label = hint if hint == "entry" else f"{hint}{self._labels}"
        self._labels += 1
        block = Block(label)
        self._current[block] = {}
        self._incomplete[block] = []
        self._predecessors[block] = []
        return block

    def start(self, block: Block) -> None:
        """Make `block` the one that ops are appended to."""
        self.func.blocks.append(block)
        self.block = block

    @property
    def is_open(self) -> bool:
        """Whether the current block still takes ops."""
        return self.block.terminator is None

    def reopen(self) -> None:
        """Go on in a block that nothing leads to, if the function has ended here."""
        if not self.is_open:
            unreachable = self.new_block("unreachable")
            self.seal(unreachable)
            self.start(unreachable)

    def is_written(self, variable: str) -> bool:
        """Whether the function has written a script variable anywhere so far."""
        return variable in self._kinds

    def emit(self, op: Op) -> None:
        self.block.ops.append(op)

    def _emit_at_top(self, op: Op) -> None:
        """Append to the ops that open the entry block, which dominates every use."""
        self.func.blocks[0].ops.insert(len(self._constants) + len(self._maps) - 1, op)

    def const(self, value: int) -> Value:
        """The 64-bit constant; each is made once."""
        value = to_signed(value, 64)
        known = self._constants.get(value)
        if known is None:
            known = self._constants[value] = self.func.new_value()
            self._emit_at_top(Const(known, value))
        return known

    def symbol(self, relocation: Relocation, value: int) -> Value:
        """What `relocation` is on the kernel that runs the program; `value` is this kernel's."""
        result = self.func.new_value()
        self.emit(Symbol(result, value, relocation, span=self.span))
        return result

    def binary(self, op: BinaryKind, left: Value, right: Value, width: int = 64) -> Value:
        """left op right; pointer ± integer stays a pointer, pointer - pointer is an integer."""
        is_sum = op is BinaryKind.ADD and Kind.PTR in (left.kind, right.kind)
        is_pointer = is_sum or (left.kind is Kind.PTR and right.kind is Kind.INT)
        result = self.func.new_value(Kind.PTR if is_pointer else Kind.INT)
        self.emit(Binary(result, op, left, right, width, span=self.span))
        return result

    def add(self, left: Value, right: Value) -> Value:
        """left + right, in 64 bits."""
        return self.binary(BinaryKind.ADD, left, right)

    def compare(self, cond: Cond, left: Value, right: Value, width: int = 64) -> Value:
        """1 where left cond right, else 0."""
        result = self.func.new_value()
        self.emit(Compare(result, cond, left, right, width, span=self.span))
        return result

    def extend(self, value: Value, bits: int, *, signed: bool) -> Value:
        """The low `bits` of value extended to 64; 64 bits need nothing."""
        if bits == 64:
            return value
        result = self.func.new_value()
        self.emit(Extend(result, value, bits, signed, span=self.span))
        return result

    def swap(self, value: Value, bits: int) -> Value:
        """The low `bits` with their bytes reversed, the rest zero."""
        result = self.func.new_value()
        self.emit(Swap(result, value, bits, span=self.span))
        return result

    def load(
        self,
        base: Value,
        offset: int,
        size: int,
        *,
        signed: bool = False,
        kind: Kind = Kind.INT,
        relocation: Relocation | None = None,
    ) -> Value:
        """The `size` bytes at base + offset, extended to 64 bits; `kind` is what they hold. With a
        `relocation`, `offset` is this kernel's."""
        result = self.func.new_value(kind)
        self.emit(Load(result, base, offset, size, signed, relocation, span=self.span))
        return result

    def store(self, base: Value, offset: int, value: Value, size: int) -> None:
        self.emit(Store(base, offset, value, size, span=self.span))

    def atomic_add(self, base: Value, offset: int, value: Value, size: int = 8) -> None:
        self.emit(Atomic(None, AtomicKind.ADD, base, offset, value, size, span=self.span))

    def fetch_add(self, base: Value, offset: int, value: Value, size: int = 8) -> Value:
        """The value before the addition. Since Linux 5.12."""
        result = self.func.new_value()
        self.emit(Atomic(result, AtomicKind.ADD, base, offset, value, size, span=self.span))
        return result

    def fill(self, base: Value, offset: int, size: int) -> None:
        self.emit(Fill(base, offset, size, span=self.span))

    def copy(
        self, target: tuple[Value, int], source: tuple[Value, int], size: int, alignment: int = 8
    ) -> None:
        """Copy `size` bytes between two (base, offset) addresses."""
        self.emit(CopyBytes(*target, *source, size, alignment, span=self.span))

    def slot(self, name: str, size: int) -> Value:
        """The address of a new stack slot of `size` bytes, rounded up to 8."""
        self._slots += 1
        slot = Slot(f"{name}{self._slots}", (size + 7) & -8)
        result = self.func.new_value(Kind.PTR)
        self.emit(SlotAddress(result, slot, span=self.span))
        return result

    def map(self, name: str) -> Value:
        """The address of the map called `name`; each is made once."""
        return self._map_address(name, is_value=False)

    def map_value(self, name: str) -> Value:
        """The address of the only value of the array called `name`. Since Linux 5.2."""
        return self._map_address(name, is_value=True)

    def _map_address(self, name: str, *, is_value: bool) -> Value:
        known = self._maps.get((name, is_value))
        if known is None:
            known = self._maps[name, is_value] = self.func.new_value(Kind.PTR)
            self._emit_at_top(MapAddress(known, name, is_value))
        return known

    def call(self, helper: str, *args: Value, kind: Kind = Kind.INT, pure: bool = False) -> Value:
        """helper(args…); `kind` is what r0 holds (a pointer may be null until tested)."""
        result = self.func.new_value(kind)
        self.emit(Call(result, helper, args, pure, span=self.span))
        return result

    def call_func(self, func: str, *args: Value) -> Value:
        """The subprogram's answer."""
        result = self.func.new_value()
        self.emit(CallFunc(result, func, args, span=self.span))
        return result

    def func_address(self, func: str) -> Value:
        """The address of a subprogram, for a helper that calls back."""
        result = self.func.new_value(Kind.PTR)
        self.emit(FuncAddress(result, func, span=self.span))
        return result

    def fork(
        self,
        branch: Callable[[Block, Block], None],
        then: Callable[[], None],
        other: Callable[[], None] | None = None,
    ) -> None:
        """`if`: `branch` ends the current block towards the two given; both arms meet again.

        Without `other` the second block is where they meet. The builder stands there afterwards;
        where both arms ended the function, that block is open still, and not reachable.
        """
        first, meeting = self.new_block("then"), self.new_block("join")
        second = meeting if other is None else self.new_block("else")
        branch(first, second)
        self._arm(first, then, meeting)
        if other is not None:
            self._arm(second, other, meeting)
        self.seal(meeting)
        self.start(meeting)

    def _arm(self, block: Block, run: Callable[[], None], meeting: Block) -> None:
        self.seal(block)
        self.start(block)
        run()
        if self.is_open:
            self.jump(meeting)

    def when(
        self,
        cond: Cond,
        left: Value,
        right: Value,
        then: Callable[[], None],
        other: Callable[[], None] | None = None,
    ) -> None:
        """`if (left cond right) then() else other()`."""
        self.fork(lambda yes, no: self.branch(cond, left, right, yes, no), then, other)

    def when_set(
        self, value: Value, then: Callable[[], None], other: Callable[[], None] | None = None
    ) -> None:
        """`if (value != 0) then() else other()`; a pointer: where it is not null."""
        self.when(Cond.NE, value, self.const(0), then, other)

    def jump(self, target: Block) -> None:
        self._end(Jump(Edge(target.label), span=self.span), target)

    def branch(self, cond: Cond, left: Value, right: Value, then: Block, other: Block) -> None:
        """To `then` where left cond right, else to `other`."""
        edges = Edge(then.label), Edge(other.label)
        self._end(Branch(cond, left, right, *edges, span=self.span), then, other)

    def branch_if(self, value: Value, then: Block, other: Block) -> None:
        """To `then` when value is not zero (a pointer: not null)."""
        self.branch(Cond.NE, value, self.const(0), then, other)

    def ret(self, value: Value) -> None:
        self._end(Return(value, span=self.span))

    def _end(self, terminator: Terminator, *targets: Block) -> None:
        self.block.terminator = terminator
        for target in dict.fromkeys(targets):
            self._predecessors[target].append(self.block)

    def write(self, variable: str, value: Value) -> None:
        """The script variable holds `value` from here on in this block."""
        self._current[self.block][variable] = value
        self._kinds[variable] = value.kind

    def read(self, variable: str) -> Value:
        """The SSA value of a script variable here; KeyError if it was never written."""
        return self._read_in(variable, self.block)

    def seal(self, block: Block) -> None:
        """All predecessors of `block` are known: complete the parameters made on trust."""
        for variable in self._incomplete.pop(block):
            self._complete(variable, [block])

    def _read_in(self, variable: str, block: Block) -> Value:
        made: list[Block] = []
        value = self._find(variable, block, made)
        self._complete(variable, made)
        return value

    def _find(self, variable: str, block: Block, made: list[Block]) -> Value:
        """The variable's value at the end of `block`, if need be by a parameter made on the way.

        A block that gets a parameter which is to be completed at once is appended to `made`.
        """
        passed: list[Block] = []
        while (value := self._current[block].get(variable)) is None:
            passed.append(block)
            predecessors = self._predecessors[block]
            is_sealed = block not in self._incomplete
            if is_sealed and not predecessors:
                if block is self.func.blocks[0]:
                    raise KeyError(variable)
                value = self.const(0)  # nothing leads here, so nothing is ever read
                break
            if is_sealed and len(predecessors) == 1:
                block = predecessors[0]
                continue
            value = self.func.new_value(self._kinds[variable])
            block.params.append(value)
            if is_sealed:
                made.append(block)
            else:
                self._incomplete[block].append(variable)
            break
        for one in passed:
            self._current[one][variable] = value
        return value

    def _complete(self, variable: str, made: list[Block]) -> None:
        """Pass the variable, one more argument, on every edge into the blocks in `made`.

        A list instead of recursion: a script of some hundred statements would exhaust the stack.
        Arguments come in the order of the parameters, as one variable is completed at a time.
        """
        while made:
            block = made.pop()
            for predecessor in self._predecessors[block]:
                argument = self._find(variable, predecessor, made)
                predecessor.terminator = _add_argument(predecessor.end, block.label, argument)


def _add_argument(terminator: Terminator, label: str, argument: Value) -> Terminator:
    """The terminator with `argument` appended on its edges to `label`."""

    def extended(edge: Edge) -> Edge:
        return Edge(edge.target, (*edge.args, argument)) if edge.target == label else edge

    match terminator:
        case Jump():
            return replace(terminator, edge=extended(terminator.edge))
        case Branch():
            then, other = extended(terminator.then), extended(terminator.other)
            return replace(terminator, then=then, other=other)
        case Return():
            return terminator
