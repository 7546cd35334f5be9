"""Map entries as the kernel gives them to rows as they are printed: decode, reduce, sort, cut.

>>> reader = MapReader(MapView(name="@", key=None, value=U64, reduction="sum"))
>>> reader.rows([(bytes(8), struct.pack("=QQ", 2, 3))])
[((), 5)]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

from seismo.base.bits import align_up, to_signed, truncate
from seismo.base.layout import FieldType, Int
from seismo.events.decode import layout_decoder, value_decoder
from seismo.events.kinds import MapView
from seismo.events.value import Row, Value

__all__ = ("REDUCTIONS", "MapReader")

_Reduce: TypeAlias = Callable[[FieldType, Sequence[Any]], Value]


def _sum(type_: FieldType, values: Sequence[int]) -> int:
    assert isinstance(type_, Int), "only numbers are summed"
    bits = type_.size * 8
    return to_signed(sum(values), bits) if type_.signed else truncate(sum(values), bits)


REDUCTIONS: Mapping[str, _Reduce] = {"sum": _sum}
"""How the values of the CPUs become one, by `MapView.reduction`."""


class MapReader:
    """Reads the entries of one map, again and again.

    The bytes of an entry are its key and its value, or, in a per-CPU map, the values of all
    possible CPUs in turn, each padded to 8 bytes (BPF_MAP_LOOKUP_ELEM; kernel/bpf/hashtab.c:
    `bpf_percpu_hash_copy`).
    """

    def __init__(self, view: MapView) -> None:
        self._view = view
        self._decode_key = layout_decoder(view.key) if view.key else None
        self._decode_value = value_decoder(view.value)
        self._is_number = isinstance(view.value, Int) and view.value.shown == "int"

    def rows(
        self, entries: Iterable[tuple[bytes, bytes]], *, top: int = 0, div: int = 1
    ) -> list[Row]:
        """The rows in the order in which they print; `top` keeps the last so many (0: all).

        Numbers sort by value, then by key, all else by key. `div` divides numbers, rounding
        towards zero; 0 divides by one. DecodeError for an entry that is too short.
        """
        rows = [(self._key(key), self._value(value)) for key, value in entries]
        rows.sort(key=lambda row: _order(row[0]))
        if self._is_number:
            rows.sort(key=itemgetter(1))
            rows = [(key, _divided(value, div or 1)) for key, value in rows]
        return rows[-top:] if top else rows

    def zero_row(self) -> Row:
        """What `print(@m)` shows of a scalar map that nothing was stored in."""
        return (), self._decode_value(bytes(self._view.value.size))

    def _key(self, data: bytes) -> tuple[Value, ...]:
        return self._decode_key(data) if self._decode_key else ()

    def _value(self, data: bytes) -> Value:
        if not self._view.reduction:
            return self._decode_value(data)
        stride = align_up(self._view.value.size, 8)
        shares = [
            self._decode_value(data[start : start + stride])
            for start in range(0, len(data), stride)
        ]
        return REDUCTIONS[self._view.reduction](self._view.value, shares)


def _divided(value: Any, divisor: int) -> int:
    quotient: int = abs(value) // divisor
    return -quotient if value < 0 else quotient


def _order(value: Value) -> Any:
    """The value with its structs as tuples, since dicts have no order."""
    if isinstance(value, dict):
        value = tuple(value.values())
    return tuple(map(_order, value)) if isinstance(value, tuple) else value
