"""Strings: `str strlen strcap strncmp str_concat`."""

from __future__ import annotations

from seismo.builtin.bytes import (
    clamped,
    copy_bytes,
    copy_string,
    first_difference,
    pointer_space,
    read_string_at,
    string_length,
    string_memory,
    word_pairs,
)
from seismo.builtin.record import Address, Builtin, Lowering, Writer
from seismo.ir.ops import Cond, Value
from seismo.lang.ast import Call, Expr
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.types import (
    INT64,
    UINT64,
    VOID,
    ArrayType,
    IntType,
    PointerType,
    StringType,
    Type,
)

__all__ = (
    "BUILTINS",
    "STR",
    "STRCAP",
    "STRLEN",
    "STRNCMP",
    "STR_CONCAT",
    "TEXT",
    "check_text",
)

TEXT = ("string", "array", "pointer")
"""What is like a string: one, an array of characters, or a pointer to them."""


def check_text(call: Call, types: tuple[Type, ...], context: CallContext) -> None:
    """Report the arrays and pointers among the first arguments that hold no characters."""
    for argument, type_ in zip(call.args, types, strict=False):
        match type_:
            case ArrayType():
                element, what = type_.element, "is no characters"
            case PointerType() if type_.target is not None:
                element, what = type_.target, "points to no characters"
            case PointerType():
                element, what = VOID, "does not tell what it points to"
            case _:
                continue
        if isinstance(element, StringType) or (isinstance(element, IntType) and element.bits == 8):
            continue
        hint = "str() reads the string at any address"
        context.error(argument.span, f"{call.name}() takes a string, but {type_} {what}", hint)


def _capacity(type_: Type, context: CallContext) -> int:
    """How many characters a string has at most, where one is like a string."""
    match type_:
        case StringType():
            return type_.size - 1
        case ArrayType():
            return type_.count
        case _:
            return context.config.max_strlen - 1


