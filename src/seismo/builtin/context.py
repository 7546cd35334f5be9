"""Reads of a program's context: registers, arguments, a function's result.

The kernel's verifier gives pointers that it finds in the context of a tracing program types of its
own, and refuses most arithmetic with them. So they are had as plain numbers, by helpers.
"""

from __future__ import annotations

from seismo.builtin.record import Lowering
from seismo.elf.registers import register_offset
from seismo.ir.ops import BinaryKind, Value
from seismo.isa.prog_types import AttachType
from seismo.probes.backend import Context

__all__ = ("argument_slot", "load_pointer", "load_register", "result_slot")

_SLOT_BYTES = 8
_WITH_ARGUMENTS = (AttachType.TRACE_FENTRY, AttachType.TRACE_FEXIT)


def load_register(low: Lowering, name: str) -> Value:
    """The register's bits, as unsigned, of the `struct pt_regs` that the context begins with."""
    offset, size = register_offset(low.place.machine, name)
    b = low.b
    # Programs at perf events may only load whole registers (kernel/trace/bpf_trace.c:
    # pe_prog_is_valid_access).
    whole = b.load(b.context, offset & -_SLOT_BYTES, _SLOT_BYTES)
    if offset % _SLOT_BYTES:
        shift = b.const(8 * (offset % _SLOT_BYTES))
        whole = b.binary(BinaryKind.SHR, whole, shift)
    return b.extend(whole, 8 * size, signed=False)


def argument_slot(low: Lowering, index: int) -> Value:
    """Argument number `index` of a program that has its arguments as u64 slots."""
    backend, b = low.place.backend, low.b
    if backend.context is Context.SLOTS:
        return b.load(b.context, index * _SLOT_BYTES, _SLOT_BYTES)
    if backend.attach_type not in _WITH_ARGUMENTS:
        return load_pointer(low, index * _SLOT_BYTES)
    slot = b.slot("argument", _SLOT_BYTES)
    b.call("get_func_arg", b.context, b.const(index), slot)
    return b.load(slot, 0, _SLOT_BYTES)


def load_pointer(low: Lowering, offset: int) -> Value:
    """The pointer at `offset` of the context, as a number."""
    b = low.b
    slot = b.slot("pointer", _SLOT_BYTES)
    at = b.add(b.context, b.const(offset))
    b.call("probe_read_kernel", slot, b.const(_SLOT_BYTES), at)
    return b.load(slot, 0, _SLOT_BYTES)


def result_slot(low: Lowering) -> Value:
    """What the function of an fexit program returned, all 64 bits of it."""
    b = low.b
    slot = b.slot("result", _SLOT_BYTES)
    b.call("get_func_ret", b.context, slot)
    return b.load(slot, 0, _SLOT_BYTES)
