"""What a check asks of types: the kernel's, which objects of the kernel are, and the program's own.

Both may be absent. Then what needs them is said to be not checked, by NotSupported: never accepted.
"""

from __future__ import annotations

from typing import Protocol

from seismo.base.dataclass import dataclass
from seismo.base.errors import NotSupported
from seismo.btf.layout import strip
from seismo.btf.types import (
    Const,
    Func,
    FuncProto,
    Kind,
    Ptr,
    Restrict,
    Struct,
    Typedef,
    TypeTable,
    TypeTag,
    Union,
    Volatile,
)

__all__ = ("NO_TYPES", "KernelTypes", "Types", "pointed_to", "prototype_of", "struct_name")


class KernelTypes(TypeTable, Protocol):
    """A kernel's BTF, as `seismo.btf.spec.Btf` has it."""

    def find_all(self, name: str, kind: Kind | None = None) -> tuple[int, ...]:
        """The ids of all types of this name; none is no error."""


@dataclass(frozen=True, slots=True)
class Types:
    """`kernel` is what the running kernel says of itself, `own` what the program's object does."""

    kernel: KernelTypes | None = None
    own: TypeTable | None = None

    def of_kernel(self, what: str) -> KernelTypes:
        """The kernel's types; raises NotSupported, which says that `what` was not checked."""
        if self.kernel is None:
            raise NotSupported(
                f"verifying {what}",
                "the kernel's types are not at hand",
                "verify where /sys/kernel/btf/vmlinux can be read",
            )
        return self.kernel

    def struct(self, name: str) -> int:
        """The id of a struct of the kernel's, 0 if it has none; NotSupported as `of_kernel`."""
        found = self.of_kernel(f"pointers to struct {name}").find_all(name, Kind.STRUCT)
        return found[0] if found else 0


NO_TYPES = Types()


def pointed_to(table: TypeTable, id: int) -> tuple[int, tuple[str, ...]]:
    """What a pointer's type points to, all modifiers and typedefs left out, and the tags on the
    way: `struct x __rcu *`. (0, ()) for what is no pointer, or a pointer to void."""
    type_ = table.type(strip(table, id))
    if not isinstance(type_, Ptr):
        return 0, ()
    tags = []
    target = type_.type
    one = table.type(target)
    while isinstance(one, Typedef | Const | Volatile | Restrict | TypeTag):
        if isinstance(one, TypeTag):
            tags.append(one.name)
        target = one.type
        one = table.type(target)
    return target, tuple(tags)


def prototype_of(table: TypeTable, id: int) -> FuncProto:
    """A function's parameters and result; `id` is that of the function or of its prototype."""
    type_ = table.type(id)
    if isinstance(type_, Func):
        type_ = table.type(type_.type)
    assert isinstance(type_, FuncProto), "a function has a prototype"
    return type_


def struct_name(table: TypeTable, id: int) -> str:
    """The name of the struct or union, '' of anything else."""
    type_ = table.type(id) if id else None
    return type_.name if isinstance(type_, Struct | Union) else ""
