"""Read events in asyncio, beside other tasks: no thread, no polling.

clang -O2 -g -target bpf -c syscalls.bpf.c -o syscalls.bpf.o
python async_events.py syscalls.bpf.o 1234 --seconds 5
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter

import seismo


async def count(obj: seismo.Object, counts: Counter[int]) -> None:
    """Count events by the number of their system call, for ever."""
    async for event in obj.events("events", type="struct event"):
        counts[event.number] += 1


async def trace(obj: seismo.Object, seconds: float) -> Counter[int]:
    """What has been counted when the time is up; cancelling leaves nothing behind."""
    counts: Counter[int] = Counter()
    task = asyncio.create_task(count(obj, counts))
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("object")
    parser.add_argument("process", type=int)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()

    with seismo.Object.open(options.object) as obj:
        obj.rodata.process = options.process
        obj.rodata.sends_events = True
        obj.load()
        obj.attach()
        print("attached", flush=True)
        for number, times in asyncio.run(trace(obj, options.seconds)).most_common():
            print(f"system call {number}: {times}")


if __name__ == "__main__":
    main()
