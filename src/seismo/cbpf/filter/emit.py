"""A graph of tests to a program: what is in A and X already is not loaded again.

Tests stand in an order in which every jump goes forward. Jumps skip at most 255 instructions; one
that has to go further goes to a `ja` right behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seismo.base.bits import U32_MAX
from seismo.base.dataclass import dataclass
from seismo.cbpf.filter.conditions import (
    Computed,
    Constant,
    HeaderLength,
    Load,
    PacketLength,
    Test,
    Value,
)
from seismo.cbpf.filter.graph import ACCEPT, REJECT, Graph
from seismo.cbpf.insn import MEMORY_WORDS, Code, SockFilter
from seismo.isa.opcode import AluOp, Class, Source

__all__ = ("TooComplex", "emit")

_ABSOLUTE = {4: Code.LD_ABS_W, 2: Code.LD_ABS_H, 1: Code.LD_ABS_B}
_INDEXED = {4: Code.LD_IND_W, 2: Code.LD_IND_H, 1: Code.LD_IND_B}
_REACH = 255
_DETOURS = 2


class TooComplex(Exception):
    """Arithmetic that needs more words of M than there are; the compiler says where."""


@dataclass(frozen=True, slots=True)
class _Registers:
    """What A and X hold; None where that depends on the way."""

    a: Value | None = None
    x: Value | None = None


def emit(graph: Graph, root: int, accepted: int) -> tuple[SockFilter, ...]:
    """The program: `accepted` is returned of packets that pass, 0 of others."""
    order = _layout(graph, root)
    bodies = _bodies(graph, order)
    returns = {REJECT: 0, ACCEPT: accepted}
    # From the last instruction to the first: then it is known how far each jump goes.
    backward: list[SockFilter] = []
    starts: dict[int, int] = {}
    for number in reversed(order):
        if number <= ACCEPT:
            backward.append(SockFilter(Code.RET_K, k=returns[number]))
        else:
            node = graph.node(number)
            ahead = [len(backward) - starts[target] for target in (node.yes, node.no)]
            backward.extend(reversed((*bodies[number], *_branch(node.test, ahead))))
        starts[number] = len(backward)
    return tuple(reversed(backward))


def _branch(test: Test, ahead: Sequence[int]) -> list[SockFilter]:
    """The comparison, and a `ja` for each way that is too far; `ahead` counts from behind both."""
    is_far = [distance > _REACH - _DETOURS for distance in ahead]
    detours = sum(is_far)
    skips: list[int] = []
    jumps: list[SockFilter] = []
    for distance, far in zip(ahead, is_far, strict=True):
        skips.append(len(jumps) if far else distance + detours)
        if far:
            jumps.append(SockFilter(Code.JA, k=distance + detours - len(jumps) - 1))
    code, k = Class.JMP | test.op | Source.X, 0
    if isinstance(test.right, Constant):
        code, k = Class.JMP | test.op | Source.K, test.right.number
    return [SockFilter(code, skips[0], skips[1], k), *jumps]


def _layout(graph: Graph, root: int) -> list[int]:
    """Every node before those that it goes to, and what follows a `yes` close to it."""
    finished: list[int] = []
    seen: set[int] = set()
    waiting = [(root, False)]
    while waiting:
        number, is_done = waiting.pop()
        if is_done:
            finished.append(number)
        elif number not in seen:
            seen.add(number)
            waiting.append((number, True))
            if number > ACCEPT:
                node = graph.node(number)
                waiting += [(node.yes, False), (node.no, False)]
    return finished[::-1]


def _bodies(graph: Graph, order: Sequence[int]) -> Mapping[int, list[SockFilter]]:
    """What each test needs before its comparison, given what all ways to it leave in A and X."""
    before = {order[0]: _Registers()}
    bodies = {}
    for number in order:
        if number <= ACCEPT:
            continue
        node = graph.node(number)
        writer = _Writer(before[number])
        writer.operands(node.test.left, node.test.right)
        bodies[number] = writer.code
        for target in (node.yes, node.no):
            before[target] = _common(before.get(target, writer.registers), writer.registers)
    return bodies


def _common(one: _Registers, other: _Registers) -> _Registers:
    return _Registers(
        one.a if one.a == other.a else None,
        one.x if one.x == other.x else None,
    )


class _Writer:
    """Instructions that compute values, and what the registers hold after them."""

    def __init__(self, before: _Registers) -> None:
        self.code: list[SockFilter] = []
        self.a = before.a
        self.x = before.x
        self.used = 0

    @property
    def registers(self) -> _Registers:
        return _Registers(self.a, self.x)

    def add(self, code: int, k: int = 0) -> None:
        self.code.append(SockFilter(code, k=k & U32_MAX))

    def operands(self, left: Value, right: Value) -> None:
        """A = left; X = right, if that is no constant."""
        if isinstance(right, Constant):
            self.to_a(left)
        elif _takes_x_only(right) and not (_changes_x(left) and self.a != left):
            self.to_x(right)
            self.to_a(left)
        elif _takes_x_only(right):
            self.to_a(left)
            self.to_x(right)
        elif not _changes_x(left):
            self.to_x(right)
            self.to_a(left)
        else:
            self.by_memory(left, right)

    def by_memory(self, left: Value, right: Value) -> None:
        """As `operands`, where each of them takes both registers."""
        if self.used == MEMORY_WORDS:
            raise TooComplex
        slot = self.used
        self.to_a(right)
        self.add(Code.ST, slot)
        self.used += 1
        self.to_a(left)
        self.used -= 1
        self.add(Code.LDX_MEM, slot)
        self.x = right

    def to_a(self, value: Value) -> None:
        """A = value; X may change."""
        if self.a == value:
            return
        match value:
            case Constant():
                self.add(Code.LD_IMM, value.number)
            case PacketLength():
                self.add(Code.LD_LEN)
            case HeaderLength():
                self.to_x(value)
                self.add(Code.TXA)
            case Load() if value.index is not None:
                self.to_x(value.index)
                self.add(_INDEXED[value.size], value.offset)
            case Load():
                self.add(_ABSOLUTE[value.size], value.offset)
            case Computed():
                self.compute(value)
        self.a = value

    def compute(self, value: Computed) -> None:
        self.operands(value.left, value.right)
        if value.op == AluOp.NEG:
            self.add(Code.NEG)
        elif isinstance(value.right, Constant):
            self.add(Class.ALU | value.op | Source.K, value.right.number)
        else:
            self.add(Class.ALU | value.op | Source.X)

    def to_x(self, value: Value) -> None:
        """X = value; A may change."""
        if self.x == value:
            return
        match value:
            case Constant():
                self.add(Code.LDX_IMM, value.number)
            case PacketLength():
                self.add(Code.LDX_LEN)
            case HeaderLength():
                self.add(Code.LDX_MSH, value.offset)
            case _:
                self.to_a(value)
                self.add(Code.TAX)
        self.x = value


def _takes_x_only(value: Value) -> bool:
    """Whether X gets the value without A."""
    return isinstance(value, Constant | PacketLength | HeaderLength)


def _changes_x(value: Value) -> bool:
    """Whether X changes while A gets the value."""
    match value:
        case HeaderLength():
            return True
        case Load():
            return value.index is not None
        case Computed():
            simple = isinstance(value.right, Constant)
            return not simple or _changes_x(value.left)
        case _:
            return False
