"""Names of the constants that arguments of system calls are made of, and values as text.

A table of `constant_tables_*.py` is a line: its name, its kind (`flags`: bits; `enum`: one of them)
and words. A word that ends in `*` is what the names behind it begin with; `NAME=2` says the value
of what no C header of Linux 6.1 has; `0x3:RDONLY,WRONLY` are the values of some bits that belong
together, `0xff:@signal` those of another table, `0x1ff:%o` permissions.

>>> show_flags("open", 0o2000101)
'O_WRONLY|O_CREAT|O_CLOEXEC'
>>> errno_name(-2)
'ENOENT'
"""

from __future__ import annotations

from functools import cache, lru_cache

from seismo.audit.catalog import constant_tables_files, constant_tables_processes
from seismo.audit.catalog.constant_values import VALUES
from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError
from seismo.c.headers.constants import CONSTANTS as C_CONSTANTS
from seismo.c.headers.machines import machine_macros
from seismo.lang.header_constants import CONSTANTS

__all__ = (
    "ConstantTable",
    "Group",
    "UnknownConstant",
    "capability_names",
    "constant_table",
    "constant_tables",
    "errno_name",
    "parse_flags",
    "show_enum",
    "show_flags",
    "signal_name",
    "value_of",
)

_BITS32, _BITS64 = (1 << 32) - 1, (1 << 64) - 1


class UnknownConstant(BpfError):
    """A word that is no constant of its table; `hint` names the nearest."""

    def __init__(self, word: str, table: str, hint: str = "") -> None:
        super().__init__(
            f"'{word}' is none of the constants '{table}'" + (hint and f"\nhint: {hint}")
        )
        self.word = word
        self.table = table
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Bits that are one value: its names, another table's (`table`), or octal digits (neither)."""

    mask: int
    names: tuple[tuple[int, str], ...] = ()
    table: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantTable:
    """`names` are (value, constant), in the order in which they are shown; `kind` is `flags`,
    `enum`, or what is a case of its own: `quota`, `mode_type`, `signal`."""

    name: str
    kind: str
    names: tuple[tuple[int, str], ...]
    groups: tuple[Group, ...]


@cache
def _lines() -> dict[str, str]:
    text = constant_tables_files.TABLES + constant_tables_processes.TABLES
    rows = dict(one.split(" ", 1) for one in filter(None, text.splitlines()))
    signals = rows["signal"].split()[2:]
    capabilities = rows["capability"].split()[2:]
    rows["sigset"] = " ".join(
        ["flags SIG*", *(f"{name}={1 << bit:#x}" for bit, name in enumerate(signals))]
    )
    for part, names in (("cap_low", capabilities[:32]), ("cap_high", capabilities[32:])):
        bits = [f"{name}={1 << bit:#x}" for bit, name in enumerate(names)]
        rows[part] = " ".join(["flags CAP_*", *bits])
    for prefix in ("MAP", "MFD", "SHM"):
        sizes = [f"{bit}<<{prefix}_HUGE_SHIFT={bit << 26:#x}" for bit in range(2, 64)]
        # What MMU-less kernels have as a flag would be pages of two bytes.
        first = ["MAP_UNINITIALIZED=0x4000000"] if prefix == "MAP" else []
        rows[f"{prefix.lower()}_huge"] = " ".join(["enum", *first, *sizes])
    return rows


def constant_tables() -> tuple[str, ...]:
    """The names of all tables, sorted."""
    return tuple(sorted(_lines()))


@cache
def constant_table(name: str, machine: str = "x86_64") -> ConstantTable:
    """The table called so, with the values of a machine as `uname -m` has it; KeyError."""
    kind, *words = _lines()[name].split(" ")
    names: list[tuple[int, str]] = []
    groups: list[Group] = []
    prefix = ""
    for word in words:
        if word.endswith("*"):
            prefix = word[:-1]
        elif ":" in word:
            groups.append(_group(word, prefix, machine))
        else:
            names.append(_constant(prefix, word, machine))
    return ConstantTable(name=name, kind=kind, names=tuple(names), groups=tuple(groups))


def _group(word: str, prefix: str, machine: str) -> Group:
    mask, _, rest = word.partition(":")
    bits = int(mask, 16)
    if rest.startswith("@"):
        return Group(mask=bits, table=rest[1:])
    if rest == "%o":
        return Group(mask=bits)
    names = tuple([_constant(prefix, one, machine) for one in rest.split(",")])
    return Group(mask=bits, names=names)


def _constant(prefix: str, word: str, machine: str) -> tuple[int, str]:
    """(value, name) of a word of a table."""
    name, _, value = word.partition("=")
    return (int(value, 0) if value else value_of(prefix + name, machine)), prefix + name


def value_of(name: str, machine: str = "x86_64") -> int:
    """The value of a constant of C headers; KeyError for one that is not known."""
    if name in VALUES:
        return VALUES[name]
    if name in CONSTANTS:
        return CONSTANTS[name]
    if name in C_CONSTANTS:
        return _number(C_CONSTANTS[name])
    if name == "O_TMPFILE":
        return 0o20000000 | value_of("O_DIRECTORY", machine)
    return _number(machine_macros(machine)[name].split(" ", 1)[1])


def _number(text: str) -> int:
    """What a number in C is: with a suffix, in brackets, octal with 0."""
    digits = text.strip("()").rstrip("UL")
    return int(digits, 8) if digits[0] == "0" and digits.isdecimal() else int(digits, 0)


