"""What user space puts into words when a record arrives: addresses, clocks, ids (`Symbolic`).

Each kind is a few bytes; what the words need beyond them (symbol tables, clocks, /etc/passwd) is
asked of a `Resolver`. `RAW` knows nothing, and so its words are numbers.

| kind | bytes | words |
|---|---|---|
| `inet` | u32 family, 16 of address | `10.0.0.1`, `::1`; nothing for another family |
| `macaddr` | 8, of which 6 count | `02:42:AC:11:00:02` |
| `timestamp` | u64 ns | by `detail`: the clock, a NUL, the format of strftime(3) and `%f` |
| `ksym_t` | u64 address | the kernel symbol, without an offset |
| `usym_t` | u64 address, u32 pid, u32 0 | the symbol in that process |
| `kstack_t`, `ustack_t` | u32 pid, u32 count, frames | a line for each frame (`events/stack.py`) |
| `dw_ustack_t` | a sample of a stack | the same, of the frames that it is found to have |
| `cgroup_path` | u64 id, u64 0 | `unified:/a/b`, of the hierarchies that match `detail` |
| `username` | u64 uid | the login name |

>>> symbolic_text(Symbolic("macaddr", 8), RAW)(bytes((2, 0, 0, 0, 0, 255, 0, 0)))
'02:00:00:00:00:FF'
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from seismo.base.layout import BYTE_ORDER, Symbolic
from seismo.events.stack import Frame, FrameNames, StackSample, stack_text

__all__ = ("RAW", "Resolver", "address_text", "symbolic_text", "time_text")

NS_PER_SECOND = 1_000_000_000
AF_INET, AF_INET6 = 2, 10

_Words: TypeAlias = Callable[[bytes], str]


class Resolver(FrameNames, Protocol):
    """What the machine knows; every answer is text, a number where it knows nothing."""

    def kernel_symbol(self, address: int) -> str:
        """The name of the kernel symbol at or before `address`."""

    def user_symbol(self, address: int, pid: int) -> str:
        """The name of the symbol at or before `address` in the process `pid`."""

    def wall_ns(self, clock: str, ns: int) -> int:
        """ns since 1970 (UTC) when `clock` (boot, monotonic, tai, sw_tai) stood at `ns`."""

    def wall_now_ns(self) -> int:
        """ns since 1970 (UTC): now, or of what is replayed."""
        return time.time_ns()

    def cgroup_path(self, number: int, hierarchies: str) -> str:
        """`unified:/a/b` for a cgroup id, by the hierarchies that match the glob; "" if gone."""

    def user_name(self, uid: int) -> str:
        """The login name of `uid`; "" when it has none."""


class _Raw:
    """Numbers for words."""

    def kernel_symbol(self, address: int) -> str:
        return address_text(address)

    def user_symbol(self, address: int, pid: int) -> str:
        return address_text(address)

    def kernel_frames(self, addresses: Sequence[int]) -> Sequence[Frame]:
        return [Frame(address) for address in addresses]

    def user_frames(self, addresses: Sequence[int], pid: int) -> Sequence[Frame]:
        return [Frame(address) for address in addresses]

    def sampled_frames(self, sample: StackSample) -> Sequence[Frame]:
        return ()

    def wall_now_ns(self) -> int:
        return time.time_ns()

    def wall_ns(self, clock: str, ns: int) -> int:
        return ns

    def cgroup_path(self, number: int, hierarchies: str) -> str:
        return str(number)

    def user_name(self, uid: int) -> str:
        return str(uid)


RAW: Resolver = _Raw()


def symbolic_text(type_: Symbolic, resolver: Resolver) -> _Words:
    """What puts the bytes of such a value into words."""
    match type_.kind:
        case "inet":
            return _inet
        case "macaddr":
            return lambda data: ":".join([f"{byte:02X}" for byte in data[:6]])
        case "timestamp":
            clock, _, form = type_.detail.partition("\0")
            return lambda data: time_text(form, resolver.wall_ns(clock, _u64(data)))
        case "ksym_t":
            return lambda data: resolver.kernel_symbol(_u64(data))
        case "usym_t":
            return lambda data: resolver.user_symbol(_u64(data), _u32(data[8:12]))
        case "kstack_t" | "ustack_t" | "dw_ustack_t":
            return stack_text(type_, resolver)
        case "cgroup_path":
            return lambda data: resolver.cgroup_path(_u64(data), type_.detail)
        case "username":
            return lambda data: resolver.user_name(_u64(data))
        case _:
            raise ValueError(f"no kind of symbolic value is called '{type_.kind}'")


def time_text(form: str, wall_ns: int) -> str:
    """strftime(3) in local time of ns since 1970; `%f` is the microseconds, six digits."""
    seconds, ns = divmod(wall_ns, NS_PER_SECOND)
    micros = f"{ns // 1000:06}"
    parts = form.partition("\0")[0].split("%%")
    with_micros = "%%".join([part.replace("%f", micros) for part in parts])
    return time.strftime(with_micros, time.localtime(seconds))


def address_text(address: int) -> str:
    """An address that no symbol is known for, as C++ writes pointers."""
    return f"{address:#x}" if address else "0"


def _u64(data: bytes) -> int:
    return int.from_bytes(data[:8], BYTE_ORDER)


def _u32(data: bytes) -> int:
    return int.from_bytes(data[:4], BYTE_ORDER)


def _inet(data: bytes) -> str:
    family = _u32(data)
    if family == AF_INET:
        return _ipv4(data[4:8])
    return _ipv6(data[4:20]) if family == AF_INET6 else ""


def _ipv4(data: bytes) -> str:
    return ".".join(map(str, data))


def _ipv6(data: bytes) -> str:
    """As inet_ntop(3): the first longest run of two or more zero words is `::`."""
    if data[:12] == bytes(12) and data[12:14] != bytes(2):
        return f"::{_ipv4(data[12:])}"
    if data[:12] == bytes(10) + b"\xff\xff":
        return f"::ffff:{_ipv4(data[12:])}"
    words = [f"{data[at] << 8 | data[at + 1]:x}" for at in range(0, 16, 2)]
    start, length = _longest_zeros(words)
    if length < 2:
        return ":".join(words)
    return f"{':'.join(words[:start])}::{':'.join(words[start + length :])}"


def _longest_zeros(words: list[str]) -> tuple[int, int]:
    """(where the longest run of zero words begins, how long it is)."""
    best, length = (0, 0), 0
    for at, word in enumerate(words):
        length = length + 1 if word == "0" else 0
        if length > best[1]:
            best = at - length + 1, length
    return best
