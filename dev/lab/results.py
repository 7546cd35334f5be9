"""What a guest's pytest said: its JUnit file in numbers, and the verdict on a guest.

>>> Counts(passed=3, failed=1) + Counts(passed=2)
Counts(passed=5, failed=1, skipped=0)
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

from lab.boot import Boot, Ending

__all__ = ("Counts", "Verdict", "count", "judge")


@dataclass(frozen=True, slots=True)
class Counts:
    """Tests by outcome; an error in a fixture is a failure."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A guest's counts, and why it is no success: empty for a good guest."""

    counts: Counts
    problem: str


def count(junit: str) -> Counts:
    """The outcomes in a JUnit document, one per test case."""
    total = Counts()
    for case in ElementTree.fromstring(junit).iter("testcase"):
        tags = {child.tag for child in case}
        if tags & {"failure", "error"}:
            total += Counts(failed=1)
        elif "skipped" in tags:
            total += Counts(skipped=1)
        else:
            total += Counts(passed=1)
    return total


def judge(boot: Boot) -> Verdict:
    """The verdict on a guest that should have run tests."""
    if boot.ending is not Ending.FINISHED:
        return Verdict(Counts(), boot.ending.value)
    counts = count(boot.junit) if boot.junit else Counts()
    if counts.failed:
        return Verdict(counts, "tests failed")
    if counts.passed == 0:
        return Verdict(counts, "no test ran")
    if boot.status != 0:
        return Verdict(counts, f"pytest ended with status {boot.status}")
    return Verdict(counts, "")
