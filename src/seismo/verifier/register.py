"""What a register holds: nothing yet, a number, or a pointer of some kind with its offset."""

from __future__ import annotations

from operator import attrgetter

from seismo.base.dataclass import dataclass, field
from seismo.base.enum import Enum
from seismo.verifier.interval import Interval
from seismo.verifier.need import Need
from seismo.verifier.scalar import Scalar

__all__ = (
    "ALLOCATED",
    "NON_OWNING",
    "PER_CPU",
    "RCU",
    "SOCKETS",
    "TRUSTED",
    "UNKNOWN",
    "UNTRUSTED",
    "UNWRITTEN",
    "USER",
    "ZERO_OFFSET",
    "Kind",
    "Register",
    "constant",
    "number",
)


class Kind(Enum):
    """What a register's content is; the value is the kernel's name for it in its log.

    `PACKET` points into the packet, `PACKET_META` before it; `MEMORY` is `size` bytes of the
    kernel's, `BUFFER` as many as the program touches; `RECORD` is memory reserved in a ring buffer.
    `KERNEL` points to an object of the kernel whose BTF type is known; `SOCKET` and its like are
    what networking programs see of sockets, as structs of linux/bpf.h. `DYNPTR` and `ITERATOR` are
    what stack slots hold that only helpers may touch, and `DYNPTR` what points to such an object
    that is not on the stack.
    """

    UNWRITTEN = "?"
    SCALAR = "scalar"
    CONTEXT = "ctx"
    STACK = "fp"
    MAP = "map_ptr"
    MAP_VALUE = "map_value"
    PACKET = "pkt"
    PACKET_META = "pkt_meta"
    PACKET_END = "pkt_end"
    MAP_KEY = "map_key"
    MEMORY = "mem"
    BUFFER = "buf"
    TP_BUFFER = "tp_buffer"
    FLOW_KEYS = "flow_keys"
    RECORD = "ringbuf_mem"
    SOCKET = "sock"
    SOCK_COMMON = "sock_common"
    TCP_SOCK = "tcp_sock"
    XDP_SOCK = "xdp_sock"
    KERNEL = "ptr_"
    FUNCTION = "func"
    DYNPTR = "dynptr_ptr"
    ITERATOR = "iter_"


TRUSTED, RCU, UNTRUSTED, PER_CPU, USER, ALLOCATED, NON_OWNING = (1 << bit for bit in range(7))
"""How far a pointer to an object of the kernel can be relied on (`Register.trust`): `TRUSTED` lives
as long as the program has it, `RCU` until the read section ends; `PER_CPU` and `USER` are of other
address spaces; `ALLOCATED` is the program's own, `NON_OWNING` one that it gave into a collection.
None of them: an old pointer, which is read without faults and that helpers take."""
SOCKETS = (Kind.SOCK_COMMON, Kind.SOCKET, Kind.TCP_SOCK, Kind.XDP_SOCK)
_TRUST_WORDS = (
    (PER_CPU, "percpu_"),
    (USER, "user_"),
    (ALLOCATED, "alloc_"),
    (NON_OWNING, "non_own_"),
    (RCU, "rcu_"),
    (UNTRUSTED, "untrusted_"),
    (TRUSTED, "trusted_"),
)

ZERO_OFFSET = Scalar.constant(0)


