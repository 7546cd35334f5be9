"""`content_plans`: the map `plans` for contents of some calls, so much of each as it is to have.

The setting CONTENT is for all calls; how much of which of them is recorded is in their plans.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from seismo.audit.catalog.table import Catalog
from seismo.audit.program.plans import BUFFERS, plan_bytes
from seismo.audit.record.layout import PLAN, TYPES, Shape

__all__ = ("content_plans",)

_CAPTURES, _CONTENT = PLAN.field("captures"), PLAN.field("content")
_RETURNED = PLAN.field("returned").offset
_FLAGS = PLAN.field("flags").offset


def content_plans(catalog: Catalog, sizes: Mapping[int, int], others: int = 0) -> bytes:
    """The values of all keys. Of contents at most `sizes` bytes are recorded, by type, and `others`
    of those that have none there.

    Where that is nothing, buffers are left out; of messages (sendmsg(2) and the like) the address
    stays.
    """
    plans = bytearray(plan_bytes(catalog))
    for one in range(TYPES):
        start = one * PLAN.size
        first, last = start + _CONTENT.offset, start + _CONTENT.end
        if not any(plans[first:last]):
            continue
        size = max(sizes.get(one, 0), others)
        plans[first:last] = size.to_bytes(last - first, sys.byteorder)
        if not size:
            _leave_out(plans, start)
    return bytes(plans)


def _leave_out(plans: bytearray, start: int) -> None:
    """No buffers in the plan that starts there; what has nothing else goes the short way."""
    first, last = start + _CAPTURES.offset, start + _CAPTURES.end
    plans[first:last] = bytes(0 if kind in BUFFERS else kind for kind in plans[first:last])
    if not any(plans[first:last]) and not plans[start + _RETURNED]:
        plans[start + _FLAGS] |= Shape.NO_CAPTURE
