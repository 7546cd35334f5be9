"""Where a link has its program, in a word or two: `kprobe:do_exit`, `xdp:ifindex 1`."""

from __future__ import annotations

import os

from seismo.kernel.link_details import LinkType, PerfLinkType
from seismo.objects.inventory import LinkRecord, attach_type_name

__all__ = ("place_of",)

_PERF_NAMES = {
    PerfLinkType.KPROBE: "func_name",
    PerfLinkType.KRETPROBE: "func_name",
    PerfLinkType.UPROBE: "file_name",
    PerfLinkType.URETPROBE: "file_name",
    PerfLinkType.TRACEPOINT: "tp_name",
}
_RETURN = 1  # include/uapi/linux/bpf.h: BPF_F_KPROBE_MULTI_RETURN, BPF_F_UPROBE_MULTI_RETURN


def place_of(link: LinkRecord) -> str:
    """The kind of place and its name, as far as the kernel tells."""
    details = link.details
    match link.type:
        case LinkType.PERF_EVENT:
            return _event(link)
        case LinkType.RAW_TRACEPOINT:
            return f"rawtracepoint:{details['tp_name']}"
        case LinkType.TRACING:
            kind = attach_type_name(_number(link, "attach_type")).removeprefix("trace_")
            return f"{kind}:id {details['target_btf_id']} of BTF {details['target_obj_id']}"
        case LinkType.ITER:
            return f"iter:{details['target_name']}"
        case LinkType.CGROUP:
            kind = attach_type_name(_number(link, "attach_type")).removeprefix("cgroup_")
            return f"cgroup:{kind} of id {details['cgroup_id']}"
        case LinkType.XDP:
            return f"xdp:ifindex {details['ifindex']}"
        case LinkType.TCX | LinkType.NETKIT:
            kind = attach_type_name(_number(link, "attach_type"))
            return f"{kind}:ifindex {details['ifindex']}"
        case LinkType.NETNS:
            kind = attach_type_name(_number(link, "attach_type"))
            return f"{kind}:netns {details['netns_ino']}"
        case LinkType.KPROBE_MULTI:
            kind = "kretprobe" if _number(link, "flags") & _RETURN else "kprobe"
            return f"{kind}:{details['count']} functions"
        case LinkType.UPROBE_MULTI:
            kind = "uretprobe" if _number(link, "flags") & _RETURN else "uprobe"
            return f"{kind}:{details['path']}, {details['count']} places"
        case LinkType.NETFILTER:
            return f"netfilter:family {details['pf']}, hook {details['hooknum']}"
        case _:
            return link.type_name


def _event(link: LinkRecord) -> str:
    details, kind = link.details, link.perf_type_name or "perf_event"
    if link.perf_type not in _PERF_NAMES:
        return kind
    name = str(details[_PERF_NAMES[PerfLinkType(link.perf_type)]])
    offset = _number(link, "offset")
    plus = f"+{offset:#x}" if offset else ""
    return f"{kind}:{os.path.basename(name) if 'file_name' in details else name}{plus}"


def _number(link: LinkRecord, name: str) -> int:
    value = link.details.get(name, 0)
    return value if isinstance(value, int) else 0
