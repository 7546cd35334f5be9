"""Contexts that are registers: `struct pt_regs`, and what stands for it at system calls.

Where a kernel has no kprobes, what was written for one at the function of a system call runs at the
tracepoints `sys_enter` and `sys_exit`, and finds there what that function's registers would hold.
"""

from __future__ import annotations

from typing import final

from seismo.base.dataclass import dataclass
from seismo.base.errors import SourceError
from seismo.c.lower.context import Lowering
from seismo.c.lower.value import Operand
from seismo.c.own_context import plain_load, refuse_store
from seismo.c.tree import Variable
from seismo.c.types import U64, CType
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.spec.relocations import CoreField

__all__ = ("MACHINES", "Machine", "Registers", "SyscallEnter", "SyscallExit")

_WORD = 8


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where `struct pt_regs` has what, in bytes.

    `calls` are the registers of the arguments of functions, `syscalls` those of system calls,
    `number` is where the system call's number is left and `number_bytes` long. A process of another
    word size, whose system calls have other numbers, is one where (`mode` & `mode_mask`) is
    `foreign_mode`.
    """

    registers: tuple[str, ...]
    calls: tuple[int, ...]
    syscalls: tuple[int, ...]
    result: int
    number: int
    number_bytes: int
    mode: int
    mode_mask: int
    foreign_mode: int

    def register(self, offset: int) -> str:
        """The member of `struct pt_regs` there."""
        index = offset // _WORD
        return self.registers[index] if index < len(self.registers) else f"at byte {offset}"


MACHINES = {
    # arch/x86/include/asm/ptrace.h; 0x23 is __USER32_CS.
    "x86_64": Machine(
        registers=(
            *("r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx"),
            *("si", "di", "orig_ax", "ip", "cs", "flags", "sp", "ss"),
        ),
        calls=(112, 104, 96, 88, 72, 64),
        syscalls=(112, 104, 96, 56, 72, 64),
        result=80,
        number=120,
        number_bytes=8,
        mode=136,
        mode_mask=0xFFFF,
        foreign_mode=0x23,
    ),
    # arch/arm64/include/asm/ptrace.h; 0x10 is PSR_MODE32_BIT.
    "aarch64": Machine(
        registers=(*[f"regs[{number}]" for number in range(31)], "sp", "pc", "pstate"),
        calls=(0, 8, 16, 24, 32, 40),
        syscalls=(0, 8, 16, 24, 32, 40),
        result=0,
        number=280,
        number_bytes=4,
        mode=264,
        mode_mask=0x10,
        foreign_mode=0x10,
    ),
}
"""By what `uname -m` prints."""


def _read(low: Lowering, base: Value, offset: int, size: int = _WORD) -> Value:
    """What the kernel's memory holds behind an address, 0 where it cannot be read."""
    b = low.b
    place = low.readable(low.temporary("register", _WORD), _WORD)
    b.call("probe_read_kernel", place, b.const(size), b.add(base, b.const(offset)))
    return b.load(place, 0, size)


def _argument_of(
    low: Lowering, machine: Machine, regs: Value, index: int, parameter: Variable
) -> Value:
    """An argument of a system call, `regs` being where its registers were saved."""
    if index >= len(machine.syscalls):
        raise SourceError(parameter.span, "system calls have at most six arguments")
    return _read(low, regs, machine.syscalls[index])


@final
@dataclass(frozen=True, slots=True)
class Registers:
    """`struct pt_regs`; with `is_syscall` its function's only argument leads to the arguments, as
    all kernels since Linux 4.17 have it."""

    machine: Machine
    is_syscall: bool

    def begin(self, low: Lowering) -> None:
        """Nothing."""

    def argument(self, low: Lowering, index: int, parameter: Variable) -> Value:
        """Out of the register that the calling convention has for it."""
        calls = self.machine.calls
        if self.is_syscall:
            regs = low.b.load(low.b.context, calls[0], _WORD)
            return _argument_of(low, self.machine, regs, index, parameter)
        if index >= len(calls):
            hint = "further ones are on the stack: bpf_probe_read_kernel() from PT_REGS_SP(ctx)"
            message = f"only {len(calls)} arguments are in registers"
            raise SourceError(parameter.span, message, hint)
        return low.b.load(low.b.context, calls[index], _WORD)

    def load(self, low: Lowering, offset: int, type_: CType, field: CoreField | None) -> Operand:
        """A register, or a part of it."""
        return plain_load(low, offset, type_)

    def store(self, low: Lowering, offset: int, value: Operand) -> None:
        """No probe changes registers."""
        raise refuse_store(low)


