"""Where a processor's registers lie in the kernel's `struct pt_regs`, by every name they go by.

>>> register_offset("x86_64", "rdi"), register_offset("x86_64", "di")
((112, 8), (112, 8))
>>> argument_registers("aarch64")[:2]
('r0', 'r1')

A machine is called as `uname -m` does. The layouts are uapi's, which no kernel version changes:
`struct pt_regs` of `asm/ptrace.h`, on arm64 its `struct user_pt_regs`.
"""

from __future__ import annotations

from functools import cache
from typing import TypeVar

from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError, NotSupported

__all__ = (
    "UnknownRegister",
    "argument_registers",
    "instruction_pointer",
    "register_names",
    "register_offset",
    "return_register",
    "stack_pointer",
)

T = TypeVar("T")
Place = tuple[int, int]

_X86_64 = (
    *("r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax", "cx", "dx"),
    *("si", "di", "orig_ax", "ip", "cs", "flags", "sp", "ss"),
)
"""In the order of `struct pt_regs`, 8 bytes each."""

_AARCH64 = (*[f"r{number}" for number in range(31)], "sp", "pc", "pstate")

_ARGUMENTS = {
    "x86_64": ("di", "si", "dx", "cx", "r8", "r9"),
    "aarch64": tuple([f"r{number}" for number in range(8)]),
}
_RETURN = {"x86_64": "ax", "aarch64": "r0"}
_STACK = {"x86_64": "sp", "aarch64": "sp"}
_INSTRUCTION = {"x86_64": "ip", "aarch64": "pc"}


class UnknownRegister(BpfError, LookupError):
    """`struct pt_regs` has no register `name`; `hint` may know a near one."""

    def __init__(self, machine: str, name: str, hint: str = "") -> None:
        what = f"{machine} has no register '{name}' that a probe sees"
        super().__init__(what + (f"\nhint: {hint}" if hint else ""))
        self.what = what
        self.hint = hint


def register_offset(machine: str, name: str) -> Place:
    """(offset in `struct pt_regs`, size in bytes) of a register, or of its part: `eax`, `ah`, `w0`.

    `ax` and its like are the whole register, as the kernel calls it, not its lower 16 bits.
    Raises `UnknownRegister`; `NotSupported` for a machine that is neither x86_64 nor aarch64.
    """
    places = _places(machine)
    if name not in places:
        raise UnknownRegister(machine, name, did_you_mean(name, places))
    return places[name]


def register_names(machine: str) -> tuple[str, ...]:
    """The whole registers by the names that `struct pt_regs` has for them, in its order."""
    return _of({"x86_64": _X86_64, "aarch64": _AARCH64}, machine)


def argument_registers(machine: str) -> tuple[str, ...]:
    """The registers that hold a user function's integer and pointer arguments, in order."""
    return _of(_ARGUMENTS, machine)


def return_register(machine: str) -> str:
    """The register that holds what a function returned."""
    return _of(_RETURN, machine)


def stack_pointer(machine: str) -> str:
    """The register that points to the top of the stack."""
    return _of(_STACK, machine)


def instruction_pointer(machine: str) -> str:
    """The register that says where the program is."""
    return _of(_INSTRUCTION, machine)


def _of(table: dict[str, T], machine: str) -> T:
    if machine not in table:
        hint = f"there are tables for {', '.join(table)}"
        raise NotSupported(f"registers of {machine}", "where they lie is not known", hint)
    return table[machine]


@cache
def _places(machine: str) -> dict[str, Place]:
    whole = {name: (8 * index, 8) for index, name in enumerate(register_names(machine))}
    return whole | (_x86_64_parts(whole) if machine == "x86_64" else _aarch64_parts(whole))


def _x86_64_parts(whole: dict[str, Place]) -> dict[str, Place]:
    """The names that assemblers have: `rax eax al ah`, `r8d r8w r8b`, `rip`, `eflags`."""
    places: dict[str, Place] = {}
    for name in ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "ip", "flags"):
        offset, _ = whole[name]
        places[f"r{name}"] = (offset, 8)
        places[f"e{name}"] = (offset, 4)
    for letter in "abcd":
        offset, _ = whole[f"{letter}x"]
        places[f"{letter}l"] = (offset, 1)
        places[f"{letter}h"] = (offset + 1, 1)
    for name in ("si", "di", "bp", "sp"):
        places[f"{name}l"] = (whole[name][0], 1)
    for number in range(8, 16):
        offset, _ = whole[f"r{number}"]
        places |= {
            f"r{number}{part}": (offset, size) for part, size in zip("dwb", (4, 2, 1), strict=True)
        }
    return places


def _aarch64_parts(whole: dict[str, Place]) -> dict[str, Place]:
    """The names that assemblers have: `x0` and its half `w0`, `fp`, `lr`."""
    places = {"fp": whole["r29"], "lr": whole["r30"], "wsp": (whole["sp"][0], 4)}
    for number in range(31):
        offset, _ = whole[f"r{number}"]
        places |= {f"x{number}": (offset, 8), f"w{number}": (offset, 4)}
    return places
