"""Waiting for descriptors on asyncio's loop, without a thread."""

from __future__ import annotations

from asyncio import Future, get_running_loop, timeout
from collections.abc import Sequence

__all__ = ("readable",)


async def readable(fds: Sequence[int], seconds: float | None) -> bool:
    """Wait until one of `fds` is readable; False when the time is up (None: never).

    The loop looks at each of them once even if they are readable now, so others get their turn.
    """
    loop = get_running_loop()
    ready: Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    for fd in fds:
        loop.add_reader(fd, wake)
    try:
        async with timeout(seconds):
            await ready
    except TimeoutError:
        return False
    finally:
        for fd in fds:
            loop.remove_reader(fd)
    return True
