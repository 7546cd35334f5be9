"""numpy structured arrays as Arrow tables. Needs the `data` extra; imported only on request."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ("table_of",)


def table_of(array: npt.NDArray[Any]) -> pa.Table:
    """A column for each member; records without members have one column, `value`."""
    names = array.dtype.names
    if names is None:
        return pa.table({"value": _column(array)})
    return pa.table({name: _column(array[name]) for name in names})


def _column(array: npt.NDArray[Any]) -> pa.Array:
    """The Arrow array of a column; that of a subarray is of lists of one length."""
    if array.ndim > 1:
        if array.dtype == np.uint8 and array.ndim == 2:
            return _binary(array)
        inner = _column(array.reshape(-1, *array.shape[2:]))
        return pa.FixedSizeListArray.from_arrays(inner, array.shape[1])
    if array.dtype.names is not None:
        columns = [_column(array[name]) for name in array.dtype.names]
        return pa.StructArray.from_arrays(columns, names=list(array.dtype.names))
    if array.dtype.kind == "S":
        return pa.array(array, type=pa.binary())
    if array.dtype.kind == "V":
        return pa.array([bytes(one) for one in array], type=pa.binary(array.dtype.itemsize))
    return pa.array(np.ascontiguousarray(array))


def _binary(array: npt.NDArray[Any]) -> pa.Array:
    """Rows of bytes (`unsigned char[N]`) as one fixed-size binary each."""
    width = array.shape[1]
    buffer = pa.py_buffer(np.ascontiguousarray(array))
    return pa.Array.from_buffers(pa.binary(width), len(array), [None, buffer])
