"""Many records at once: the numpy dtype that reads a layout's bytes without copying them.

>>> numpy.frombuffer(records, dtype_of(layout))["pid"].mean()

Needs numpy; nothing that starts a trace imports this module.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np

from seismo.base.layout import Array, Blob, Buffer, FieldType, Int, Layout, Symbolic, Text

__all__ = ("dtype_of",)


def dtype_of(layout: Layout) -> np.dtype[np.void]:
    """The structured dtype of a layout: its fields at their offsets, padding kept.

    `Text` is `S`: bytes that may go on after their first NUL. `Blob` and `Symbolic` are `V`, a
    `Buffer` has the fields `count` and `bytes`. A nested layout is a nested dtype, an `Array` a
    subarray.
    """
    fields = layout.fields
    return np.dtype(
        {
            "names": [field.name for field in fields],
            "formats": [_format(field.type) for field in fields],
            "offsets": [field.offset for field in fields],
            "itemsize": layout.size,
        }
    )


def _format(type_: FieldType) -> np.dtype[np.generic]:
    match type_:
        case Int(shown="bool", size=1):
            return np.dtype(np.bool_)
        case Int():
            return np.dtype(f"={'i' if type_.signed else 'u'}{type_.size}")
        case Text():
            return np.dtype(f"S{type_.size}")
        case Blob() | Symbolic():
            return np.dtype(f"V{type_.size}")
        case Buffer():
            room = type_.size - np.dtype("u4").itemsize
            return np.dtype([("count", "=u4"), ("bytes", f"V{room}")])
        case Array():
            return np.dtype((_format(type_.element), (type_.count,)))
        case Layout():
            return dtype_of(type_)
        case _:
            assert_never(type_)
