"""Filters: what of a handler's events is wanted. The kernel evaluates them, by generated C; what
they mean is stated once, in `filter_meaning.py`.

>>> str(AllOf((Compare(FilterField.UID, Operator.EQUAL, 0), Under("/etc"))))
'uid == 0 and path under "/etc"'
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from typing import TypeAlias

from seismo.base.dataclass import dataclass, field
from seismo.base.enum import Enum

__all__ = (
    "ALWAYS",
    "AllOf",
    "AnyOf",
    "Between",
    "Compare",
    "Filter",
    "FilterField",
    "HasBits",
    "InCgroup",
    "InContainer",
    "InNetwork",
    "Like",
    "Not",
    "OfEvent",
    "Operator",
    "Under",
    "Writing",
    "leaves",
)

Network: TypeAlias = IPv4Network | IPv6Network


class FilterField(Enum):
    """Numbers that every event has: of the process that made it, of its result, of its address."""

    UID = "uid"  # real, in the first user namespace
    GID = "gid"
    PID = "pid"  # tgid
    PPID = "ppid"
    RET = "ret"  # 0 for events that have no result
    PORT = "port"  # of the address that the call names, or of its socket's other end; else 0


class Operator(Enum):
    """How a number is compared."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    LESS_EQUAL = "<="
    GREATER = ">"
    GREATER_EQUAL = ">="


@dataclass(frozen=True, slots=True)
class Compare:
    """`uid == 0`. A `value` that is text is the name of a user or group, until it is resolved."""

    field: FilterField
    operator: Operator
    value: int | str

    def __str__(self) -> str:
        return f"{self.field.value} {self.operator.value} {self.value}"


@dataclass(frozen=True, slots=True)
class Between:
    """`uid in 1000-1999`, both included; with equal ends `uid in 1000`."""

    field: FilterField
    low: int
    high: int

    def __str__(self) -> str:
        return f"{self.field.value} in {self.low}..{self.high}"


@dataclass(frozen=True, slots=True)
class Like:
    """`comm like "ssh*"`: the thread's name, by a pattern of `*`, `?` and `[a-z]`."""

    pattern: str

    def __str__(self) -> str:
        return f"comm like {_quoted(self.pattern)}"


@dataclass(frozen=True, slots=True)
class Under:
    """`path under "/etc"`: a file that the event is about is this one, or below it.

    The kernel says so by the directories that it walked, whichever way there was to them. Where
    the file does not exist the path as the program gave it decides. `bit` is the directory's in
    `facts.path_mask`, -1 until it is resolved.

    What the kernel walked for an event is not only its file: also where a relative path begins,
    and where a program is executed. So it does not say that an event is about nothing else: of
    types that are `relative` it does if the path was absolute, of types that are `several` never.
    """

    path: str
    bit: int = -1
    relative: frozenset[int] = field(default=frozenset(), repr=False)
    several: frozenset[int] = field(default=frozenset(), repr=False)

    def __str__(self) -> str:
        return f"path under {_quoted(self.path)}"


@dataclass(frozen=True, slots=True)
class InNetwork:
    """`address in 10.0.0.0/8`: of the call's address, or of its socket's other end.

    Addresses of IPv4 that are written as ones of IPv6 (::ffff:10.0.0.1) count as what they are.
    """

    network: Network

    def __str__(self) -> str:
        return f"address in {self.network}"


@dataclass(frozen=True, slots=True)
class InCgroup:
    """`cgroup under "/system.slice"`: the task's cgroup (version 2) is this one, or below it.

    `id` and `level` (how many directories below the root) are the kernel's, 0 until resolved.
    """

    path: str
    id: int = 0
    level: int = 0

    def __str__(self) -> str:
        return f"cgroup under {_quoted(self.path)}"


@dataclass(frozen=True, slots=True)
class InContainer:
    """`container == 3f4e5a`: by the beginning of the container's id."""

    prefix: str

    def __str__(self) -> str:
        return f"container == {_quoted(self.prefix)}"


@dataclass(frozen=True, slots=True)
class OfEvent:
    """`event in (openat, network)`: `words` as they select events; `types` are their ids."""

    words: tuple[str, ...]
    types: frozenset[int] = frozenset()

    def __str__(self) -> str:
        return f"event in ({', '.join(_quoted(one) for one in self.words)})"


@dataclass(frozen=True, slots=True)
class HasBits:
    """`arg2 has 0x4`: an argument of a system call, from 0, has one of these bits; false for events
    that are no system calls."""

    argument: int
    bits: int

    def __str__(self) -> str:
        return f"arg{self.argument} has {self.bits:#x}"


@dataclass(frozen=True, slots=True)
class Writing:
    """`writing`: a call that opens a file in order to change it, or makes one.

    `flags` are the numbers of the arguments that say so, by the type of the call, (type, argument);
    the argument -1 is of calls that always do, or whose flags are not in an argument.
    """

    flags: tuple[tuple[int, int], ...] = ()

    def __str__(self) -> str:
        return "writing"


@dataclass(frozen=True, slots=True)
class AllOf:
    """True if all parts are; without parts, always."""

    parts: tuple[Filter, ...]

    def __str__(self) -> str:
        return " and ".join(_part(one) for one in self.parts) if self.parts else "all"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True if a part is; without parts, never."""

    parts: tuple[Filter, ...]

    def __str__(self) -> str:
        return " or ".join(_part(one) for one in self.parts) if self.parts else "not all"


@dataclass(frozen=True, slots=True)
class Not:
    """True if the part is not."""

    part: Filter

    def __str__(self) -> str:
        return f"not {_part(self.part)}"


Filter: TypeAlias = (
    Compare
    | Between
    | Like
    | Under
    | InNetwork
    | InCgroup
    | InContainer
    | OfEvent
    | HasBits
    | Writing
    | AllOf
    | AnyOf
    | Not
)

ALWAYS = AllOf(())
"""The filter of who wants all."""


def leaves(one: Filter) -> Iterator[Filter]:
    """The tests that a filter is made of, from left to right."""
    match one:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case _:
            yield one


def _part(one: Filter) -> str:
    return f"({one})" if isinstance(one, AllOf | AnyOf) and one.parts else str(one)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
