"""Records as C declares them, for those that `vmlinux.h` does not have: tracepoints' arguments.

>>> print(declaration(types.tracepoint_record("sched", "sched_switch")))
struct tracepoint__sched__sched_switch {
unsigned long long __do_not_use__;
char prev_comm[16];
…
"""

from __future__ import annotations

from seismo.base.bits import align_up
from seismo.c.types import Array, CType, Enumeration, Function, Integer, Pointer, Record, Void

__all__ = ("declaration",)


def declaration(record: Record) -> str:
    """The record with each member where it is; what has no name of its own is bytes."""
    lines, end = [], 0
    for number, member in enumerate(record.members):
        type_ = member.type
        if member.offset % type_.alignment or not _specifier(type_):
            type_ = Array(Integer("char", 1, True), type_.size)
        if member.offset > align_up(end, type_.alignment):
            lines.append(f"char __gap_{number}[{member.offset - end}];")
        lines.append(f"{_declared(type_, member.name)};")
        end = member.offset + type_.size
    body = "\n".join(lines)
    return f"{record.keyword} {record.tag} {{\n{body}\n}};"


def _declared(type_: CType, name: str) -> str:
    if isinstance(type_, Array):
        count = "" if type_.count is None else type_.count
        return _declared(type_.element, f"{name}[{count}]")
    return f"{_specifier(type_)} {name}"


def _specifier(type_: CType) -> str:
    """A type in words; '' for one that has no name."""
    match type_:
        case Array():
            return _specifier(type_.element)
        case Pointer(target=target):
            inner = "" if isinstance(target, Array | Function) else _specifier(target)
            return f"{inner or 'void'} *"
        case Record():
            return str(type_) if type_.tag else ""
        case Enumeration():
            return str(type_) if type_.tag else str(type_.integer)
        case Integer() | Void():
            return str(type_)
    return ""
