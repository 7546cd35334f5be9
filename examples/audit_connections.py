"""Who connects where: the connections of a command, with the program at each end.

python audit_connections.py curl http://localhost:8000/
"""

from __future__ import annotations

import sys

from seismo.audit.catalog.build import audit_catalog
from seismo.audit.correlate.correlator import Correlator
from seismo.audit.tracer.tracer import Tracer
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.views import LiveView

EVENTS = ["net_connect", "net_connect_failed", "process_exit"]


def main() -> None:
    """Run the command, and show each connection when it is made, or refused."""
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        catalog = audit_catalog(LiveView(kernel, tracefs))
    correlator = Correlator(kernel, catalog)
    with Tracer(catalog=catalog, kernel=kernel, enrich=correlator.attend) as tracer:
        tracer.start()
        correlator.bootstrap()
        command = tracer.run(sys.argv[1:], events=EVENTS)
        for event in tracer:
            if event.name == "process_exit":
                if event.tgid == command.pid and event.values["is_process"]:
                    break
                continue
            state = event.values["socket"]
            peer = event.peer.exe if event.peer is not None else "another machine"
            print(f"{event.name} {event.process.exe} -> {state.remote} ({peer})")
        tracer.stop()
        print(tracer.account().text())


if __name__ == "__main__":
    main()
