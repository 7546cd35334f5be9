"""Output: `printf`."""

from __future__ import annotations

from collections.abc import Sequence

from seismo.base.diagnostics import Diagnostics
from seismo.builtin.record import Builtin, Lowering
from seismo.events.kinds import Action
from seismo.events.printf import Accepts, PrintfError, parse_format
from seismo.lang.ast import Call, String
from seismo.lang.signature import Param, Signature
from seismo.lang.types import (
    VOID,
    AggregateType,
    ArrayType,
    BoolType,
    IntType,
    PointerType,
    Type,
    VoidType,
)

__all__ = ("BUILTINS", "PRINTF")

_MAX_ARGUMENTS = 127


def _check_printf(call: Call, types: tuple[Type, ...], diagnostics: Diagnostics) -> Type:
    template = call.args[0]
    if not isinstance(template, String):
        return VOID  # reported already: the parameter asks for a literal string
    try:
        conversions = parse_format(template.value)
    except PrintfError as error:
        diagnostics.error(template.span, f"in the format, {error.message}", hint=error.hint)
        return VOID
    wanted = [accepts for one in conversions for accepts in one.accepts]
    given = len(call.args) - 1
    if len(wanted) != given:
        _report_count(call, len(wanted), given, diagnostics)
    elif given > _MAX_ARGUMENTS:
        diagnostics.error(call.span, f"printf() takes at most {_MAX_ARGUMENTS} arguments")
    else:
        _check_arguments(call, wanted, types[1:], diagnostics)
    return VOID


def _report_count(call: Call, wanted: int, given: int, diagnostics: Diagnostics) -> None:
    hint = "write %% for a percent sign" if wanted > given else "add a conversion such as %d or %s"
    conversions = f"{wanted} argument{'s' if wanted != 1 else ''}"
    diagnostics.error(call.span, f"the format takes {conversions}, {given} given", hint=hint)


def _check_arguments(
    call: Call, wanted: Sequence[Accepts], types: Sequence[Type], diagnostics: Diagnostics
) -> None:
    for argument, accepts, type_ in zip(call.args[1:], wanted, types, strict=True):
        if not _is_accepted(type_, accepts):
            hint = "print it with %s" if accepts is not Accepts.ANY else ""
            message = f"the conversion takes {accepts.value}, not {type_}"
            diagnostics.error(argument.span, message, hint=hint)


def _is_accepted(type_: Type, accepts: Accepts) -> bool:
    match accepts:
        case Accepts.ANY:
            return not isinstance(type_, VoidType)
        case Accepts.NUMBER:
            return isinstance(type_, IntType | BoolType | PointerType | AggregateType)
        case Accepts.BYTES:
            return isinstance(type_, ArrayType) and isinstance(type_.element, IntType)


def _lower_printf(low: Lowering, call: Call) -> None:
    template = call.args[0]
    assert isinstance(template, String), "checked: the format is a literal"
    fields = [
        (low.field_type(low.type_of(argument)), low.writer(argument)) for argument in call.args[1:]
    ]
    low.event(Action.PRINTF, template.value, fields, call.span)


PRINTF = Builtin(
    Signature(
        name="printf",
        params=(Param("format", ("string",), literal=True),),
        variadic=Param("value"),
        returns=VOID,
        check=_check_printf,
        is_statement=True,
    ),
    "Prints by a format as C's printf: `%d %u %x %o %c %p %s`, with flags, width and the lengths "
    "`hh h l ll j z t`. Without a length an integer is shown in 32 bits; `%s` shows anything.",
    _lower_printf,
)

BUILTINS = (PRINTF,)
