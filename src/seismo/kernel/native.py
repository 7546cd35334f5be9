"""What native code of this process takes: words and buffers at fixed addresses, and to be called.

>>> words = Words(2)
>>> words.values[1] = 7
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ctypes import (
    PYFUNCTYPE,
    Array,
    Structure,
    addressof,
    byref,
    c_char,
    c_char_p,
    c_int,
    c_ssize_t,
    c_uint64,
    c_void_p,
    py_object,
    pythonapi,
)

__all__ = ("PinnedBuffer", "Words", "native_function")

_SIMPLE = 0  # Include/pybuffer.h: PyBUF_SIMPLE


class _PyBuffer(Structure):
    """`Py_buffer`, of the stable ABI since Python 3.11."""

    _fields_ = (
        ("buf", c_void_p),
        ("obj", c_void_p),
        ("len", c_ssize_t),
        ("itemsize", c_ssize_t),
        ("readonly", c_int),
        ("ndim", c_int),
        ("format", c_char_p),
        ("shape", c_void_p),
        ("strides", c_void_p),
        ("suboffsets", c_void_p),
        ("internal", c_void_p),
    )


_get_buffer = PYFUNCTYPE(c_int, py_object, c_void_p, c_int)(("PyObject_GetBuffer", pythonapi))
_release_buffer = PYFUNCTYPE(None, c_void_p)(("PyBuffer_Release", pythonapi))


class Words:
    """So many u64, at `address` for as long as this object lives; those not given are 0."""

    __slots__ = ("address", "values")

    def __init__(self, count: int, given: Sequence[int] = ()) -> None:
        self.values: Array[c_uint64] = (c_uint64 * count)(*given)
        self.address = addressof(self.values)


class PinnedBuffer:
    """The bytes of an object, which stay at `address` until `release`: it cannot be resized."""

    __slots__ = ("_first", "_view", "address", "size")

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        """BufferError where its bytes do not lie one after the other."""
        self.size = len(data)
        self._view: _PyBuffer | None = None
        self._first: c_char | None = None
        try:
            # Several times cheaper than the general way, and most regions can be written.
            self._first = c_char.from_buffer(data)
            self.address = addressof(self._first)
        except (TypeError, ValueError):
            self._view = _PyBuffer()
            _get_buffer(data, byref(self._view), _SIMPLE)
            self.address = self._view.buf or 0

    def release(self) -> None:
        """Let the object go. Nothing may use the address from now on."""
        self._first = None
        if self._view is not None:
            _release_buffer(byref(self._view))
            self._view = None


def native_function(address: int) -> Callable[[int], int]:
    """`int f(void *)` at an address. Nothing else of Python runs meanwhile."""
    return PYFUNCTYPE(c_int, c_void_p)(address)
