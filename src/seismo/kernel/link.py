"""bpf(2), continued: links of most kinds, attaching without one, and what links tell of themselves.

Like `bpf.py`, but needed only by what attaches so.
"""

from __future__ import annotations

import sys
from array import array
from ctypes import addressof, create_string_buffer, sizeof

from seismo.base.dataclass import dataclass
from seismo.isa.prog_types import AttachType
from seismo.kernel.abi import Cmd, IterCreateAttr, LinkAttr, ObjInfoAttr, ProgAttachAttr
from seismo.kernel.link_abi import (
    BPF_F_MULTI_RETURN,
    BpfLinkInfo,
    IterLinkAttr,
    KprobeMultiLinkAttr,
    LinkType,
    NetfilterLinkAttr,
    PerfLinkType,
    UprobeMultiLinkAttr,
)
from seismo.kernel.protocol import Kernel

__all__ = (
    "LinkInfo",
    "NetfilterHook",
    "UprobePlaces",
    "iter_create",
    "link_create",
    "link_create_iter",
    "link_create_kprobe_multi",
    "link_create_netfilter",
    "link_create_uprobe_multi",
    "link_info",
    "prog_attach",
    "prog_detach",
)

# The perf events of which the kernel counts what they miss.
_PERF_KPROBES = (PerfLinkType.KPROBE, PerfLinkType.KRETPROBE)


def link_create(
    kernel: Kernel, program: int, target: int, type_: AttachType, flags: int = 0
) -> int:
    """BPF_LINK_CREATE of a program and what an fd or an interface's index names: the link's fd.

    Cgroups since Linux 5.7, network namespaces since 5.8, XDP since 5.9, tcx since 6.6, netkit
    since 6.7.
    """
    attr = LinkAttr(prog_fd=program, target_fd=target, attach_type=type_, flags=flags)
    return kernel.bpf(Cmd.LINK_CREATE, attr)


@dataclass(frozen=True, slots=True)
class NetfilterHook:
    """A place in netfilter: `family` is an `NFPROTO_*`, `hook` an `NF_INET_*`, `flags` are
    `BPF_F_NETFILTER_*`."""

    family: int
    hook: int
    priority: int
    flags: int = 0


def link_create_netfilter(kernel: Kernel, program: int, hook: NetfilterHook) -> int:
    """BPF_LINK_CREATE at a hook of netfilter: the link's fd. Since Linux 6.4."""
    attr = NetfilterLinkAttr(
        prog_fd=program,
        attach_type=AttachType.NETFILTER,
        pf=hook.family,
        hooknum=hook.hook,
        priority=hook.priority,
        netfilter_flags=hook.flags,
    )
    return kernel.bpf(Cmd.LINK_CREATE, attr)


def prog_attach(kernel: Kernel, program: int, target: int, type_: AttachType) -> None:
    """BPF_PROG_ATTACH, which lasts until BPF_PROG_DETACH or the target's end. Since Linux 4.10."""
    attr = ProgAttachAttr(target_fd=target, attach_bpf_fd=program, attach_type=type_)
    kernel.bpf(Cmd.PROG_ATTACH, attr)


def prog_detach(kernel: Kernel, program: int, target: int, type_: AttachType) -> None:
    """BPF_PROG_DETACH of that very program: ENOENT when another one is there. Since Linux 4.10."""
    attr = ProgAttachAttr(target_fd=target, attach_bpf_fd=program, attach_type=type_)
    kernel.bpf(Cmd.PROG_DETACH, attr)


