"""`hist` and `lhist`: bucket numbers and their counts to labelled buckets.

`hist(n, bits)` gives each power of two 2**bits buckets. Bucket 0 holds what is negative, then there
is a bucket for each value below 2**(bits + 1), then the buckets of a power of two grow with it:
with `bits` 0 they are `[2, 4)`, `[4, 8)`, with 1 `[4, 6)`, `[6, 8)`, `[8, 12)`. `lhist(n, min, max,
step)` has a bucket below `min`, one for each step, and one from `max` on.

>>> [bucket.label for bucket in log2_histogram({2: 7, 4: 9}, bits=0).buckets]
['[1]', '[2, 4)', '[4, 8)']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seismo.events.value import Bucket, Histogram

__all__ = ("linear_histogram", "log2_histogram")

_SUFFIXES = ("", "K", "M", "G", "T", "P", "E")
_KILO, _MEGA = 1 << 10, 1 << 20


def log2_histogram(counts: Mapping[int, int], bits: int) -> Histogram:
    """The buckets of `hist(n, bits)`."""

    def bucket(number: int, count: int) -> Bucket:
        if number == 0:
            return Bucket(None, 0, count, "(..., 0)")
        low, high = _log2_start(number - 1, bits), _log2_start(number, bits)
        first, end = _log2_text(number - 1, bits), _log2_text(number, bits)
        return Bucket(low, high, count, _label(low, high, first, end))

    return _histogram(counts, bucket)


def linear_histogram(counts: Mapping[int, int], low: int, high: int, step: int) -> Histogram:
    """The buckets of `lhist(n, low, high, step)`."""
    last = 1 + (high - low) // step
    text = _linear_text if step % _KILO == 0 else str

    def bucket(number: int, count: int) -> Bucket:
        end = low + number * step
        start = end - step
        if number == 0:
            return Bucket(None, end, count, f"(..., {text(end)})")
        if number == last:
            return Bucket(start, None, count, f"[{text(start)}, ...)")
        return Bucket(start, end, count, _label(start, end, text(start), text(end)))

    return _histogram(counts, bucket)


def _histogram(counts: Mapping[int, int], bucket: Callable[[int, int], Bucket]) -> Histogram:
    filled = [number for number, count in counts.items() if count]
    if not filled:
        return Histogram(())
    numbers = range(min(filled), max(filled) + 1)
    return Histogram(tuple([bucket(number, counts.get(number, 0)) for number in numbers]))


def _label(low: int, high: int, first: str, end: str) -> str:
    """One value stands alone."""
    return f"[{first}]" if high == low + 1 else f"[{first}, {end})"


def _log2_start(index: int, bits: int) -> int:
    """The lowest value of the bucket `index`, negatives not counted."""
    shift, scaled = _log2_parts(index, bits)
    return scaled << shift


def _log2_text(index: int, bits: int) -> str:
    """The lowest value of a bucket in units of 2**10, one for each ten doublings of its width."""
    shift, scaled = _log2_parts(index, bits)
    unit, rest = divmod(shift, 10)
    return f"{scaled << rest}{_SUFFIXES[unit]}"


def _log2_parts(index: int, bits: int) -> tuple[int, int]:
    """The width of the bucket as a power of two, and its lowest value in such widths."""
    power = index >> bits
    if power == 0:
        return 0, index
    return power - 1, (1 << bits) + (index & (1 << bits) - 1)


def _linear_text(value: int) -> str:
    if value and value % _MEGA == 0:
        return f"{value // _MEGA}M"
    return f"{value // _KILO}K" if value and value % _KILO == 0 else str(value)
