"""`-c`: how often each system call was made, how long it took, how often it failed."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter

from seismo.audit.record.event import AuditEvent
from seismo.audit.record.layout import EventFlag
from seismo.base.dataclass import dataclass, field

__all__ = ("SORTS", "Row", "Summary")

_HEAD = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------"""
_RULE = _HEAD.splitlines()[1]
_MOST_ERROR = 4095  # include/linux/err.h: MAX_ERRNO


@dataclass(slots=True)
class Row:
    """Of one system call; times in nanoseconds, from entry to end."""

    name: str
    calls: int = 0
    errors: int = 0
    total_ns: int = 0
    least_ns: int = 1 << 63
    most_ns: int = 0

    @property
    def mean_ns(self) -> float:
        return self.total_ns / self.calls if self.calls else 0.0


SORTS: Mapping[str, str] = {
    "time": "total_ns",
    "time-total": "total_ns",
    "calls": "calls",
    "errors": "errors",
    "name": "name",
    "syscall": "name",
    "avg-time": "mean_ns",
    "time-avg": "mean_ns",
    "min-time": "least_ns",
    "max-time": "most_ns",
    "nothing": "",
    "none": "",
}
"""What `-S` may name: the attribute of `Row` that rows are sorted by."""


@dataclass(slots=True)
class Summary:
    """Counts events of system calls; `str()` is strace's table, the largest first."""

    sort: str = "time"
    rows: dict[str, Row] = field(default_factory=dict)

    def add(self, event: AuditEvent) -> None:
        """Count an event that is a system call's; as strace, none that did not return."""
        if event.flags & EventFlag.NO_RETURN:
            return
        row = self.rows.get(event.type.name)
        if row is None:
            row = self.rows[event.type.name] = Row(event.type.name)
        row.calls += 1
        row.errors += -_MOST_ERROR <= event.ret < 0
        row.total_ns += event.duration_ns
        row.least_ns = min(row.least_ns, event.duration_ns)
        row.most_ns = max(row.most_ns, event.duration_ns)

    def __str__(self) -> str:
        rows = list(self.rows.values())
        if key := SORTS[self.sort]:
            rows.sort(key=attrgetter(key), reverse=key != "name")
        total = Row("total")
        for row in rows:
            total.calls += row.calls
            total.errors += row.errors
            total.total_ns += row.total_ns
        lines = [_line(row, total.total_ns) for row in rows]
        return "\n".join([_HEAD, *lines, _RULE, _line(total, total.total_ns)])


def _line(row: Row, total_ns: int) -> str:
    share = 100 * row.total_ns / total_ns if total_ns else 0.0
    errors = str(row.errors or "")
    each = int(row.mean_ns / 1000)
    return (
        f"{share:6.2f} {row.total_ns / 1e9:11.6f} {each:11d} {row.calls:9d} {errors:>9} {row.name}"
    )
