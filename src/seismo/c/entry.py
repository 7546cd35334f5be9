"""How programs begin and end: where a function's parameters come from, what its context holds.

>>> func = lower_program(unit.functions["f"], entry_of(KPROBE, "f", view.machine()), host)

BCC's programs name what they need of a function's arguments as parameters after the context. Those
of a kprobe are read out of the registers, those of a system call (`syscall__…`) out of the
registers that the process came with, to which the function's only argument points.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, final

from seismo.base.dataclass import dataclass
from seismo.base.errors import NotSupported, SourceError
from seismo.c.flavour import ContextKind, Flavour
from seismo.c.lower.context import Lowering
from seismo.c.lower.host import Entry
from seismo.c.lower.value import Operand
from seismo.c.own_context import Arguments, Own
from seismo.c.registers import MACHINES, Registers, SyscallEnter, SyscallExit
from seismo.c.tree import FunctionDecl, Variable
from seismo.c.types import U64, CType, Pointer, is_scalar
from seismo.ir.ops import Value
from seismo.spec.relocations import CoreField

__all__ = ("SYSCALL_PREFIXES", "entry_of")

SYSCALL_PREFIXES = ("syscall__", "kprobe____x64_sys_", "kprobe____arm64_sys_")
"""Of functions whose parameters are those of a system call."""


def entry_of(flavour: Flavour, function: str, machine: str) -> Entry:
    """How a function called so begins and ends as a program of that flavour.

    Raises NotSupported for registers of a machine whose layout is not known.
    """
    if flavour.context is ContextKind.ARGUMENTS:
        return _Program(flavour, Arguments())
    if flavour.context is ContextKind.OWN:
        return _Program(flavour, Own(flavour))
    if machine not in MACHINES:
        raise NotSupported("arguments of functions", f"not known for {machine}")
    registers = MACHINES[machine]
    is_syscall = function.startswith(SYSCALL_PREFIXES)
    if flavour.context is ContextKind.REGISTERS:
        return _Program(flavour, Registers(registers, is_syscall))
    if flavour.context is ContextKind.SYSCALL_ENTER:
        return _Program(flavour, SyscallEnter(registers, flavour.syscall, is_syscall))
    return _Program(flavour, SyscallExit(registers, flavour.syscall))


class _Context(Protocol):
    """What differs from context to context."""

    def begin(self, low: Lowering) -> None:
        """What comes before everything else."""

    def argument(self, low: Lowering, index: int, parameter: Variable) -> Value:
        """The parameter after the context that has this number, as 64 bits; SourceError."""

    def load(self, low: Lowering, offset: int, type_: CType, field: CoreField | None) -> Operand:
        """What is there in the context; `field` says so by name."""

    def store(self, low: Lowering, offset: int, value: Operand) -> None:
        """Write to the context; SourceError."""


@final
@dataclass(frozen=True, slots=True)
class _Program:
    """A program of a flavour: the protocol `Entry`."""

    flavour: Flavour
    own: _Context

    def parameters(self, low: Lowering, function: FunctionDecl) -> Sequence[Operand]:
        """The context, then what the flavour has for the others that are used."""
        self.own.begin(low)
        made: list[Operand] = []
        for index, one in enumerate(function.parameters):
            if index == 0:
                made.append(_context(low, one))
            elif not is_scalar(one.type):
                message = f"parameter '{one.name}' is {one.type}, which no register holds"
                raise SourceError(one.span, message)
            elif low.is_used(one):
                raw = Operand(self.own.argument(low, index - 1, one), U64)
                made.append(low.convert(raw, one.type))
            else:
                made.append(Operand(low.b.const(0), one.type))
        return made

    def finish(self, low: Lowering, value: Operand | None) -> None:
        """Return it, or 0."""
        if value is None or self.flavour.returns_zero:
            low.b.ret(low.b.const(0))
        else:
            low.b.ret(low.argument(value))

    def load_context(
        self, low: Lowering, offset: int, type_: CType, field: CoreField | None = None
    ) -> Operand:
        """As the flavour has it."""
        return self.own.load(low, offset, type_, field)

    def store_context(self, low: Lowering, offset: int, value: Operand) -> None:
        """As the flavour has it."""
        self.own.store(low, offset, value)


def _context(low: Lowering, parameter: Variable) -> Operand:
    if not isinstance(parameter.type, Pointer):
        hint = "write it as `struct pt_regs *ctx` or `void *ctx`, arguments after it"
        message = f"the first parameter is the context, a pointer, not {parameter.type}"
        raise SourceError(parameter.span, message, hint)
    return low.context(parameter.type)
