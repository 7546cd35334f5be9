"""Reading events on asyncio's loop, without a thread; imported on request only."""

from __future__ import annotations

from asyncio import Future, get_running_loop
from collections.abc import AsyncIterator, Callable
from typing import Any

from seismo.bcc.table.readers import LOOK_MS, BoxReader

__all__ = ("each_event",)


async def each_event(reader: BoxReader, event: Callable[[int], Any]) -> AsyncIterator[Any]:
    """Every record that comes, as `event` has it."""
    events: list[Any] = []

    def keep(source: Any, data: int, size: int) -> None:
        events.append(event(data))

    while True:
        for _ in reader.rounds():
            reader.inbox.deliver(keep)
        if not events:
            await _readable(reader)
        for one in events:
            yield one
        events.clear()


async def _readable(reader: BoxReader) -> None:
    """Wait until there may be something."""
    fds = reader.fds
    loop = get_running_loop()
    ready: Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    look = loop.call_later(LOOK_MS / 1000, wake) if reader.is_quiet else None
    try:
        for fd in fds:
            loop.add_reader(fd, wake)
        await ready
    finally:
        if look is not None:
            look.cancel()
        for fd in fds:
            loop.remove_reader(fd)
