"""`Account`: where every event that was produced has gone, by type.

    produced = delivered + filtered + lost + unfinished

Produced is what the kernel has counted, at the entry of a system call or when an event happened;
nothing is worked out from the rest. At the end `is_exact` says whether the sum is right for every
type. While tracing goes on counters are read one after another, and what is on its way is
unfinished.
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.audit.record.layout import KernelEvent
from seismo.base.dataclass import dataclass, field

__all__ = ("LOSS_REASONS", "Account", "TypeAccount")

LOSS_REASONS = {
    "ring": "no room in the ring: the reader was too slow, or the ring is too small",
    "pending": "no room among the calls in progress: the map pending is too small",
    "consumer": "the consumer was too slow, and the buffer in front of it full",
}
"""What may become of an event that is lost, and why."""


_BEGINNINGS = (KernelEvent.PROCESS_FORK, KernelEvent.PROCESS_EXEC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeAccount:
    """One type's numbers. `faulted` and `truncated` are records that were sent, though a part
    could not be read or was cut; `no_entry` are ends of calls that had begun before us."""

    produced: int = 0
    delivered: int = 0
    filtered: int = 0
    lost: Mapping[str, int] = field(default_factory=dict)
    unfinished: int = 0
    faulted: int = 0
    truncated: int = 0
    no_entry: int = 0

    @property
    def lost_in_all(self) -> int:
        return sum(self.lost.values())

    @property
    def missing(self) -> int:
        """What nobody knows the whereabouts of; negative for what came but was not produced."""
        return self.produced - self.delivered - self.filtered - self.lost_in_all - self.unfinished


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The whole; `types` by the types' numbers, `names` their names.

    `filtered` are those that a filter, or the consumer's selection, left out. `undecodable` are
    records among the delivered ones that were none; `out_of_order` those that came later than the
    reader's bound, delivered all the same; `sequence_holes` what the CPUs' running numbers say
    was lost to the ring, which `lost` must say, too. `missed` are programs that the kernel did not
    run because they ran already on that CPU, and how often: whether there was an event for anybody
    is not known, so what they would have told was not produced. `is_final`: nothing is attached any
    more.
    """

    types: Mapping[int, TypeAccount] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    undecodable: int = 0
    out_of_order: int = 0
    sequence_holes: int = 0
    missed: Mapping[str, int] = field(default_factory=dict)
    is_final: bool = False

    @property
    def produced(self) -> int:
        return sum(one.produced for one in self.types.values())

    @property
    def delivered(self) -> int:
        return sum(one.delivered for one in self.types.values())

    @property
    def filtered(self) -> int:
        return sum(one.filtered for one in self.types.values())

    @property
    def unfinished(self) -> int:
        return sum(one.unfinished for one in self.types.values())

    @property
    def lost(self) -> dict[str, int]:
        """By reason; see `LOSS_REASONS`."""
        lost = dict.fromkeys(LOSS_REASONS, 0)
        for one in self.types.values():
            for reason, count in one.lost.items():
                lost[reason] = lost.get(reason, 0) + count
        return lost

    @property
    def lost_in_all(self) -> int:
        return sum(self.lost.values())

    @property
    def missing(self) -> dict[int, int]:
        """The types whose sum is not right, and by how many."""
        return {number: one.missing for number, one in self.types.items() if one.missing}

    @property
    def is_exact(self) -> bool:
        """Whether every event of every type is accounted for, and the running numbers agree."""
        return not self.missing and self.sequence_holes == self.lost["ring"]

    @property
    def unwatched(self) -> int:
        """Processes that should have been watched from their beginning, and were not: there was no
        room in the map `watched_processes`. What they did was not produced."""
        found = [self.types.get(int(one)) for one in _BEGINNINGS]
        return sum([one.no_entry for one in found if one is not None])

    def name(self, number: int) -> str:
        """A type's name; `type 7` for one that has none here."""
        return self.names.get(number) or f"type {number}"

    def text(self) -> str:
        """A line in all, one for each reason of a loss, and one for each type that lost."""
        lost = {reason: count for reason, count in self.lost.items() if count}
        lines = [
            f"produced {self.produced} = delivered {self.delivered} + filtered {self.filtered} "
            f"+ lost {sum(lost.values())} + unfinished {self.unfinished}"
        ]
        for reason, count in lost.items():
            lines.append(f"lost {count}: {LOSS_REASONS.get(reason, reason)}")
        for number, one in sorted(self.types.items()):
            if one.lost_in_all:
                reasons = ", ".join(
                    f"{reason} {count}" for reason, count in one.lost.items() if count
                )
                lines.append(f"  {self.name(number)}: lost {one.lost_in_all} ({reasons})")
        for count, what in (
            (self.unwatched, "processes were not watched: no room in watched_processes"),
            (self.undecodable, "records could not be decoded"),
            (self.out_of_order, "events came too late to be put in order"),
        ):
            if count:
                lines.append(f"{count} {what}")
        for program, count in sorted(self.missed.items()):
            lines.append(
                f"{count} runs of {program} were left out: what they tell is not in the sum"
            )
        for number, count in sorted(self.missing.items()):
            lines.append(f"  {self.name(number)}: {count} not accounted for")
        if self.is_final and self.sequence_holes != self.lost["ring"]:
            lines.append(
                f"the CPUs' running numbers tell of {self.sequence_holes} lost to the ring, the "
                f"counters of {self.lost['ring']}"
            )
        return "\n".join(lines)
