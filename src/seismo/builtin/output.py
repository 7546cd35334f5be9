"""Output by a format: `printf`, `errorf`, `warnf`, `cat`, `system`, `debugf`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from seismo.builtin.record import Builtin, Lowering
from seismo.events.kinds import Action
from seismo.events.printf import Accepts, Conversion, PrintfError, parse_format
from seismo.ir.ops import Value
from seismo.lang.ast import Call, Expr
from seismo.lang.literals import string_bytes
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.types import (
    VOID,
    AggregateType,
    ArrayType,
    BoolType,
    BufferType,
    IntType,
    PointerType,
    StringType,
    Type,
    VoidType,
)

__all__ = ("BUILTINS", "CAT", "DEBUGF", "ERRORF", "PRINTF", "SYSTEM", "WARNF")

_MAX_ARGUMENTS = 127
_MAX_TRACE_ARGUMENTS = 3
"""More do not fit the registers of a call (bpf_trace_printk)."""

_KERNEL_CONVERSION = r"%%|%[-+ 0]*\d*(?:(?:ll?)?[diuxX]|[cps])"
"""What bpf_trace_printk() knows (kernel/bpf/helpers.c: `bpf_bprintf_prepare`)."""


def _conversions(call: Call, context: CallContext) -> tuple[Conversion, ...] | None:
    """The conversions of the call's format; None, and the complaint, for one that is no format."""
    template = call.args[0]
    if not context.is_constant(template):
        return None  # reported already: the parameter is a literal
    try:
        return parse_format(str(context.constant(template)))
    except PrintfError as error:
        context.error(template.span, f"in the format, {error.message}", hint=error.hint)
        return None


