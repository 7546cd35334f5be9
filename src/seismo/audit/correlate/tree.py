"""The tree of processes as text and as JSON, those that have ended included.

1 init
├─ 812 sshd -D
│  └─ 4711 bash
│     ├─ 4712 curl https://example.org/x   exit 0   0.103 s
│     └─ 4713 sh -c ./x                    signal 9  [docker:3f2a9c1e44d0]
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from seismo.audit.correlate.process import Process

__all__ = ("tree_json", "tree_rows", "tree_text")

_SECOND_NS = 1_000_000_000
_COMMAND = 100
_LEVELS = 100


def tree_rows(processes: Iterable[Process]) -> Iterator[tuple[int, bool, Process]]:
    """(depth, whether it is the last of its siblings, process), parents before their children.

    A parent that is not among them is not shown; its children stand at the top.
    """
    children, tops = _families(processes)
    waiting = [(0, at == 0, top) for at, top in enumerate(reversed(tops))]
    while waiting:
        depth, is_last, one = waiting.pop()
        yield depth, is_last, one
        below = children.get(one, [])
        waiting += [(depth + 1, at == 0, child) for at, child in enumerate(reversed(below))]


def tree_text(processes: Iterable[Process], *, is_ascii: bool = False) -> str:
    """One line a process: id, command, how it ended and after what time, its container.

    Below a hundred levels the lines are no longer set in.
    """
    bars, tee, corner, gap = ("|  ", "|- ", "`- ", "   ")
    if not is_ascii:
        bars, tee, corner = ("│  ", "├─ ", "└─ ")
    lines: list[str] = []
    margins: list[str] = []
    for depth, is_last, one in tree_rows(processes):
        del margins[max(depth - 1, 0) :]
        lead = "".join(margins[-_LEVELS:]) + ((corner if is_last else tee) if depth else "")
        lines.append(f"{lead}{_line(one)}")
        if depth:
            margins.append(gap if is_last else bars)
    return "".join(f"{line}\n" for line in lines)


def tree_json(processes: Iterable[Process]) -> str:
    """An array of the processes at the top, each with its `children`; 64-bit numbers as numbers.

    Every process has pid, start_ns, ppid, comm, exe, argv, cwd, uid, container, runtime, pod, unit,
    cgroup, threads, executions and children; one that has ended also exit_code, signal and end_ns.
    """
    tops: list[dict[str, Any]] = []
    path: list[dict[str, Any]] = []
    for depth, _, one in tree_rows(processes):
        node = _node(one)
        del path[depth:]
        (path[-1]["children"] if path else tops).append(node)
        path.append(node)
    return _dumped(tops)


def _dumped(tops: list[dict[str, Any]]) -> str:
    """As text without recursion: a tree may be deeper than json.dumps goes."""
    parts: list[str] = []
    waiting: list[dict[str, Any] | str] = [*_between(tops)]
    waiting.reverse()
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            parts.append(one)
            continue
        children = one.pop("children")
        parts.append(json.dumps(one)[:-1] + ', "children": ')
        waiting.append("}")
        waiting += reversed(_between(children))
    return "".join(parts) + "\n"


def _between(nodes: list[dict[str, Any]]) -> list[dict[str, Any] | str]:
    found: list[dict[str, Any] | str] = ["["]
    for at, node in enumerate(nodes):
        found += [", ", node] if at else [node]
    return [*found, "]"]


def _families(processes: Iterable[Process]) -> tuple[dict[Process, list[Process]], list[Process]]:
    shown = sorted(processes, key=lambda one: (one.start_ns, one.tgid))
    among = set(shown)
    children: dict[Process, list[Process]] = {}
    tops: list[Process] = []
    for one in shown:
        parent = one.parent
        if parent is not None and parent in among:
            children.setdefault(parent, []).append(one)
        else:
            tops.append(one)
    return children, tops


def _line(one: Process) -> str:
    command = one.command if len(one.command) <= _COMMAND else f"{one.command[: _COMMAND - 1]}…"
    parts = [f"{one.tgid} {_printable(command)}"]
    if one.has_exited:
        parts.append(str(one.exit))
        if one.lifetime_ns:
            parts.append(f"{one.lifetime_ns / _SECOND_NS:.3f} s")
    if one.container:
        parts.append(f"[{one.container}]")
    return "  ".join(parts)


def _printable(text: str) -> str:
    """Without what a terminal would take for an order."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def _node(one: Process) -> dict[str, Any]:
    container = one.container
    node: dict[str, Any] = {
        "pid": one.tgid,
        "start_ns": one.start_ns,
        "ppid": one.ppid,
        "comm": one.comm,
        "exe": one.exe,
        "argv": list(one.argv),
        "cwd": one.cwd,
        "uid": one.uid,
        "container": container.id,
        "runtime": container.runtime,
        "pod": container.pod,
        "unit": container.unit,
        "cgroup": one.cgroup.path,
        "threads": one.threads,
        "executions": [
            {"exe": image.exe, "argv": list(image.argv), "cwd": image.cwd} for image in one.images
        ],
        "children": [],
    }
    if one.has_exited:
        node |= {
            "exit_code": one.exit.code,
            "signal": one.exit.signal,
            "end_ns": one.exit.time_ns,
            "is_exit_seen": one.exit.is_seen,
        }
    return node
