"""Checks the invariants of the IR, so that a broken pass is caught by its own name.

The list is in `ir/ops.py`: single definitions that dominate their uses, edges that fit their
targets, sizes that exist, calls that fit their subprograms, and the context pointer used only as
the kernel's verifier allows.

>>> verify(func, "lower")      # raises CompilerBug, naming the stage `lower`, if something is off
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from seismo.base.errors import CompilerBug
from seismo.ir.func import Block, Func
from seismo.ir.graph import Dominators, Graph
from seismo.ir.ops import (
    Atomic,
    Binary,
    BinaryKind,
    Branch,
    Call,
    CallFunc,
    Compare,
    CopyBytes,
    Extend,
    Fill,
    Kind,
    Load,
    Op,
    SlotAddress,
    Store,
    Swap,
    Terminator,
    Value,
)

__all__ = ("verify",)

SIZES = (1, 2, 4, 8)
WIDTHS = (32, 64)
MAX_ARGS = 5


def verify(func: Func, stage: str) -> None:
    """Raise `CompilerBug` naming `stage` if a program breaks an invariant of the IR."""
    for name, message in _complaints(func):
        raise CompilerBug(stage, f"{name}: {message}")


def _complaints(program: Func) -> Iterator[tuple[str, str]]:
    """The functions in which something is wrong, and what."""
    known: dict[str, Func] = {}
    for func in (*program.subprograms, program):
        own = _context_uses(func) if func is program else _as_subprogram(func)
        context = func.params[0] if func is program else None
        for message in chain(_in_function(func), own, _calls(func, known), _moved(func, context)):
            yield func.name, message
        known[func.name] = func
    if len(known) <= len(program.subprograms):
        yield program.name, "two of its functions have one name"


def _in_function(func: Func) -> Iterator[str]:
    """Everything wrong, found in an order that lets each check rely on the ones before."""
    yield from _structure(func)
    for block in func.blocks:
        for op in block.ops:
            if complaint := _shape(op):
                yield f"{block.label}: {complaint}: {op}"
        if isinstance(block.end, Branch) and block.end.width not in WIDTHS:
            yield f"{block.label}: no such width: {block.end}"
    yield from _definitions(func)
    yield from _dominance(func)


def _structure(func: Func) -> Iterator[str]:
    """Labels, terminators and edges."""
    if not func.blocks:
        yield "no blocks"
        return
    blocks: dict[str, Block] = {}
    for block in func.blocks:
        if block.label in blocks:
            yield f"two blocks are called {block.label}"
        blocks[block.label] = block
        if block.terminator is None:
            yield f"{block.label} has no terminator"
        if any(isinstance(op, Terminator) for op in block.ops):
            yield f"{block.label} has a terminator before its end"
    entry = func.blocks[0]
    if entry.params:
        yield f"the entry block {entry.label} has parameters"
    for block in func.blocks:
        for edge in block.end.edges:
            if edge.target not in blocks:
                yield f"{block.label} goes to {edge.target}, which does not exist"
            if edge.target == entry.label:
                yield f"{block.label} goes back to the entry block"
            given, wanted = len(edge.args), len(blocks[edge.target].params)
            if given != wanted:
                yield f"{block.label} passes {given} values to {edge.target}, which takes {wanted}"


def _shape(op: Op) -> str:
    """What is wrong with an op's own fields, or ''."""
    match op:
        case Binary(_, kind, left, right, width):
            pointers = Kind.PTR in (left.kind, right.kind)
            if width not in WIDTHS:
                return "no such width"
            if pointers and (width != 64 or kind not in (BinaryKind.ADD, BinaryKind.SUB)):
                return "pointers only take 64-bit add and sub"
        case Compare(width=width) if width not in WIDTHS:
            return "no such width"
        case Extend(bits=bits) if bits not in (8, 16, 32):
            return "no such extension"
        case Swap(bits=bits) if bits not in (16, 32, 64):
            return "no such swap"
        case Load(size=size) | Store(size=size) if size not in SIZES:
            return "no such size"
        case Atomic(size=size) if size not in (4, 8):
            return "no such atomic size"
        case Fill(size=size) if size <= 0:
            return "a fill is not empty"
        case CopyBytes() if op.size <= 0 or op.alignment not in SIZES:
            return "a copy is not empty and aligned to 1, 2, 4 or 8 bytes"
        case SlotAddress(slot=slot) if slot.size <= 0 or slot.alignment not in SIZES:
            return "a slot is not empty and aligned to 1, 2, 4 or 8 bytes"
        case Call(args=args) | CallFunc(args=args) if len(args) > MAX_ARGS:
            return "a call takes at most five arguments"
        case _:
            pass
    return ""


