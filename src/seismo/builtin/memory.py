"""Numbers and pointers: `bswap kptr uptr container_of memcmp write_user`."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.diagnostics import did_you_mean
from seismo.builtin.bytes import clamped, first_difference, pointer_space, word_pairs
from seismo.builtin.record import Address, Builtin, LoopStep, Lowering
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import Call, Expr, Name, TypeArgument
from seismo.lang.signature import CallContext, CheckCall, Param, Signature
from seismo.lang.sizes import size_of
from seismo.lang.types import (
    INT64,
    VOID,
    IntType,
    PointerType,
    RecordType,
    Type,
)
from seismo.spec.relocations import CoreField

__all__ = (
    "BSWAP",
    "BUILTINS",
    "CONTAINER_OF",
    "KPTR",
    "MEMCMP",
    "UPTR",
    "WRITE_USER",
)

_BYTES = ("string", "array", "record", "pointer")
"""What lies in memory, or points there."""


def _check_bswap(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    type_ = types[0]
    return IntType(type_.bits if isinstance(type_, IntType) else 8, signed=False)


def _lower_bswap(low: Lowering, call: Call) -> Value:
    type_, value = low.type_of(call), low.scalar(call.args[0])
    bits = type_.bits if isinstance(type_, IntType) else 8
    return low.b.extend(value, 8, signed=False) if bits == 8 else low.b.swap(value, bits)


def _check_space(space: str) -> CheckCall:
    def check(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
        type_ = types[0]
        target = type_.target if isinstance(type_, PointerType) else None
        return PointerType(target, space)

    return check


def _lower_pointer(low: Lowering, call: Call) -> Value:
    return low.scalar(call.args[0])


def _check_container_of(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    _, written, member = call.args
    space = types[0].space if isinstance(types[0], PointerType) else ""
    if not isinstance(written, TypeArgument) or not isinstance(member, Name):
        hint = "write container_of(pointer, struct name, member)"
        context.error(call.span, "container_of() takes a struct and a member's name", hint)
        return PointerType(None, space)
    record = context.resolve(written.type)
    if record == VOID:
        return PointerType(None, space)
    if not isinstance(record, RecordType):
        hint = "only a struct or a union contains others"
        context.error(written.span, f"{record} has no members", hint)
        return PointerType(None, space)
    record = context.complete(record)
    names = [one.name for one in record.fields or ()]
    if member.name not in names:
        hint = did_you_mean(member.name, names)
        context.error(member.span, f"{record} has no member '{member.name}'", hint)
    return PointerType(record, space)


def _lower_container_of(low: Lowering, call: Call) -> Value:
    type_, member = low.type_of(call), call.args[2]
    assert isinstance(type_, PointerType), "checked: it is a pointer"
    assert isinstance(type_.target, RecordType), "checked: to a struct"
    assert isinstance(member, Name), "checked: the member is a word"
    here = type_.target.field(member.name).offset
    if low.options.is_portable and low.types.is_of_kernel(type_.target):
        offset = low.kernel_value(CoreField(type_.target.name, member.name), here)
    else:
        offset = low.b.const(here)
    return low.b.binary(BinaryKind.SUB, low.scalar(call.args[0]), offset)


def _check_count(*sources: int) -> CheckCall:
    """The check of the count of bytes, argument 2, against what the arguments `sources` have."""

    def check(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
        count = call.args[2]
        if not context.is_constant(count):
            return INT64
        size = int(context.constant(count))
        if size < 0:
            hint = "it is how many bytes there are"
            context.error(count.span, f"the count of {call.name}() is negative", hint)
        for index in sources:
            most = _most(types[index], context.config.max_strlen)
            if size > most:
                is_pointer = isinstance(types[index], PointerType)
                hint = f"config = {{ max_strlen = {size} }} allows more" if is_pointer else ""
                what = call.args[index].span.text
                message = f"{call.name}() can use {most} bytes of {what}, not {size}"
                context.error(count.span, message, hint)
        return INT64

    return check


def _most(type_: Type, max_strlen: int) -> int:
    """How many bytes of an argument can be looked at."""
    return max_strlen if isinstance(type_, PointerType) else size_of(type_)


def _count(low: Lowering, expr: Expr, most: int) -> int | Value:
    """How many bytes: a number if it is known, else a value that is at most `most`."""
    if low.is_constant(expr):
        return int(low.constant(expr))
    return clamped(low, low.scalar(expr), most)


def _bytes_of(low: Lowering, expr: Expr, count: int | Value, most: int) -> Address:
    """Where the first `count` bytes of an argument lie in own memory."""
    if not isinstance(low.type_of(expr), PointerType):
        return low.memory(expr)
    home = low.scratch(most)
    size = low.b.const(count) if isinstance(count, int) else count
    low.read_memory(home, size, low.scalar(expr), pointer_space(low, expr))
    return home


def _lower_memcmp(low: Lowering, call: Call) -> Value:
    left, right = call.args[:2]
    limit = low.config.max_strlen
    most = min(_most(low.type_of(one), limit) for one in (left, right))
    count = _count(low, call.args[2], most)
    if isinstance(count, int):
        most = count
    first, second = (_bytes_of(low, one, count, most) for one in (left, right))
    if isinstance(count, int):
        words = first_difference(low, word_pairs(low, first, second, count))
        one, two = words if low.byte_order == "big" else (low.b.swap(word, 64) for word in words)
    else:
        one, two = _different_bytes(low, first, second, count, most)
    return _order(low, one, two)


def _different_bytes(
    low: Lowering, left: Address, right: Address, count: Value, most: int
) -> tuple[Value, Value]:
    """The first bytes that differ; equal ones if there are none. Since Linux 5.17."""

    def step(inner: Lowering, index: Value, carried: Mapping[str, Value]) -> LoopStep:
        b, one, two = inner.b, inner.fresh("left"), inner.fresh("right")
        b.write(one, b.const(0))
        b.write(two, b.const(0))

        def compare() -> None:
            for name, side in ((one, left), (two, right)):
                place = b.add(inner.here(side).base, index)
                b.write(name, b.load(place, side.offset, 1))

        b.when(Cond.LT, index, b.const(most), compare)
        found = b.read(one), b.read(two)
        return LoopStep({"left": found[0], "right": found[1]}, b.compare(Cond.NE, *found))

    zero = low.b.const(0)
    found = low.loop(count, {"left": zero, "right": zero}, step)
    return found["left"], found["right"]


def _order(low: Lowering, left: Value, right: Value) -> Value:
    """-1, 0 or 1, as `left` is less than, equal to or greater than `right`, both unsigned."""
    b, order = low.b, low.fresh("order")
    b.write(order, b.const(0))

    def differ() -> None:
        less, greater = b.const(-1), b.const(1)
        b.when(Cond.LT, left, right, lambda: b.write(order, less), lambda: b.write(order, greater))

    b.when(Cond.NE, left, right, differ)
    return b.read(order)


def _lower_write_user(low: Lowering, call: Call) -> Value:
    target, source, length = call.args
    most = _most(low.type_of(source), low.config.max_strlen)
    address = low.scalar(target)
    count = _count(low, length, most)
    content = _bytes_of(low, source, count, most)
    b = low.b
    size = b.const(count) if isinstance(count, int) else count
    result = b.call("probe_write_user", address, low.address(content), size)
    failed = result, b.const(0)
    b.when(Cond.SLT, *failed, lambda: low.fault("helper", "probe_write_user", result, call.span))
    return result


BSWAP = Builtin(
    Signature(
        name="bswap",
        params=(Param("number", ("int",)),),
        returns=IntType(64, signed=False),
        check=_check_bswap,
    ),
    "A number with its bytes in the opposite order, as wide as the number is: what turns a port or "
    "an address in network order into a number.",
    _lower_bswap,
    "tracepoint:sock:inet_sock_set_state { @ports[bswap((uint16)args.dport)] = count(); }",
)
KPTR = Builtin(
    Signature(
        name="kptr",
        params=(Param("pointer", ("pointer", "int")),),
        returns=PointerType(None, "kernel"),
        check=_check_space("kernel"),
    ),
    "The same pointer, to be read as kernel memory.",
    _lower_pointer,
    "tracepoint:syscalls:sys_enter_openat {\n"
    "    $name = kptr((uint64)curtask + offsetof(struct task_struct, comm));\n"
    '    printf("%s\\n", str($name));\n'
    "}",
)
UPTR = Builtin(
    Signature(
        name="uptr",
        params=(Param("pointer", ("pointer", "int")),),
        returns=PointerType(None, "user"),
        check=_check_space("user"),
    ),
    "The same pointer, to be read as user memory.",
    _lower_pointer,
    "tracepoint:raw_syscalls:sys_enter /args.id == 257/ {\n"
    '    printf("%s\\n", str(uptr(args.args[1])));\n'
    "}",
)
CONTAINER_OF = Builtin(
    Signature(
        name="container_of",
        params=(
            Param("pointer", ("pointer", "int")),
            Param("struct", ("type",)),
            Param("member", ("word",)),
        ),
        returns=PointerType(None, "kernel"),
        check=_check_container_of,
    ),
    "The struct that contains what a pointer points to as its `member`.",
    _lower_container_of,
    "interval:s:1 {\n"
    "    $children = curtask->children.next;\n"
    "    $child = container_of($children, struct task_struct, sibling);\n"
    '    printf("%d\\n", $child->pid);\n'
    "}",
)
MEMCMP = Builtin(
    Signature(
        name="memcmp",
        params=(Param("left", _BYTES), Param("right", _BYTES), Param("count", ("int",))),
        returns=INT64,
        check=_check_count(0, 1),
    ),
    "Compares the first `count` bytes of two values, or of what pointers point to: 0 if they are "
    "the same, -1 if the first byte that differs is less on the left, else 1. A count that is not "
    "known at compile time needs Linux 5.17.",
    _lower_memcmp,
    'BEGIN { printf("%d\\n", memcmp(comm, "bash", 4)); exit(); }',
)
WRITE_USER = Builtin(
    Signature(
        name="write_user",
        params=(
            Param("target", ("pointer", "int")),
            Param("source", _BYTES),
            Param("count", ("int",)),
        ),
        returns=INT64,
        check=_check_count(1),
        is_unsafe=True,
    ),
    "Writes the first `count` bytes of a value to user memory of the current process: 0, or the "
    "negative error, which is counted, too. Refused by a kernel in lockdown.",
    _lower_write_user,
    'tracepoint:syscalls:sys_enter_openat /comm == "guinea"/ {\n'
    '    write_user(args.filename, "/dev/null", 10);\n'
    "}",
)

BUILTINS = (BSWAP, KPTR, UPTR, CONTAINER_OF, MEMCMP, WRITE_USER)
