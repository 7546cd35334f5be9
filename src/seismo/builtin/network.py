"""Network addresses: `ntop`, `pton`, `macaddr`."""

from __future__ import annotations

from seismo.builtin.bytes import copy_bytes, pointer_space, store_bytes
from seismo.builtin.record import Address, Builtin, Lowering, Writer
from seismo.ir.ops import Value
from seismo.lang.ast import Call, Expr, String
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.sizes import size_of
from seismo.lang.types import (
    UINT8,
    ArrayType,
    IntType,
    PointerType,
    StringType,
    SymbolicType,
    Type,
)

__all__ = ("BUILTINS", "MACADDR", "NTOP", "PTON", "address_bytes")

_AF_INET, _AF_INET6 = 2, 10  # include/linux/socket.h
_FAMILY_SIZES = {_AF_INET: 4, _AF_INET6: 16}
_SIZE_FAMILIES = {size: family for family, size in _FAMILY_SIZES.items()}
_INET_BYTES, _ADDRESS_OFFSET = 24, 4
_MAC_BYTES, _MACADDR_BYTES = 6, 8
_IN_MEMORY = ("array", "string")
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")


def address_bytes(text: str) -> bytes:
    """The 4 or 16 bytes of an address as inet_pton(3) reads it; ValueError for no address."""
    return _ipv6_bytes(text) if ":" in text else _ipv4_bytes(text)


def _ipv4_bytes(text: str) -> bytes:
    parts = text.split(".")
    if len(parts) != 4 or not all(_is_digits(one, 3) for one in parts):
        raise ValueError("an IPv4 address is four numbers with dots between them")
    if any(len(one) > 1 and one[0] == "0" for one in parts):
        raise ValueError("a number in an IPv4 address begins with no 0")
    numbers = [int(one) for one in parts]
    if max(numbers) > 0xFF:
        raise ValueError("the numbers in an IPv4 address are 0 to 255")
    return bytes(numbers)


def _is_digits(text: str, most: int) -> bool:
    return 0 < len(text) <= most and text.isascii() and text.isdecimal()


def _ipv6_bytes(text: str) -> bytes:
    left, shortened, right = text.partition("::")
    head = _groups(left, is_last=not shortened)
    if not shortened:
        if len(head) != 16:
            raise ValueError("an IPv6 address is eight groups, or fewer and one ::")
        return head
    tail = _groups(right, is_last=True)
    if len(head) + len(tail) > 14:
        raise ValueError(":: stands for at least one group of an IPv6 address")
    return head + bytes(16 - len(head) - len(tail)) + tail


def _groups(text: str, *, is_last: bool) -> bytes:
    """The bytes of groups with colons between them; the last may be an IPv4 address."""
    groups = text.split(":") if text else []
    content = b""
    for index, group in enumerate(groups):
        if "." in group and is_last and index == len(groups) - 1:
            content += _ipv4_bytes(group)
        elif 0 < len(group) <= 4 and set(group) <= _HEXADECIMAL:
            content += int(group, 16).to_bytes(2, "big")
        else:
            raise ValueError("a group of an IPv6 address is one to four hexadecimal digits")
    return content