def _calls(func: Func, known: Mapping[str, Func]) -> Iterator[str]:
    """Only subprograms listed before are referred to, so that none calls itself by any way."""
    for op in func.references:
        if op.func not in known:
            yield f"no such subprogram before this one: {op}"
        elif isinstance(op, CallFunc) and len(op.args) != len(known[op.func].params):
            yield f"the subprogram takes {len(known[op.func].params)} arguments: {op}"


def _moved(func: Func, context: Value | None) -> Iterator[str]:
    """Only what no pass moves has an offset that another kernel has otherwise."""
    for block in func.blocks:
        for op in block.ops:
            if isinstance(op, Load) and op.relocation is not None and op.base is not context:
                yield f"{block.label}: only a load of the context is relocated: {op}"


def _as_subprogram(func: Func) -> Iterator[str]:
    if func.subprograms:
        yield "a subprogram has no subprograms of its own"
    if len(func.params) > MAX_ARGS:
        yield "a subprogram takes at most five arguments"


def _context_uses(func: Func) -> Iterator[str]:
    """The context pointer is a base, a call's argument or stored as a whole, nothing else."""
    context = func.params[0]
    for block in func.blocks:
        for op in block.ops:
            match op:
                case Load() | Call() | CallFunc():
                    continue
                case Store(base=base, value=value, size=size) if value is not context or (
                    size == 8 and base is not context
                ):
                    continue
                case _ if context in op.uses:
                    yield f"{block.label}: the context pointer may not be used so: {op}"
        if context in block.end.uses:
            yield f"{block.label}: the context pointer may not be used so: {block.end}"


def _definitions(func: Func) -> Iterator[str]:
    """Each value has one definition, and no two values one name."""
    names: dict[int, str] = {}
    for value, where in _defined_values(func):
        if value.id in names:
            yield f"{value} is defined in {where} and before in {names[value.id]}"
        if value.id > func.next_id:
            yield f"{value} has a number that `new_value` may give out again"
        names[value.id] = where


def _defined_values(func: Func) -> Iterator[tuple[Value, str]]:
    for param in func.params:
        yield param, "the function's parameters"
    for block in func.blocks:
        for param in block.params:
            yield param, block.label
        for op in block.ops:
            if op.result is not None:
                yield op.result, block.label


def _dominance(func: Func) -> Iterator[str]:
    """Every use comes after its definition on every path; unreachable blocks are not judged."""
    graph = Graph.of(func)
    dominators = Dominators.of(graph)
    homes: dict[Value, Block] = dict.fromkeys(func.params, func.blocks[0])
    for block in func.blocks:
        homes.update(dict.fromkeys(block.params, block))
        homes.update((op.result, block) for op in block.ops if op.result is not None)
    for block in graph.order:
        here = {*block.params, *(func.params if block is func.blocks[0] else ())}
        for op in (*block.ops, block.end):
            for value in op.uses:
                home = homes.get(value)
                if home is None:
                    yield f"{block.label}: {value} is defined nowhere: {op}"
                elif value not in here and (home is block or not _above(dominators, home, block)):
                    yield f"{block.label}: {value} is not defined on every path to: {op}"
            if not isinstance(op, Terminator) and op.result is not None:
                here.add(op.result)


def _above(dominators: Dominators, home: Block, block: Block) -> bool:
    return home.label in dominators.spans and dominators.dominates(home.label, block.label)
