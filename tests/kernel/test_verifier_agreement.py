"""A sample of the generated corpus: our verifier says what the kernel's says, and what it accepts
does not fault."""

from __future__ import annotations

import pytest

from kernel_release import only_on
from seismo.kernel.live import LiveKernel
from verifier_corpus.measure import Tally, measure
from verifier_corpus.table import CLASSES

pytestmark = [pytest.mark.kernel, only_on(6, 18)]

SAMPLE = range(20_000, 20_500)
"""Numbers that the measurement in docs/verifier.md does not have."""
LEAST = 0.99


@pytest.fixture(scope="module")
def tally(kernel: LiveKernel) -> Tally:
    return measure(SAMPLE, kernel)


def test_the_verdicts_agree(tally: Tally) -> None:
    apart = [f"{one.case.number} ({one.case.group}): {one.summary}" for one in tally.apart]
    assert tally.agreement >= LEAST, apart


def test_every_program_is_judged(tally: Tally) -> None:
    assert not tally.unknown
    assert tally.total == len(SAMPLE)


def test_nothing_that_is_accepted_faults(tally: Tally) -> None:
    assert [(one.case.number, fault) for one, fault in tally.faults] == []


def test_the_sample_has_both_kinds_of_every_class(tally: Tally) -> None:
    seen = {(group, kernel) for group, kernel, _ in tally.counts}
    assert seen == {(group, one) for group in CLASSES for one in (True, False)}
