"""`lower_probe`: one probe to a program: filter, predicate, body. `lower_retry`: the body again."""

from __future__ import annotations

from seismo.builtin.record import Writer
from seismo.ir.builder import Builder
from seismo.ir.func import Func
from seismo.ir.ops import Value
from seismo.lang.ast import Call, ForMap, ForRange
from seismo.lang.typed import TypedProbe
from seismo.lang.types import INT64
from seismo.lang.walk import walk
from seismo.lower.body import Body, ProgramState, addressed_variables
from seismo.lower.filter import emit_filter
from seismo.lower.function import FuncLowering
from seismo.lower.iterator import emit_iteration
from seismo.lower.resources import Resources
from seismo.lower.retry import arguments_size, put_aside, retried_strings, take_up
from seismo.lower.scratch import Arena
from seismo.spec.types import IterAttach

__all__ = ("lower_probe", "lower_retry")

_STACK_BUDGET_BYTES = 256
"""Half of the 512 bytes that a program has; the rest is for spilled registers."""

_SHARED_STACK_BUDGET_BYTES = 96
"""For a program with functions of its own, which share the 512 bytes with it."""


def lower_probe(
    name: str, index: int, probe: TypedProbe, return_value: int, shared: Resources
) -> Func:
    """The program, with its subprograms; `index` is its entry in the scratch map.

    Scratch memory is looked up after the predicate, so that a run that it ends does not pay for it,
    unless the predicate itself needs some.
    """
    low = _begin(name, index, probe, return_value, shared)
    if isinstance(at := probe.place.backend.attach[0], IterAttach):
        emit_iteration(low.b, is_pinned=bool(at.pin))
    before_predicate = low.gap("predicate")
    if probe.place.kind.is_task:
        emit_filter(low.b, shared.options, return_value)
    needs_scratch_early = _predicate(low, probe)
    before_body = low.gap("body")
    strings = retried_strings(probe)
    if strings:
        put_aside(low, strings, arguments_size(strings[0], probe), index, shared)
    _body(low, probe)
    low.close_gap(before_predicate, low.leave if needs_scratch_early else None)
    low.close_gap(before_body, None if needs_scratch_early else low.leave)
    return _end(low, shared)


def lower_retry(
    name: str, index: int, probe: TypedProbe, number: int, return_value: int, shared: Resources
) -> Func:
    """The program at a system call's end that runs the body of a probe at its beginning, which was
    lowered with the index `number`."""
    low = _begin(name, index, probe, return_value, shared)
    strings = retried_strings(probe)
    size = arguments_size(strings[0], probe)
    low.body.context = low.body.arena.keep(size)
    gap = low.gap("body")
    take_up(low, low.context, strings, size, number, shared)
    _body(low, probe)
    low.close_gap(gap, low.leave)
    return _end(low, shared)


def _begin(
    name: str, index: int, probe: TypedProbe, return_value: int, shared: Resources
) -> FuncLowering:
    program = ProgramState(index=index, place=probe.place, shared=shared)
    b = Builder(name)
    b.span = probe.probe.span
    body = Body(
        program=program,
        facts=probe.facts,
        default_space=probe.place.kind.space(probe.points[0]),
        arena=Arena(program.space),
        stack_budget=_stack_budget(probe, shared),
        returns=INT64,
        addressed=addressed_variables(probe.facts),
    )

    def leave() -> None:
        b.ret(b.const(return_value))

    def give(value: Value | Writer | None) -> None:
        if isinstance(value, Value):
            b.ret(value)
        else:
            leave()

    return FuncLowering(body, b, leave, give)


def _body(low: FuncLowering, probe: TypedProbe) -> None:
    low.statements(probe.probe.body.statements)
    if low.b.is_open:
        low.leave()
    low.b.span = probe.probe.span


def _end(low: FuncLowering, shared: Resources) -> Func:
    program, func = low.body.program, low.b.func
    shared.scratch_bytes = max(shared.scratch_bytes, program.space.size)
    func.subprograms += program.subprograms
    return func


def _predicate(low: FuncLowering, probe: TypedProbe) -> bool:
    """Whether the predicate, if there is one, needs scratch memory."""
    condition, b = probe.probe.predicate, low.b
    if condition is None:
        return False
    mark = low.mark()
    matched, skipped = b.new_block("matched"), b.new_block("skipped")
    low.condition(condition, matched, skipped)
    for block in (skipped, matched):
        b.seal(block)
    b.start(skipped)
    low.leave()
    b.start(matched)
    low.release(mark)
    return low.needs_scratch


def _stack_budget(probe: TypedProbe, shared: Resources) -> int:
    for node in walk(probe.probe):
        if isinstance(node, ForMap | ForRange):
            return _SHARED_STACK_BUDGET_BYTES
        if isinstance(node, Call) and node.name in shared.functions:
            return _SHARED_STACK_BUDGET_BYTES
    return _STACK_BUDGET_BYTES
