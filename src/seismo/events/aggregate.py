"""Map entries as the kernel gives them to rows as they are printed: decode, reduce, sort, cut.

>>> reader = MapReader(MapView(name="@", key=None, value=U64, reduction="sum"))
>>> reader.rows([(bytes(8), struct.pack("=QQ", 2, 3))])
[((), 5)]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

from seismo.base.bits import align_up
from seismo.base.dataclass import replace
from seismo.base.layout import BYTE_ORDER, Array, FieldType, Int, Layout
from seismo.events.arithmetic import quotient, wrap
from seismo.events.buckets import Buckets, merge_buckets
from seismo.events.decode import PLAIN, Reading, layout_decoder, value_decoder
from seismo.events.kinds import STATS, MapView
from seismo.events.value import Histogram, Row, Value

__all__ = ("REDUCTIONS", "MapReader")

_Shares: TypeAlias = Sequence[tuple[int, ...]]
_Reduce: TypeAlias = Callable[[Int, _Shares], Value]
_Entries: TypeAlias = Iterable[tuple[bytes, bytes]]

_BUCKET_BYTES = 8


def _sum(type_: Int, shares: _Shares) -> int:
    return wrap(sum(share[0] for share in shares), type_)


def _min(_: Int, shares: _Shares) -> int:
    return min((value for value, is_set, *_ in shares if is_set), default=0)


def _max(_: Int, shares: _Shares) -> int:
    return max((value for value, is_set, *_ in shares if is_set), default=0)


def _avg(type_: Int, shares: _Shares) -> int:
    return quotient(_sum(type_, shares), sum(share[1] for share in shares) or 1)


def _stats(type_: Int, shares: _Shares) -> Value:
    shown = sum(share[1] for share in shares), _avg(type_, shares), _sum(type_, shares)
    return dict(zip(STATS, shown, strict=True))


REDUCTIONS: Mapping[str, _Reduce] = {
    "sum": _sum,
    "min": _min,
    "max": _max,
    "avg": _avg,
    "stats": _stats,
}
"""How the shares of the CPUs become one value, by `MapView.reduction`.

A share is the value alone (`sum`), {value, is_set} (`min`, `max`) or {total, count} (`avg`,
`stats`). `hist`, `lhist` and `tseries` make one value of the many entries of a key (`buckets.py`).
"""


class MapReader:
    """Reads the entries of one map, again and again.

    The bytes of an entry are its key and its value, or, in a per-CPU map, the values of all
    possible CPUs in turn, each padded to 8 bytes (BPF_MAP_LOOKUP_ELEM; kernel/bpf/hashtab.c:
    `bpf_percpu_hash_copy`).
    """

    def __init__(self, view: MapView, reading: Reading = PLAIN) -> None:
        self._view = view
        self._printed = view.printed
        self._resolver = reading.resolver
        self._decode_key = layout_decoder(view.key, reading) if view.key else None
        self._decode_value = value_decoder(view.value, reading)
        self._decode_share = layout_decoder(_share(view.value)) if view.reduction else _no_share

    def rows(self, entries: _Entries, *, top: int = 0, div: int = 1) -> list[Row]:
        """The rows in the order in which they print; `top` keeps the last so many (0: all).

        Numbers sort by value, `stats` by average, histograms by total, then by key, all else by
        key. `div` divides numbers, rounding towards zero; 0 divides by one. DecodeError for an
        entry that is too short.
        """
        rows = self._bucket_rows(entries) if self._view.has_buckets else self._plain_rows(entries)
        kept = rows[-top:] if top else rows
        return kept if div in (0, 1) else [(key, self._divided(value, div)) for key, value in kept]

    def empty_rows(self) -> list[Row]:
        """What `print(@m)` shows of a map that holds nothing: the zero of a scalar, else no row."""
        if self._view.key is not None or self._view.has_buckets:
            return []
        return [((), self._value(bytes(self._view.value.size)))]

    def _plain_rows(self, entries: _Entries) -> list[Row]:
        rows = [(self._key(key), self._value(value)) for key, value in entries]
        rows.sort(key=lambda row: _order(row[0]))
        if self._view.reduction == "stats":
            rows.sort(key=lambda row: row[1]["average"])
        elif isinstance(self._printed, Int) and self._printed.shown in ("int", "enum"):
            rows.sort(key=itemgetter(1))
        return rows

    def _bucket_rows(self, entries: _Entries) -> list[Row]:
        start = self._view.bucket_offset
        grouped: dict[bytes, Buckets] = {}
        for key, value in entries:
            number = int.from_bytes(key[start : start + _BUCKET_BYTES], BYTE_ORDER)
            grouped.setdefault(key[:start], {})[number] = self._shares(value)
        rows = [(self._key(key), buckets) for key, buckets in grouped.items()]
        rows.sort(key=lambda row: _order(row[0]))
        return merge_buckets(self._view, rows, self._resolver)

    def _key(self, data: bytes) -> tuple[Value, ...]:
        return self._decode_key(data) if self._decode_key else ()

    def _value(self, data: bytes) -> Any:
        if not self._view.reduction:
            return self._decode_value(data)
        counted = self._view.counted
        assert isinstance(counted, Int), "only numbers are reduced"
        return REDUCTIONS[self._view.reduction](counted, self._shares(data))

    def _shares(self, data: bytes) -> list[Any]:
        stride, decode = align_up(self._view.value.size, 8), self._decode_share
        return [decode(data[start : start + stride]) for start in range(0, len(data), stride)]

    def _divided(self, value: Any, div: int) -> Any:
        match value:
            case Histogram() if self._view.reduction == "lhist":
                return value  # bpftrace divides no count of an lhist
            case Histogram(buckets):
                return Histogram(tuple([replace(one, count=one.count // div) for one in buckets]))
            case dict() if self._view.reduction == "stats":
                return value | {"average": quotient(value["average"], div)}
            case _:
                return _divided(self._printed, value, div)


def _no_share(_: bytes | memoryview) -> tuple[Any, ...]:
    """A map that no CPU has a share of."""
    raise AssertionError("only aggregations have shares")


def _share(type_: FieldType) -> Layout:
    """A CPU's share as a layout, a number as one of one field."""
    return type_ if isinstance(type_, Layout) else Layout.of(str(type_), [("value", type_)])


def _divided(type_: FieldType, value: Any, div: int) -> Any:
    """The value with all its plain numbers divided."""
    match type_:
        case Int(shown="int"):
            return quotient(value, div)
        case Array(element):
            return tuple([_divided(element, one, div) for one in value])
        case Layout(kind="tuple"):
            pairs = zip(type_.fields, value, strict=True)
            return tuple([_divided(field.type, one, div) for field, one in pairs])
        case Layout():
            return {
                field.name: _divided(field.type, value[field.name], div) for field in type_.fields
            }
        case _:
            return value


def _order(value: Value) -> Any:
    """The value with its structs as tuples, since dicts have no order."""
    if isinstance(value, dict):
        value = tuple(value.values())
    return tuple(map(_order, value)) if isinstance(value, tuple) else value
