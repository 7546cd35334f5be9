"""`Printed`: the part of a table that prints it as histograms."""

from __future__ import annotations

import ctypes as ct
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from seismo.bcc.table.errors import OutOfRange
from seismo.bcc.table.histogram import (
    LINEAR_BUCKETS,
    LOG2_BUCKETS,
    json_histogram,
    linear_histogram,
    log2_histogram,
    write,
)

__all__ = ("Printed",)

_ToAny: TypeAlias = Callable[[Any], Any]
_Sort: TypeAlias = Callable[[list[Any]], Iterable[Any]]


class Printed:
    """Counts by slots, or by buckets and slots where the key is a struct of the two."""

    name: str
    Key: type[Any]

    def iteritems(self) -> Iterator[tuple[Any, Any]]:
        """(key, count) of every entry."""
        raise NotImplementedError

    def print_log2_hist(
        self,
        val_type: str = "value",
        section_header: str = "Bucket ptr",
        section_print_fn: _ToAny | None = None,
        bucket_fn: _ToAny | None = None,
        strip_leading_zero: bool | None = None,
        bucket_sort_fn: _Sort | None = None,
    ) -> None:
        """Print a histogram of powers of two, made by `increment(bpf_log2l(x))`.

        Of buckets there is one for each, under a heading: `bucket_fn` makes the bucket of the key's
        first member, `section_print_fn` the text of the bucket, `bucket_sort_fn` the order.
        """
        strips = bool(strip_leading_zero)
        self._print(
            LOG2_BUCKETS,
            lambda counts: log2_histogram(counts, val_type, strips_zeros=strips),
            lambda bucket: _heading(section_header, bucket, section_print_fn),
            bucket_fn,
            bucket_sort_fn,
        )

    def print_linear_hist(
        self,
        val_type: str = "value",
        section_header: str = "Bucket ptr",
        section_print_fn: _ToAny | None = None,
        bucket_fn: _ToAny | None = None,
        strip_leading_zero: bool | None = None,
        bucket_sort_fn: _Sort | None = None,
    ) -> None:
        """Print a linear histogram, made by `increment(x)`; else like `print_log2_hist`."""
        strips = bool(strip_leading_zero)
        self._print(
            LINEAR_BUCKETS,
            lambda counts: linear_histogram(counts, val_type, strips_zeros=strips),
            lambda bucket: _heading(section_header, bucket, section_print_fn),
            bucket_fn,
            bucket_sort_fn,
        )

    def print_json_hist(
        self,
        val_type: str = "value",
        section_header: str = "Bucket ptr",
        section_print_fn: _ToAny | None = None,
        bucket_fn: _ToAny | None = None,
        bucket_sort_fn: _Sort | None = None,
    ) -> None:
        """Print a histogram of powers of two as a dict of Python, one line for each bucket."""
        if not self._has_buckets:
            write([str(json_histogram(self._counts(LOG2_BUCKETS), val_type))])
            return
        for bucket, counts in self._sections(LOG2_BUCKETS, bucket_fn, bucket_sort_fn):
            shown = section_print_fn(bucket) if section_print_fn else bucket
            write([str(json_histogram(counts, val_type, (section_header, shown)))])

    def _print(
        self,
        slots: int,
        histogram: Callable[[list[int]], list[str]],
        heading: Callable[[Any], list[str]],
        bucket_fn: _ToAny | None,
        sort: _Sort | None,
    ) -> None:
        """Print a histogram of all counts, or below a heading one for each bucket."""
        if not self._has_buckets:
            write(histogram(self._counts(slots)))
            return
        for bucket, counts in self._sections(slots, bucket_fn, sort):
            write(heading(bucket))
            write(histogram(counts))

    @property
    def _has_buckets(self) -> bool:
        return issubclass(self.Key, ct.Structure)

    def _counts(self, slots: int) -> list[int]:
        """The count in every slot."""
        counts = [0] * slots
        for key, count in self.iteritems():
            self._count(counts, key.value, count)
        return counts

    def _sections(
        self, slots: int, bucket_fn: _ToAny | None, sort: _Sort | None
    ) -> Iterator[tuple[Any, list[int]]]:
        """Every bucket with the counts of its slots."""
        members = [name for name, *_ in self.Key._fields_ if not name.startswith("__pad_")]
        sections: dict[Any, list[int]] = {}
        for key, count in self.iteritems():
            bucket = getattr(key, members[0])
            if bucket_fn is not None:
                bucket = bucket_fn(bucket)
            counts = sections.setdefault(bucket, [0] * slots)
            self._count(counts, getattr(key, members[1]), count)
        for bucket in sort(list(sections)) if sort is not None else sections:
            yield bucket, sections[bucket]

    def _count(self, counts: list[int], slot: int, count: Any) -> None:
        if not 0 <= slot < len(counts):
            raise OutOfRange(self.name, slot, len(counts))
        counts[slot] = getattr(count, "value", count)


def _heading(header: str, bucket: Any, print_fn: _ToAny | None) -> list[str]:
    shown = repr(bucket) if print_fn is None else str(print_fn(bucket))
    return ["", f"{header} = {shown}"]
