"""An event as one line for people who read a log: what syslog and the journal get as text.

>>> event_message(event)
'cat[5518] openat ENOENT dfd=AT_FDCWD filename="/etc/nothing" flags=O_RDONLY mode=0'
"""

from __future__ import annotations

from seismo.audit.record.event import AuditEvent
from seismo.audit.sinks.shown import shown_result
from seismo.audit.sinks.table import details
from seismo.output.printable import printable

__all__ = ("event_message",)


def event_message(event: AuditEvent) -> str:
    """Who, what, with which result, and the details of the table."""
    result = shown_result(event)
    parts = [f"{printable(event.comm)}[{event.tgid}]", event.type.name]
    if result != "-":
        parts.append(result)
    return " ".join([*parts, details(event)]).rstrip()
