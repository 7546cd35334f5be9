"""`ProbeKind`: one record is one kind of probe: how its target is written, found and attached to.

The records stand one a file beside this one, the list of them in `table.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError
from seismo.isa.prog_types import ProgType
from seismo.probes.spec import AttachPoint
from seismo.probes.view import KernelView
from seismo.spec.types import AttachSpec

__all__ = ("ProbeKind", "Target", "TargetError", "as_written")

Target: TypeAlias = tuple[str, ...]


class TargetError(BpfError):
    """Attach point text that means nothing; who knows its span makes a diagnostic of it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message + (f"\nhint: {hint}" if hint else ""))
        self.message = message
        self.hint = hint


def as_written(target: Target, view: KernelView) -> tuple[Target, ...]:
    """The `expand` of a kind whose targets have no wildcards and need no kernel."""
    return (target,)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeKind:
    """A kind of probe.

    `form` is how an attach point of it is written. `parse` takes apart what stands after `kind:`,
    `expand` answers with the concrete targets that a parsed one means on this kernel, in order;
    both raise `TargetError`. `attach` is where a concrete one goes. `has_args`: its probes may use
    `args`. `return_value` is what its programs return.
    """

    name: str
    aliases: tuple[str, ...]
    form: str
    prog_type: ProgType
    parse: Callable[[str], Target]
    attach: Callable[[AttachPoint], AttachSpec]
    doc: str
    expand: Callable[[Target, KernelView], tuple[Target, ...]] = as_written
    has_wildcards: bool = False
    has_args: bool = False
    is_any_case: bool = False
    return_value: int = 0
