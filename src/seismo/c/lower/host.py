"""What lowering asks of those who know programs and helpers: `Entry` and `Host`.

Lowering itself knows C. What a program's context holds, what its answer means and what helpers,
built-ins and methods of tables do is said by the two; `c/entry.py` and `c/compile.py` have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from seismo.c.kernel_values import CoreRelocation
from seismo.c.lower.call import LowerCall
from seismo.c.lower.context import Lowering
from seismo.c.lower.value import Operand
from seismo.c.tree import FunctionDecl
from seismo.c.types import CType, Record
from seismo.ir.builder import Builder
from seismo.ir.ops import Value
from seismo.spec.relocations import CoreField

__all__ = ("Entry", "Host")


class Entry(Protocol):
    """How a program of some type begins and ends, and what its context holds."""

    def parameters(self, low: Lowering, function: FunctionDecl) -> Sequence[Operand]:
        """The values of the function's parameters, one each. `low.is_used` says which are worth
        anything; the context is `low.context(type)`."""

    def finish(self, low: Lowering, value: Operand | None) -> None:
        """End the program with the function's answer (None: it gives none), by `low.b.ret`."""

    def load_context(
        self, low: Lowering, offset: int, type_: CType, field: CoreField | None = None
    ) -> Operand:
        """What the context holds at an offset: a scalar of this type, with its space. With `field`
        that is the offset of a member of the kernel's."""

    def store_context(self, low: Lowering, offset: int, value: Operand) -> None:
        """Write a scalar into the context; SourceError where it takes none."""


class Host(Protocol):
    """What calls mean that leave C, and how memory is read that is not the program's own."""

    def helper(self, call: LowerCall) -> Operand | None:
        """A BPF helper, `call.name` without `bpf_`; None where it gives nothing."""

    def builtin(self, call: LowerCall) -> Operand | None:
        """A built-in of the compiler or of BCC."""

    def method(self, call: LowerCall) -> Operand | None:
        """A method of `call.table`."""

    @property
    def opens_any(self) -> bool:
        """Whether anything of the kernel's is left open."""

    def opens(self, record: Record) -> bool:
        """Whether the places of the record's members are left to the kernel that runs the
        program."""

    def kernel_value(self, b: Builder, relocation: CoreRelocation, value: int) -> Value:
        """What a relocation is on the kernel that runs the program; `value` for the program's own
        types."""

    def reader(self, *, is_user: bool) -> str:
        """The helper `(target, size, source)` that reads memory which may be anywhere, or surely
        the process's; it clears the target where it fails."""
