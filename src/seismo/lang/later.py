"""Names that belong to kinds of probes that this release has not: their use is no misspelling."""

from __future__ import annotations

__all__ = ("LATER_HINT", "LATER_NAMES")

LATER_HINT = "it belongs to kinds of probes that are not there yet"

LATER_NAMES = frozenset(
    (
        *("dw_ustack", "kstack"),
        *("ustack", "usym"),
    )
)
