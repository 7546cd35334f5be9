"""What a check is made with: the caller's `Options`, and the `Setting` that it works in."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass, field
from seismo.base.enum import Enum
from seismo.base.errors import NotSupported
from seismo.isa.insn import Insn
from seismo.spec.types import MapSpec, ProgramSpec
from seismo.verifier.context import ContextRules
from seismo.verifier.map_fields import MapField, fields_in
from seismo.verifier.types import NO_TYPES, Types

__all__ = ("BPF_F_SLEEPABLE", "Fault", "Options", "Setting")

BPF_F_SLEEPABLE = 1 << 4
"""A flag of `ProgramSpec.flags`. Since Linux 5.10."""


class Fault(Enum):
    """A mistake that the kernel's verifier once made, to be made again on purpose.

    What is accepted with one of them can reach memory that is not its own: they are for showing how
    that comes about, in a machine that checks each access. `verifier/faults.py` says what is wrong.
    """

    SIGN_EXTENDED_MOV32 = "CVE-2017-16995"
    JUMP32_BOUNDS = "CVE-2020-8835"
    BITWISE_BOUNDS32 = "CVE-2021-3490"
    OR_NULL_ARITHMETIC = "CVE-2022-23222"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How strict to be.

    `budget` is how many instructions are explored at most (Linux 5.2: a million). `cpus` is how
    many the kernel may ever have, which bounds what bpf_get_smp_processor_id gives.
    `allows_unwritten_stack` takes stack bytes that nobody wrote for any number, as Linux 6.3 does
    for the privileged. `strict_alignment` refuses misaligned accesses everywhere, as processors
    without unaligned access want it; on the stack and for atomics they are refused anyway.
    `is_privileged`: the user has CAP_BPF and CAP_PERFMON; who has not may load socket filters and
    little else. `faults` are mistakes to make; what is accepted then proves nothing.
    """

    budget: int = 1_000_000
    cpus: int = 8192
    allows_unwritten_stack: bool = True
    strict_alignment: bool = False
    is_privileged: bool = True
    faults: frozenset[Fault] = frozenset()


@dataclass(slots=True, eq=False)
class Setting:
    """A program under check: `map_at` are the maps by the index of what loads them, `targets` the
    indexes that jumps, calls and function addresses refer to; `types` are what is known of the
    kernel's and the object's types, `wrong_at` the instructions that must not be reached."""

    spec: ProgramSpec
    maps: Mapping[str, MapSpec]
    options: Options
    context: ContextRules
    targets: Mapping[int, int]
    map_at: Mapping[int, str]
    types: Types = NO_TYPES
    known_fields: dict[str, tuple[MapField, ...]] = field(default_factory=dict)
    wrong_at: Mapping[int, str] = field(default_factory=dict)
    depths: dict[int, int] = field(default_factory=dict)
    last_id: int = 0

    @property
    def is_sleepable(self) -> bool:
        """Whether the program was loaded as one that may sleep."""
        return bool(self.spec.flags & BPF_F_SLEEPABLE)

    @property
    def insns(self) -> tuple[Insn, ...]:
        return self.spec.insns

    def new_id(self) -> int:
        """A name that no register has yet."""
        self.last_id += 1
        return self.last_id

    def map(self, name: str) -> MapSpec:
        """A map by its name; `outer/inner` is what is found in the map of maps `outer`."""
        known = self.maps.get(name)
        if known is not None:
            return known
        outer = self.maps[name.rpartition("/")[0]]
        if outer.inner is None:
            raise NotSupported(
                f"verifying look-ups in the map '{outer.name}'", "its inner is unknown"
            )
        return outer.inner

    def fields_of(self, name: str) -> tuple[MapField, ...]:
        """What the kernel keeps for itself in the values of a map, by offset; nothing where the
        types of the map's object are not known."""
        known = self.known_fields.get(name)
        if known is None:
            table, value = self.types.own, self.map(name).value_type
            known = fields_in(table, value) if table is not None and value else ()
            self.known_fields[name] = known
        return known

    def use_stack(self, function: int, offset: int) -> None:
        """A function uses its stack down to `offset`."""
        self.depths[function] = max(self.depths.get(function, 0), -offset)
