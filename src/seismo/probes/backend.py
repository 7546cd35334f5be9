"""`Backend`: by which means of the kernel a probe's program gets to where it runs.

A kind may have several: a `kprobe` is served by fentry where that will do, many of them by one
kprobe_multi link. Which one is settled before types are checked, from what the probe's body uses
(`Use`) and what the kernel has (`KernelView.has`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.enum import Enum
from seismo.isa.prog_types import AttachType, ProgType
from seismo.probes.spec import AttachPoint
from seismo.spec.types import AttachSpec, ProgramTarget

if TYPE_CHECKING:
    from seismo.elf.usdt_arguments import UsdtArgument

__all__ = ("NO_USE", "Backend", "Context", "Use", "one_by_one")


class Context(Enum):
    """What the program's first register points to."""

    NONE = "none"
    """Nothing that a script may look at."""
    RECORD = "record"
    """A tracepoint's record, laid out as its format says."""
    REGISTERS = "registers"
    """`struct pt_regs` at a probe, or first in `struct bpf_perf_event_data`."""
    SLOTS = "slots"
    """A u64 for each argument, integers only: raw tracepoints."""
    TRAMPOLINE = "trampoline"
    """A u64 for each argument of a function, and after fexit its result; pointers are the
    verifier's own typed ones."""
    ITERATOR = "iterator"
    """`struct bpf_iter__name`, whose pointers are the verifier's own typed ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a probe asks of where it runs: the `names` of built-ins that its text uses, whether it
    `is_wild` (found by a wildcard) and `is_shared` (another probe of its kind is at one of its
    places, and they must run in script order), the process of -p (0: all), that of -c (which does
    not limit what is traced), how many returns of a function may be awaited at once (0: as the
    kernel has it), and whether --unsafe allows what may do harm."""

    names: frozenset[str] = frozenset()
    is_wild: bool = False
    is_shared: bool = False
    pid: int = 0
    command_pid: int = 0
    max_active: int = 0
    is_unsafe: bool = False


NO_USE = Use()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """What to load for the points of one probe, and where it goes.

    `attach` says where: either for each point in order, or once for all of them. With
    `has_cookies` the cookie at point number i is i + 1, so that `probe` tells which one it is.
    `usdt` are the forms of the arguments at a static probe's sites; the site whose cookie is i + 1
    has `usdt[i]`. `why` tells -v what was chosen, and why.
    """

    prog_type: ProgType
    context: Context
    attach: tuple[AttachSpec, ...]
    attach_type: AttachType | None = None
    target: ProgramTarget | None = None
    has_cookies: bool = False
    usdt: tuple[tuple[UsdtArgument, ...], ...] = ()
    why: str = ""


Attach: TypeAlias = Callable[[AttachPoint], AttachSpec]


def one_by_one(prog_type: ProgType, context: Context, attach: Attach) -> Callable[..., Backend]:
    """The choice of a kind that has no other: one program, attached at each point by itself."""

    def choose(points: tuple[AttachPoint, ...], use: Use, view: object) -> Backend:
        specs = tuple([attach(point) for point in points])
        return Backend(prog_type=prog_type, context=context, attach=specs)

    return choose
