"""`ProgramHost`: what calls mean that leave C, in one program of a unit."""

from __future__ import annotations

from typing import final

from seismo.c.flavour import Flavour
from seismo.c.kernel_paths import is_open
from seismo.c.kernel_values import CoreRelocation, KernelValues
from seismo.c.lower.builtins import lower_builtin
from seismo.c.lower.call import LowerCall
from seismo.c.lower.helper_calls import lower_helper
from seismo.c.lower.value import Operand
from seismo.c.methods.table import find_method
from seismo.c.tables import LOST, lost_offsets
from seismo.c.tree import Unit
from seismo.c.types import Pointer, Record
from seismo.ir.builder import Builder
from seismo.ir.ops import Cond, Value
from seismo.isa.prog_types import ProgType
from seismo.probes.view import KernelView

__all__ = ("ProgramHost",)

_TRACING = (
    *(ProgType.KPROBE, ProgType.TRACEPOINT, ProgType.PERF_EVENT, ProgType.RAW_TRACEPOINT),
    *(ProgType.TRACING, ProgType.LSM),
)
_READS_ANYTHING = "x86_64"
"""Where user's and kernel's addresses do not overlap and programs go by that: `probe_read` takes
both. (arm64 has it, too, but tags of user's pointers make it unsure.)"""


@final
class ProgramHost:
    """The protocol `Host`."""

    def __init__(self, unit: Unit, flavour: Flavour, view: KernelView) -> None:
        self._flavour = flavour
        self._view = view
        self._lost = lost_offsets(unit)
        self._unit = unit
        self._values = KernelValues(view)

    def helper(self, call: LowerCall) -> Operand | None:
        """A BPF helper."""
        return lower_helper(call)

    def builtin(self, call: LowerCall) -> Operand | None:
        """A built-in of the compiler or of BCC."""
        if call.name == "num_cpus":
            if self._unit.is_portable:
                hint = "give the number to the program in a table"
                raise call.error("how many CPUs there are is not known of other machines", hint)
            return call.result(call.b.const(self._view.possible_cpus()))
        return lower_builtin(call)

    def method(self, call: LowerCall) -> Operand | None:
        """A method of a table; what it could not send is counted."""
        method = find_method(call.name, call.decl.kind)
        answer = method.lower(call)
        if method.can_lose and answer is not None:
            self._count_lost(call, answer)
        return answer

    def _count_lost(self, call: LowerCall, answer: Operand) -> None:
        b, offset = call.b, self._lost[call.decl.name]
        is_pointer = isinstance(call.type, Pointer)
        value = _as_number(call, answer.value) if is_pointer else answer.value
        failed = Cond.EQ if is_pointer else Cond.SLT
        one, counters = b.const(1), b.map_value(LOST)
        b.when(failed, value, b.const(0), lambda: b.atomic_add(counters, offset, one))

    @property
    def opens_any(self) -> bool:
        """Whether the program is portable, or may have flavours of the kernel's types."""
        return self._unit.is_portable or any(one.is_flavour for one in self._unit.records.values())

    def opens(self, record: Record) -> bool:
        """Whether the places of its members are the running kernel's."""
        return is_open(record, is_portable=self._unit.is_portable)

    def kernel_value(self, b: Builder, relocation: CoreRelocation, value: int) -> Value:
        """A relocation; a constant in a program for the kernel at hand, where that has it."""
        found = None if self._unit.is_portable else self._values.value(relocation)
        return b.symbol(relocation, value) if found is None else b.const(found)

    def reader(self, *, is_user: bool) -> str:
        """The helper that reads memory of no known kind, or the process's."""
        if is_user:
            return "probe_read_user"
        is_tracing = self._flavour.type in _TRACING
        is_any = is_tracing and self._view.machine() == _READS_ANYTHING
        return "probe_read" if is_any else "probe_read_kernel"


def _as_number(call: LowerCall, pointer: Value) -> Value:
    """The pointer's bits, of which the kernel's verifier does not know that they are a pointer.

    Older verifiers (Linux 6.1) do not know of a reserved record that was found not to be null: by
    the program's own comparison it would seem to be left behind.
    """
    home, copy = call.low.temporary("reserved", 8), call.low.temporary("number", 8)
    call.b.store(home.base, home.offset, pointer, 8)
    source = call.low.readable(home, 8)
    call.b.call("probe_read_kernel", call.low.readable(copy, 8), call.b.const(8), source)
    return call.b.load(copy.base, copy.offset, 8)
