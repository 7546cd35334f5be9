"""`iterate`: an iterator's objects, all of them once, its output passed on meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seismo.objects.attach.iterator import IterLink
from seismo.objects.link import Link

__all__ = ("iterate",)

_OBJECTS_AT_ONCE = 64
"""The program writes a byte for each (`lower/iterator.py`), and a read ends when it has as many as
it asked for."""


def iterate(links: Sequence[Link], drain: Callable[[], int], is_over: Callable[[], bool]) -> None:
    """Go over the objects until `is_over` says so; in between, `drain` the rings until it has
    nothing more to do (0).

    A pinned iterator runs when somebody reads its file. Raises `SyscallError`.
    """
    for link in links:
        if isinstance(link, IterLink):
            for _ in link.read(_OBJECTS_AT_ONCE):
                while drain():
                    continue
                if is_over():
                    return
