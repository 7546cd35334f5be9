"""Waiting for descriptors on asyncio's loop, without a thread."""

from __future__ import annotations

from asyncio import AbstractEventLoop, Future, get_running_loop, sleep, timeout_at
from collections.abc import Sequence

__all__ = ("Waiting",)


class Waiting:
    """The tasks of a loop that wait until one of `fds` is readable: a loop calls one function for a
    descriptor, which wakes them all."""

    def __init__(self, fds: Sequence[int]) -> None:
        self._fds = fds
        self._loop: AbstractEventLoop | None = None
        self._tasks: set[Future[None]] = set()

    def end(self, seconds: float | None) -> float | None:
        """What the loop's clock says in so many seconds; None for never."""
        return None if seconds is None else get_running_loop().time() + seconds

    async def readable(self, end: float | None) -> bool:
        """Wait; False when the loop's clock says `end` (None: never). `close` ends it, too."""
        ready = self._enter(get_running_loop())
        try:
            async with timeout_at(end):
                await ready
        except TimeoutError:
            return False
        finally:
            self._tasks.discard(ready)
            if not self._tasks:
                self._unwatch()
        return True

    async def turn(self) -> None:
        """Let the loop's other tasks run."""
        await sleep(0)

    def close(self) -> None:
        """Wake everybody and look no more; closing the descriptors would wake nobody."""
        self._unwatch()
        self._wake()

    def _enter(self, loop: AbstractEventLoop) -> Future[None]:
        ready: Future[None] = loop.create_future()
        self._tasks.add(ready)
        if self._loop is None:
            self._loop = loop
            for fd in self._fds:
                loop.add_reader(fd, self._wake)
        return ready

    def _unwatch(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None:
            for fd in self._fds:
                loop.remove_reader(fd)

    def _wake(self) -> None:
        for one in self._tasks:
            if not one.done():
                one.set_result(None)
