"""bpf(2), continued: links to many functions, iterators, and what links tell of themselves.

Like `bpf.py`, but needed only by scripts that attach so.
"""

from __future__ import annotations

import sys
from array import array
from ctypes import addressof, create_string_buffer, sizeof

from seismo.base.dataclass import dataclass
from seismo.isa.prog_types import AttachType
from seismo.kernel.abi import Cmd, IterCreateAttr, LinkAttr, ObjInfoAttr
from seismo.kernel.link_abi import (
    BPF_F_MULTI_RETURN,
    BpfLinkInfo,
    KprobeMultiLinkAttr,
    LinkType,
    PerfLinkType,
    UprobeMultiLinkAttr,
)
from seismo.kernel.protocol import Kernel

__all__ = (
    "LinkInfo",
    "UprobePlaces",
    "iter_create",
    "link_create_iter",
    "link_create_kprobe_multi",
    "link_create_uprobe_multi",
    "link_info",
)


def link_create_kprobe_multi(
    kernel: Kernel,
    program: int,
    functions: tuple[str, ...],
    cookies: tuple[int, ...] = (),
    *,
    is_return: bool = False,
) -> int:
    """BPF_LINK_CREATE at many functions by name: the link's fd. Since Linux 5.18."""
    names = create_string_buffer(b"\0".join(name.encode() for name in functions))
    addresses = array("Q")
    at = addressof(names)
    for name in functions:
        addresses.append(at)
        at += len(name.encode()) + 1
    attr = KprobeMultiLinkAttr(
        prog_fd=program,
        attach_type=AttachType.TRACE_KPROBE_MULTI,
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
    kernel: Kernel, program: int, places: UprobePlaces, pid: int = 0, *, is_return: bool = False
) -> int:
    """BPF_LINK_CREATE at many places of a file, in one process or (0) in all: the link's fd.

    Since Linux 6.6.
    """
    attr = UprobeMultiLinkAttr(
        prog_fd=program,
        attach_type=AttachType.TRACE_UPROBE_MULTI,
        path=places.path.encode(),
        offsets=_u64s(places.offsets),
        ref_ctr_offsets=_u64s(places.semaphores),
        cookies=_u64s(places.cookies),
        cnt=len(places.offsets),
        multi_flags=BPF_F_MULTI_RETURN if is_return else 0,
        pid=pid,
    )
    return kernel.bpf(Cmd.LINK_CREATE, attr)


def link_create_iter(kernel: Kernel, program: int) -> int:
    """BPF_LINK_CREATE of an iterator program: the link's fd. Since Linux 5.8."""
    attr = LinkAttr(prog_fd=program, attach_type=AttachType.TRACE_ITER)
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
    elif raw.type == LinkType.PERF_EVENT and perf.type in PerfLinkType:
        missed = perf.missed
    return LinkInfo(missed, counts_misses)


def _u64s(numbers: tuple[int, ...]) -> bytes | None:
    """An array of `__u64`; None, which is NULL, for an empty one."""
    return b"".join(one.to_bytes(8, sys.byteorder) for one in numbers) or None
