"""Places: where what can be assigned to is, in a register, in memory, or in some bits of that."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeAlias, assert_never

from seismo.base.dataclass import dataclass
from seismo.base.errors import CompilerBug
from seismo.c.lower.aggregate import make_literal
from seismo.c.lower.bits import Bits, get_bits, put_bits
from seismo.c.lower.kernel_place import (
    Elsewhere,
    address_of_member,
    find_member,
    get_member,
)
from seismo.c.lower.memory import load, store, temporary, write_bytes
from seismo.c.lower.spaces import member_key
from seismo.c.lower.state import Body
from seismo.c.lower.value import DIRECT, KERNEL, Address, Operand
from seismo.c.tree import (
    CompoundLiteral,
    Dereference,
    MemberPlace,
    Place,
    StringPlace,
    Variable,
    VariablePlace,
)
from seismo.c.types import CType, Member

__all__ = ("Located", "Memory", "find", "get", "locate", "put")

_POINTER_BYTES = 8


@dataclass(frozen=True, slots=True)
class Memory:
    """`member` is the key in `Spaces` of the member of a record that it is, if it is one."""

    address: Address
    member: Hashable = None


Located: TypeAlias = Variable | Memory | Bits | Elsewhere


def find(low: Body, place: Place) -> Located:
    """Evaluate a place, once for all that is then done with it."""
    low.b.span = place.span
    match place:
        case VariablePlace(variable):
            home = low.home(variable)
            return variable if isinstance(home, str) else Memory(home)
        case Dereference(pointer_):
            return Memory(low.pointed(low.operand(pointer_)))
        case MemberPlace() if (found := find_member(low, place)) is not None:
            return Memory(found) if isinstance(found, Address) else found
        case MemberPlace(record, member):
            base = low.locate(record)
            if member.bit_size:
                return Bits(base, record.type.size, member.bit_offset, member.bit_size)
            return Memory(base.at(member.offset), _key(base, record.type, member))
        case StringPlace(data):
            text = temporary(low, "text", len(data))
            write_bytes(low, text, data)
            return Memory(text)
        case CompoundLiteral():
            return Memory(make_literal(low, place))
        case _:
            assert_never(place)


def _key(record: Address, type_: CType, member: Member) -> Hashable:
    """None for what holds no pointer, or none that the program may use itself."""
    if record.space != DIRECT or member.type.size != _POINTER_BYTES:
        return None
    return member_key(type_, member.offset)


def get(low: Body, located: Located, type_: CType) -> Operand:
    """The scalar in a place."""
    match located:
        case Variable():
            return low.read(located)
        case Bits():
            return get_bits(low, located, type_)
        case Elsewhere():
            return get_member(low, located, type_)
        case Memory(address, member):
            space = KERNEL
            if member is not None:
                space = low.state.spaces.read(member, KERNEL)
            return load(low, address, type_, space)


def put(low: Body, located: Located, operand: Operand) -> Operand:
    """Write a scalar to a place; what the place holds then."""
    match located:
        case Variable():
            low.write(located, operand)
        case Memory(address, member):
            if member is not None:
                low.state.spaces.write(member, operand.space)
            store(low, address, operand)
        case Bits():
            return put_bits(low, located, operand)
        case Elsewhere():
            store(low, address_of_member(low, located), operand)
    return operand


def locate(low: Body, place: Place) -> Address:
    """See `Lowering.locate`."""
    located = find(low, place)
    if isinstance(located, Elsewhere):
        return address_of_member(low, located)
    if not isinstance(located, Memory):
        raise CompilerBug("ir", f"a place without an address: {place}")
    return located.address
