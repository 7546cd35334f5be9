"""Ring records as numpy arrays: no work in Python for a single record.

Nothing on the way to a script's start imports this module, as numpy alone takes a tenth of a
second.

>>> for array in read_arrays(ring, np.dtype([("id", "u4"), ("pid", "u4"), ("ns", "u8")])):
...     total += array["ns"].sum()
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from seismo.base.errors import FormatError
from seismo.kernel.abi import BPF_RINGBUF_HDR_SZ
from seismo.objects.ringbuf import RingBuffer

__all__ = ("read_arrays",)


def read_arrays(ring: RingBuffer, dtype: npt.DTypeLike) -> Iterator[npt.NDArray[Any]]:
    """The complete records of `ring` as arrays of `dtype`, which are views of the ring itself.

    An array is good until the next is asked for: copy what is to stay. Raises `FormatError` at a
    record whose length is not the dtype's; those before it have been handed out.
    """
    record = np.dtype(dtype)
    for run in ring.consume_runs():
        if run.length != record.itemsize:
            raise FormatError(f"a record of {run.length} bytes where {record.itemsize} were due", 0)
        slot = np.dtype(
            {
                "names": ["record"],
                "formats": [record],
                "offsets": [BPF_RINGBUF_HDR_SZ],
                "itemsize": run.stride,
            }
        )
        yield np.frombuffer(run.data, slot, run.count)["record"]
