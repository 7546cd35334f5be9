"""`AttachPoint`: a place to attach, its text parsed and its wildcards gone."""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.base.source import Span

__all__ = ("AttachPoint",)


@dataclass(frozen=True, slots=True)
class AttachPoint:
    """`kind` is the probe kind's full name; `target` its parts after the kind.

    `tracepoint:syscalls:sys_enter_openat` is ("tracepoint", ("syscalls", "sys_enter_openat")),
    `interval:s:1` is ("interval", ("s", "1")), `BEGIN` is ("begin", ()). `str()` is the expanded
    name that the `probe` built-in shows. `is_wild`: a wildcard found it.
    """

    kind: str
    target: tuple[str, ...]
    span: Span
    is_wild: bool = False

    def __str__(self) -> str:
        return ":".join((self.kind, *self.target))
