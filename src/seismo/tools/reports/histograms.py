"""A map of histograms: one below the other, or with `heat` a line each."""

from __future__ import annotations

from collections.abc import Iterator

from seismo.events.value import Bucket, Histogram
from seismo.output.bars import histogram_text
from seismo.output.jsonl import json_string
from seismo.tools.reports.found import Found, json_line, key_members, key_texts, rows_of
from seismo.tools.tool import Histograms

__all__ = ("HistogramsWriter",)


class HistogramsWriter:
    """Each under what it is about: `disk = sda, op = R (usecs):`."""

    def __init__(self, report: Histograms) -> None:
        self._report = report

    def text(self, found: Found, top: int) -> str:
        unit = self._report.unit
        blocks = [
            f"{f'{label} ({unit})' if label else unit}:\n{histogram_text(one)}"
            for label, one in self.labelled(found)
        ]
        return "\n".join(blocks[-top:] if top else blocks)

    def json(self, found: Found, top: int) -> str:
        """`max` is inclusive, and a bound that there is not is null."""
        report = self._report
        if not rows_of(found, report.map):
            return ""
        members = key_members(found, report.maps, report.keys)
        members += [("unit", json_string), ("buckets", _buckets)]
        rows = rows_of(found, report.map)
        return "".join(json_line(members, (*key, report.unit, value)) for key, value in rows[-top:])

    def labelled(self, found: Found) -> Iterator[tuple[str, Histogram]]:
        """Every histogram with what it is about, '' where there is only one."""
        report = self._report
        rows = rows_of(found, report.map)
        texts = key_texts(found, report.maps, report.keys) if rows else []
        for key, value in rows:
            if isinstance(value, Histogram):
                parts = zip(report.keys, texts, key, strict=True)
                yield ", ".join(f"{one.name} = {text(part)}" for one, text, part in parts), value


def _buckets(histogram: Histogram) -> str:
    return f"[{', '.join(map(_bucket, histogram.buckets))}]"


def _bucket(bucket: Bucket) -> str:
    low = "null" if bucket.low is None else bucket.low
    high = "null" if bucket.high is None else bucket.high - 1
    return f'{{"min": {low}, "max": {high}, "count": {bucket.count}}}'
