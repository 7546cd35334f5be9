"""`attach_object`: a program of an object file to where it is said to go, whatever kind that is."""

from __future__ import annotations

from typing import assert_never

from seismo.base.errors import NotSupported
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.cgroup import attach_cgroup
from seismo.objects.attach.iterator import attach_iterator
from seismo.objects.attach.kprobe_pattern import attach_kprobe_pattern
from seismo.objects.attach.named_uprobe import attach_named_uprobe, attach_uprobe_pattern
from seismo.objects.attach.namespace import attach_netns
from seismo.objects.attach.netfilter import attach_netfilter
from seismo.objects.attach.perf_fd import attach_perf_fd
from seismo.objects.attach.socket import attach_socket, attach_sockmap
from seismo.objects.attach.struct_ops import attach_struct_ops
from seismo.objects.attach.syscall import attach_syscall
from seismo.objects.attach.table import attach
from seismo.objects.attach.tc import attach_netkit, attach_tc
from seismo.objects.attach.usdt import USDT_SPECS, UsdtSpecs, attach_usdt
from seismo.objects.attach.xdp import attach_xdp
from seismo.objects.errors import BadSpec
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.object_attach import (
    CgroupAttach,
    IterPartsAttach,
    KprobePatternAttach,
    LircAttach,
    NamedUprobeAttach,
    NetfilterAttach,
    NetkitAttach,
    NetnsAttach,
    ObjectAttach,
    PerfFdAttach,
    SocketAttach,
    SockmapAttach,
    StructOpsAttach,
    SyscallAttach,
    TcAttach,
    UprobePatternAttach,
    UsdtAttach,
    XdpAttach,
)
from seismo.spec.types import AttachSpec

__all__ = ("attach_object",)


def attach_object(
    program: Program,
    at: AttachSpec | ObjectAttach,
    kernel: Kernel,
    tracefs: Tracefs,
    usdt_specs: UsdtSpecs | None = None,
) -> Link:
    """Attach `program` until the link is closed; an `IterLink` for an iterator.

    `usdt_specs` are those of the program's object, for static probes. Raises what `attach` raises,
    `BadSpec` for what no kernel could do, and for files `BinaryNotFound`, `SymbolMissing`,
    `ElfError`, for cgroups `CgroupError`.
    """
    match at:
        case KprobePatternAttach():
            return attach_kprobe_pattern(program, at, kernel, tracefs)
        case SyscallAttach():
            return attach_syscall(program, at, kernel, tracefs)
        case NamedUprobeAttach():
            return attach_named_uprobe(program, at, kernel)
        case UprobePatternAttach():
            return attach_uprobe_pattern(program, at, kernel)
        case UsdtAttach():
            return _attach_usdt(program, at, kernel, usdt_specs)
        case PerfFdAttach():
            return attach_perf_fd(program, at, kernel)
        case IterPartsAttach():
            return attach_iterator(program, at, kernel)
        case XdpAttach() | TcAttach() | NetkitAttach() | NetnsAttach() | NetfilterAttach():
            return _attach_to_network(program, at, kernel)
        case CgroupAttach():
            return attach_cgroup(program, at, kernel)
        case SocketAttach():
            return attach_socket(program, at, kernel)
        case SockmapAttach():
            return attach_sockmap(program, at, kernel)
        case StructOpsAttach():
            return attach_struct_ops(at, kernel)
        case LircAttach(device):
            raise NotSupported(f"attaching to {device}", "infra-red receivers are left out")
        case _:
            return attach(program, at, kernel, tracefs)


def _attach_to_network(
    program: Program,
    at: XdpAttach | TcAttach | NetkitAttach | NetnsAttach | NetfilterAttach,
    kernel: Kernel,
) -> Link:
    match at:
        case XdpAttach():
            return attach_xdp(program, at, kernel)
        case TcAttach():
            return attach_tc(program, at, kernel)
        case NetkitAttach():
            return attach_netkit(program, at, kernel)
        case NetnsAttach():
            return attach_netns(program, at, kernel)
        case NetfilterAttach():
            return attach_netfilter(program, at, kernel)
        case _:
            assert_never(at)


def _attach_usdt(program: Program, at: UsdtAttach, kernel: Kernel, specs: UsdtSpecs | None) -> Link:
    if specs is None:
        hint = f"it takes a map {USDT_SPECS}, which usdt.bpf.h declares"
        raise BadSpec(f"program {program.spec.name}", "nothing tells it of static probes", hint)
    return attach_usdt(program, at, kernel, specs)