def _check_str(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    limit = size = context.config.max_strlen
    match types[0]:
        case ArrayType():
            check_text(call, types, context)
            size = types[0].count + 1
        case StringType():
            size = types[0].size
    size = min(size, limit)
    if len(call.args) < 2 or not context.is_constant(call.args[1]):
        return StringType(size)
    length, span = int(context.constant(call.args[1])), call.args[1].span
    if length < 0:
        context.error(span, "the length of str() is negative", "it is the most characters to read")
    elif length >= limit:
        message = f"str() reads at most {limit - 1} characters"
        context.warning(span, message, f"config = {{ max_strlen = {length + 1} }} allows more")
    else:
        size = min(size, length + 1)
    return StringType(size)


def _lower_str(low: Lowering, call: Call) -> Writer:
    source, size = call.args[0], _size(low.type_of(call))
    type_ = low.type_of(source)
    limit = _limit(low, call, size)
    shows_cut = len(call.args) < 2
    if isinstance(type_, ArrayType):
        return _array_text(low, source, size, limit)
    if isinstance(type_, StringType) and limit is None and type_.size > size and not shows_cut:
        limit = low.b.const(size)
    return low.read_string(source, size, limit, shows_cut=shows_cut)


def _size(type_: Type) -> int:
    assert isinstance(type_, StringType), "checked: it is a string"
    return type_.size


def _limit(low: Lowering, call: Call, size: int) -> Value | None:
    """How many bytes to read with the NUL, where that is not known before the script runs."""
    if len(call.args) < 2 or low.is_constant(call.args[1]):
        return None
    return low.b.add(clamped(low, low.scalar(call.args[1]), size - 1), low.b.const(1))


def _array_text(low: Lowering, array: Expr, size: int, limit: Value | None) -> Writer:
    """The characters of an array that need have no NUL among them."""
    at = low.memory(array)
    most = low.b.const(size) if limit is None else limit

    def write(to: Address) -> Value:
        return copy_string(low, to, at, most)

    return write


def _check_strlen(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    check_text(call, types, context)
    return UINT64


def _lower_strlen(low: Lowering, call: Call) -> Value:
    text = call.args[0]
    if isinstance(low.type_of(text), PointerType):
        return _length_at(low, text)
    return string_length(low, low.memory(text), low.field_type(low.type_of(text)).size)


def _length_at(low: Lowering, pointer: Expr) -> Value:
    """How long the string at a pointer is, at most `max_strlen` - 1; 0 where none can be read."""
    b, length, size = low.b, low.fresh("length"), low.config.max_strlen
    helper = f"probe_read_{pointer_space(low, pointer)}_str"
    address = low.scalar(pointer)
    used = read_string_at(low, helper, low.temporary("string", size), b.const(size), address)

    def failed() -> None:
        b.write(length, b.const(0))
        b.when_set(address, lambda: low.fault("string", helper, used, pointer.span))

    b.when(
        Cond.SLT,
        used,
        b.const(0),
        failed,
        lambda: b.write(length, b.add(used, b.const(-1))),
    )
    return b.read(length)


def _lower_strcap(low: Lowering, call: Call) -> Value:
    type_ = low.type_of(call.args[0])
    if isinstance(type_, PointerType):
        return _lower_strlen(low, call)
    return low.b.const(low.field_type(type_).size)


def _check_strncmp(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    check_text(call, types[:2], context)
    count = call.args[2]
    if context.is_constant(count) and int(context.constant(count)) < 0:
        hint = "it is how many characters to compare"
        context.error(count.span, "the count of strncmp() is negative", hint)
    return INT64


def _lower_strncmp(low: Lowering, call: Call) -> Value:
    left, left_size = string_memory(low, call.args[0])
    right, right_size = string_memory(low, call.args[1])
    size = min(left_size, right_size, int(low.constant(call.args[2])))
    return low.b.compare(Cond.NE, *first_difference(low, word_pairs(low, left, right, size)))


def _check_str_concat(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    check_text(call, types, context)
    return StringType(sum(_capacity(one, context) for one in types) + 1)


def _lower_str_concat(low: Lowering, call: Call) -> Writer:
    """The second string is written behind the first one's last character, and with it the zeros
    that stand behind its own."""
    b = low.b
    left, left_size = string_memory(low, call.args[0])
    right, right_size = string_memory(low, call.args[1])
    home = low.scratch(left_size + right_size + 1)
    b.fill(home.base, home.offset, (left_size + right_size + 8) & -8)
    copy_bytes(low, left, left_size)(home)
    length = clamped(low, string_length(low, left, left_size), left_size)
    end = b.add(low.address(home), length)
    b.call("probe_read_kernel", end, b.const(right_size), low.address(right))
    return copy_bytes(low, home, _size(low.type_of(call)))


STR = Builtin(
    Signature(
        name="str",
        params=(
            Param("pointer", (*TEXT, "int")),
            Param("length", ("int",), optional=True),
        ),
        returns=StringType(0),
        check=_check_str,
    ),
    "The NUL-terminated string at an address, at most `length` characters; without a length, and "
    "in any case, `max_strlen` bytes with the NUL. Reads user memory or the kernel's, as the "
    'pointer says; of a number, as is usual for the probe. A null pointer gives ""; an address '
    "that cannot be read is counted. An array of characters is a string, too. Since Linux 5.5.",
    _lower_str,
    "tracepoint:syscalls:sys_enter_openat {\n"
    '    printf("%s %s\\n", str(args.filename), str(args.filename, 5));\n'
    "}",
)
STRLEN = Builtin(
    Signature(name="strlen", params=(Param("string", TEXT),), returns=UINT64, check=_check_strlen),
    "How many characters a string has, its NUL not counted; of what a pointer to char points to, "
    "at most `max_strlen` - 1. Since Linux 5.5.",
    _lower_strlen,
    "tracepoint:syscalls:sys_enter_openat { @lengths = hist(strlen(str(args.filename))); }",
)
STRCAP = Builtin(
    Signature(name="strcap", params=(Param("string", TEXT),), returns=UINT64, check=_check_strlen),
    "How many bytes a string can have, its NUL included; of an array of characters, how many it "
    "is; of what a pointer to char points to, its length.",
    _lower_strcap,
    'BEGIN { printf("%d\\n", strcap(comm)); exit(); }',
)
STRNCMP = Builtin(
    Signature(
        name="strncmp",
        params=(
            Param("left", TEXT),
            Param("right", TEXT),
            Param("count", ("int",), literal=True),
        ),
        returns=INT64,
        check=_check_strncmp,
    ),
    "0 if the first `count` characters of two strings are the same, else 1; no more than the "
    "shorter string has room for are compared. For whole strings write `==`.",
    _lower_strncmp,
    'tracepoint:sched:sched_process_exec /strncmp(comm, "python", 6) == 0/ { @[comm] = count(); }',
)
STR_CONCAT = Builtin(
    Signature(
        name="str_concat",
        params=(Param("left", TEXT), Param("right", TEXT)),
        returns=StringType(0),
        check=_check_str_concat,
    ),
    "Two strings as one, as large as both together. Since Linux 5.5.",
    _lower_str_concat,
    'BEGIN { printf("%s\\n", str_concat("traced by ", comm)); exit(); }',
)

BUILTINS = (STR, STRLEN, STRCAP, STRNCMP, STR_CONCAT)
