"""Samples of a thread's stack: its registers and what its stack pointer points to.

Behind the stack's end there may be no memory, and a read that touches it fails as a whole. So the
stack is read up to the end of its page, and then page by page as long as there are any.
"""

from __future__ import annotations

from collections.abc import Callable

from seismo.base.source import Span
from seismo.builtin.record import Address, Lowering, Writer
from seismo.elf.registers import register_names, register_offset, stack_pointer
from seismo.events.stack import SAMPLE_HEADER_BYTES
from seismo.ir.ops import BinaryKind, Cond, Kind, Value

__all__ = ("STACK_LEAST_BYTES", "STACK_MOST_BYTES", "sample_bytes", "sample_writer")

_PAGE_BYTES = 4096
"""The smallest page there is: the end of a larger one is the end of one of these."""
_PAGES = 4
STACK_LEAST_BYTES, STACK_MOST_BYTES = (_PAGES - 1) * _PAGE_BYTES, _PAGES * _PAGE_BYTES
"""How much is copied of a stack that does not end before; it depends on where in its page it is."""

_WORD, _HALF = 8, 4


def sample_bytes(machine: str) -> int:
    """The size of the largest sample."""
    return _stack_offset(machine) + STACK_MOST_BYTES


def _stack_offset(machine: str) -> int:
    return SAMPLE_HEADER_BYTES + _WORD * len(register_names(machine))


def sample_writer(low: Lowering, pid: Value, most: int, span: Span) -> Writer:
    """A writer of the current thread's sample, as `events/stack.py` has it.

    The registers are those that the thread entered the kernel with, by a system call, an exception
    (which every uprobe is) or an interrupt. Since Linux 5.15 (`bpf_task_pt_regs`).
    """
    machine = low.place.machine
    stack_offset = _stack_offset(machine)
    registers_bytes = stack_offset - SAMPLE_HEADER_BYTES
    stack_at, _ = register_offset(machine, stack_pointer(machine))

    def write(to: Address) -> Value:
        b = low.b
        b.span = span
        for index, word in enumerate((pid, b.const(most), b.const(registers_bytes))):
            b.store(to.base, to.offset + index * _HALF, word, _HALF)
        task = b.call("get_current_task_btf", kind=Kind.PTR)
        entered = b.call("task_pt_regs", task, kind=Kind.PTR)
        registers = to.at(SAMPLE_HEADER_BYTES)
        b.call("probe_read_kernel", low.address(registers), b.const(registers_bytes), entered)
        stack = b.load(registers.base, registers.offset + stack_at, _WORD)
        copied = _copy_stack(low, to.at(stack_offset), stack)
        b.store(to.base, to.offset + 3 * _HALF, copied, _HALF)
        return b.add(copied, b.const(stack_offset))

    return write


def _copy_stack(low: Lowering, to: Address, stack: Value) -> Value:
    """Copy page after page from `stack` on; how many bytes that were."""
    b, copied = low.b, low.fresh("copied")
    before = b.binary(BinaryKind.AND, stack, b.const(_PAGE_BYTES - 1))
    rest_of_page = b.binary(BinaryKind.SUB, b.const(_PAGE_BYTES), before)
    b.write(copied, b.const(0))
    target = low.address(to)

    def read(size: Value, done: Value, then: Callable[[], None]) -> None:
        failed = b.call("probe_read_user", b.add(target, done), size, b.add(stack, done))

        def go_on() -> None:
            b.write(copied, b.add(done, size))
            then()

        b.when(Cond.EQ, failed, b.const(0), go_on)

    def further(pages: int) -> Callable[[], None]:
        if not pages:
            return lambda: None
        return lambda: read(b.const(_PAGE_BYTES), b.read(copied), further(pages - 1))

    read(rest_of_page, b.const(0), further(_PAGES - 1))
    return b.read(copied)
