"""Raw bytes: `buf`."""

from __future__ import annotations

from seismo.base.layout import U32
from seismo.builtin.bytes import clamped, pointer_space
from seismo.builtin.record import Address, Builtin, Lowering, Writer
from seismo.ir.ops import Value
from seismo.lang.ast import Call, Expr
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.sizes import size_of
from seismo.lang.types import ArrayType, BufferType, StringType, Type

__all__ = ("BUF", "BUILTINS")


def _check_buf(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    source = types[0]
    most = context.config.max_strlen - U32.size
    capacity = min(size_of(source), most) if isinstance(source, ArrayType | StringType) else most
    if len(call.args) < 2:
        if not isinstance(source, ArrayType):
            hint = "write buf(address, length); only an array tells its length"
            context.error(call.span, f"buf() needs to be told how long {source} is", hint)
        return BufferType(capacity)
    length = call.args[1]
    if not context.is_constant(length):
        return BufferType(capacity)
    size = int(context.constant(length))
    if size < 0:
        hint = "it is how many bytes to read"
        context.error(length.span, "the length of buf() is negative", hint)
        return BufferType(capacity)
    if size > most:
        hint = f"config = {{ max_strlen = {size + U32.size} }} allows more"
        context.warning(length.span, f"buf() reads at most {most} bytes", hint)
    return BufferType(min(size, capacity))


def _lower_buf(low: Lowering, call: Call) -> Writer:
    source, type_ = call.args[0], low.type_of(call)
    assert isinstance(type_, BufferType), "checked: it is a buffer"
    count = low.b.const(type_.size)
    if len(call.args) > 1 and not low.is_constant(call.args[1]):
        count = clamped(low, low.scalar(call.args[1]), type_.size)
    if isinstance(low.type_of(source), ArrayType | StringType):
        return _from_memory(low, source, count)
    return _from_pointer(low, source, count)


def _from_memory(low: Lowering, source: Expr, count: Value) -> Writer:
    at = low.memory(source)

    def write(to: Address) -> Value:
        low.b.store(to.base, to.offset, count, U32.size)
        low.b.call("probe_read_kernel", low.address(to.at(U32.size)), count, low.address(at))
        return low.b.add(count, low.b.const(U32.size))

    return write


def _from_pointer(low: Lowering, pointer: Expr, count: Value) -> Writer:
    address, space, span = low.scalar(pointer), pointer_space(low, pointer), pointer.span

    def write(to: Address) -> Value:
        b = low.b
        b.span = span
        b.store(to.base, to.offset, count, U32.size)
        low.read_memory(to.at(U32.size), count, address, space)
        return b.add(count, b.const(U32.size))

    return write


BUF = Builtin(
    Signature(
        name="buf",
        params=(
            Param("address", ("array", "string", "pointer", "int")),
            Param("length", ("int",), optional=True),
        ),
        returns=BufferType(0),
        check=_check_buf,
    ),
    "`length` bytes at an address, or those of an array, as they are: print them with `%r` "
    "(characters, and \\xNN for the rest), `%rx` (all \\xNN) or `%rh` (hexadecimal digits). At "
    "most `max_strlen` - 4. What cannot be read is zeros, and counted. Since Linux 5.5.",
    _lower_buf,
    "tracepoint:syscalls:sys_enter_write /args.fd == 1/ {\n"
    '    printf("%r\\n", buf(args.buf, args.count));\n'
    "}",
)

BUILTINS = (BUF,)
