"""What is settled when a script is compiled: `is_str` …, `fail`, `static_assert`, `getopt`."""

from __future__ import annotations

from collections.abc import Callable

from seismo.base.errors import NotSupported, SourceError
from seismo.builtin.record import Builtin, Lowered, Lowering
from seismo.events.printf import Accepts, PrintfError, parse_format
from seismo.lang.ast import Call
from seismo.lang.literals import string_bytes
from seismo.lang.signature import CallContext, Evaluate, Param, Signature
from seismo.lang.typed import Constant
from seismo.lang.types import (
    BOOL,
    INT64,
    VOID,
    ArrayType,
    IntType,
    PointerType,
    StringType,
    Type,
)
from seismo.spec.relocations import Relocation

__all__ = (
    "BUILTINS",
    "FAIL",
    "GETOPT",
    "IS_ARRAY",
    "IS_INTEGER",
    "IS_LITERAL",
    "IS_PTR",
    "IS_STR",
    "IS_UNSIGNED_INTEGER",
    "KFUNC_ALLOWED",
    "KFUNC_EXIST",
    "STATIC_ASSERT",
)


def _lower_known(low: Lowering, call: Call) -> Lowered:
    """The checker's answer."""
    value = low.constant(call)
    return low.text(value) if isinstance(value, str) else low.b.const(int(value))


def _lower_nothing(low: Lowering, call: Call) -> None:
    """What only the checker acts on."""


def _question(name: str, evaluate: Evaluate, doc: str, example: str) -> Builtin:
    """A function that tells something of its argument, which is not evaluated."""
    signature = Signature(name=name, params=(Param("value"),), returns=BOOL, evaluate=evaluate)
    return Builtin(signature, doc, _lower_known, example)


def _of_type(holds: Callable[[Type], bool]) -> Evaluate:
    def evaluate(call: Call, types: tuple[Type, ...], context: CallContext) -> Constant:
        return holds(types[0])

    return evaluate


def _is_unsigned(type_: Type) -> bool:
    return isinstance(type_, IntType) and not type_.signed


def _evaluate_is_literal(call: Call, types: tuple[Type, ...], context: CallContext) -> Constant:
    return context.is_constant(call.args[0])


