"""CO-RE: a program's instructions made to fit the types of the kernel at hand.

>>> relocator = Relocator(object_btf, kernel_types)
>>> relocator.relocate(insns, relos, "probe").insns

An instruction for which the kernel has no value is *poisoned*: it becomes a call of a helper that
does not exist. That is no error, for it may never run; if it may, the kernel's verifier refuses the
program, and `Poison` tells why.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from seismo.base.dataclass import dataclass
from seismo.btf.errors import BtfError, BtfNotFound
from seismo.btf.ext import CoreRelo
from seismo.btf.layout import describe
from seismo.btf.spec import Btf
from seismo.btf.types import Int, IntEncoding, Ptr
from seismo.core.access import ENUMERATOR_KINDS, TYPE_KINDS, Access, parse_access, words
from seismo.core.candidates import Candidates
from seismo.core.errors import CoreError
from seismo.core.fit import fit
from seismo.core.patch import POISON, Change, patch
from seismo.core.types import Budget, KernelTypes, LocalTypes
from seismo.core.values import EXISTENCE_KINDS, Value, value_of
from seismo.isa.insn import Insn
from seismo.isa.opcode import LD_IMM64
from seismo.isa.relo_kinds import CoreKind

__all__ = ("Poison", "Relocated", "Relocator", "Resolution", "relocate", "value")

_FIT_STEPS = 4


@dataclass(frozen=True, slots=True)
class Poison:
    """The instruction `index` of the result is poisoned: the kernel has no `words`, such as
    `struct task_struct: pid`; `why` says so in a sentence, with a hint to the program's author."""

    index: int
    words: str
    why: str


@dataclass(frozen=True, slots=True)
class Relocated:
    """Instructions that fit. Each stands in the slots that it had, but a poisoned 64-bit load is
    two instructions: `split` has the indices of those among the instructions given."""

    insns: tuple[Insn, ...]
    poisons: tuple[Poison, ...] = ()
    split: tuple[int, ...] = ()

    def index(self, given: int) -> int:
        """Where in `insns` the instruction is that was number `given`."""
        return given + bisect_left(self.split, given)


@dataclass(frozen=True, slots=True)
class Resolution:
    """What became of one relocation: `old` is the object's value, `new` the kernel's, of the
    accesses that `found` has; there is neither a `new` nor a `found` where the kernel lacks it."""

    wanted: Access
    old: Value
    new: Value | None
    found: tuple[Access, ...] = ()

    @property
    def can_resize(self) -> bool:
        """Whether a load or store of the old size may become one of the new size.

        It may where upper bits are zeros: of pointers, and of integers that are not signed.
        """
        if self.new is None or self.new.size == self.old.size:
            return True
        mine = self.wanted.types.type(self.old.type)
        other = self.found[0].types.type(self.new.type)
        return (isinstance(mine, Ptr) and isinstance(other, Ptr)) or (
            isinstance(mine, Int)
            and isinstance(other, Int)
            and IntEncoding.SIGNED not in (mine.encoding, other.encoding)
        )


class Relocator:
    """Relocates the instructions of one object for one kernel.

    Where the kernel has several types of a name, what an earlier relocation has found leads later
    ones, so hand them over in the order of the file.
    """

    def __init__(self, local: Btf, kernel: KernelTypes) -> None:
        self._local = LocalTypes(local)
        self._budget = Budget()
        self._candidates = Candidates(kernel, self._budget)

    def relocate(
        self, insns: Sequence[Insn], relos: Sequence[CoreRelo], program: str = ""
    ) -> Relocated:
        """The instructions with the kernel's values; `instruction` of a relocation is an index.

        `CoreError`, which names program, instruction and relocation, when one cannot be done.
        """
        changed = list(insns)
        poisons: dict[int, tuple[str, str]] = {}
        for relo in relos:
            at = relo.instruction
            place = f"program '{program}', instruction {at}" if program else f"instruction {at}"
            if at >= len(insns):
                raise CoreError(f"a relocation beyond the {len(insns)} instructions", place)
            try:
                resolution = self._resolve(relo)
                if resolution.new is None:
                    changed[at] = POISON
                    poisons[at] = resolution.wanted.noun, _missing(resolution.wanted)
                    continue
                change = Change(resolution.old, resolution.new, resolution.can_resize)
                changed[at] = patch(changed[at], change)
                if changed[at] == POISON:
                    poisons[at] = _unsuited(resolution)
            except (CoreError, BtfError, BtfNotFound) as error:
                raise self._placed(error, relo, place) from error
        return _spread(insns, changed, poisons)

    def resolve(self, relo: CoreRelo) -> Resolution:
        """One relocation without its instruction; `CoreError` names it."""
        try:
            return self._resolve(relo)
        except (CoreError, BtfError, BtfNotFound) as error:
            raise self._placed(error, relo, "") from error

    def _placed(
        self, error: CoreError | BtfError | BtfNotFound, relo: CoreRelo, place: str
    ) -> CoreError:
        """The error with where it came about."""
        try:
            noun = parse_access(self._local, relo).noun
        except (CoreError, BtfError, BtfNotFound):
            noun = f"type {relo.type}"
        hint = "" if isinstance(error, BtfError) else error.hint
        what = str(error) if isinstance(error, BtfError) else error.what
        return CoreError(what, ", ".join(filter(None, (place, words(relo, noun)))), hint)

    def _resolve(self, relo: CoreRelo) -> Resolution:
        wanted = parse_access(self._local, relo)
        if wanted.kind is CoreKind.TYPE_ID_LOCAL:
            own = value_of(wanted)
            return Resolution(wanted, own, own, (wanted,))
        old = value_of(wanted)
        type_ = self._local.type(relo.type)
        candidates = self._candidates.of(relo.type, type_)
        self._budget.spend(_FIT_STEPS * len(candidates))
        fitting = [
            (candidate, access)
            for candidate in candidates
            if (access := fit(wanted, candidate, self._budget))
        ]
        if not fitting:
            return Resolution(wanted, old, _of_nothing(wanted.kind))
        self._candidates.keep(relo.type, tuple([candidate for candidate, _ in fitting]))
        found = tuple([access for _, access in fitting])
        return Resolution(wanted, old, _agreed(found), found)


