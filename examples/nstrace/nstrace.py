#!/usr/bin/env python3
"""nstrace: who makes which namespaces, and who enters which.

    seismo cc nstrace.bpf.c && python3 nstrace.py [--tree PID] [--every-clone] [OBJECT]

Each line begins as the kernel's trace pipe has it: task, process, CPU, time. Namespaces are
letters, as in `M---U--`, then words, which have the time namespace, too.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import seismo

__all__ = ("KINDS", "clone_flags", "lines", "main", "namespace_flags")

KINDS = {
    "mnt": 0x0002_0000,
    "cgroup": 0x0200_0000,
    "uts": 0x0400_0000,
    "ipc": 0x0800_0000,
    "user": 0x1000_0000,
    "pid": 0x2000_0000,
    "net": 0x4000_0000,
    "time": 0x0000_0080,
}
"""`CLONE_NEW*`, by the names of /proc/PID/ns, in the letters' order; the last has none."""

_LETTERS = "MCTIUPN"
_POLL_SECONDS = 0.2
_CLONE_COLUMNS = {
    "VM": 0x100,
    "FS": 0x200,
    "FL": 0x400,
    "SH": 0x800,
    "PT": 0x2000,
    "VF": 0x4000,
    "PA": 0x8000,
    "TH": 0x1_0000,
    "SV": 0x4_0000,
    "ST": 0x8_0000,
    "PS": 0x10_0000,
    "CC": 0x20_0000,
    "DE": 0x40_0000,
    "UN": 0x80_0000,
    "CS": 0x100_0000,
}


def namespace_flags(flags: int) -> str:
    """The kinds in a mask of `CLONE_NEW*`: `M---U-- (mnt user)`."""
    letters = "".join(
        [
            letter if flags & bit else "-"
            for letter, bit in zip(_LETTERS, KINDS.values(), strict=False)
        ]
    )
    return f"{letters} ({' '.join([name for name, bit in KINDS.items() if flags & bit])})"


def clone_flags(flags: int) -> str:
    """What a child shares with its parent, two letters each: `VM|FS|FL|SH|--|...`."""
    return "|".join([name if flags & bit else "--" for name, bit in _CLONE_COLUMNS.items()])


def lines(event: Any) -> Iterator[str]:
    """What is to be told of a call, without what each line begins with."""
    failure = f"; {errno.errorcode.get(-event.result, event.result)}" if event.result < 0 else ""
    entered = 0 if failure else event.flags
    match event.call.name:
        case "CALL_SETNS":
            entered = event.type
            inode = f"; inode: {event.inode}" if event.inode else ""
            yield f"setns: fd: {event.fd}; type: {event.type:#x}; pid: {event.pid}{inode}{failure}"
        case "CALL_UNSHARE":
            yield f"unshare{failure}"
        case _:
            yield f"clone: child: {event.result}" if not failure else f"clone{failure}"
            yield f"clone flags: {clone_flags(event.flags)}"
            entered = event.flags
    if entered & sum(KINDS.values()):
        yield f"namespace flags: {namespace_flags(entered)}"
    if event.parent:
        yield "dumping user namespace!"
        yield f"parent: {event.parent:#x}, level: {event.level}"
        yield f"owner: {event.owner}, group: {event.group}"


def show(events: Iterable[Any]) -> None:
    """Print what is to be told of each event."""
    for event in events:
        task = f"{os.fsdecode(event.comm)}-{event.pid}"
        start = f"{task} [{event.cpu:03}] {event.time_ns / 1e9:.6f}: "
        print(*[start + one for one in lines(event)], sep="\n", flush=True)


def main(arguments: list[str]) -> int:
    """Trace until Ctrl-C; the exit status."""
    parser = argparse.ArgumentParser(description="Trace setns, unshare and clone.")
    parser.add_argument("object", nargs="?", default="nstrace.bpf.o", metavar="OBJECT")
    parser.add_argument("--tree", type=int, default=0, metavar="PID", help="PID and its children")
    parser.add_argument("--every-clone", action="store_true", help="of threads, too")
    options = parser.parse_args(arguments)
    path = Path(options.object)
    if not path.exists():
        parser.error(f"there is no {path}: `seismo cc nstrace.bpf.c` makes it")
    with seismo.Object.open(path) as obj:
        obj.rodata.ancestor = options.tree
        obj.rodata.is_every_clone = options.every_clone
        obj.load()
        obj.attach()
        print("Tracing setns, unshare, clone. Ctrl-C ends it.", file=sys.stderr, flush=True)
        events = obj.events("events", type="struct event")
        # An exception could come between an event and its lines.
        interrupts: list[int] = []
        signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))
        while not interrupts:
            show(events.read(timeout=_POLL_SECONDS))
        show(events.read())
        if obj.bss.lost:
            print(f"{obj.bss.lost} events were lost", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