@dataclass(frozen=True, slots=True)
class Register:
    """One register's, or spilled slot's, content.

    `value` is a scalar's number or the part of a pointer's offset that varies, `offset` the part
    that is fixed (bytes). `id` is the same in scalars that are copies of one another, in pointers
    that are null together, and in packet pointers from one base; 0 is none. `reference` is that of
    an acquired object. `name` is a map's or a type's, `size` that of memory, `reach` how many bytes
    behind a packet base are known to be there; `frame` is whose stack, or which function. `type` is
    the BTF id of what a pointer of the kernel's points to, `trust` how much it is worth, `dynptr`
    the id of the dynptr that memory is a slice of.
    """

    kind: Kind
    value: Scalar = ZERO_OFFSET
    need: Need | None = field(default=None, compare=False, repr=False)
    offset: int = 0
    id: int = 0
    reference: int = 0
    is_nullable: bool = False
    is_read_only: bool = False
    name: str = ""
    size: int = 0
    reach: int = 0
    frame: int = 0
    type: int = 0
    trust: int = 0
    dynptr: int = 0

    @property
    def is_scalar(self) -> bool:
        return self.kind is Kind.SCALAR

    @property
    def is_pointer(self) -> bool:
        return self.kind is not Kind.SCALAR and self.kind is not Kind.UNWRITTEN

    @property
    def is_null(self) -> bool:
        """Whether it is the number 0, which a pointer that may be null can be given as."""
        return self.is_scalar and self.value.is_constant and self.value.value == 0

    def require(self) -> None:
        """The safety of what follows depends on this number, and so on all that led to it."""
        if self.need is not None:
            self.need.mark()

    def needing(self, need: Need) -> Register:
        """The same content, with a need of its own."""
        return Register(self.kind, self.value, need, *_the_rest(self))

    def __str__(self) -> str:
        """As the kernel's log has it: `map_value(map=m,ks=4,vs=8,off=2)`."""
        if self.is_scalar:
            if self.value.is_constant:
                return str(self.value.wide.smin)
            return f"scalar({','.join(self._facts())})"
        if self.kind is Kind.STACK and self.value.is_constant:
            return f"fp{self.offset + self.value.wide.smin or 0:+}".replace("fp+0", "fp0")
        return f"{self.type_text}({','.join(self._facts())})"

    @property
    def type_text(self) -> str:
        """The kind as the kernel's log has it: `rdonly_mem_or_null`, `trusted_ptr_task_struct`."""
        prefix = "".join(word for bit, word in _TRUST_WORDS if self.trust & bit)
        prefix = "rdonly_" * self.is_read_only + prefix
        if self.kind is Kind.KERNEL:
            return f"{prefix}ptr_{'or_null_' * self.is_nullable}{self.name}"
        return f"{prefix}{self.kind.value}{'_or_null' * self.is_nullable}"

    def _facts(self) -> list[str]:
        facts = [f"id={self.id}"] if self.id else []
        if self.reference:
            facts.append(f"ref_obj_id={self.reference}")
        if self.name and self.kind in (Kind.MAP, Kind.MAP_VALUE):
            facts.append(f"map={self.name}")
        if self.kind in (Kind.MAP_VALUE, Kind.MEMORY, Kind.RECORD):
            facts.append(f"size={self.size}")
        if self.kind in (Kind.PACKET, Kind.PACKET_META):
            facts.append(f"r={self.reach}")
        if self.offset:
            facts.append(f"off={self.offset}")
        return facts + (_bounds(self.value) if self.value is not ZERO_OFFSET else [])


_the_rest = attrgetter(*Register.__match_args__[3:])


def _bounds(value: Scalar) -> list[str]:
    """Only what is known, as print_scalar_ranges of kernel/bpf/log.c names it."""
    facts = _bounds_of(value.wide, "")
    if value.wide.bits != Interval.unknown(64).bits:
        facts.append(f"var_off={value.wide.bits}")
    return facts + (_bounds_of(value.low, "32") if value.wide.umax >> 32 else [])


def _bounds_of(interval: Interval, suffix: str) -> list[str]:
    anything = Interval.unknown(interval.width)
    return [
        f"{name}{suffix}={_number(known)}"
        for name, known, least in (
            ("smin", interval.smin, anything.smin),
            ("smax", interval.smax, anything.smax),
            ("umin", interval.umin, anything.umin),
            ("umax", interval.umax, anything.umax),
        )
        if known != least
    ]


def _number(value: int) -> str:
    return str(value) if -(1 << 16) < value < 1 << 16 else hex(value)


def number(value: Scalar, link: int = 0, need: Need | None = None) -> Register:
    """A register that holds a number; `link` is its `id`."""
    return Register(Kind.SCALAR, value, need, id=link)


def constant(value: int) -> Register:
    """A register that holds only `value`, modulo 2**64."""
    return Register(Kind.SCALAR, Scalar.constant(value))


UNWRITTEN = Register(Kind.UNWRITTEN)
UNKNOWN = number(Scalar.unknown())
