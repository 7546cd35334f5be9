"""What a program relies on is checked when it is loaded.

    %1 = call get_smp_processor_id()
    if %1 == 0:  %2 = symbol 16 type_size(struct path);  if %2 != 16:  store to address 0

Relocations are constants by then, so the kernel's verifier knows which ways there are: it refuses
the program where one assumption does not hold, naming its line, and else drops what cannot be.
Most CPUs do not even pass by. Of a member that the kernel lacks nothing is assumed: the program
asks first whether it is there, or is refused for that.
"""

from __future__ import annotations

from functools import partial

from seismo.base.dataclass import replace
from seismo.c.kernel_values import CoreRelocation
from seismo.c.lower.memory import null_pointer
from seismo.c.lower.state import Body
from seismo.ir.ops import Cond
from seismo.isa.relo_kinds import CoreKind
from seismo.spec.relocations import CoreField

__all__ = ("check_assumptions",)


def check_assumptions(low: Body) -> None:
    """All that is known of at the beginning of a program."""
    assumed, b = dict(low.state.assumptions), low.b
    if not assumed:
        return

    def check() -> None:
        for (relocation, unless), (value, span) in assumed.items():
            b.span = span
            compare = partial(_compare, low, relocation, unless, value)
            if isinstance(relocation, CoreField):
                exists = replace(relocation, kind=CoreKind.FIELD_EXISTS)
                b.when_set(low.state.host.kernel_value(b, exists, 1), compare)
            else:
                compare()

    start = b.span
    b.when(Cond.EQ, b.call("get_smp_processor_id"), b.const(0), check)
    b.span = start


def _compare(low: Body, relocation: CoreRelocation, unless: Cond, value: int) -> None:
    b = low.b
    found = low.state.host.kernel_value(b, relocation, value)
    b.when(unless, found, b.const(value), lambda: _refuse(low))


def _refuse(low: Body) -> None:
    low.b.store(null_pointer(low), 0, low.b.const(0), 8)
