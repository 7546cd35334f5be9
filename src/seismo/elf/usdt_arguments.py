"""The arguments of static probes: what a note says of each, as text, and its parsed form.

>>> parse_arguments("-4@%edi 8@16(%rsp)", "x86_64")[1]
UsdtArgument(size=8, signed=False, form=InMemory(base='rsp', offset=16, index='', scale=1))

An argument is `SIZE@OPERAND`: its bytes (negative if signed) and an operand as the compiler would
print it into assembly, so each machine has a syntax of its own. The format is SystemTap's:
https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation
"""

from __future__ import annotations

import re
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError
from seismo.elf.registers import UnknownRegister, register_offset

__all__ = (
    "AtSymbol",
    "Constant",
    "Form",
    "InMemory",
    "InRegister",
    "Unreadable",
    "UsdtArgument",
    "parse_arguments",
)


@dataclass(frozen=True, slots=True)
class Constant:
    """The argument is this number."""

    value: int


@dataclass(frozen=True, slots=True)
class InRegister:
    """The argument is in a register, or the part of one, by a name that `register_offset` knows."""

    name: str


@dataclass(frozen=True, slots=True)
class InMemory:
    """The argument is in memory at `base + index * scale + offset`, both of them registers.

    A `base` or `index` of '' adds nothing.
    """

    base: str
    offset: int
    index: str = ""
    scale: int = 1


@dataclass(frozen=True, slots=True)
class AtSymbol:
    """The argument is in memory, `offset` bytes from the variable `symbol` of the same file.

    A program may be loaded anywhere, so its place is taken from the instruction pointer: add what
    lies between the probe's own address in the file and the symbol's.
    """

    symbol: str
    offset: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The argument is where a probe cannot look; `why` can be shown."""

    why: str


Form: TypeAlias = Constant | InRegister | InMemory | AtSymbol | Unreadable


@dataclass(frozen=True, slots=True)
class UsdtArgument:
    """An argument of `size` bytes (1, 2, 4, 8), and where it is.

    Of a constant or a register that has more, the lowest bytes are meant.
    """

    size: int
    signed: bool
    form: Form


_ARGUMENT = r"(?:(-?)([1248])(f?)@)?(\[[^\]]*\]!?|\S+)"
"""Sign, size, float, operand: on arm64 there may be spaces between brackets."""

_NUMBER = r"[+-]?(?:0[xX][0-9a-fA-F]+|\d+)"

_X86_MEMORY = (
    r"(?P<place>[^(%]*)"
    r"(?:\((?:%(?P<base>\w+))?(?:,%(?P<index>\w+)(?:,(?P<scale>[1248]))?)?\))?"
)
_ARM_MEMORY = (
    rf"\[(?P<base>\w+)"
    rf"(?:, *(?:#?(?P<offset>{_NUMBER})"
    r"|(?P<index>\w+)(?:, *(?:lsl|uxtw) *#?(?P<shift>[0-3])?)?))?\]"
)
_TERM = rf"{_NUMBER}|[+-]?[A-Za-z_.][\w.$]*"
"""Of an address as assemblers have it: `16`, `table+8`, `-4+16`."""


class _Refused(BpfError):
    """What cannot be read, and why."""


def parse_arguments(text: str, machine: str) -> tuple[UsdtArgument, ...]:
    """The arguments of a note, in order; what cannot be read is `Unreadable`, never an error."""
    return tuple([_argument(match, machine) for match in re.finditer(_ARGUMENT, text)])


def _argument(match: re.Match[str], machine: str) -> UsdtArgument:
    sign, size, is_float, operand = match.groups()
    try:
        form = _form(operand, machine, is_float=bool(is_float))
    except _Refused as refusal:
        form = Unreadable(f"argument '{match[0]}': {refusal}")
    return UsdtArgument(int(size or 8), bool(sign), form)


def _form(operand: str, machine: str, *, is_float: bool) -> Form:
    if is_float:
        raise _Refused("it is a floating-point number")
    if machine == "x86_64":
        return _x86_64_form(operand)
    if machine == "aarch64":
        return _aarch64_form(operand)
    raise _Refused(f"how {machine} writes operands is not known")


def _x86_64_form(operand: str) -> Form:
    """AT&T syntax: `$5`, `%edi`, `-24(%rbp)`, `8(%rax,%rdx,4)`, `table+8(%rip)`."""
    if operand[0] == "$":
        return Constant(_number(operand[1:]))
    if re.fullmatch(r"%\w+", operand):
        return InRegister(_register("x86_64", operand[1:]))
    match = re.fullmatch(_X86_MEMORY, operand)
    if match is None:
        # `%fs:…` also ends here: whose thread-local variables those are is the kernel's secret.
        raise _Refused("it is no operand that a probe can read")
    symbol, offset = _address(match["place"])
    base, index = match["base"] or "", match["index"] or ""
    if symbol and not index and base in ("", "rip"):
        return AtSymbol(symbol, offset)
    if symbol or base == "rip":
        raise _Refused("its address is known only when the program is loaded")
    parts = [_register("x86_64", name) if name else "" for name in (base, index)]
    return InMemory(parts[0], offset, parts[1], int(match["scale"] or 1))


def _aarch64_form(operand: str) -> Form:
    """`w0`, `[sp, 16]`, `[x0, x1, lsl 3]`, `-5`; gas takes numbers with `#` and without."""
    if re.fullmatch(rf"#?{_NUMBER}", operand):
        return Constant(_number(operand.lstrip("#")))
    if operand in ("xzr", "wzr"):
        return Constant(0)
    if re.fullmatch(r"\w+", operand):
        return InRegister(_register("aarch64", operand))
    match = re.fullmatch(_ARM_MEMORY, operand)
    if match is None:
        raise _Refused("it is no operand that a probe can read")
    base, index = _register("aarch64", match["base"]), match["index"] or ""
    if index:
        index = _register("aarch64", index)
    return InMemory(base, _number(match["offset"] or "0"), index, 1 << int(match["shift"] or 0))


def _register(machine: str, name: str) -> str:
    try:
        register_offset(machine, name)
    except UnknownRegister as error:
        raise _Refused(f"'{name}' is no register that the kernel saves for a probe") from error
    return name


def _number(text: str) -> int:
    """C's spelling of an integer, without octals: assemblers print none."""
    if not re.fullmatch(_NUMBER, text):
        raise _Refused(f"'{text}' is known only when the program is linked")
    is_hex = "x" in text.lower()
    return int(text, 16 if is_hex else 10)


def _address(text: str) -> tuple[str, int]:
    """(symbol or '', offset) of the terms of an address without its registers."""
    symbol, offset = "", 0
    terms = re.findall(_TERM, text)
    if "".join(terms) != text:
        raise _Refused(f"'{text}' is no address in this file")
    for term in terms:
        name = term.lstrip("+")
        if re.fullmatch(_NUMBER, term):
            offset += _number(term)
        elif symbol or name[0] == "-":
            raise _Refused(f"'{text}' is no address in this file")
        else:
            symbol = name
    return symbol, offset
