"""Where programs of object files may be attached, beside the places that scripts know.

Those that name a file descriptor (`fd`, `map`) are the caller's blueprint for one process; the
descriptor must be open when the program is attached, and may be closed from then on.
"""

from __future__ import annotations

from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.isa.prog_types import AttachType

__all__ = (
    "CgroupAttach",
    "IterPartsAttach",
    "KprobePatternAttach",
    "LircAttach",
    "NamedUprobeAttach",
    "NetfilterAttach",
    "NetkitAttach",
    "NetnsAttach",
    "ObjectAttach",
    "PerfFdAttach",
    "SocketAttach",
    "SockmapAttach",
    "StructOpsAttach",
    "SyscallAttach",
    "TcAttach",
    "UprobePatternAttach",
    "UsdtAttach",
    "XdpAttach",
)


@dataclass(frozen=True, slots=True)
class KprobePatternAttach:
    """At the entries or the returns of all kernel functions whose names match `pattern` (`*`: any
    letters, `?`: one), by one link. Since Linux 5.18.

    A name that several functions share is left out: the kernel could not tell which is meant.
    """

    pattern: str
    is_return: bool = False


@dataclass(frozen=True, slots=True)
class SyscallAttach:
    """At the function of the system call `name` (`openat`), whatever this kernel calls it:
    `__x64_sys_openat`, `__arm64_sys_openat`, before Linux 4.17 `SyS_openat`."""

    name: str
    is_return: bool = False
    cookie: int = 0


@dataclass(frozen=True, slots=True)
class NamedUprobeAttach:
    """At a function of a file, `offset` bytes into it, or its return; the file is searched for the
    symbol when the program is attached. `binary` is a path or a library's name; without `function`
    the offset is one of the file. `pid` of 0 is every process, otherwise the file is looked up as
    that process sees it. `cookie` takes Linux 5.15."""

    binary: str
    function: str
    offset: int = 0
    is_return: bool = False
    pid: int = 0
    cookie: int = 0


@dataclass(frozen=True, slots=True)
class UprobePatternAttach:
    """At the entries or the returns of all functions of a file whose names match `pattern` (`*`,
    `?`), by one link. `binary` and `pid` as in `NamedUprobeAttach`. Since Linux 6.6."""

    binary: str
    pattern: str
    is_return: bool = False
    pid: int = 0


@dataclass(frozen=True, slots=True)
class UsdtAttach:
    """At every site of a static probe of a file; `cookie` is what `bpf_usdt_cookie` gives the
    program there. `binary` and `pid` as in `NamedUprobeAttach`. Since Linux 5.15."""

    binary: str
    provider: str
    name: str
    pid: int = 0
    cookie: int = 0


@dataclass(frozen=True, slots=True)
class PerfFdAttach:
    """At every overflow of a perf event that the caller has opened. `cookie` takes Linux 5.15."""

    fd: int
    cookie: int = 0


@dataclass(frozen=True, slots=True)
class IterPartsAttach:
    """Over the parts of one object: the elements of a map (its `map` fd), the cgroups from `cgroup`
    (`order`: `self`, `descendants_pre`, `descendants_post` or `ancestors_up`), or what belongs to
    the process `pid` or to the thread `tid`. `pin` as in `IterAttach`.

    Of maps since Linux 5.8, of cgroups and tasks since 6.1.
    """

    map: int = -1
    cgroup: str = ""
    order: str = "descendants_pre"
    pid: int = 0
    tid: int = 0
    pin: str = ""


@dataclass(frozen=True, slots=True)
class XdpAttach:
    """At a network interface, before the kernel makes a socket buffer of a packet. Since Linux 5.9.

    `mode` is `generic`, `native`, `offload` or '' for the best that the driver can.
    """

    interface: str
    mode: str = ""


@dataclass(frozen=True, slots=True)
class TcAttach:
    """At a network interface, where packets come in or, with `is_egress`, go out.

    `mode` is `tcx` (a link, Linux 6.6), `clsact` (a filter of that queueing discipline, Linux 4.5)
    or '' for the first of them that can be. Filters of a lower `priority` run first; 0 leaves it to
    the kernel. Links have none, and run in the order of their making.
    """

    interface: str
    is_egress: bool = False
    mode: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class NetkitAttach:
    """At a netkit device, which runs it for what is sent; with `is_peer` for what its peer sends.
    `interface` is the primary device of the pair in both cases. Since Linux 6.7."""

    interface: str
    is_peer: bool = False


@dataclass(frozen=True, slots=True)
class NetnsAttach:
    """At a network namespace, by its path (`/run/netns/blue`, `/proc/PID/ns/net`) or '' for this
    thread's. What runs there is the program's own: it selects sockets (`sk_lookup`, Linux 5.9) or
    dissects flows (5.8)."""

    path: str = ""


@dataclass(frozen=True, slots=True)
class NetfilterAttach:
    """At a hook of netfilter. Since Linux 6.4.

    `family` is `ipv4` or `ipv6`, `hook` one of `prerouting`, `input`, `forward`, `output`,
    `postrouting`; a lower `priority` runs first, and none may be the lowest or highest integer.
    With `defragments` packets are put together before (`priority` above -400).
    """

    family: str
    hook: str
    priority: int = 0
    defragments: bool = False


@dataclass(frozen=True, slots=True)
class CgroupAttach:
    """At a cgroup (version 2) and all below it. Since Linux 4.10, by a link since 5.7."""

    path: str
    type: AttachType


@dataclass(frozen=True, slots=True)
class SocketAttach:
    """At a socket of the caller's: what it receives (a socket filter, Linux 3.19) or, with
    `is_reuseport`, which socket of a SO_REUSEPORT group receives it (Linux 4.5)."""

    fd: int
    is_reuseport: bool = False


@dataclass(frozen=True, slots=True)
class SockmapAttach:
    """At all sockets that are in a map of sockets, whose fd is `map`. Since Linux 4.14.

    The type (parser or verdict) is the program's expected attach type unless it is given.
    """

    map: int
    type: AttachType | None = None


@dataclass(frozen=True, slots=True)
class StructOpsAttach:
    """The functions of a struct_ops map (its fd), which must have been made with BPF_F_LINK, in
    place of the kernel's. Since Linux 6.4."""

    map: int


@dataclass(frozen=True, slots=True)
class LircAttach:
    """At an infra-red receiver (`/dev/lirc0`). Attaching there is refused."""

    device: str


ObjectAttach: TypeAlias = (
    KprobePatternAttach
    | SyscallAttach
    | NamedUprobeAttach
    | UprobePatternAttach
    | UsdtAttach
    | PerfFdAttach
    | IterPartsAttach
    | XdpAttach
    | TcAttach
    | NetkitAttach
    | NetnsAttach
    | NetfilterAttach
    | CgroupAttach
    | SocketAttach
    | SockmapAttach
    | StructOpsAttach
    | LircAttach
)