def relocate(
    insns: Sequence[Insn],
    relos: Sequence[CoreRelo],
    local: Btf,
    kernel: KernelTypes,
    program: str = "",
) -> Relocated:
    """`Relocator.relocate` for the only program of an object."""
    return Relocator(local, kernel).relocate(insns, relos, program)


def value(relo: CoreRelo, local: Btf, kernel: KernelTypes) -> int:
    """What the relocation puts into its instruction, as a u64; `CoreError` when the kernel lacks
    what it is about, and that was not the question."""
    resolution = Relocator(local, kernel).resolve(relo)
    if resolution.new is None:
        raise CoreError(_missing(resolution.wanted), words(relo, resolution.wanted.noun))
    return resolution.new.number


def _of_nothing(kind: CoreKind) -> Value | None:
    """The value where no candidate fits: questions are answered, types have size and id 0."""
    return Value(0) if kind in EXISTENCE_KINDS or kind in TYPE_KINDS else None


def _agreed(found: tuple[Access, ...]) -> Value:
    """The value that all that was found has; `CoreError` when they disagree."""
    first = value_of(found[0])
    for access in found[1:]:
        other = value_of(access)
        if access.bits != found[0].bits or other.number != first.number:
            raise CoreError(
                f"the kernel has several types of this name, which disagree: {found[0].root} has "
                f"{first.number} (at bit {found[0].bits}), {access.root} {other.number} "
                f"(at bit {access.bits})"
            )
    return first


def _missing(wanted: Access) -> str:
    is_enumerator = wanted.kind in ENUMERATOR_KINDS
    macro = "bpf_core_enum_value_exists" if is_enumerator else "bpf_core_field_exists"
    return f"the kernel has no `{wanted.noun}`; guard it with {macro}()"


def _unsuited(resolution: Resolution) -> tuple[str, str]:
    """What the kernel has not, and why, where a load or store cannot be resized."""
    assert resolution.new is not None
    noun, old, new = resolution.wanted.noun, resolution.old, resolution.new
    if not old.size or not new.size:
        which = "is a bit-field" if old.size else "is no bit-field"
        return (
            f"{noun} that {'is no' if old.size else 'is a'} bit-field",
            f"`{noun}` {which} in the kernel; read it with BPF_CORE_READ_BITFIELD()",
        )
    has = f"{describe(resolution.found[0].types.type(new.type))} of {new.size} bytes"
    return (
        f"{noun} of {old.size} bytes",
        f"`{noun}` is {has} in the kernel, not of {old.size}; declare it so in another flavour of "
        "its type, and choose by bpf_core_field_size()",
    )


def _spread(
    insns: Sequence[Insn], changed: list[Insn], poisons: dict[int, tuple[str, str]]
) -> Relocated:
    """Give a poisoned 64-bit load its second half."""
    split = tuple([at for at in sorted(poisons) if insns[at].op == LD_IMM64])
    for at in reversed(split):
        changed.insert(at, POISON)
    moved = Relocated(tuple(changed), (), split)
    told = [Poison(moved.index(at), *poisons[at]) for at in sorted(poisons)]
    return Relocated(moved.insns, tuple(told), split)
