"""Loads from what the kernel shows of its objects: sockets as structs of linux/bpf.h, others as
their own types have them."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.isa.insn import Reg
from seismo.verifier.btf_pointers import member_at, pointer_of
from seismo.verifier.context_table import Field
from seismo.verifier.options import Setting
from seismo.verifier.register import PER_CPU, UNKNOWN, USER, Kind, Register, number
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.scalar import Scalar
from seismo.verifier.state import State

__all__ = ("is_protected", "load_object")

_PARTS = 1 | 2 | 4
_ADDRESSES = (
    Field(24, 48, _PARTS),
    Field(48, 52, 4),
    Field(48, 50, 1 | 2),
    Field(52, 80, _PARTS),
)
_SOCKET = (Field(0, 4, 4), Field(4, 16, _PARTS), Field(16, 24, 4), *_ADDRESSES)
_FIELDS: Mapping[Kind, tuple[Field, ...]] = {
    Kind.SOCKET: _SOCKET,
    Kind.SOCK_COMMON: (Field(0, 4, 4), Field(4, 8, _PARTS), *_ADDRESSES),
    Kind.TCP_SOCK: (Field(0, 80, 4), Field(80, 96, 8), Field(96, 112, 4)),
    Kind.XDP_SOCK: (Field(0, 4, 4),),
}
"""Of `struct bpf_sock`, `bpf_tcp_sock` and `bpf_xdp_sock`, as `bpf_sock_is_valid_access` and its
like of net/core/filter.c have it."""


def is_protected(setting: Setting, state: State) -> bool:
    """Whether objects under RCU stay while the program is where it is."""
    return bool(state.held.rcu or state.held.lock or not setting.is_sleepable)


def load_object(setting: Setting, state: State, base: Reg, off: int, size: int) -> Register:
    """What `size` bytes at `off` of the object in `base` give; raises Refused, and NotSupported
    where the kernel's types are needed and not at hand."""
    pointer = state.registers[base]
    at = _known_offset(pointer, base, off)
    fields = _FIELDS.get(pointer.kind)
    if fields is not None:
        return _socket_field(pointer, fields, base, at, size)
    if pointer.trust & (USER | PER_CPU):
        space = "user" if pointer.trust & USER else "percpu"
        raise Refused(
            Rule.BOUNDS,
            f"R{base.value} is ptr_{pointer.name} access {space} memory: off={at}",
            "read it by a helper",
        )
    types = setting.types.of_kernel("loads through pointers to objects of the kernel")
    struct = pointer.type if pointer.kind is Kind.KERNEL else setting.types.struct("bpf_map")
    found = member_at(types, struct, at, size)
    return pointer_of(
        types,
        pointer,
        found,
        size,
        is_protected=is_protected(setting, state),
        link=setting.new_id(),
    )


def _known_offset(pointer: Register, base: Reg, off: int) -> int:
    name = f"R{base.value} is {pointer.type_text}"
    if not pointer.value.is_constant:
        raise Refused(
            Rule.BOUNDS,
            f"{name} invalid variable offset: off={off}, var_off={pointer.value.wide.bits}",
            "an object's members are at constant offsets",
        )
    at = pointer.offset + pointer.value.wide.smin + off
    if at < 0:
        raise Refused(Rule.BOUNDS, f"{name} invalid negative access: off={at}")
    return at


def _socket_field(
    pointer: Register, fields: tuple[Field, ...], base: Reg, at: int, size: int
) -> Register:
    for one in fields:
        if one.start <= at <= one.end - size and one.reads & size and not at % size:
            return UNKNOWN if size == 8 else number(Scalar.unknown().zero_extend(size * 8))
    raise Refused(
        Rule.BOUNDS,
        f"R{base.value} invalid {pointer.kind.value} access off={at} size={size}",
        "no field lies there in that size",
    )
