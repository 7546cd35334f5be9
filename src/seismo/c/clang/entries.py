"""The entries of programs in C: what the kernel calls, with parameters put where they belong.

>>> print(entry(function, ContextKind.REGISTERS, machine))
__attribute__((section("kprobe"), used))
long long __seismo_entry_f(unsigned long long *ctx) { return f(ctx, ctx[14]); }

What `c/entry.py` and the contexts do in IR is done here in text; the two mean the same.
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.base.errors import SourceError
from seismo.c.entry import SYSCALL_PREFIXES
from seismo.c.flavour import ContextKind
from seismo.c.registers import Machine
from seismo.c.tree import FunctionDecl
from seismo.c.types import Void

__all__ = ("EntryKind", "entry", "entry_name")

_WORD = 8


@dataclass(frozen=True, slots=True)
class EntryKind:
    """What programs begin and end alike by; `syscall` is the number where the context is that of a
    tracepoint of system calls."""

    context: ContextKind
    syscall: int = -1

    @property
    def is_at_syscall(self) -> bool:
        """Whether the function sees registers that there are not."""
        return self.context in (ContextKind.SYSCALL_ENTER, ContextKind.SYSCALL_EXIT)


def entry_name(function: str) -> str:
    """What the entry of a function is called."""
    return f"__seismo_entry_{function}"


def entry(function: FunctionDecl, kind: EntryKind, machine: Machine, returns_zero: bool) -> str:
    """The entry of a function; SourceError for a parameter that such a program has not."""
    arguments = _arguments(function, kind, machine)
    before = _before(kind, machine)
    call = f"{function.name}({', '.join(arguments)})"
    drops = returns_zero or isinstance(function.result, Void)
    result = f"{call}; return 0;" if drops else f"return {call};"
    return (
        '__attribute__((section("kprobe"), used))\n'
        f"long long {entry_name(function.name)}(unsigned long long *ctx) {{ {before}{result} }}"
    )


def _arguments(function: FunctionDecl, kind: EntryKind, machine: Machine) -> list[str]:
    given = function.parameters
    if not given:
        return []
    first = "&seen" if kind.is_at_syscall else "ctx"
    return [
        first,
        *[_argument(function, kind, machine, number) for number in range(len(given) - 1)],
    ]


def _argument(function: FunctionDecl, kind: EntryKind, machine: Machine, index: int) -> str:
    parameter = function.parameters[index + 1]
    context, calls = kind.context, machine.calls
    if context is ContextKind.ARGUMENTS:
        return f"ctx[{index}]"
    if context is ContextKind.OWN:
        message = f"'{parameter.name}': such a program has no parameter but its context"
        raise SourceError(parameter.span, message, "take what you need from the context")
    if context is ContextKind.SYSCALL_EXIT:
        message = f"'{parameter.name}': arguments are gone when a function returns"
        hint = "keep it in a table when the call is entered, under the thread's id"
        raise SourceError(parameter.span, message, hint)
    if index >= len(calls):
        hint = "further ones are on the stack: bpf_probe_read_kernel() from PT_REGS_SP(ctx)"
        raise SourceError(parameter.span, f"only {len(calls)} arguments are in registers", hint)
    regs = "ctx[0]" if context is ContextKind.SYSCALL_ENTER else f"ctx[{calls[0] // _WORD}]"
    if function.name.startswith(SYSCALL_PREFIXES):
        return f"__seismo_saved({regs}, {machine.syscalls[index]})"
    if context is ContextKind.REGISTERS:
        return f"ctx[{calls[index] // _WORD}]"
    if index:
        hint = "call the function syscall__… to get the arguments of the system call"
        message = f"'{parameter.name}': the function of a system call has one argument"
        raise SourceError(parameter.span, message, hint)
    return regs


def _before(kind: EntryKind, machine: Machine) -> str:
    """What comes before the call: at tracepoints of system calls, leave alone all other calls and
    processes of another word size, and make up the register that a kprobe would see."""
    if not kind.is_at_syscall:
        return ""
    if kind.context is ContextKind.SYSCALL_ENTER:
        number, register, value = "ctx[1]", machine.calls[0], "ctx[0]"
    else:
        type_ = "unsigned int" if machine.number_bytes == 4 else "unsigned long long"
        number = f"({type_})__seismo_saved(ctx[0], {machine.number})"
        register, value = machine.result, "ctx[1]"
    mode = f"(__seismo_saved(ctx[0], {machine.mode}) & {machine.mode_mask})"
    return (
        f"if ({number} != {kind.syscall} || {mode} == {machine.foreign_mode}) return 0; "
        "struct __seismo_registers seen = { .context = ctx }; "
        f"((unsigned long long *)&seen)[{register // _WORD}] = {value}; "
    )
