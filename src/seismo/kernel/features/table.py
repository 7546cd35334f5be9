"""Every feature that can be asked for without knowing the kernel's BTF, in the order to show."""

from __future__ import annotations

from seismo.isa.prog_types import ProgType
from seismo.kernel.features.attaching import ATTACHING
from seismo.kernel.features.maps import MAP_TYPES
from seismo.kernel.features.programs import PROGRAM_TYPES, helper_feature
from seismo.kernel.features.record import Feature

__all__ = ("FEATURES", "HELPERS")

_TRACING_HELPERS = (
    "probe_read_user",
    "probe_read_kernel",
    "probe_read_user_str",
    "probe_read_kernel_str",
    "get_current_task",
    "get_current_task_btf",
    "get_current_cgroup_id",
    "get_stack",
    "get_stackid",
    "get_attach_cookie",
    "get_ns_current_pid_tgid",
    "ktime_get_boot_ns",
    "ktime_get_tai_ns",
    "jiffies64",
    "ringbuf_output",
    "for_each_map_elem",
    "map_lookup_percpu_elem",
    "loop",
    "strncmp",
    "snprintf",
    "send_signal",
    "probe_write_user",
)

HELPERS: tuple[Feature, ...] = (
    *(helper_feature(ProgType.TRACEPOINT, name) for name in _TRACING_HELPERS),
    helper_feature(ProgType.KPROBE, "get_func_ip"),
    helper_feature(ProgType.KPROBE, "override_return"),
)
FEATURES: tuple[Feature, ...] = (
    *ATTACHING,
    *PROGRAM_TYPES.values(),
    *MAP_TYPES.values(),
    *HELPERS,
)
