"""Events as numpy arrays: no work in Python for a single record.

Imported on request only, as numpy alone takes a tenth of a second.
"""

from __future__ import annotations

import ctypes as ct
from mmap import mmap
from typing import Any

import numpy as np
import numpy.typing as npt

from seismo.bcc.table.inbox import Batch
from seismo.bcc.table.readers import BoxReader

__all__ = ("dtype_of", "take_array")


def dtype_of(class_: type[Any]) -> np.dtype[Any]:
    """The dtype of a ctypes class: members at their offsets, characters as `S`, 16-byte integers as
    two words, unions as bytes. Bit fields are in the padding that holds them."""
    if issubclass(class_, ct.Array):
        element: type[Any] = vars(class_)["_type_"]
        if element is ct.c_char:
            return np.dtype(f"S{class_._length_}")
        return np.dtype((dtype_of(element), (class_._length_,)))
    if issubclass(class_, ct.Structure):
        members = class_._fields_
        return np.dtype(
            {
                "names": [name for name, *_ in members],
                "formats": [dtype_of(type_) for _, type_, *_ in members],
                "offsets": [getattr(class_, name).offset for name, *_ in members],
                "itemsize": ct.sizeof(class_),
            }
        )
    if issubclass(class_, ct.Union):
        return np.dtype(f"V{ct.sizeof(class_)}")
    return np.dtype(class_)


def take_array(reader: BoxReader, class_: type[Any]) -> npt.NDArray[Any]:
    """All records that are there; of what is shorter than the class the rest is zeros."""
    dtype = dtype_of(class_)
    inbox = reader.inbox
    parts: list[npt.NDArray[Any]] = []
    for _ in reader.rounds():
        for batch in inbox.batches:
            start = batch.first - inbox.base
            parts.append(_array(inbox.memory, start, batch, dtype))
        inbox.batches.clear()
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([np.empty(0, dtype), *parts])


def _array(memory: mmap, start: int, batch: Batch, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """A copy of the records of a batch."""
    count = len(batch)
    size = min(batch.length, dtype.itemsize)
    rows = np.ndarray((count, size), np.uint8, memory, start, (batch.stride, 1))
    if size == dtype.itemsize:
        return np.ndarray((count,), dtype, memory, start, (batch.stride,)).copy()
    padded = np.zeros((count, dtype.itemsize), np.uint8)
    padded[:, :size] = rows
    return padded.view(dtype).reshape(count)
