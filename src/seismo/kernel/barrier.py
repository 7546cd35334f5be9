"""`acquire_fence`: what was read before it is read before what is read or written after it.

Rings are shared with the kernel, which writes data first and says so afterwards (a store with
release semantics); a reader must not look at the data before it has looked at the saying.
"""

from __future__ import annotations

import os
from _thread import allocate_lock

__all__ = ("acquire_fence",)

_lock = allocate_lock()


def _no_fence() -> None:
    """x86-64 moves neither loads before earlier loads nor stores before earlier loads."""


def _lock_twice() -> None:
    """The release of one critical section and the acquisition of the next keep their order.

    On ARMv8 a store-release followed by a load-acquire is not reordered; the loads before the one
    and those after the other stay on their sides. Once would not do: accesses may move into a
    critical section from both ends, and meet there.
    """
    with _lock:
        pass
    with _lock:
        pass


acquire_fence = _no_fence if os.uname().machine == "x86_64" else _lock_twice
