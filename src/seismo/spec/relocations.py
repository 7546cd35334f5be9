"""What in a program depends on the kernel that it will run on, by name.

A program that is compiled for the kernel at hand has none. One that is shipped has an instruction
for each, which holds what is true of the kernel that it was built on until another one's is put in.
"""

from __future__ import annotations

from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.isa.relo_kinds import CoreKind

__all__ = (
    "CoreEnumerator",
    "CoreField",
    "CoreType",
    "KernelSymbol",
    "Relocation",
    "RunValue",
    "TracepointField",
)


@dataclass(frozen=True, slots=True)
class CoreField:
    """A member of a kernel type: `record` is `struct task_struct` or a typedef's name, `path` the
    members that lead to it, such as `se.vruntime`; `kind` is one of `CoreKind.FIELD_*`."""

    record: str
    path: str
    kind: CoreKind = CoreKind.FIELD_BYTE_OFFSET


@dataclass(frozen=True, slots=True)
class CoreType:
    """A kernel type as a whole; `kind` is one of `CoreKind.TYPE_*`."""

    type: str
    kind: CoreKind = CoreKind.TYPE_SIZE


@dataclass(frozen=True, slots=True)
class CoreEnumerator:
    """An enumerator; `enum` is `enum pid_type`, or '' for one that has no name."""

    enum: str
    name: str
    kind: CoreKind = CoreKind.ENUMVAL_VALUE


@dataclass(frozen=True, slots=True)
class TracepointField:
    """Where a field begins in a tracepoint's record; `what` may be `offset` or `size`."""

    category: str
    tracepoint: str
    field: str
    what: str = "offset"


@dataclass(frozen=True, slots=True)
class KernelSymbol:
    """The address of a kernel symbol."""

    name: str


@dataclass(frozen=True, slots=True)
class RunValue:
    """What a run starts with, by the name that `LowerOptions` has for it: `started_ns`."""

    name: str


Relocation: TypeAlias = (
    CoreField | CoreType | CoreEnumerator | TracepointField | KernelSymbol | RunValue
)
