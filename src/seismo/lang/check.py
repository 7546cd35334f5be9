"""`check`: the whole script's types and rules.

Types flow both ways, across probes: `@m = 1` in one and `@m = (uint64)…` in another make a uint64
of both. So passes over the script widen variables and maps until one pass changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import Diagnostics
from seismo.lang.ast import (
    AssignMap,
    AssignVariable,
    Block,
    Call,
    Expr,
    ExprStatement,
    If,
    Return,
    Script,
    Stmt,
    Variable,
)
from seismo.lang.ctype import arguments_type
from seismo.lang.expand import ProbeInstance
from seismo.lang.infer import Place, Typer
from seismo.lang.join import Slot
from seismo.lang.scope import resolve_variables
from seismo.lang.signature import Signatures
from seismo.lang.symbols import MapTable
from seismo.lang.typed import TypedProbe, TypedScript
from seismo.lang.types import INT64, Type
from seismo.probes.table import kind_of
from seismo.probes.view import KernelView

__all__ = ("check",)


@dataclass(frozen=True, slots=True)
class _Program:
    """An instance, and what outlives a pass over it."""

    instance: ProbeInstance
    place: Place
    storage: Mapping[Variable, str]
    locals: dict[str, Slot]


def check(
    script: Script,
    instances: Sequence[ProbeInstance],
    signatures: Signatures,
    view: KernelView,
    diagnostics: Diagnostics,
) -> TypedScript:
    """The types of the script's programs; its mistakes go to `diagnostics`, and the answer is then
    partial."""
    names = Diagnostics()
    storage = {probe: resolve_variables(probe, names) for probe in script.probes}
    programs = [_program(one, storage[one.probe], view) for one in instances]
    maps = MapTable()
    before: list[Type | None] = []
    while True:
        found = Diagnostics(list(names.found))
        types = [_pass(one, signatures, maps, found) for one in programs]
        after = maps.snapshot() + [slot.type for one in programs for slot in one.locals.values()]
        if after == before:
            break
        before = after
    _report(found, diagnostics)
    typed = [_typed(one, its) for one, its in zip(programs, types, strict=True)]
    return TypedScript(probes=tuple(typed), maps=maps.symbols())


def _program(
    instance: ProbeInstance, storage: Mapping[Variable, str], view: KernelView
) -> _Program:
    point = instance.points[0]
    kind = kind_of(point)
    args = arguments_type(view.tracepoint(*point.target)) if kind.has_args else None
    slots = {name: Slot() for name in storage.values()}
    return _Program(instance, Place(kind, str(point), args), storage, slots)


def _pass(
    program: _Program, signatures: Signatures, maps: MapTable, diagnostics: Diagnostics
) -> dict[Expr, Type]:
    """One pass over a program: its types as far as they are known."""
    typer = Typer(
        place=program.place,
        signatures=signatures,
        maps=maps,
        storage=program.storage,
        locals=program.locals,
        diagnostics=diagnostics,
    )
    probe = program.instance.probe
    if probe.predicate is not None:
        typer.condition(probe.predicate)
    _statement(typer, probe.body)
    return typer.types


def _statement(typer: Typer, node: Stmt) -> None:
    match node:
        case ExprStatement():
            typer.expr(node.expr)
        case AssignVariable():
            if node.op and node.value is not None:
                typer.update(node.target, node.op, node.value)
            elif node.value is not None:
                typer.assign(node.target, node.value, typer.value(node.value))
        case AssignMap():
            _assign_map(typer, node)
        case If():
            typer.condition(node.condition)
            _statement(typer, node.then)
            if node.other is not None:
                _statement(typer, node.other)
        case Block():
            for statement in node.statements:
                _statement(typer, statement)
        case Return():
            pass
        case _:
            assert_never(node)


def _assign_map(typer: Typer, node: AssignMap) -> None:
    signature = typer.signatures.get(node.value.name) if isinstance(node.value, Call) else None
    if node.op:
        typer.update(node.target, node.op, node.value)
    elif isinstance(node.value, Call) and signature is not None and signature.is_aggregate:
        type_ = typer.call(node.value, aggregates=True)
        if type_ is not None:
            typer.types[node.value] = type_
        typer.assign(node.target, node.value, type_)
    else:
        typer.assign(node.target, node.value, typer.value(node.value))


def _typed(program: _Program, types: dict[Expr, Type]) -> TypedProbe:
    return TypedProbe(
        probe=program.instance.probe,
        points=program.instance.points,
        types=types,
        locals=program.storage,
        local_types={name: slot.type or INT64 for name, slot in program.locals.items()},
    )


def _report(found: Diagnostics, diagnostics: Diagnostics) -> None:
    """Hand on what there is to say, in script order; of a probe's many instances only one says it
    of a place."""
    seen: set[tuple[str, int, int]] = set()
    for one in sorted(found.found, key=lambda one: one.span.start):
        key = (one.severity, one.span.start, one.span.end)
        if key not in seen:
            seen.add(key)
            diagnostics.found.append(one)
