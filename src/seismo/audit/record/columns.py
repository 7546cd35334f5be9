"""Records as rows of numpy arrays, with no work in Python for a single record.

>>> headers(batch.records)["duration_ns"].max()

Records of one type that are of equal length lie one behind the other once they are joined, and
then a column is a view with a stride. Those of other lengths are cut to their header and fixed
part, which all records of a type have. Needs numpy, whose import takes a tenth of a second, so
this module is imported when columns are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from seismo.audit.catalog.model import EventType
from seismo.audit.record.layout import HEADER
from seismo.base.layout import Array, Blob, FieldType, Int, Layout, Text

__all__ = ("HEADER_DTYPE", "dtype_of", "headers", "record_dtype", "rows_of")


def dtype_of(layout: Layout, offset: int = 0) -> tuple[dict[str, tuple[npt.DTypeLike, int]], int]:
    """A layout's members by name as numpy type and offset, and its end."""
    members = {
        one.name: (_member_type(one.type), offset + one.offset)
        for one in layout.fields
        if one.name != "pad"
    }
    return members, offset + layout.size


def _member_type(type_: FieldType) -> npt.DTypeLike:
    match type_:
        case Int(size, signed):
            return np.dtype(f"{'i' if signed else 'u'}{size}")
        case Text(size):
            return np.dtype(f"S{size}")
        case Blob(size):
            return np.dtype((np.void, size))
        case Array(element, count):
            return np.dtype((_member_type(element), (count,)))
        case _:
            raise TypeError(f"{type_} has no numpy type")


def _struct(members: dict[str, tuple[npt.DTypeLike, int]], size: int) -> np.dtype[Any]:
    return np.dtype(
        {
            "names": list(members),
            "formats": [type_ for type_, _ in members.values()],
            "offsets": [offset for _, offset in members.values()],
            "itemsize": size,
        }
    )


HEADER_DTYPE = _struct(*dtype_of(HEADER))
"""The header, its fields by name."""


def record_dtype(type_: EventType) -> np.dtype[Any]:
    """Header and fixed part of a type; the names of the latter have `args.` before them."""
    members, end = dtype_of(HEADER)
    fixed, end = dtype_of(type_.fixed, end)
    return _struct(members | {f"args.{name}": one for name, one in fixed.items()}, end)


def headers(records: Sequence[bytes]) -> npt.NDArray[Any]:
    """The headers of records, whatever their lengths; each is at least a header long."""
    return rows_of(records, HEADER_DTYPE)


def rows_of(records: Sequence[bytes], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The first bytes of each record as an array of `dtype`."""
    if not records:
        return np.zeros(0, dtype)
    length = len(records[0])
    joined = b"".join(records)
    # Nearly always all are of one length; if the sum is right by chance, `set` still tells.
    if len(joined) == length * len(records) and set(map(len, records)) == {length}:
        spread = np.dtype(
            {"names": ["row"], "formats": [dtype], "offsets": [0], "itemsize": length}
        )
        rows: npt.NDArray[Any] = np.frombuffer(joined, spread)["row"]
        return rows
    size = dtype.itemsize
    return np.frombuffer(b"".join([one[:size] for one in records]), dtype)
