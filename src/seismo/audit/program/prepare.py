"""`prepared`: the programs for a configuration: the battery's where they will do, else compiled."""

from __future__ import annotations

from collections.abc import Collection

from seismo.audit.config.model import Config
from seismo.audit.program.audit_object import AuditObject
from seismo.audit.program.backends import choose
from seismo.audit.program.battery import has_battery, load_battery
from seismo.audit.program.generate import GeneratedFilters
from seismo.base.enum import Enum
from seismo.base.errors import NotSupported
from seismo.facts import LiveFacts
from seismo.kernel.protocol import Kernel
from seismo.probes.view import KernelView

__all__ = ("Origin", "prepared", "types_of")


class Origin(Enum):
    """Where programs come from."""

    BEST = "best"  # the battery where it will do
    BATTERY = "battery"
    COMPILED = "compiled"


def types_of(config: Config) -> frozenset[int]:
    """The types of events that any handler asks for."""
    return frozenset().union(*(one.events.types for one in config.handlers))


def prepared(
    config: Config,
    generated: GeneratedFilters,
    view: KernelView,
    kernel: Kernel,
    origin: Origin = Origin.BEST,
) -> AuditObject:
    """The programs; NotSupported for the battery where filters are to be compiled, or where the
    package has none for this machine."""
    types = types_of(config)
    sizes = {"ring_bytes": config.ring.size_bytes, "pending": config.limits.pending}
    filters = "" if generated.is_default else generated.text
    has_battery_too = has_battery(view.machine(), filters)
    if origin is Origin.BATTERY and filters and not has_battery_too:
        raise NotSupported(
            "the programs that were compiled before",
            "filters, and rules that the kernel counts, are compiled, but for the profiles' own",
            "leave `--programs battery` out",
        )
    if origin is not Origin.COMPILED and (has_battery_too or not filters):
        try:
            return load_battery(view, LiveFacts(kernel), filters=filters, wanted=types, **sizes)
        except NotSupported:
            if origin is Origin.BATTERY:
                raise
    return _compiled(view, generated.text, types, sizes)


def _compiled(
    view: KernelView, filters: str, types: Collection[int], sizes: dict[str, int]
) -> AuditObject:
    from seismo.audit.program.compile import (  # noqa: PLC0415 (lazy: docs/architecture.md)
        compile_audit,
    )

    optional = [one.file for one in choose(view, types)]
    return compile_audit(view, filters=filters, optional=optional, **sizes)
