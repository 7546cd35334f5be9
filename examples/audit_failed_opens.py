"""Which files a command, and all that it starts, could not open.

python audit_failed_opens.py make
"""

from __future__ import annotations

import sys

from seismo.audit.record.event import AuditEvent
from seismo.audit.tracer.tracer import Tracer


def show(event: AuditEvent) -> None:
    """An event, if it is a call that failed."""
    if event.errno:
        print(f"{event.tgid:<7} {event.comm:<15} {event.errno:<8} {event.values['filename']}")


def main() -> None:
    """Run the command, show what failed in the order of time, and where all events have gone."""
    with Tracer(callback=show) as tracer:
        tracer.start()
        tracer.run(sys.argv[1:], events=["openat", "openat2"]).wait()
        tracer.stop()
        print(tracer.account().text())


if __name__ == "__main__":
    main()