@lru_cache(maxsize=8192)
def show_flags(table: str, value: int, machine: str = "x86_64") -> str:
    """A value in the constants' names: `O_RDONLY|O_CLOEXEC`, `PTRACE_ATTACH`; what no constant
    is for is a hexadecimal number. KeyError for a table that is not there."""
    one = constant_table(table, machine)
    if one.kind == "enum":
        return _enum_text(one.names, value) or (f"{value:#x}" if value > 0 else str(value))
    if one.kind == "signal":
        return signal_name(value)
    if one.kind == "mode_type":
        return _mode_text(one, value)
    if one.kind == "quota":
        command = _enum_text(one.names, value >> 8 & 0xFFFFFF) or f"{value >> 8 & 0xFFFFFF:#x}"
        return f"QCMD({command}, {value & 0xFF})"
    return _flags_text(one, value & _BITS64, machine)


def show_enum(table: str, value: int, machine: str = "x86_64") -> str:
    """The same of one constant: `PTRACE_ATTACH`."""
    return show_flags(table, value, machine)


def _enum_text(names: tuple[tuple[int, str], ...], value: int) -> str:
    """The name of a value, or of what has its 32 bits with another sign; '' if it has none."""
    for known, name in names:
        if known == value or ((known < 0) != (value < 0) and known & _BITS32 == value & _BITS32):
            return name
    return ""


def _flags_text(table: ConstantTable, value: int, machine: str) -> str:
    first: list[str] = []
    last: list[str] = []
    rest = value
    for group in table.groups:
        bits = rest & group.mask
        rest &= ~group.mask
        text = _group_text(group, bits, machine)
        if text:
            (last if _stands_last(group) else first).append(text)
    shown: list[str] = []
    for known, name in table.names:
        if known and rest & known == known:
            shown.append(name)
            rest &= ~known
    if rest:
        shown.append(f"{rest:#x}")
    words = [*first, *shown, *last]
    return "|".join(words) or _enum_text(table.names, 0) or "0"


def _stands_last(group: Group) -> bool:
    """As strace has it: the signal of clone(2), the size of huge pages, permissions."""
    if group.table:
        return group.table == "signal" or group.table.endswith("_huge")
    return not group.names


def _group_text(group: Group, bits: int, machine: str) -> str:
    """'' for nothing, where no name says so."""
    if group.table:
        named = _enum_text(constant_table(group.table, machine).names, bits)
        return named or (f"{bits:#x}" if bits else "")
    if not group.names:
        return f"{bits:#05o}".replace("0o", "0") if bits else ""
    return _enum_text(group.names, bits) or (f"{bits:#x}" if bits else "")


def _mode_text(table: ConstantTable, value: int) -> str:
    """`S_IFREG|0644`, as st_mode is shown."""
    kind = _enum_text(table.names, value & 0o170000)
    permissions = f"0{value & 0o7777:03o}"
    return f"{kind}|{permissions}" if kind else f"0{value:03o}"


def parse_flags(table: str, text: str, machine: str = "x86_64") -> int:
    """What `O_WRONLY|O_CREAT` is: constants of a table, with or without the letters that they have
    in common, and numbers, with `|` between them. UnknownConstant with the nearest name."""
    known = _all_names(table, machine)
    value = 0
    for word in text.split("|"):
        name = word.strip()
        if name in known:
            value |= known[name]
        elif name[:1].isdigit():
            value |= _parse_number(name, table)
        else:
            raise UnknownConstant(name, table, did_you_mean(name, known))
    return value


def _parse_number(word: str, table: str) -> int:
    try:
        return _number(word)
    except ValueError:
        raise UnknownConstant(word, table, "a number is 12, 0x1f or 0644") from None


@cache
def _all_names(table: str, machine: str) -> dict[str, int]:
    one = constant_table(table, machine)
    found = {name: value for value, name in one.names}
    for group in one.groups:
        shift = (group.mask & -group.mask).bit_length() - 1
        inner = constant_table(group.table, machine).names if group.table else group.names
        found |= {name: value for value, name in inner if shift >= 0}
    return found


@cache
def _errors() -> dict[int, str]:
    """By number; of several names for one the kernel's own, which its headers define first."""
    found = {
        512: "ERESTARTSYS",
        513: "ERESTARTNOINTR",
        514: "ERESTARTNOHAND",
        515: "ENOIOCTLCMD",
        516: "ERESTART_RESTARTBLOCK",
    }
    others = ("EWOULDBLOCK", "EDEADLOCK", "ENOTSUP")
    for name, value in CONSTANTS.items():
        if name[0] == "E" and name[1:].isalnum() and name.isupper() and name not in others:
            found.setdefault(value, name)
    return found


def errno_name(result: int) -> str:
    """The name of the error that a system call returned: -2 is `ENOENT`; 2 is it, too.

    Those that only the kernel sees (ERESTARTSYS) have a name; '' for what is no error.
    """
    return _errors().get(abs(result), "")


def signal_name(number: int) -> str:
    """`SIGKILL`, `SIGRTMIN`, `SIGRT_2`; the number for what is no signal."""
    named = _enum_text(constant_table("signal").names, number)
    if named:
        return named
    if 32 <= number <= 64:
        return f"SIGRT_{number - 32}" if number > 32 else "SIGRTMIN"
    return str(number)


def capability_names(mask: int) -> tuple[str, ...]:
    """The capabilities of a set's 64 bits, `CAP_` first; `CAP_50` for one without a name."""
    names = dict(constant_table("capability").names)
    return tuple([names.get(bit, f"CAP_{bit}") for bit in range(64) if mask >> bit & 1])
