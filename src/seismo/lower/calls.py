"""Functions of the script: lowered where a program calls them first, then called.

Up to five numbers go through registers; all else, and results that fit no register, lies in scratch
memory, at places fixed for the program, which is why a function cannot call itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from seismo.builtin.record import Address, Writer
from seismo.ir.builder import Builder
from seismo.ir.ops import Kind, Value
from seismo.lang.ast import Expr
from seismo.lang.typed import TypedFunction
from seismo.lang.types import VoidType
from seismo.lower.body import Body, FunctionPlace, ProgramState, addressed_variables
from seismo.lower.context import FuncContext
from seismo.lower.layout import field_type, is_scalar
from seismo.lower.scratch import Arena

__all__ = ("call_function",)

_REGISTERS = 5
_STACK_BUDGET_BYTES = 96


def call_function(low: FuncContext, name: str, args: Sequence[Expr]) -> Value:
    """Call a function of the script; what it gives, if that fits a register."""
    b, program = low.b, low.body.program
    typed = low.function(name)
    place = program.functions.get(name) or _lower(low, typed)
    registers: list[Value] = []
    for arg, offset, (_, type_) in zip(args, place.params, typed.params, strict=True):
        if offset < 0:
            registers.append(low.scalar(arg))
            continue
        form = field_type(type_)
        write = low.writer_as(arg, form)
        to = Address(low.scratch_base, offset)
        b.fill(to.base, to.offset, (form.size + 7) & -8)
        write(to)
    result = b.call_func(name, *registers)
    if place.may_leave:
        left = b.load(low.scratch_base, program.left, 8)
        b.when_set(left, low.leave)
    return result


def _lower(low: FuncContext, typed: TypedFunction) -> FunctionPlace:
    """The function as a subprogram of this program."""
    program, name = low.body.program, typed.function.name
    arena = Arena(program.space)
    in_registers = [storage for storage, type_ in typed.params if is_scalar(type_)][:_REGISTERS]
    offsets = {
        storage: arena.keep(field_type(type_).size)
        for storage, type_ in typed.params
        if storage not in in_registers
    }
    is_big = not is_scalar(typed.returns) and not isinstance(typed.returns, VoidType)
    body = Body(
        program=program,
        facts=typed.facts,
        default_space="kernel",
        arena=arena,
        stack_budget=_STACK_BUDGET_BYTES,
        homes=dict(offsets),
        returns=typed.returns,
        addressed=addressed_variables(typed.facts),
        result=arena.keep(field_type(typed.returns).size) if is_big else -1,
    )
    may_leave = _lower_body(low, typed, body, in_registers, offsets)
    place = FunctionPlace(
        name, tuple(offsets.get(one, -1) for one, _ in typed.params), body.result, may_leave
    )
    program.functions[name] = place
    return place


def _lower_body(
    low: FuncContext,
    typed: TypedFunction,
    body: Body,
    in_registers: Sequence[str],
    offsets: dict[str, int],
) -> bool:
    """Whether the function may end the whole run (`exit`)."""
    b = Builder(typed.function.name, [Kind.INT] * len(in_registers))
    b.span = typed.function.span
    program = body.program
    exits: list[bool] = []

    def leave() -> None:
        exits.append(True)
        b.store(inner.scratch_base, _left(program), b.const(1), 8)
        b.ret(b.const(0))

    def give(value: Value | Writer | None) -> None:
        if isinstance(value, Value):
            b.ret(value)
            return
        if value is not None:
            value(Address(inner.scratch_base, body.result))
        b.ret(b.const(0))

    inner = low.inner(body, b, leave, give, is_apart=True)
    gap = inner.gap("body")
    for storage, value in zip(in_registers, b.func.params, strict=True):
        b.write(storage, value)
    for storage, type_ in typed.params:
        if storage in offsets and is_scalar(type_):
            form = field_type(type_)
            b.write(storage, b.load(inner.scratch_base, offsets[storage], form.size))
    inner.statements(typed.function.body.statements)
    if b.is_open:
        give(None)
    inner.close_gap(gap, lambda: b.ret(b.const(0)))
    program.subprograms.append(b.func)
    return bool(exits)


def _left(program: ProgramState) -> int:
    """The scratch offset of what says that a function has ended the run."""
    if program.left < 0:
        program.left = program.space.grow(8)
    return program.left
