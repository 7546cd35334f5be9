"""`plan_bytes`: what the kernel's programs record of each type of event: the map `plans`."""

from __future__ import annotations

import struct

from seismo.audit.catalog.model import EventType, FieldKind
from seismo.audit.catalog.table import Catalog
from seismo.audit.record.layout import PLAN, TYPES, Capture, Shape

__all__ = ("BUFFERS", "MOST_CONTENT", "plan_bytes", "plan_of")

MOST_CONTENT = 4096
"""Bytes of contents that a record has room for: bpf/sections.h, AUDIT_CONTENT_BYTES."""

_ARGUMENTS = 6
BUFFERS = frozenset((Capture.BYTES_IN, Capture.BYTES_OUT, Capture.IOVEC_IN, Capture.IOVEC_OUT))
"""What has contents and nothing else."""

_HOLDERS = BUFFERS | {Capture.MSGHDR_IN, Capture.MSGHDR_OUT}
_FORM = struct.Struct("=BB6B6BH")


def plan_bytes(catalog: Catalog) -> bytes:
    """The values of all `TYPES` keys, one behind the other; zeros for numbers without a type."""
    plans = bytearray(PLAN.size * TYPES)
    for one in catalog.types:
        plans[one.id * PLAN.size : (one.id + 1) * PLAN.size] = plan_of(one)
    return bytes(plans)


def plan_of(event: EventType) -> bytes:
    """One `PLAN`: zeros for what is no system call, whose program knows what to record."""
    if not event.is_syscall:
        return bytes(PLAN.size)
    captures, parameters = [0] * _ARGUMENTS, [0] * _ARGUMENTS
    for field in event.fields:
        if field.capture is not None:
            captures[field.argument] = int(field.capture.kind)
            parameters[field.argument] = field.capture.parameter
    returned = int(Capture.FD_RETURNED if event.returns is FieldKind.FD else Capture.NONE)
    flags = int(Shape.NO_RETURN) if event.never_returns else 0
    if not any(captures) and not returned:
        flags |= Shape.NO_CAPTURE
    content = 0 if _HOLDERS.isdisjoint(captures) else MOST_CONTENT
    return _FORM.pack(flags, returned, *captures, *parameters, content)
