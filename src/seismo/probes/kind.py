"""`ProbeKind`: one record is one kind of probe: how its target is written, found and attached to.

The records stand one a file beside this one, the list of them in `table.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError
from seismo.probes.arguments import Arguments
from seismo.probes.backend import Backend, Use
from seismo.probes.spec import AttachPoint
from seismo.probes.view import KernelView

__all__ = ("ProbeKind", "Target", "TargetError", "as_written", "in_kernel", "in_user", "nowhere")

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


def in_kernel(point: AttachPoint) -> str:
    """The `space` of a kind about the kernel."""
    return "kernel"


def in_user(point: AttachPoint) -> str:
    """The `space` of a kind about programs."""
    return "user"


def nowhere(text: str, view: KernelView) -> Iterable[str]:
    """The `targets` of a kind whose targets nobody can list."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeKind:
    """A kind of probe.

    `form` is how an attach point of it is written. `parse` takes apart what stands after `kind:`,
    `expand` answers with the concrete targets that a parsed one means on this kernel, in order, and
    `choose` with the means to serve the points of one program; `arguments` tells what `args` is at
    a point, for the kinds that have it. All four raise `TargetError`. `targets` lists what
    there is to attach to, as it is written after `kind:`; the text helps to look for less (a
    wildcard that they must match, '' for all), and kinds that cannot list show their `form`.

    `space` is whose memory an address means that nothing is known of. `is_task`: it runs in the
    context of the task that it is about, so that filters by process apply. `is_single`: a program
    serves one point alone. `is_user`: it is about a file of user space. `is_return`: it runs at a
    function's end.
    `return_value` is what its programs return.
    """

    name: str
    aliases: tuple[str, ...]
    form: str
    parse: Callable[[str], Target]
    choose: Callable[[tuple[AttachPoint, ...], Use, KernelView], Backend]
    doc: str
    expand: Callable[[Target, KernelView], tuple[Target, ...]] = as_written
    arguments: Callable[[AttachPoint, KernelView], Arguments] | None = None
    targets: Callable[[str, KernelView], Iterable[str]] = nowhere
    space: Callable[[AttachPoint], str] = in_kernel
    is_any_case: bool = False
    is_task: bool = False
    is_single: bool = False
    is_user: bool = False
    is_return: bool = False
    return_value: int = 0