@final
@dataclass(frozen=True, slots=True)
class SyscallEnter:
    """`sys_enter`: args[0] are the process's registers, args[1] is the system call's number.

    The function of a system call has the former as its only argument, so that register is all that
    a kprobe there can tell.
    """

    machine: Machine
    number: int
    is_syscall: bool

    def begin(self, low: Lowering) -> None:
        """Leave alone all other system calls."""
        b = low.b
        other = b.const(0)
        b.when(Cond.NE, b.load(b.context, _WORD, _WORD), b.const(self.number), lambda: b.ret(other))
        _leave_foreign(low, self.machine, b.load(b.context, 0, _WORD))

    def argument(self, low: Lowering, index: int, parameter: Variable) -> Value:
        """Of the system call itself, or of the kernel's function."""
        regs = low.b.load(low.b.context, 0, _WORD)
        if self.is_syscall:
            return _argument_of(low, self.machine, regs, index, parameter)
        if index:
            hint = "call the function syscall__… to get the arguments of the system call"
            message = f"'{parameter.name}': the function of a system call has one argument"
            raise SourceError(parameter.span, message, hint)
        return regs

    def load(self, low: Lowering, offset: int, type_: CType, field: CoreField | None) -> Operand:
        """The register of the first argument; no other means anything here."""
        if offset != self.machine.calls[0]:
            raise _meaningless(low, self.machine, offset)
        return _as(low, low.b.load(low.b.context, 0, _WORD), type_)

    def store(self, low: Lowering, offset: int, value: Operand) -> None:
        """Nobody's registers are changed."""
        raise refuse_store(low)


@final
@dataclass(frozen=True, slots=True)
class SyscallExit:
    """`sys_exit`: args[0] are the process's registers, args[1] is what the system call returns.

    A process that was forked returns from the call, too, which no kretprobe sees.
    """

    machine: Machine
    number: int

    def begin(self, low: Lowering) -> None:
        """Leave alone all other system calls."""
        b, machine = low.b, self.machine
        regs = b.load(b.context, 0, _WORD)
        number = _read(low, regs, machine.number, machine.number_bytes)
        other = b.const(0)
        b.when(Cond.NE, number, b.const(self.number), lambda: b.ret(other))
        _leave_foreign(low, machine, regs)

    def argument(self, low: Lowering, index: int, parameter: Variable) -> Value:
        """There are none any more."""
        hint = "keep it in a table when the call is entered, under the thread's id"
        message = f"'{parameter.name}': arguments are gone when a function returns"
        raise SourceError(parameter.span, message, hint)

    def load(self, low: Lowering, offset: int, type_: CType, field: CoreField | None) -> Operand:
        """The register of the result; no other means anything here."""
        if offset != self.machine.result:
            raise _meaningless(low, self.machine, offset)
        return _as(low, low.b.load(low.b.context, _WORD, _WORD), type_)

    def store(self, low: Lowering, offset: int, value: Operand) -> None:
        """Nobody's registers are changed."""
        raise refuse_store(low)


def _leave_foreign(low: Lowering, machine: Machine, regs: Value) -> None:
    """Leave alone processes whose system calls have other numbers, and functions of their own."""
    b = low.b
    mode = b.binary(BinaryKind.AND, _read(low, regs, machine.mode), b.const(machine.mode_mask))
    foreign = b.const(0)
    b.when(Cond.EQ, mode, b.const(machine.foreign_mode), lambda: b.ret(foreign))


def _as(low: Lowering, value: Value, type_: CType) -> Operand:
    """What a register holds, as the member of `struct pt_regs` that it is."""
    return low.convert(Operand(value, U64), type_)


def _meaningless(low: Lowering, machine: Machine, offset: int) -> SourceError:
    message = f"register {machine.register(offset)} means nothing here"
    hint = "this kernel has no kprobes: a tracepoint of system calls stands in for one"
    return SourceError(low.b.span, message, hint)
