"""Audit's programs as users have them: the package's, fitted to this kernel; once for all tests.

To compile them takes an emulated processor half a minute.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

from seismo.audit.catalog.table import Catalog
from seismo.audit.program.audit_object import AuditObject
from seismo.audit.program.battery import ALL_EVENTS, load_battery
from seismo.facts import LiveFacts
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.views import LiveView

__all__ = ("Made", "audit_programs")

Made: TypeAlias = tuple[AuditObject, Catalog]
"""What the fixture `made` gives: the programs, and this kernel's catalog."""


@cache
def audit_programs(wanted: tuple[int, ...] = ALL_EVENTS, ring_bytes: int = 1 << 22) -> AuditObject:
    """The programs that tell these types."""
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        return load_battery(view, LiveFacts(kernel), wanted=wanted, ring_bytes=ring_bytes)
