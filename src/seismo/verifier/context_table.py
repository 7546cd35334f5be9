"""What programs of each type may read and write of their context, as rows.

Offsets are those of the structs in linux/bpf.h (and of x86-64's struct pt_regs); what is allowed is
what Linux 6.18 answers when each offset is tried with each size: the `is_valid_access` of
net/core/filter.c, kernel/bpf/cgroup.c and kernel/trace/bpf_trace.c.
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass
from seismo.isa.prog_types import AttachType, ProgType
from seismo.verifier.register import Kind

__all__ = ("ATTACHED", "CONTEXTS", "WITH_PACKET_LOADS", "Field")


@dataclass(frozen=True, slots=True)
class Field:
    """The bytes from `start` to `end`: aligned reads of the sizes whose bits are in `reads` (1, 2,
    4, 8) give a number, or a pointer of `kind`; `writes` likewise.

    Where `unit` is not 0, only what begins at a multiple of it from `start`.
    """

    start: int
    end: int
    reads: int = 0
    writes: int = 0
    kind: Kind = Kind.SCALAR
    is_nullable: bool = False
    unit: int = 0


_WORD, _LONG = 4, 8
_PARTS = 1 | 2 | 4
_ANY = _PARTS | 8
_HALF = 1 | 2
_Fields = tuple[Field, ...]


def _pointer(start: int, kind: Kind, *, is_nullable: bool = False) -> Field:
    return Field(start, start + 8, _LONG, kind=kind, is_nullable=is_nullable)


def _data(start: int, kind: Kind) -> Field:
    """A pointer into the packet has 4 bytes in the struct and 8 once the load is rewritten."""
    return Field(start, start + 4, _WORD, kind=kind)


def _writable(*offsets: int) -> _Fields:
    return tuple(Field(one, one + 4, _PARTS, _WORD) for one in offsets)


_CB = (Field(48, 68, _PARTS, _PARTS), Field(48, 64, _LONG, _LONG))
_SKB_TAIL = (
    Field(68, 72, _PARTS),
    Field(84, 88, _PARTS),
    Field(164, 168, _PARTS),
    _pointer(168, Kind.SOCK_COMMON, is_nullable=True),
    Field(176, 180, _PARTS),
)
_SKB_DATA = (_data(76, Kind.PACKET), _data(80, Kind.PACKET_END))
_SKB_SOCKET = (Field(88, 92, _PARTS), Field(92, 132, _WORD), Field(132, 140, _PARTS))
_SKB_STAMPS = (Field(152, 160, _LONG, _LONG), Field(184, 192, _LONG))
_FILTER = (Field(0, 48, _PARTS), *_CB, *_SKB_TAIL)
_CLASSIFIER = (
    *_writable(8, 12, 32, 44, 72),
    Field(0, 48, _PARTS),
    *_CB,
    *_SKB_TAIL,
    *_SKB_DATA,
    _data(140, Kind.PACKET_META),
    *_SKB_STAMPS,
    Field(160, 164, _PARTS),
    Field(180, 181, 1),
)
_CGROUP_SKB = (
    *_writable(8, 32),
    Field(0, 48, _PARTS),
    *_CB,
    *_SKB_TAIL,
    *_SKB_DATA,
    *_SKB_SOCKET,
    *_SKB_STAMPS,
)
_LWT = (*_writable(8, 32), Field(0, 48, _PARTS), *_CB, *_SKB_TAIL, *_SKB_DATA)
_SK_SKB = (
    *_writable(32, 44),
    Field(0, 8, _PARTS),
    Field(12, 72, _PARTS),
    Field(48, 64, _LONG),
    *_SKB_TAIL,
    *_SKB_DATA,
    *_SKB_SOCKET,
)
_XDP = (
    _data(0, Kind.PACKET),
    _data(4, Kind.PACKET_END),
    _data(8, Kind.PACKET_META),
    Field(12, 20, _WORD),
)
_EGRESS_XDP = (*_XDP, Field(20, 24, _WORD))
_SOCK_END = (
    Field(44, 48, _PARTS, unit=4),
    Field(48, 52, _WORD),
    Field(48, 50, _HALF),
    Field(52, 72, _PARTS),
    Field(72, 80, _PARTS, unit=4),
)
_CREATED_SOCK = (
    Field(0, 4, _WORD, _WORD),
    Field(4, 16, _PARTS, unit=4),
    Field(16, 24, _WORD, _WORD),
    *_SOCK_END[1:],
)
_SOCK_OPS = (
    Field(4, 8, _WORD, _WORD),
    Field(164, 168, _WORD, _WORD),
    Field(0, 164, _WORD),
    Field(168, 184, _LONG),
    _pointer(184, Kind.SOCKET, is_nullable=True),
    _pointer(192, Kind.PACKET),
    _pointer(200, Kind.PACKET_END),
    Field(208, 212, _WORD),
    Field(212, 216, _PARTS, unit=4),
    Field(216, 224, _LONG),
)
_SK_MSG = (
    _pointer(0, Kind.PACKET),
    _pointer(8, Kind.PACKET_END),
    Field(16, 72, _WORD),
    _pointer(72, Kind.SOCKET),
)
_SK_REUSEPORT = (
    _pointer(0, Kind.PACKET),
    _pointer(8, Kind.PACKET_END),
    Field(16, 20, _PARTS),
    Field(20, 24, 2 | 4),
    Field(24, 32, _PARTS),
    Field(32, 36, _WORD),
    _pointer(40, Kind.SOCKET),
    _pointer(48, Kind.SOCK_COMMON, is_nullable=True),
)
_ADDRESS = (
    Field(0, 4, _WORD),
    Field(24, 28, _PARTS, _WORD),
    Field(28, 40, _WORD),
    _pointer(64, Kind.SOCKET),
)
_USER_IP4 = Field(4, 8, _PARTS, _WORD)
_USER_IP6 = (Field(8, 24, _PARTS, _WORD), Field(8, 24, _LONG, _LONG))
_SENT_IP4 = Field(40, 44, _PARTS, _WORD)
_SENT_IP6 = (Field(44, 60, _PARTS, _WORD), Field(44, 60, _LONG, _LONG))
_OPTION = (
    _pointer(0, Kind.SOCKET),
    _pointer(8, Kind.PACKET),
    _pointer(16, Kind.PACKET_END),
)
_REGISTERS = (Field(0, 168, _ANY),)
_RAW_ARGUMENTS = (Field(0, 96, _ANY),)

CONTEXTS: Mapping[ProgType, _Fields] = {
    ProgType.SOCKET_FILTER: _FILTER,
    ProgType.KPROBE: _REGISTERS,
    ProgType.SCHED_CLS: _CLASSIFIER,
    ProgType.SCHED_ACT: _CLASSIFIER,
    ProgType.TRACEPOINT: (Field(8, 8192, _ANY),),
    ProgType.XDP: _XDP,
    ProgType.PERF_EVENT: (Field(0, 168, _LONG), Field(168, 184, _ANY)),
    ProgType.CGROUP_SKB: _CGROUP_SKB,
    ProgType.CGROUP_SOCK: _CREATED_SOCK,
    ProgType.LWT_IN: _LWT,
    ProgType.LWT_OUT: _LWT,
    ProgType.LWT_XMIT: _LWT,
    ProgType.LWT_SEG6LOCAL: _LWT,
    ProgType.SOCK_OPS: _SOCK_OPS,
    ProgType.SK_SKB: _SK_SKB,
    ProgType.CGROUP_DEVICE: (Field(0, 4, _PARTS), Field(4, 12, _WORD)),
    ProgType.SK_MSG: _SK_MSG,
    ProgType.RAW_TRACEPOINT: _RAW_ARGUMENTS,
    ProgType.RAW_TRACEPOINT_WRITABLE: (
        _pointer(0, Kind.TP_BUFFER),
        Field(1, 8, _PARTS),
        Field(8, 96, _ANY),
    ),
    ProgType.CGROUP_SOCK_ADDR: (*_ADDRESS, _USER_IP4),
    ProgType.SK_REUSEPORT: _SK_REUSEPORT,
    ProgType.FLOW_DISSECTOR: (*_SKB_DATA, _pointer(144, Kind.FLOW_KEYS)),
    ProgType.CGROUP_SYSCTL: (Field(0, 4, _PARTS), Field(4, 8, _PARTS, _WORD)),
    ProgType.CGROUP_SOCKOPT: (*_OPTION, Field(24, 32, _WORD), Field(32, 40, _WORD, _WORD)),
    ProgType.SK_LOOKUP: (
        _pointer(0, Kind.SOCKET, is_nullable=True),
        Field(8, 68, _PARTS),
    ),
    ProgType.SYSCALL: (Field(0, 65536, _ANY, _ANY),),
}
"""By program type, where `ATTACHED` has nothing on where it attaches."""

_A = AttachType
ATTACHED: Mapping[AttachType, _Fields] = {
    _A.CGROUP_INET4_POST_BIND: (Field(4, 16, _PARTS, unit=4), Field(24, 28, _PARTS), *_SOCK_END),
    _A.CGROUP_INET6_POST_BIND: (Field(4, 16, _PARTS, unit=4), Field(28, 44, _PARTS), *_SOCK_END),
    _A.CGROUP_SETSOCKOPT: (*_OPTION, Field(24, 36, _WORD, _WORD)),
    _A.XDP_DEVMAP: _EGRESS_XDP,
    **dict.fromkeys(
        (
            *(_A.CGROUP_INET6_BIND, _A.CGROUP_INET6_CONNECT, _A.CGROUP_UDP6_RECVMSG),
            *(_A.CGROUP_INET6_GETPEERNAME, _A.CGROUP_INET6_GETSOCKNAME),
        ),
        (*_ADDRESS, *_USER_IP6),
    ),
    _A.CGROUP_UDP4_SENDMSG: (*_ADDRESS, _USER_IP4, _SENT_IP4),
    _A.CGROUP_UDP6_SENDMSG: (*_ADDRESS, *_USER_IP6, *_SENT_IP6),
    **dict.fromkeys(
        (
            *(_A.CGROUP_UNIX_CONNECT, _A.CGROUP_UNIX_SENDMSG, _A.CGROUP_UNIX_RECVMSG),
            *(_A.CGROUP_UNIX_GETPEERNAME, _A.CGROUP_UNIX_GETSOCKNAME),
        ),
        _ADDRESS,
    ),
}
"""By the place that a program is loaded for, where its type's contexts differ by that."""

WITH_PACKET_LOADS = (ProgType.SOCKET_FILTER, ProgType.SCHED_CLS, ProgType.SCHED_ACT)
"""Types with classic BPF's loads of packets (BPF_LD_ABS, BPF_LD_IND)."""
