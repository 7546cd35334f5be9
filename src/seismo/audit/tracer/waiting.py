"""Waiting for a descriptor on asyncio's loop; imported when somebody does, as asyncio is large."""

from __future__ import annotations

import asyncio

__all__ = ("readable",)


async def readable(fd: int) -> None:
    """Come back when `fd` is readable; the loop runs meanwhile. May be cancelled."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(fd, _wake, ready)
    try:
        await ready
    finally:
        loop.remove_reader(fd)


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
