"""Contexts that are what their type says, and those of functions that BTF describes.

Offsets are uapi's (include/uapi/linux/bpf.h), which no kernel version changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from seismo.base.dataclass import dataclass
from seismo.base.errors import SourceError
from seismo.c.flavour import Flavour
from seismo.c.lower.context import Lowering
from seismo.c.lower.value import DIRECT, KERNEL, Operand
from seismo.c.tree import Variable
from seismo.c.types import CType, Enumeration, Integer
from seismo.ir.ops import Kind, Value
from seismo.isa.prog_types import AttachType, ProgType
from seismo.spec.relocations import CoreField

__all__ = ("POINTERS", "Arguments", "Own", "plain_load", "refuse_store")

_WORD = 8
_SKB = (76, 80, 140, 144, 168)  # data, data_end, data_meta, flow_keys, sk
_SKB_TYPES = (
    *(ProgType.SOCKET_FILTER, ProgType.SCHED_CLS, ProgType.SCHED_ACT, ProgType.CGROUP_SKB),
    *(ProgType.LWT_IN, ProgType.LWT_OUT, ProgType.LWT_XMIT, ProgType.LWT_SEG6LOCAL),
    *(ProgType.SK_SKB, ProgType.FLOW_DISSECTOR),
)
POINTERS: Mapping[ProgType, tuple[int, ...]] = {
    **dict.fromkeys(_SKB_TYPES, _SKB),
    ProgType.XDP: (0, 4, 8),  # data, data_end, data_meta
    ProgType.SK_MSG: (0, 8, 72),  # data, data_end, sk
    ProgType.SK_REUSEPORT: (0, 8, 40),  # data, data_end, sk
    ProgType.SOCK_OPS: (184, 192, 200),  # sk, skb_data, skb_data_end
    ProgType.CGROUP_SOCK_ADDR: (64,),  # sk
    ProgType.CGROUP_SOCKOPT: (0, 8, 16),  # sk, optval, optval_end
    ProgType.SK_LOOKUP: (0,),  # sk
}
"""Where a context holds pointers that the kernel's verifier knows, packets among them."""

_READ_ONLY = (
    *(ProgType.TRACEPOINT, ProgType.RAW_TRACEPOINT, ProgType.PERF_EVENT, ProgType.KPROBE),
    *(ProgType.TRACING, ProgType.LSM, ProgType.XDP),
)


def plain_load(
    low: Lowering,
    offset: int,
    type_: CType,
    field: CoreField | None = None,
    *,
    is_pointer: bool = False,
) -> Operand:
    """What the context itself holds there; `is_pointer`: into memory that the program may use.
    Another kernel may have the member `field` elsewhere."""
    kind = Kind.PTR if is_pointer else Kind.INT
    integer = type_.integer if isinstance(type_, Enumeration) else type_
    signed = isinstance(integer, Integer) and integer.is_signed
    value = low.b.load(
        low.b.context, offset, type_.size, signed=signed, kind=kind, relocation=field
    )
    return Operand(value, type_, DIRECT if is_pointer else KERNEL)


def refuse_store(low: Lowering) -> SourceError:
    """What to raise for a write to a context that takes none."""
    hint = "copy what you want to change to a variable"
    return SourceError(low.b.span, "the context of this program cannot be written to", hint)


@final
@dataclass(frozen=True, slots=True)
class Own:
    """A context that is what its type says."""

    flavour: Flavour

    def begin(self, low: Lowering) -> None:
        """Nothing."""

    def argument(self, low: Lowering, index: int, parameter: Variable) -> Value:
        """There is none."""
        what = self.flavour.type.kernel_name
        message = f"'{parameter.name}': a program of type {what} has no parameter but its context"
        raise SourceError(parameter.span, message, "take what you need from the context")

    def load(self, low: Lowering, offset: int, type_: CType, field: CoreField | None) -> Operand:
        """Packets, sockets and what an iterator tells are the program's own memory."""
        is_iterator = self.flavour.expected_attach_type is AttachType.TRACE_ITER
        pointers = (0,) if is_iterator else POINTERS.get(self.flavour.type, ())
        return plain_load(low, offset, type_, field, is_pointer=offset in pointers)

    def store(self, low: Lowering, offset: int, value: Operand) -> None:
        """The verifier knows which members."""
        if self.flavour.type in _READ_ONLY:
            raise refuse_store(low)
        low.b.store(low.b.context, offset, value.value, value.type.size)


@final
@dataclass(frozen=True, slots=True)
class Arguments:
    """An array of u64: the arguments of a function, behind them what it returned or is to return.

    Pointers among them are read through as any of the kernel's are.
    """

    def begin(self, low: Lowering) -> None:
        """Nothing."""

    def argument(self, low: Lowering, index: int, parameter: Variable) -> Value:
        """Each has 8 bytes, whatever its type."""
        return low.b.load(low.b.context, index * _WORD, _WORD)

    def load(self, low: Lowering, offset: int, type_: CType, field: CoreField | None) -> Operand:
        """An element."""
        return plain_load(low, offset, type_)

    def store(self, low: Lowering, offset: int, value: Operand) -> None:
        """No program changes a function's arguments."""
        raise refuse_store(low)
