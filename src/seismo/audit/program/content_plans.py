"""`content_plans`: the map `plans` for contents of some calls only.

The setting CONTENT is for all calls; which of them have contents is in their plans.
"""

from __future__ import annotations

from collections.abc import Collection

from seismo.audit.catalog.table import Catalog
from seismo.audit.program.plans import plan_bytes
from seismo.audit.record.layout import PLAN, TYPES, Capture, Shape

__all__ = ("content_plans",)

_CONTENTS = frozenset((Capture.BYTES_IN, Capture.BYTES_OUT, Capture.IOVEC_IN, Capture.IOVEC_OUT))
_CAPTURES = PLAN.field("captures")
_RETURNED = PLAN.field("returned").offset
_FLAGS = PLAN.field("flags").offset


def content_plans(catalog: Catalog, types: Collection[int]) -> bytes:
    """The values of all keys; contents of buffers are only recorded of these types.

    Messages (sendmsg(2) and the like) have theirs with their addresses, which are always recorded.
    """
    plans = bytearray(plan_bytes(catalog))
    for one in set(range(TYPES)).difference(types):
        start = one * PLAN.size
        first, last = start + _CAPTURES.offset, start + _CAPTURES.end
        if _CONTENTS.isdisjoint(plans[first:last]):
            continue
        plans[first:last] = bytes(0 if kind in _CONTENTS else kind for kind in plans[first:last])
        if not any(plans[first:last]) and not plans[start + _RETURNED]:
            plans[start + _FLAGS] |= Shape.NO_CAPTURE
    return bytes(plans)
