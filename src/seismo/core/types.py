"""What relocating asks of types: the kernel's (`KernelTypes`), the object's (`LocalTypes`).

Rules are those of libbpf 1.1, so that an object becomes the same program here and there. What
libbpf leaves to luck, types that contain themselves or unfold to 2^n others, is an error here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from seismo.base.bits import U32_MAX
from seismo.base.dataclass import dataclass
from seismo.btf.layout import size_of
from seismo.btf.spec import Btf
from seismo.btf.types import Kind, Type, TypeTable
from seismo.core.errors import CoreError

__all__ = (
    "MAX_DEPTH",
    "Budget",
    "KernelTypes",
    "LocalTypes",
    "bytes_of",
    "essential",
    "same_kind",
)

MAX_DEPTH = 32
"""Pointers, arrays and functions nested deeper are not compared."""

_POINTER_BYTES = 8
_STEPS = 1 << 19


class KernelTypes(Protocol):
    """The types of the kernel that a program is made to fit."""

    @property
    def vmlinux(self) -> Btf:
        """The kernel's own, or those of the file that stands in for them."""

    def modules(self) -> Iterator[tuple[str, Btf]]:
        """Name and types of each loaded module; none where a file stands in for the kernel's."""


@dataclass(frozen=True, slots=True)
class LocalTypes:
    """The types of an object: its pointers have 8 bytes, whatever it says of `long`."""

    btf: Btf

    @property
    def pointer_size(self) -> int:
        return _POINTER_BYTES

    @property
    def byte_order(self) -> str:
        return self.btf.byte_order

    def __len__(self) -> int:
        return len(self.btf)

    def type(self, id: int) -> Type:
        """As `Btf.type` has it."""
        return self.btf.type(id)

    def position(self, id: int) -> int:
        """As `Btf.position` has it."""
        return self.btf.position(id)


class Budget:
    """How much work all relocations of an object may be: honest ones take a small part of it."""

    def __init__(self, steps: int = _STEPS) -> None:
        self._left = steps

    def spend(self, steps: int = 1) -> None:
        """Account for work about to be done; `CoreError` when it is more than anyone needs."""
        self._left -= steps
        if self._left < 0:
            raise CoreError("types unfold without end")


def essential(name: str) -> str:
    """A name without its flavour: `sk_buff` of `sk_buff___old`.

    The last three underscores separate the two, if there are neither four nor nothing before them.
    """
    end = name.rfind("___")
    while end > 0:
        if name[end - 1] != "_" and name[end + 3 : end + 4] not in ("", "_"):
            return name[:end]
        end = name.rfind("___", 0, end + 2)
    return name


def same_kind(one: Kind, other: Kind) -> bool:
    """Whether the kinds are the same, the two kinds of enums taken for one."""
    return one == other or {one, other} == {Kind.ENUM, Kind.ENUM64}


def bytes_of(table: TypeTable, id: int) -> int:
    """`sizeof`; `CoreError` when it does not fit 32 bits, else as `size_of`."""
    size = size_of(table, id)
    if size > U32_MAX:
        raise CoreError(f"type {id} has {size} bytes, more than 32 bits can say")
    return size
