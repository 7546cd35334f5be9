"""Patterns of names, as the shell has them: `*`, `?`, `[a-z]`, `[!a-z]`; a `\\` takes the next as
it is.

>>> matches(b"ssh*", b"sshd"), matches(b"[!s]*", b"sshd")
(True, False)

A pattern is a list of steps; the generated C is made of them, too.
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError

__all__ = ("BadPattern", "Step", "is_plain", "matches", "steps_of")


class BadPattern(BpfError):
    """A pattern that ends too early."""


@dataclass(frozen=True, slots=True)
class Step:
    """Bytes from one of the `ranges` (or from none of them), once; or any bytes, if `is_star`."""

    ranges: tuple[tuple[int, int], ...] = ()
    is_negated: bool = False
    is_star: bool = False

    def takes(self, byte: int) -> bool:
        """Whether this byte may stand here."""
        return any(low <= byte <= high for low, high in self.ranges) != self.is_negated


_STAR = Step(is_star=True)
_ANY = Step(is_negated=True)


def is_plain(pattern: str) -> bool:
    """Whether the pattern means only itself."""
    return not any(mark in pattern for mark in "*?[\\")


def steps_of(pattern: bytes) -> tuple[Step, ...]:
    """The steps of a pattern; stars next to each other are one. BadPattern."""
    steps: list[Step] = []
    at = 0
    while at < len(pattern):
        byte = pattern[at : at + 1]
        at += 1
        if byte == b"*":
            if not steps or not steps[-1].is_star:
                steps.append(_STAR)
        elif byte == b"?":
            steps.append(_ANY)
        elif byte == b"[":
            step, at = _set(pattern, at)
            steps.append(step)
        elif byte == b"\\":
            if at == len(pattern):
                raise BadPattern("the pattern ends with the '\\' that should be before something")
            steps.append(Step(((pattern[at], pattern[at]),)))
            at += 1
        else:
            steps.append(Step(((byte[0], byte[0]),)))
    return tuple(steps)


def _set(pattern: bytes, at: int) -> tuple[Step, int]:
    """A set whose `[` is behind us; as in the shell, a `]` that comes first is in the set."""
    is_negated = pattern[at : at + 1] in (b"!", b"^")
    start = at = at + is_negated
    ranges: list[tuple[int, int]] = []
    while at < len(pattern) and (pattern[at : at + 1] != b"]" or at == start):
        low = high = pattern[at]
        if pattern[at + 1 : at + 2] == b"-" and pattern[at + 2 : at + 3] not in (b"", b"]"):
            high = pattern[at + 2]
            at += 2
        if high < low:
            raise BadPattern(
                f"'{chr(low)}-{chr(high)}' is no range: its end comes before its start"
            )
        ranges.append((low, high))
        at += 1
    if at >= len(pattern):
        raise BadPattern("the set has no ']'")
    return Step(tuple(ranges), is_negated), at + 1


def matches(pattern: bytes, name: bytes) -> bool:
    """Whether the whole name fits."""
    steps = steps_of(pattern)
    reached = _past_stars(steps, {0})
    for byte in name:
        following = {
            at if steps[at].is_star else at + 1
            for at in reached
            if at < len(steps) and (steps[at].is_star or steps[at].takes(byte))
        }
        reached = _past_stars(steps, following)
    return len(steps) in reached


def _past_stars(steps: tuple[Step, ...], reached: set[int]) -> set[int]:
    """Places that are reached without a byte more: a star may stand for none."""
    return reached | {at + 1 for at in reached if at < len(steps) and steps[at].is_star}