def link_create_kprobe_multi(
    kernel: Kernel,
    program: int,
    functions: tuple[str, ...],
    cookies: tuple[int, ...] = (),
    *,
    is_return: bool = False,
    type_: AttachType = AttachType.TRACE_KPROBE_MULTI,
) -> int:
    """BPF_LINK_CREATE at many functions by name: the link's fd. Since Linux 5.18.

    With TRACE_KPROBE_SESSION at entries and returns. Since Linux 6.10.
    """
    names = create_string_buffer(b"\0".join(name.encode() for name in functions))
    addresses = array("Q")
    at = addressof(names)
    for name in functions:
        addresses.append(at)
        at += len(name.encode()) + 1
    attr = KprobeMultiLinkAttr(
        prog_fd=program,
        attach_type=type_,
        multi_flags=BPF_F_MULTI_RETURN if is_return else 0,
        cnt=len(functions),
        syms=addresses.tobytes(),
        cookies=_u64s(cookies),
    )
    return kernel.bpf(Cmd.LINK_CREATE, attr)


@dataclass(frozen=True, slots=True)
class UprobePlaces:
    """Places of one file; `cookies` and `semaphores` (file offsets) go with `offsets` or are ()."""

    path: str
    offsets: tuple[int, ...]
    cookies: tuple[int, ...] = ()
    semaphores: tuple[int, ...] = ()


def link_create_uprobe_multi(
    kernel: Kernel,
    program: int,
    places: UprobePlaces,
    pid: int = 0,
    *,
    is_return: bool = False,
    type_: AttachType = AttachType.TRACE_UPROBE_MULTI,
) -> int:
    """BPF_LINK_CREATE at many places of a file, in one process or (0) in all: the link's fd.

    Since Linux 6.6. With TRACE_UPROBE_SESSION at entries and returns. Since Linux 6.13.
    """
    attr = UprobeMultiLinkAttr(
        prog_fd=program,
        attach_type=type_,
        path=places.path.encode(),
        offsets=_u64s(places.offsets),
        ref_ctr_offsets=_u64s(places.semaphores),
        cookies=_u64s(places.cookies),
        cnt=len(places.offsets),
        multi_flags=BPF_F_MULTI_RETURN if is_return else 0,
        pid=pid,
    )
    return kernel.bpf(Cmd.LINK_CREATE, attr)


def link_create_iter(kernel: Kernel, program: int, parts_of: bytes = b"") -> int:
    """BPF_LINK_CREATE of an iterator program: the link's fd. Since Linux 5.8.

    `parts_of` is a `union bpf_iter_link_info`: the one object whose parts are gone over.
    """
    attr = IterLinkAttr(
        prog_fd=program,
        attach_type=AttachType.TRACE_ITER,
        iter_info=parts_of or None,
        iter_info_len=len(parts_of),
    )
    return kernel.bpf(Cmd.LINK_CREATE, attr)


def iter_create(kernel: Kernel, link: int) -> int:
    """BPF_ITER_CREATE: an fd that reads what one iteration writes. Since Linux 5.8."""
    return kernel.bpf(Cmd.ITER_CREATE, IterCreateAttr(link_fd=link))


@dataclass(frozen=True, slots=True)
class LinkInfo:
    """What a link tells: the hits that the kernel missed there, if it `counts_misses` at all."""

    missed: int
    counts_misses: bool


def link_info(kernel: Kernel, fd: int) -> LinkInfo:
    """BPF_OBJ_GET_INFO_BY_FD of a link. Since Linux 5.8, misses since 6.7.

    A kernel that counts no misses fills in fewer bytes.
    """
    raw = BpfLinkInfo()
    attr = ObjInfoAttr(bpf_fd=fd, info_len=sizeof(raw), info=addressof(raw))
    kernel.bpf(Cmd.OBJ_GET_INFO_BY_FD, attr)
    counts_misses = attr.info_len == sizeof(raw)
    perf, multi = raw.details.perf_kprobe, raw.details.kprobe_multi
    missed = 0
    if counts_misses and raw.type == LinkType.KPROBE_MULTI:
        missed = multi.missed
    elif raw.type == LinkType.PERF_EVENT and perf.type in _PERF_KPROBES:
        missed = perf.missed
    return LinkInfo(missed, counts_misses)


def _u64s(numbers: tuple[int, ...]) -> bytes | None:
    """An array of `__u64`; None, which is NULL, for an empty one."""
    return b"".join(one.to_bytes(8, sys.byteorder) for one in numbers) or None
