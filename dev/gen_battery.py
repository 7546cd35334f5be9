"""Writes src/seismo/audit/battery/ARCHITECTURE.tar.xz: audit's programs, compiled for any kernel.

    PYTHONPATH=src:dev python dev/gen_battery.py

Run it when what the programs are made of has changed: a test compares digests. It takes the types
of the running kernel, which must be one with all that the programs may ask for (Linux 6.14).
"""

from __future__ import annotations

from pathlib import Path

from seismo.audit.program.battery import battery_path
from seismo.audit.program.portable import portable_audit
from seismo.audit.program.variants import pack
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.views import LiveView


def main() -> None:
    """Compile every variant, and write the archive."""
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        data = pack(portable_audit(view))
        path = Path(battery_path(view.machine()))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    print(f"{path}: {len(data)} bytes")


if __name__ == "__main__":
    main()
