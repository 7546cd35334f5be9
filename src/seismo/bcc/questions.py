"""What programs ask about a kernel before they decide what to load."""

from __future__ import annotations

from seismo.base.errors import NotSupported
from seismo.bcc.machine import machine
from seismo.btf.errors import BtfNotFound
from seismo.btf.layout import resolve, size_of, visible_members
from seismo.btf.types import Enum, Enum64, Kind
from seismo.isa.prog_types import AttachType
from seismo.probes.view import SymbolNotFound

__all__ = (
    "NO_ADDRESS",
    "NO_FIELD",
    "enum_has_value",
    "field_place",
    "struct_has_field",
    "supports_fentry",
    "supports_lsm",
    "supports_raw_tracepoints",
    "supports_return_changes",
    "symbol_address",
)

NO_ADDRESS = -1
"""What stands for the address of a name that there is not."""

NO_FIELD = (1 << 64) - 1
"""What stands for the place of a member that there is not."""

_YES, _NO, _UNKNOWN = 1, 0, -1


def struct_has_field(struct: str, field: str) -> int:
    """1 if the kernel's struct has the member, also one of a member without a name; 0 if it has
    not, -1 if the kernel has no such struct, or no types."""
    try:
        btf = machine().view.btf()
        members = visible_members(btf, btf.find(struct, Kind.STRUCT))
    except (NotSupported, BtfNotFound):
        return _UNKNOWN
    return _YES if any(member.name == field for member in members) else _NO


def field_place(struct: str, field: str) -> int:
    """Where a member of the kernel's struct lies, in bits: its size in the upper half, its offset
    in the lower; all ones if the kernel has no such member, or no types."""
    try:
        btf = machine().view.btf()
        place = resolve(btf, btf.find(struct, Kind.STRUCT), field)
    except (NotSupported, BtfNotFound):
        return NO_FIELD
    size = place.bit_size or size_of(btf, place.type) * 8
    return size << 32 | place.offset * 8 + place.bit_offset


def enum_has_value(enum: str, value: str) -> int:
    """1 if the kernel's enum has the enumerator, 0 if it has not, -1 if there is no such enum."""
    try:
        btf = machine().view.btf()
    except NotSupported:
        return _UNKNOWN
    ids = (*btf.find_all(enum, Kind.ENUM), *btf.find_all(enum, Kind.ENUM64))
    found = [btf.type(one) for one in ids]
    names = {each.name for one in found if isinstance(one, Enum | Enum64) for each in one.values}
    return (_YES if value in names else _NO) if found else _UNKNOWN


def symbol_address(name: str) -> int:
    """The address of a symbol of the kernel, -1 if it has none of that name; 0 for one whose
    address it hides."""
    if not name:
        return NO_ADDRESS
    try:
        return machine().view.symbol(name)
    except SymbolNotFound:
        return 0 if machine().view.function(name) else NO_ADDRESS


def supports_fentry() -> bool:
    """Whether programs can be at functions by trampolines (KFUNC_PROBE). Since Linux 5.5."""
    return machine().view.has("fentry")


def supports_raw_tracepoints() -> bool:
    """Since Linux 4.17."""
    return machine().view.has("raw_tracepoint")


def supports_lsm() -> bool:
    """Whether programs can be at hooks of security modules (LSM_PROBE). Since Linux 5.7."""
    from seismo.kernel.features import attaching  # noqa: PLC0415 (lazy: docs/architecture.md)

    try:
        hook = machine().view.btf().find(attaching.LSM_TARGET, Kind.FUNC)
    except (NotSupported, BtfNotFound):
        return False
    return machine().can(attaching.btf_program(AttachType.LSM_MAC, hook))


def supports_return_changes() -> bool:
    """Whether programs can change what functions answer (KMOD_RET). Since Linux 5.7, where those
    of KFUNC_PROBE work."""
    return supports_fentry()
