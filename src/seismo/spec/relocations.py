"""What in a program depends on the kernel that it will run on, by name.

A program that is compiled for the kernel at hand has none. One that is shipped has an instruction
for each, which holds what is true of the kernel that it was built on until another one's is put in.

>>> str(CoreField("struct task_struct", "se.vruntime"))
'field_byte_offset(struct task_struct, se.vruntime)'
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.isa.relo_kinds import CoreKind

__all__ = (
    "CoreEnumerator",
    "CoreField",
    "CoreType",
    "FunctionParameter",
    "KernelSymbol",
    "Relocation",
    "RunValue",
    "TracepointField",
    "parse_relocation",
)


@dataclass(frozen=True, slots=True)
class CoreField:
    """A member of a kernel type: `record` is `struct task_struct` or a typedef's name, `path` the
    members that lead to it, such as `se.vruntime`; `kind` is one of `CoreKind.FIELD_*`."""

    record: str
    path: str
    kind: CoreKind = CoreKind.FIELD_BYTE_OFFSET

    def __str__(self) -> str:
        return f"{self.kind.name.lower()}({self.record}, {self.path})"


@dataclass(frozen=True, slots=True)
class CoreType:
    """A kernel type as a whole; `kind` is one of `CoreKind.TYPE_*`."""

    type: str
    kind: CoreKind = CoreKind.TYPE_SIZE

    def __str__(self) -> str:
        return f"{self.kind.name.lower()}({self.type})"


@dataclass(frozen=True, slots=True)
class CoreEnumerator:
    """An enumerator; `enum` is `enum pid_type`, or '' for one that has no name."""

    enum: str
    name: str
    kind: CoreKind = CoreKind.ENUMVAL_VALUE

    def __str__(self) -> str:
        return f"{self.kind.name.lower()}({self.enum}, {self.name})"


@dataclass(frozen=True, slots=True)
class TracepointField:
    """Where a field begins in a tracepoint's record; `what` may be `offset` or `size`."""

    category: str
    tracepoint: str
    field: str
    what: str = "offset"

    def __str__(self) -> str:
        return f"record_{self.what}({self.category}:{self.tracepoint}, {self.field})"


@dataclass(frozen=True, slots=True)
class FunctionParameter:
    """At which u64 of a trampoline's context a kernel function's parameter begins, from 0 on."""

    function: str
    parameter: str

    def __str__(self) -> str:
        return f"parameter({self.function}, {self.parameter})"


@dataclass(frozen=True, slots=True)
class KernelSymbol:
    """The address of a kernel symbol."""

    name: str

    def __str__(self) -> str:
        return f"symbol({self.name})"


@dataclass(frozen=True, slots=True)
class RunValue:
    """What a run starts with, by the name that `LowerOptions` has for it: `possible_cpus`,
    `started_ns`, `tai_offset_ns`, `command_pid`; `pid_namespace_device` and `pid_namespace_inode`
    are both 0 in the initial namespace. `founder_pid` is whose family is traced."""

    name: str

    def __str__(self) -> str:
        return f"run({self.name})"


Relocation: TypeAlias = (
    CoreField
    | CoreType
    | CoreEnumerator
    | TracepointField
    | FunctionParameter
    | KernelSymbol
    | RunValue
)


def parse_relocation(text: str) -> Relocation:
    """The inverse of `str()`; ValueError."""
    match = re.fullmatch(r"(\w+)\((.*)\)", text)
    make = _MAKERS.get(match[1]) if match else None
    if match is None or make is None:
        raise ValueError(f"no relocation: {text}")
    return make(*match[2].split(", "))


def _of_kind(make: Callable[..., Relocation], kind: CoreKind) -> Callable[..., Relocation]:
    return lambda *names: make(*names, kind)


def _of_record(what: str) -> Callable[..., Relocation]:
    def make(event: str, field: str) -> TracepointField:
        category, _, name = event.partition(":")
        return TracepointField(category, name, field, what)

    return make


_CORE = {"FIELD": CoreField, "TYPE": CoreType, "ENUMVAL": CoreEnumerator}
_MAKERS: dict[str, Callable[..., Relocation]] = {
    **{kind.name.lower(): _of_kind(_CORE[kind.name.split("_")[0]], kind) for kind in CoreKind},
    "record_offset": _of_record("offset"),
    "record_size": _of_record("size"),
    "parameter": FunctionParameter,
    "symbol": KernelSymbol,
    "run": RunValue,
}
