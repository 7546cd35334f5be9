"""A process for tracers to look at, in the machine: its memory, and what a call gives it."""

from __future__ import annotations

from seismo.attacks.listing import Specimen
from seismo.vm.machine import Machine
from seismo.vm.memory import Memory

__all__ = ("after_call",)


def after_call(tracer: Specimen, data: bytes) -> bytes:
    """What a process finds in its buffer when a system call has put `data` there and a tracer has
    run at the call's exit, whose arguments are the buffer's address and how much is in it."""
    memory = Memory()
    buffer = memory.allocate(bytearray(data), "the process's buffer")
    context = buffer.base.to_bytes(8, "little") + len(data).to_bytes(8, "little")
    Machine(tracer.program, memory=memory).run(context)
    return memory.read(buffer.base, len(data))
