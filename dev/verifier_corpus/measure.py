"""The corpus, judged: how often the two verdicts agree, by class, and on what they do not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from seismo.base.dataclass import dataclass, field
from seismo.kernel.protocol import Kernel
from verifier_corpus.judge import Judgement, bench
from verifier_corpus.runs import fault_of
from verifier_corpus.table import CLASSES, case

__all__ = ("Tally", "measure")

_NUMBER = re.compile(r"0x[0-9a-f]+|-?\d+")
_RUNS = 20
_RUNS_OF_FALSE = 2000


@dataclass(slots=True, eq=False)
class Tally:
    """What was found, on a machine with so many `cpus`. `counts` are by class, whether the kernel
    accepts, and whether we do; `apart` are the disagreements, `faults` what faulted though we
    accept it, `unknown` what is not checked and why."""

    cpus: int = 1
    counts: Counter[tuple[str, bool, bool]] = field(default_factory=Counter)
    apart: list[Judgement] = field(default_factory=list)
    faults: list[tuple[Judgement, str]] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def agreement(self) -> float:
        """The part of the programs on which both say the same."""
        same = sum(count for (_, kernel, ours), count in self.counts.items() if kernel == ours)
        return same / self.total if self.total else 1.0

    def add(self, one: Judgement) -> None:
        """Count it, and run it if we accept it: very often where the kernel does not."""
        if one.verdict is None:
            self.unknown[one.unknown] += 1
            return
        self.counts[one.case.group, one.is_accepted_by_kernel, one.is_accepted] += 1
        if not one.is_agreed:
            self.apart.append(one)
        if one.is_accepted:
            times = _RUNS if one.is_agreed else _RUNS_OF_FALSE
            fault = fault_of(one.case.spec, times, self.cpus)
            if fault:
                self.faults.append((one, fault))

    def table(self) -> Iterator[str]:
        """The confusion table, as Markdown."""
        yield "| programs | both accept | both refuse | only the kernel accepts | only we accept |"
        yield "|---|---|---|---|---|"
        for group in CLASSES:
            yield f"| {group} | {' | '.join(map(str, self._row(group)))} |"
        rows = [self._row(group) for group in CLASSES]
        sums = [sum(column) for column in zip(*rows, strict=True)]
        yield f"| **all** | {' | '.join(map(str, sums))} |"

    def _row(self, group: str) -> tuple[int, ...]:
        sides = ((True, True), (False, False), (True, False), (False, True))
        return tuple([self.counts[group, *side] for side in sides])

    def reasons(self) -> Iterator[str]:
        """The disagreements by what whoever refuses says, most frequent first, as Markdown."""
        said = Counter((one.is_accepted, _reason(one)) for one in self.apart)
        for (is_ours, reason), count in said.most_common():
            yield f"| {count} | {'kernel' if is_ours else 'seismo'} | `{reason}` |"


def measure(numbers: range, kernel: Kernel, seed: int = 0) -> Tally:
    """Judge the programs of these numbers."""
    with bench(kernel) as here:
        tally = Tally(here.options.cpus)
        for number in numbers:
            tally.add(here.judge(case(number, seed)))
    return tally


def _reason(one: Judgement) -> str:
    """What whoever refuses the program says, without its numbers."""
    complaint = one.verdict.complaint if one.verdict is not None else None
    text = complaint.message if complaint is not None else one.summary
    return _NUMBER.sub("N", text.splitlines()[0])