def _check_fail(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    template = str(context.constant(call.args[0]))
    values = [context.constant(one) for one in call.args[1:]]
    try:
        message = _format(template, values)
    except PrintfError as error:
        context.error(call.args[0].span, f"in the format, {error.message}", error.hint)
        return VOID
    except (IndexError, TypeError):
        hint = "give one literal for every conversion: a number for %d, any for %s"
        context.error(call.span, "the format of fail() does not suit its arguments", hint)
        return VOID
    context.error(call.span, message.rstrip("\n"), "the script itself says so, by fail()")
    return VOID


def _format(template: str, values: list[Constant]) -> str:
    """The text of a format; IndexError for too few or too many values, TypeError for text where a
    number is wanted."""
    text, end, rest = "", 0, list(values)
    for one in parse_format(template):
        text += template[end : one.start]
        end = one.end
        if one.kind == "%":
            text += "%"
            continue
        if one.accepts != (Accepts.ANY,) and one.accepts != (Accepts.NUMBER,):
            raise TypeError(one.kind)
        letter = {"i": "d", "u": "d", "p": "x"}.get(one.kind, one.kind)
        width = "" if one.width is None else str(one.width)
        value = rest.pop(0)
        if isinstance(value, bool):
            value = str(value).lower() if letter == "s" else int(value)
        text += f"%{one.flags}{width}{letter}" % value
    if rest:
        raise IndexError(len(rest))
    return text + template[end:]


def _check_static_assert(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    if not context.constant(call.args[0]):
        message = str(context.constant(call.args[1])) if len(call.args) > 1 else "it does not hold"
        context.error(call.args[0].span, message, "the script itself says so, by static_assert()")
    return VOID


def _option(call: Call, context: CallContext) -> Constant:
    name, *rest = [context.constant(one) for one in call.args]
    default = rest[0] if rest else False
    doc = str(rest[1]) if len(rest) > 1 else ""
    return context.option(str(name), default, doc)


def _check_getopt(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    value = _option(call, context)
    if isinstance(value, bool):
        return BOOL
    return INT64 if isinstance(value, int) else StringType(len(string_bytes(value)) + 1)


def _evaluate_getopt(call: Call, types: tuple[Type, ...], context: CallContext) -> Constant:
    return _option(call, context)


def _evaluate_kfunc_exist(call: Call, types: tuple[Type, ...], context: CallContext) -> Constant:
    """pahole marks kernel functions that programs may call with the declaration tag `bpf_kfunc`
    (Linux 6.9); older BTF does not tell them from other functions."""
    name = str(context.constant(call.args[0]))
    try:
        btf = context.view.btf()
    except NotSupported as error:
        context.error(call.span, f"{error.feature}: {error.why}", error.hint)
        return False
    return any(btf.type(number).kind.name == "FUNC" for number in btf.find_all(name))


def _no_origin_of_kfunc_exist(call: Call, _: object) -> Relocation:
    hint = "a portable script calls none, so leave the question out"
    raise SourceError(call.span, "the kernel that the script will run on may have others", hint)


def _evaluate_kfunc_allowed(call: Call, types: tuple[Type, ...], context: CallContext) -> Constant:
    return False


IS_LITERAL = _question(
    "is_literal",
    _evaluate_is_literal,
    "Whether a value is known when the script is compiled.",
    "macro twice(n) { if comptime is_literal(n) { n * 2 } else { n + n } }\n"
    'BEGIN { printf("%d\\n", twice(21)); exit(); }',
)
IS_STR = _question(
    "is_str",
    _of_type(lambda type_: isinstance(type_, StringType)),
    "Whether a value is a string.",
    'BEGIN { printf("%d\\n", is_str(comm)); exit(); }',
)
IS_PTR = _question(
    "is_ptr",
    _of_type(lambda type_: isinstance(type_, PointerType)),
    "Whether a value is a pointer.",
    'BEGIN { printf("%d\\n", is_ptr(curtask)); exit(); }',
)
IS_ARRAY = _question(
    "is_array",
    _of_type(lambda type_: isinstance(type_, ArrayType)),
    "Whether a value is an array; one of characters is a string.",
    'BEGIN { printf("%d\\n", is_array(pton("::1"))); exit(); }',
)
IS_INTEGER = _question(
    "is_integer",
    _of_type(lambda type_: isinstance(type_, IntType)),
    "Whether a value is an integer; a bool is none.",
    'BEGIN { printf("%d\\n", is_integer(pid)); exit(); }',
)
IS_UNSIGNED_INTEGER = _question(
    "is_unsigned_integer",
    _of_type(_is_unsigned),
    "Whether a value is an integer without a sign.",
    'BEGIN { printf("%d\\n", is_unsigned_integer(pid)); exit(); }',
)
FAIL = Builtin(
    Signature(
        name="fail",
        params=(Param("format", ("string",), literal=True),),
        variadic=Param("value", ("int", "string"), literal=True),
        returns=VOID,
        check=_check_fail,
        is_statement=True,
    ),
    "Ends the compilation with a message, formatted as by printf() from literals, unless an "
    "`if comptime` leaves it out.",
    _lower_nothing,
    'BEGIN { if comptime (sizeof(pid) != 4) { fail("pid has %d bytes", sizeof(pid)); } exit(); }',
)
STATIC_ASSERT = Builtin(
    Signature(
        name="static_assert",
        params=(
            Param("condition", ("int",), literal=True),
            Param("message", ("string",), optional=True, literal=True),
        ),
        returns=VOID,
        check=_check_static_assert,
        is_statement=True,
    ),
    "Ends the compilation with a message unless a condition on what is known then holds.",
    _lower_nothing,
    'BEGIN { static_assert(sizeof(pid) == 4, "pid is no uint32"); exit(); }',
)
GETOPT = Builtin(
    Signature(
        name="getopt",
        params=(
            Param("name", ("string",), literal=True),
            Param("default", ("int", "string"), optional=True, literal=True),
            Param("description", ("string",), optional=True, literal=True),
        ),
        returns=BOOL,
        check=_check_getopt,
        evaluate=_evaluate_getopt,
    ),
    "What the command line gave as `--name=value` behind `--`, else the default, which also says "
    "of what type it is: a number, a string or a bool (`--name` alone is true). Without a default "
    "it is a bool. --help shows the description.",
    _lower_known,
    'BEGIN { printf("%d\\n", getopt("count", 10, "how many to show")); exit(); }',
)
KFUNC_EXIST = Builtin(
    Signature(
        name="kfunc_exist",
        params=(Param("name", ("string",), literal=True),),
        returns=BOOL,
        evaluate=_evaluate_kfunc_exist,
    ),
    "Whether the kernel, by its BTF, has a function of this name.",
    _lower_known,
    'BEGIN { printf("%d\\n", kfunc_exist("bpf_strnlen")); exit(); }',
    origin=_no_origin_of_kfunc_exist,
)
KFUNC_ALLOWED = Builtin(
    Signature(
        name="kfunc_allowed",
        params=(Param("name", ("string",), literal=True),),
        returns=BOOL,
        evaluate=_evaluate_kfunc_allowed,
    ),
    "Whether the probe may call a function of the kernel's: false, as scripts call none.",
    _lower_known,
    'BEGIN { printf("%d\\n", kfunc_allowed("bpf_strnlen")); exit(); }',
)

BUILTINS = (
    *(IS_LITERAL, IS_STR, IS_PTR, IS_ARRAY, IS_INTEGER, IS_UNSIGNED_INTEGER),
    *(FAIL, STATIC_ASSERT, GETOPT, KFUNC_EXIST, KFUNC_ALLOWED),
)