def _check_format(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    conversions = _conversions(call, context)
    if conversions is None:
        return VOID
    wanted = [accepts for one in conversions for accepts in one.accepts]
    given = len(call.args) - 1
    if len(wanted) != given:
        _report_count(call, len(wanted), given, context)
    elif given > _MAX_ARGUMENTS:
        context.error(call.span, f"{call.name}() takes at most {_MAX_ARGUMENTS} arguments")
    else:
        _check_arguments(call, wanted, types[1:], context)
    return VOID


def _report_count(call: Call, wanted: int, given: int, context: CallContext) -> None:
    hint = "write %% for a percent sign" if wanted > given else "add a conversion such as %d or %s"
    conversions = f"{wanted} argument{'s' if wanted != 1 else ''}"
    context.error(call.span, f"the format takes {conversions}, {given} given", hint=hint)


def _check_arguments(
    call: Call, wanted: Sequence[Accepts], types: Sequence[Type], context: CallContext
) -> None:
    for argument, accepts, type_ in zip(call.args[1:], wanted, types, strict=True):
        if not _is_accepted(type_, accepts):
            hint = "print it with %s" if accepts is not Accepts.ANY else ""
            message = f"the conversion takes {accepts.value}, not {type_}"
            context.error(argument.span, message, hint=hint)


def _is_accepted(type_: Type, accepts: Accepts) -> bool:
    match accepts:
        case Accepts.ANY:
            return not isinstance(type_, VoidType)
        case Accepts.NUMBER:
            return isinstance(type_, IntType | BoolType | PointerType | AggregateType)
        case Accepts.BYTES:
            is_array = isinstance(type_, ArrayType) and isinstance(type_.element, IntType)
            return is_array or (isinstance(type_, BufferType) and type_.shown == "bytes")


def _lower_format(action: Action) -> Callable[[Lowering, Call], None]:
    def lower(low: Lowering, call: Call) -> None:
        fields = [(low.field_type(low.type_of(one)), low.writer(one)) for one in call.args[1:]]
        low.event(action, str(low.constant(call.args[0])), fields, call.span)

    return lower


def _formatted(name: str, *, is_unsafe: bool = False) -> Signature:
    return Signature(
        name=name,
        params=(Param("format", ("string",), literal=True),),
        variadic=Param("value"),
        returns=VOID,
        check=_check_format,
        is_statement=True,
        is_unsafe=is_unsafe,
    )


def _check_debugf(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    context.warning(
        call.name_span,
        "debugf() is for debugging alone: the kernel's trace pipe takes one line at a time",
        hint="read it with cat /sys/kernel/tracing/trace_pipe",
    )
    conversions = _conversions(call, context)
    if conversions is None:
        return VOID
    for one in conversions:
        text = str(context.constant(call.args[0]))[one.start : one.end]
        if not re.fullmatch(_KERNEL_CONVERSION, text):
            context.error(
                call.args[0].span,
                f"the kernel does not know the conversion {text}",
                hint="it has %d %i %u %x %X with l or ll, %c, %p and %s",
            )
            return VOID
    if len(call.args) - 1 > _MAX_TRACE_ARGUMENTS:
        context.error(
            call.args[_MAX_TRACE_ARGUMENTS + 1].span,
            f"debugf() takes at most {_MAX_TRACE_ARGUMENTS} values",
        )
        return VOID
    shown = [one for one in conversions if one.kind != "%"]
    for one, argument, type_ in zip(shown, call.args[1:], types[1:], strict=False):
        if one.kind == "s" and not isinstance(type_, StringType):
            context.error(argument.span, f"%s of debugf() takes a string, not {type_}")
    return _check_format(call, types, context)


def _lower_debugf(low: Lowering, call: Call) -> None:
    text = str(low.constant(call.args[0]))
    size = len(string_bytes(text)) + 1
    values = [_traced(low, one) for one in call.args[1:]]
    template = low.temporary("format", size)
    low.text(text)(template)
    low.b.call("trace_printk", low.address(template), low.b.const(size), *values)


def _traced(low: Lowering, argument: Expr) -> Value:
    """A number, or the address of a string, which the kernel reads by itself."""
    if isinstance(low.type_of(argument), StringType):
        return low.address(low.memory(argument))
    return low.scalar(argument)


PRINTF = Builtin(
    _formatted("printf"),
    "Prints by a format as C's printf: `%d %i %u %x %X %o %c %p %s`, with flags, width and the "
    "lengths `hh h l ll j z t`. Without a length an integer is shown in 32 bits. `%s` shows "
    "anything; `%r`, `%rx` and `%rh` show buffers as text, `\\x00` and hexadecimal; `%gr` the "
    "flags of a kernel allocation.",
    _lower_format(Action.PRINTF),
    'tracepoint:syscalls:sys_enter_openat { printf("%-16s %s\\n", comm, str(args.filename)); }',
)
ERRORF = Builtin(
    _formatted("errorf"),
    "Reports an error, written by a format as printf() does, with the place in the script.",
    _lower_format(Action.ERRORF),
    'BEGIN { if (ncpus < 2) { errorf("%d CPUs are too few", ncpus); exit(1); } }',
)
WARNF = Builtin(
    _formatted("warnf"),
    "Reports a warning, written by a format as printf() does, with the place in the script; "
    "nothing with --no-warnings.",
    _lower_format(Action.WARNF),
    'BEGIN { if (!has_cpid) { warnf("no command: all of %d CPUs are traced", ncpus); } }',
)
CAT = Builtin(
    _formatted("cat"),
    "Prints a file's contents, at most `max_cat_bytes` of them, when user space comes to it; the "
    "path is written by a format as printf() does.",
    _lower_format(Action.CAT),
    'tracepoint:syscalls:sys_enter_execve { cat("/proc/%d/cmdline", pid); }',
)
SYSTEM = Builtin(
    _formatted("system", is_unsafe=True),
    "Runs a shell command, written by a format as printf() does, when user space comes to it, and "
    "prints its output. Only with --unsafe.",
    _lower_format(Action.SYSTEM),
    'tracepoint:sched:sched_process_exit /comm == "make"/ { system("echo %d has ended", pid); }',
)
DEBUGF = Builtin(
    Signature(
        name="debugf",
        params=(Param("format", ("string",), literal=True),),
        variadic=Param("value"),
        returns=VOID,
        check=_check_debugf,
        is_statement=True,
    ),
    "Writes to the kernel's trace pipe (`bpf_trace_printk`) by a format with at most "
    f"{_MAX_TRACE_ARGUMENTS} conversions: `%d %i %u %x %X` with `l` or `ll`, `%c %p %s`.",
    _lower_debugf,
    'tracepoint:syscalls:sys_enter_execve { debugf("pid %d: %s\\n", pid, comm); }',
)

BUILTINS = (PRINTF, ERRORF, WARNF, CAT, SYSTEM, DEBUGF)
