"""Names of the kernel's memory allocation flags (`gfp_t`), for `%gr`.

The bits are those of Linux 6.0 to 6.18 (include/linux/gfp_types.h) up to `__GFP_ZEROTAGS`; higher
ones depend on the kernel's configuration and are shown as a number.

>>> gfp_names(0xDC0)
'GFP_KERNEL|__GFP_ZERO'
"""

from __future__ import annotations

from seismo.base.bits import truncate

__all__ = ("gfp_names",)

_BITS = (
    "DMA",
    "HIGHMEM",
    "DMA32",
    "MOVABLE",
    "RECLAIMABLE",
    "HIGH",
    "IO",
    "FS",
    "ZERO",
    "UNUSED",
    "DIRECT_RECLAIM",
    "KSWAPD_RECLAIM",
    "WRITE",
    "NOWARN",
    "RETRY_MAYFAIL",
    "NOFAIL",
    "NORETRY",
    "MEMALLOC",
    "COMP",
    "NOMEMALLOC",
    "HARDWALL",
    "THISNODE",
    "ACCOUNT",
    "ZEROTAGS",
)
_FLAGS = {name: 1 << bit for bit, name in enumerate(_BITS)}


def _mask(*names: str) -> int:
    return sum(_FLAGS[name] for name in names)


_KERNEL = _mask("DIRECT_RECLAIM", "KSWAPD_RECLAIM", "IO", "FS")
_HIGHUSER_MOVABLE = _KERNEL | _mask("HARDWALL", "HIGHMEM", "MOVABLE")
_TRANSHUGE_LIGHT = (_HIGHUSER_MOVABLE | _mask("COMP", "NOMEMALLOC", "NOWARN")) & ~_mask(
    "DIRECT_RECLAIM", "KSWAPD_RECLAIM"
)

_COMPOUNDS = {
    "GFP_TRANSHUGE": _TRANSHUGE_LIGHT | _FLAGS["DIRECT_RECLAIM"],
    "GFP_TRANSHUGE_LIGHT": _TRANSHUGE_LIGHT,
    "GFP_HIGHUSER_MOVABLE": _HIGHUSER_MOVABLE,
    "GFP_HIGHUSER": _KERNEL | _mask("HARDWALL", "HIGHMEM"),
    "GFP_USER": _KERNEL | _FLAGS["HARDWALL"],
    "GFP_KERNEL_ACCOUNT": _KERNEL | _FLAGS["ACCOUNT"],
    "GFP_KERNEL": _KERNEL,
    "GFP_NOFS": _KERNEL & ~_FLAGS["FS"],
    "GFP_ATOMIC": _mask("HIGH", "KSWAPD_RECLAIM"),
    "GFP_NOIO": _mask("DIRECT_RECLAIM", "KSWAPD_RECLAIM"),
    "GFP_NOWAIT": _FLAGS["KSWAPD_RECLAIM"],
}
"""Names for sets of flags, larger sets first; the order of include/trace/events/mmflags.h."""


def gfp_names(flags: int) -> str:
    """The names of the flags joined by `|`, common sets by one name; unknown bits as a number."""
    names: list[str] = []
    flags = truncate(flags, 32)
    singles = {f"__GFP_{name}": bit for name, bit in _FLAGS.items()}
    for name, mask in (_COMPOUNDS | singles).items():
        if flags & mask == mask:
            names.append(name)
            flags &= ~mask
    if flags or not names:
        names.append(f"{flags:#x}" if flags else "0")
    return "|".join(names)
