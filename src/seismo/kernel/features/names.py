"""The features by which probes are served, by the names that compile time asks for them."""

from __future__ import annotations

from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel.features import attaching
from seismo.kernel.features.programs import helper_feature
from seismo.kernel.features.record import Feature

__all__ = ("BTF_TARGETS", "named_feature")

BTF_TARGETS = {"fentry": attaching.TRAMPOLINE_TARGET, "iterator": attaching.ITERATOR_TARGET}
"""The function by whose id in the kernel's BTF a feature is tried."""

_ATTACH_TYPES = {"fentry": AttachType.TRACE_FENTRY, "iterator": AttachType.TRACE_ITER}
_FEATURES = {
    "breakpoint": attaching.BREAKPOINT,
    "cookie": attaching.PERF_COOKIE,
    "func_ip": helper_feature(ProgType.KPROBE, "get_func_ip"),
    "hardware": attaching.HARDWARE,
    "kprobe": attaching.KPROBE,
    "kprobe_multi": attaching.KPROBE_MULTI,
    "raw_tracepoint": attaching.RAW_TRACEPOINT,
    "uprobe": attaching.UPROBE,
    # Both came with Linux 6.6, and this one cannot be tried without a uprobe.
    "uprobe_func_ip": attaching.UPROBE_MULTI,
    "uprobe_multi": attaching.UPROBE_MULTI,
}


def named_feature(name: str, btf_id: int = 0) -> Feature:
    """The feature called `name`; those of `BTF_TARGETS` take the id of their function. KeyError."""
    if name in BTF_TARGETS:
        return attaching.btf_program(_ATTACH_TYPES[name], btf_id)
    return _FEATURES[name]
