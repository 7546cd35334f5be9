"""`python -m verifier_corpus`: measure the agreement, as root; `--write` puts it into the docs.

PYTHONPATH=src:dev python -m verifier_corpus --count 10000 --write
PYTHONPATH=src:dev python -m verifier_corpus --show 236
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from seismo.isa.insn import slot_starts
from seismo.kernel.live import LiveKernel
from seismo.spec.types import ProgramSpec
from verifier_corpus.judge import bench
from verifier_corpus.measure import Tally, measure
from verifier_corpus.table import case

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "verifier.md"
_BEGIN, _END = "<!-- measured -->\n", "<!-- /measured -->"


def main() -> int:
    """The exit status: 1 if a program that we accept faulted."""
    parser = argparse.ArgumentParser(description="Compare our verifier with the kernel's.")
    add = parser.add_argument
    add("--start", type=int, default=0, help="the first program's number")
    add("--count", type=int, default=1000, help="how many programs")
    add("--seed", type=int, default=0)
    add("--write", action="store_true", help="write what is found into docs/verifier.md")
    add("--show", type=int, metavar="NUMBER", help="one program, and both verdicts")
    given = parser.parse_args()
    if given.show is not None:
        sys.stdout.writelines(f"{line}\n" for line in _shown(given.show, given.seed))
        return 0
    numbers = range(given.start, given.start + given.count)
    tally = measure(numbers, LiveKernel(), given.seed)
    text = "\n".join(_report(tally))
    print(text)
    for one, fault in tally.faults:
        print(f"FAULT: program {one.case.number} ({one.case.group}): {fault}")
    if given.write:
        _write(text)
    return 1 if tally.faults else 0


def _report(tally: Tally) -> Iterator[str]:
    accepted = sum(count for (_, kernel, _), count in tally.counts.items() if kernel)
    yield (
        f"{tally.total} programs on Linux {os.uname().release.partition('-')[0]}, of which the "
        f"kernel accepts {accepted}: the verdicts agree on **{tally.agreement:.2%}**; "
        f"{len(tally.faults)} of those that we accept fault when they are run."
    )
    yield ""
    yield from tally.table()
    yield ""
    if tally.apart:
        yield "| count | refused by | who says |"
        yield "|---|---|---|"
        yield from tally.reasons()
    for reason, count in tally.unknown.most_common():
        yield f"\nNot checked, {count}: {reason}."


def _shown(number: int, seed: int) -> Iterator[str]:
    one = case(number, seed)
    with bench(LiveKernel()) as here:
        found = here.judge(one)
        log, _ = here.complaint(one.spec)
    yield f"; program {number}: {one.group}, {one.spec.type.name.lower()}"
    yield from _listing(one.spec)
    yield f"; seismo: {found.verdict or found.unknown}"
    yield f"; kernel: {log or 'accepted'}"


def _listing(spec: ProgramSpec) -> Iterator[str]:
    names = dict(spec.map_refs)
    for index, (slot, insn) in enumerate(zip(slot_starts(spec.insns), spec.insns, strict=False)):
        note = f"  ; {names[index]}" if index in names else ""
        yield f"{slot}: ({insn.op:02x}) {insn}{note}"


def _write(text: str) -> None:
    """Put it between the marks of the page."""
    before, _, rest = _PAGE.read_text().partition(_BEGIN)
    after = rest.partition(_END)[2]
    _PAGE.write_text(f"{before}{_BEGIN}\n{text}\n\n{_END}{after}")


if __name__ == "__main__":
    sys.exit(main())
