"""A reference of all events in Markdown: families, system calls by area, events of the kernel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seismo.audit.catalog.families import FAMILY_DOCS
from seismo.audit.catalog.model import EventField, EventType, FieldKind
from seismo.audit.catalog.table import COMPAT_PREFIX, Catalog
from seismo.audit.record.layout import Capture

__all__ = ("describe", "describe_event")

_INTRODUCTION = """\
An event is a system call, told when it ends, or something that the kernel tells by itself. Below
stand their names, what they are, and their arguments: what an argument is (`fd`, `path`, `flags` …)
and, where there is more to it than its value, what is recorded beside it. In a choice of events
stand names, families, globs, and `!name` for what is not wanted.
"""

_CAPTURED = {
    Capture.STRING: "the string",
    Capture.PATH: "the string, and the working directory",
    Capture.PATH_AT: "the string, and the directory of argument {parameter}",
    Capture.FD: "the file or socket",
    Capture.SOCKADDR_IN: "the address",
    Capture.SOCKADDR_OUT: "the address that came back",
    Capture.BYTES_IN: "contents, on request",
    Capture.BYTES_OUT: "contents that came back, on request",
    Capture.IOVEC_IN: "contents, on request",
    Capture.IOVEC_OUT: "contents that came back, on request",
    Capture.MSGHDR_IN: "the address; contents on request",
    Capture.MSGHDR_OUT: "the address that came back; contents on request",
    Capture.NUMBERS_OUT: "numbers that came back ({parameter})",
    Capture.STRUCT_IN: "`struct {table}`",
    Capture.STRUCT_OUT: "`struct {table}` that came back",
    Capture.WORDS: "the words",
}


def describe(catalog: Catalog) -> str:
    """The page; the same catalog gives the same text."""
    known = [one for one in catalog.types if "unknown" not in one.families]
    calls = [one for one in known if one.is_syscall and "compat" not in one.families]
    compat = [one for one in known if "compat" in one.families]
    lines = ["# Events of seismo audit", "", *_INTRODUCTION.splitlines(), "", "## Families", ""]
    lines += ["| family | events | what |", "|---|---|---|", *_families(catalog), ""]
    lines += ["## Events of the kernel", ""]
    lines += _rows([one for one in known if not one.is_syscall])
    for area in _areas(calls):
        lines += ["", f"## System calls: {area}", ""]
        lines += _rows([one for one in calls if _area(one) == area])
    if compat:
        lines += ["", "## System calls of 32-bit programs", "", *_compat(catalog, compat)]
    return "\n".join(lines) + "\n"


def describe_event(event: EventType) -> str:
    """One event in full: a line for itself and one for each field."""
    lines = [f"{event.name} ({event.id}): {event.doc}", f"  families: {' '.join(event.families)}"]
    if event.never_returns:
        lines.append("  does not return")
    elif event.is_syscall:
        lines.append(f"  returns {event.returns.value}")
    lines += [f"  {_full(field)}" for field in event.fields]
    return "\n".join(lines) + "\n"


def _families(catalog: Catalog) -> Iterator[str]:
    for name, types in catalog.families.items():
        known = [one for one in types if "unknown" not in one.families]
        if not known:
            continue
        text = FAMILY_DOCS.get(name, "as strace's class of this name")
        yield f"| `{name}` | {len(known)} | {text} |"


def _areas(calls: Iterable[EventType]) -> list[str]:
    return sorted({_area(one) for one in calls})


_AREAS = (
    *("network", "ipc", "mounts", "namespaces", "credentials", "signals", "ptrace", "memory"),
    *("sched", "futex", "time", "bpf", "perf", "modules", "io_uring", "aio", "events", "process"),
    *("file", "system"),
)


def _area(event: EventType) -> str:
    """The first of `_AREAS` that it belongs to; every call belongs to one."""
    return next(one for one in _AREAS if one in event.families)


def _rows(types: Iterable[EventType]) -> list[str]:
    rows = ["| event | what | fields |", "|---|---|---|"]
    for one in types:
        fields = "<br>".join([_field(field) for field in one.fields])
        rows.append(f"| `{one.name}` | {_what(one)} | {fields} |")
    return rows


def _what(event: EventType) -> str:
    if event.is_syscall and event.returns is not FieldKind.INT:
        return f"{event.doc}; returns {event.returns.value}"
    return event.doc


def _field(field: EventField) -> str:
    kind = f"{field.kind.value} {field.table}".strip()
    if field.kind is FieldKind.STRUCT:
        kind = "struct"
    more = _recorded(field) or field.doc
    return f"`{field.name}` {kind}" + (more and f": {more}")


def _full(field: EventField) -> str:
    declared = f" ({field.c_type})" if field.c_type else ""
    return f"{_field(field)}{declared}".replace("`", "")


def _recorded(field: EventField) -> str:
    if field.capture is None:
        return ""
    text = _CAPTURED[field.capture.kind]
    return text.format(parameter=field.capture.parameter, table=field.table)


def _compat(catalog: Catalog, types: Iterable[EventType]) -> Iterator[str]:
    yield "They are called `compat:` and what i386 calls them, and have the fields of the call of"
    yield "64-bit programs of that name, but for what leads through pointers of 32 bits. Names"
    yield "without `compat:` in a choice of events mean both. These are of 32-bit programs alone:"
    yield ""
    alone = [one for one in types if one.name.removeprefix(COMPAT_PREFIX) not in catalog]
    yield from _rows(alone)
