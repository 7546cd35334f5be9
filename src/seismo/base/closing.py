"""`Closing`: what is closed at the end of a `with` block."""

from __future__ import annotations

from types import TracebackType
from typing import Self

__all__ = ("Closing",)


class Closing:
    """A context manager that closes itself; who derives from it has a `close` that may be called
    twice."""

    __slots__ = ()

    def close(self) -> None:
        """Give up what is owned."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
