"""Names that belong to kinds of probes that this release has not: their use is no misspelling."""

from __future__ import annotations

__all__ = ("LATER_HINT", "LATER_NAMES")

LATER_HINT = "it belongs to kinds of probes that are not there yet"

LATER_NAMES = frozenset(
    (
        *(f"{prefix}arg{number}" for prefix in ("", "s") for number in range(10)),
        *("ctx", "dw_ustack", "func", "kstack", "override", "path", "reg", "retval"),
        *("skboutput", "uaddr", "unwatch", "ustack", "usym"),
    )
)
