"""`Stream`: text on its way to a file descriptor, passed on as early as `-B` asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from seismo.base.enum import Enum

__all__ = ("Buffering", "Stream")

_FULL_BYTES = 1 << 16


class Buffering(Enum):
    """When text is written: by itself, with what came in the same round, or by the 64 KiB."""

    NONE = "none"
    LINE = "line"
    FULL = "full"


class Stream:
    """Writes as UTF-8, with the bytes that were none given back unchanged."""

    def __init__(self, target: BinaryIO, buffering: Buffering = Buffering.LINE) -> None:
        self._target = target
        self._wanted = _FULL_BYTES if buffering is Buffering.FULL else 0
        self._texts: list[str] = []
        self._data = bytearray()
        is_direct = buffering is Buffering.NONE
        self.add: Callable[[str], None] = self._add_now if is_direct else self._texts.append

    def flush(self, *, is_last: bool = False) -> None:
        """Write what was added, unless more is to be waited for."""
        if self._texts:
            self._data += "".join(self._texts).encode("utf-8", "surrogateescape")
            self._texts.clear()
        if self._data and (is_last or len(self._data) >= self._wanted):
            rest = memoryview(bytes(self._data))
            self._data.clear()
            # Python without buffers (PYTHONUNBUFFERED) writes less when a signal comes meanwhile.
            while rest:
                rest = rest[self._target.write(rest) :]
            self._target.flush()

    def _add_now(self, text: str) -> None:
        self._texts.append(text)
        self.flush()
