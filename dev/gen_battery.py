"""Writes src/seismo/audit/battery/ARCHITECTURE*.tar.xz: audit's programs, compiled for any kernel:
those without filters, and those with the filters of each ready-made configuration that has some.

    PYTHONPATH=src:dev python dev/gen_battery.py

Run it when what the programs are made of has changed: a test compares digests. It takes the types
of the running kernel, which must be one with all that the programs may ask for (Linux 6.14).
"""

from __future__ import annotations

from pathlib import Path

from seismo.audit.catalog.build import audit_catalog
from seismo.audit.config.resolve import LivePlaces
from seismo.audit.program.battery import battery_path
from seismo.audit.program.portable import portable_audit
from seismo.audit.program.profile_filters import filters_of_profiles
from seismo.audit.program.variants import pack
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.views import LiveView


def main() -> None:
    """Compile every variant, and write the archive."""
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        catalog = audit_catalog(view)
        plain = Path(battery_path(view.machine()))
        plain.parent.mkdir(exist_ok=True)
        old = set(plain.parent.glob(f"{view.machine()}*.tar.xz"))
        for filters in ("", *filters_of_profiles(catalog, LivePlaces(kernel))):
            objects = portable_audit(view, filters=filters) if filters else portable_audit(view)
            path = Path(battery_path(view.machine(), filters))
            data = pack(objects)
            path.write_bytes(data)
            old.discard(path)
            print(f"{path}: {len(data)} bytes")
        for path in old:
            path.unlink()


if __name__ == "__main__":
    main()
