"""Reads listings back: `str(parse(str(func))) == str(func)`. For tests and hand-written IR.

A listing does not say everything: spans are lost, and slots of one name become one slot.

>>> func = parse('''
... func double(%p0)
... entry:
...     %1 = load.u64 %p0+8
...     %2 = add64 %1, %1
...     return %2
... ''')
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from seismo.base.errors import AsmError
from seismo.ir.func import Block, Func, Module
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
    Value,
)
from seismo.spec.relocations import parse_relocation

__all__ = ("parse", "parse_module")

HEADS = ("func ", "sub ")
VALUE = r"%p?\d+"
ADDRESS = rf"({VALUE})([+-]\d+)"
RESULT = rf"(?:({VALUE}) = )?"
RELOCATION = r"\w+\(.*\)"
EDGE = r"[^\s()]+(?:\([^)]*\))?"
BRANCH = rf"branch\.([a-z]+)(32|64) ({VALUE}), ({VALUE}) \? ({EDGE}) : ({EDGE})"


def parse(text: str) -> Func:
    """The program that `text` lists, with its subprograms; AsmError names what does not read."""
    funcs = parse_module(text).funcs
    if len(funcs) != 1:
        raise AsmError(f"a listing of {len(funcs)} programs, not of one", "")
    return funcs[0]


def parse_module(text: str) -> Module:
    """All programs that `text` lists, each with the subprograms that follow it."""
    programs: list[Func] = []
    for head, *lines in _listings(text):
        func = _Listing(head).read(lines)
        if head.startswith("func "):
            programs.append(func)
        elif programs:
            programs[-1].subprograms.append(func)
        else:
            raise AsmError("a subprogram before the first program", head)
    return Module(tuple(programs))


def _listings(text: str) -> Iterator[Sequence[str]]:
    """The lines of each function, its head first."""
    lines: list[str] = []
    for line in text.splitlines():
        if lines and line.startswith(HEADS):
            yield lines
            lines = []
        if line.strip():
            lines.append(line)
    if lines:
        yield lines


class _Listing:
    """The function read so far and the names seen."""

    def __init__(self, head: str) -> None:
        match = re.fullmatch(rf"(?:func|sub) (\S+)\(((?:{VALUE})?(?:, {VALUE})*)\)", head.strip())
        if match is None:
            raise AsmError("expected `func name(%p0)` or `sub name(%0)`", head)
        self._values: dict[str, Value] = {}
        self._slots: dict[str, Slot] = {}
        self.func = Func(match[1], [])
        self.func.params.extend(self.values(match[2]))

    def read(self, lines: list[str]) -> Func:
        for line in lines:
            if line[0].isspace():
                self._read_op(line)
            else:
                self._read_label(line)
        return self.func

    def _read_label(self, line: str) -> None:
        match = re.fullmatch(r"([^\s()]+)(?:\(([^)]*)\))?:", line.strip())
        if match is None:
            raise AsmError("expected a block's `label:`", line)
        self.func.blocks.append(Block(match[1], list(self.values(match[2] or ""))))

    def _read_op(self, line: str) -> None:
        if not self.func.blocks:
            raise AsmError("an op before the first label", line)
        block = self.func.blocks[-1]
        text = line.strip()
        if match := re.fullmatch(r"jump (\S.*)", text):
            block.terminator = Jump(self._edge(match[1]))
        elif match := re.fullmatch(rf"return ({VALUE})", text):
            block.terminator = Return(self.value(match[1]))
        elif match := re.fullmatch(BRANCH, text):
            test = Cond(match[1]), self.value(match[3]), self.value(match[4])
            edges = self._edge(match[5]), self._edge(match[6])
            block.terminator = Branch(*test, *edges, int(match[2]))
        else:
            block.ops.append(self._op(line, text))

    def _op(self, line: str, text: str) -> Op:
        for pattern, make in OPS:
            if match := re.fullmatch(pattern, text):
                return make(self, match)
        raise AsmError("no such operation", line, len(line) - len(line.lstrip()) + 1)

    def value(self, name: str) -> Value:
        """The value of that name; a name before its definition is fine."""
        if name not in self._values:
            number = int(name.lstrip("%p"))
            self._values[name] = Value(number, Kind.PTR if name[1] == "p" else Kind.INT)
            self.func.next_id = max(self.func.next_id, number)
        return self._values[name]

    def result(self, name: str | None) -> Value | None:
        return self.value(name) if name else None

    def values(self, text: str) -> tuple[Value, ...]:
        return tuple(self.value(name) for name in text.split(", ") if name)

    def _edge(self, text: str) -> Edge:
        label, _, args = text.rstrip(")").partition("(")
        return Edge(label, self.values(args))

    def slot(self, name: str, size: str, alignment: str | None) -> Slot:
        if name not in self._slots:
            self._slots[name] = Slot(name, int(size), int(alignment or 8))
        return self._slots[name]


def _binary(at: _Listing, m: re.Match[str]) -> Op:
    left, right = at.value(m[4]), at.value(m[5])
    return Binary(at.value(m[1]), BinaryKind(m[2]), left, right, int(m[3]))


def _compare(at: _Listing, m: re.Match[str]) -> Op:
    return Compare(at.value(m[1]), Cond(m[2]), at.value(m[4]), at.value(m[5]), int(m[3]))


def _load(at: _Listing, m: re.Match[str]) -> Op:
    size, relocation = int(m[3]) // 8, parse_relocation(m[6]) if m[6] else None
    return Load(at.value(m[1]), at.value(m[4]), int(m[5]), size, m[2] == "s", relocation)


def _symbol(at: _Listing, m: re.Match[str]) -> Op:
    return Symbol(at.value(m[1]), int(m[2]), parse_relocation(m[3]))


def _atomic(at: _Listing, m: re.Match[str]) -> Op:
    base, offset, value = at.value(m[4]), int(m[5]), at.value(m[6])
    return Atomic(at.result(m[1]), AtomicKind(m[2]), base, offset, value, int(m[3]) // 8)


def _copy(at: _Listing, m: re.Match[str]) -> Op:
    target, source = (at.value(m[1]), int(m[2])), (at.value(m[3]), int(m[4]))
    return CopyBytes(*target, *source, int(m[5]), int(m[6]))


def _call(at: _Listing, m: re.Match[str]) -> Op:
    return Call(at.result(m[1]), m[3], at.values(m[4]), pure=m[2] == "pure")


def _call_func(at: _Listing, m: re.Match[str]) -> Op:
    return CallFunc(at.result(m[1]), m[2], at.values(m[3]))


Makers: TypeAlias = tuple[tuple[str, Callable[[_Listing, re.Match[str]], Op]], ...]

OPS: Makers = (
    (rf"({VALUE}) = const (-?\d+)", lambda at, m: Const(at.value(m[1]), int(m[2]))),
    (rf"({VALUE}) = symbol (-?\d+) ({RELOCATION})", _symbol),
    (rf"({VALUE}) = cmp\.([a-z]+)(\d+) ({VALUE}), ({VALUE})", _compare),
    (rf"({VALUE}) = load\.([us])(\d+) {ADDRESS}(?: ({RELOCATION}))?", _load),
    (
        rf"({VALUE}) = ([sz])ext(\d+) ({VALUE})",
        lambda at, m: Extend(at.value(m[1]), at.value(m[4]), int(m[3]), signed=m[2] == "s"),
    ),
    (
        rf"({VALUE}) = swap(\d+) ({VALUE})",
        lambda at, m: Swap(at.value(m[1]), at.value(m[3]), int(m[2])),
    ),
    (
        r"(%p\d+) = slot (\S+)\[(\d+)\](?: align (\d))?",
        lambda at, m: SlotAddress(at.value(m[1]), at.slot(m[2], m[3], m[4])),
    ),
    (
        r"(%p\d+) = (map|value) (\S+)",
        lambda at, m: MapAddress(at.value(m[1]), m[3], is_value=m[2] == "value"),
    ),
    (r"(%p\d+) = func @(\S+)", lambda at, m: FuncAddress(at.value(m[1]), m[2])),
    (rf"({VALUE}) = ([a-z]+?)(32|64) ({VALUE}), ({VALUE})", _binary),
    (
        rf"store\.u(\d+) {ADDRESS}, ({VALUE})",
        lambda at, m: Store(at.value(m[2]), int(m[3]), at.value(m[4]), int(m[1]) // 8),
    ),
    (rf"{RESULT}atomic\.([a-z]+)(\d+) {ADDRESS}, ({VALUE})", _atomic),
    (rf"fill {ADDRESS}, (\d+)", lambda at, m: Fill(at.value(m[1]), int(m[2]), int(m[3]))),
    (rf"copy {ADDRESS}, {ADDRESS}, (\d+) align (\d)", _copy),
    (rf"{RESULT}(call|pure) (\w+)\(([^)]*)\)", _call),
    (rf"{RESULT}call @([^\s()]+)\(([^)]*)\)", _call_func),
)