def _check_ntop(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    address, type_ = call.args[-1], types[-1]
    inet = SymbolicType("inet", _INET_BYTES)
    known: int | None = None
    if len(call.args) == 2:
        family = call.args[0]
        if not isinstance(types[0], IntType):
            message = f"the family of ntop() must be a number, not {types[0]}"
            context.error(family.span, message, "AF_INET is 2, AF_INET6 is 10")
            return inet
        known = int(context.constant(family)) if context.is_constant(family) else None
        if known is not None and known not in _FAMILY_SIZES:
            hint = "AF_INET is 2, AF_INET6 is 10"
            context.error(family.span, f"ntop() knows no address family {known}", hint)
            return inet
    size = _address_size(type_, known)
    if not size:
        hint = "write ntop(AF_INET, address) or ntop(AF_INET6, address)"
        context.error(address.span, f"{type_} does not tell how long the address is", hint)
    elif size not in _SIZE_FAMILIES:
        hint = "IPv4 addresses are 4 bytes, IPv6 addresses 16"
        context.error(address.span, f"an address is not the {size} bytes of {type_}", hint)
    elif known is not None and size > _FAMILY_SIZES[known]:
        hint = "leave the family out: the size of the address tells it"
        message = f"an IPv4 address is not the {size} bytes of {type_}"
        context.error(address.span, message, hint)
    return inet


def _address_size(type_: Type, family: int | None) -> int:
    """How many bytes of an argument are the address; 0 if that is not known."""
    if isinstance(type_, IntType):
        return _FAMILY_SIZES[_AF_INET]
    if not isinstance(type_, PointerType):
        return size_of(type_)
    if isinstance(type_.target, ArrayType | StringType):
        return size_of(type_.target)
    return _FAMILY_SIZES.get(family or 0, 0)


def _lower_ntop(low: Lowering, call: Call) -> Writer:
    b, address = low.b, call.args[-1]
    given = call.args[0] if len(call.args) == 2 else None
    known = int(low.constant(given)) if given and low.is_constant(given) else None
    size = _address_size(low.type_of(address), known)
    family = low.scalar(given) if given else b.const(_SIZE_FAMILIES[size])
    write_address = _address_writer(low, address, size)

    def write(to: Address) -> Value:
        store_bytes(low, to, bytes(_INET_BYTES))
        b.store(to.base, to.offset, family, 4)
        write_address(to.at(_ADDRESS_OFFSET))
        return b.const(_INET_BYTES)

    return write


def _address_writer(low: Lowering, address: Expr, size: int) -> Writer:
    """A writer of the `size` bytes of an address: of a number, in a value or behind a pointer."""
    match low.type_of(address):
        case ArrayType() | StringType():
            return copy_bytes(low, low.memory(address), size)
        case PointerType():
            return _pointed_bytes(low, address, size)
        case _:
            number = low.scalar(address)

            def write(to: Address) -> Value:
                low.b.store(to.base, to.offset, number, size)
                return low.b.const(size)

            return write


def _pointed_bytes(low: Lowering, pointer: Expr, size: int) -> Writer:
    address, space, span = low.scalar(pointer), pointer_space(low, pointer), pointer.span

    def write(to: Address) -> Value:
        count = low.b.const(size)
        low.b.span = span
        low.read_memory(to, count, address, space)
        return count

    return write


def _check_pton(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    try:
        content = address_bytes(str(context.constant(call.args[0])))
    except ValueError as error:
        context.error(call.args[0].span, "pton() takes an IPv4 or IPv6 address", str(error))
        return ArrayType(UINT8, 4)
    return ArrayType(UINT8, len(content))


def _lower_pton(low: Lowering, call: Call) -> Writer:
    content = address_bytes(str(low.constant(call.args[0])))

    def write(to: Address) -> Value:
        store_bytes(low, to, content)
        return low.b.const(len(content))

    return write


def _check_macaddr(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    address, type_ = call.args[0], types[0]
    if isinstance(address, String):
        hint = "macaddr() makes text of the address in an array or behind a pointer"
        context.error(address.span, "macaddr() takes no literal", hint)
    elif isinstance(type_, ArrayType | StringType) and size_of(type_) < _MAC_BYTES:
        message = f"a MAC address is {_MAC_BYTES} bytes, {type_} is {size_of(type_)}"
        context.error(address.span, message, "give the array that holds the whole address")
    return SymbolicType("macaddr", _MACADDR_BYTES)


def _lower_macaddr(low: Lowering, call: Call) -> Writer:
    address = call.args[0]
    in_memory = isinstance(low.type_of(address), ArrayType | StringType)
    take = _address_writer if in_memory else _pointed_bytes
    write_address = take(low, address, _MAC_BYTES)

    def write(to: Address) -> Value:
        store_bytes(low, to, bytes(_MACADDR_BYTES))
        write_address(to)
        return low.b.const(_MACADDR_BYTES)

    return write


NTOP = Builtin(
    Signature(
        name="ntop",
        params=(
            Param("address or family", ("int", *_IN_MEMORY, "pointer")),
            Param("address", ("int", *_IN_MEMORY, "pointer"), optional=True),
        ),
        returns=SymbolicType("inet", _INET_BYTES),
        check=_check_ntop,
    ),
    "An IPv4 or IPv6 address in network order as text: of a number or 4 bytes the one, of 16 bytes "
    "the other. `ntop(family, address)` says which it is, AF_INET (2) or AF_INET6 (10).",
    _lower_ntop,
    "tracepoint:sock:inet_sock_set_state {\n"
    '    printf("%s -> %s\\n", ntop(args.saddr), ntop(args.daddr));\n'
    "}",
)
PTON = Builtin(
    Signature(
        name="pton",
        params=(Param("address", ("string",), literal=True),),
        returns=ArrayType(UINT8, 4),
        check=_check_pton,
    ),
    "The 4 or 16 bytes, in network order, of an IPv4 or IPv6 address that is written as text.",
    _lower_pton,
    'tracepoint:sock:inet_sock_set_state /args.daddr == pton("127.0.0.1")/ {\n'
    "    @[comm] = count();\n"
    "}",
)
MACADDR = Builtin(
    Signature(
        name="macaddr",
        params=(Param("address", (*_IN_MEMORY, "pointer", "int")),),
        returns=SymbolicType("macaddr", _MACADDR_BYTES),
        check=_check_macaddr,
    ),
    "The MAC address in the 6 bytes of an array or behind a pointer as text: 02:42:AC:11:00:02.",
    _lower_macaddr,
    'BEGIN { printf("%s\\n", macaddr((uint8[8])0x0600110aac420200)); exit(); }',
)

BUILTINS = (NTOP, PTON, MACADDR)
