"""Random programs that read, change and move a packet, such as the kernel's verifier accepts."""

from __future__ import annotations

import random
from collections.abc import Callable

from seismo.isa.parse import parse_listing
from seismo.isa.prog_types import ProgType
from seismo.spec.types import ProgramSpec

__all__ = ("packet_program", "random_packet")

_SIZES = {1: "u8", 2: "u16", 4: "u32", 8: "u64"}
_FOLD = "r9 *= 31\nr9 ^= r0\n"
_XDP_LOAD, _XDP_STORE = 189, 190
_MOVES = {44: (-230, 70), 54: (-40, 8), 65: (-70, 40)}  # xdp_adjust_head, _meta, _tail
_LOAD, _STORE, _LOAD_RELATIVE = 26, 9, 68
_TAIL, _HEAD, _PULL = 38, 43, 39
_L3, _L4 = 10, 11


def random_packet(chance: random.Random) -> bytes:
    """An Ethernet frame of nothing in particular."""
    kind = chance.choice((b"\x08\x00", b"\x86\xdd", b"\x00\x2e"))
    first = chance.choice((0, 0, 1, 2, 0xFF))
    count = chance.randrange(40, 110)
    return bytes([first, *bytes(5), *chance.randbytes(6)]) + kind + chance.randbytes(count)


def packet_program(chance: random.Random, type: ProgType) -> ProgramSpec:
    """A program of type XDP or SCHED_CLS: r6 is the context, r9 sums up all that it was told."""
    steps = _XDP_STEPS if type == ProgType.XDP else _SKB_STEPS
    chosen = (chance.choice(steps)(chance, type) for _ in range(chance.randrange(1, 10)))
    # What the helpers read of the stack is always the same.
    head = "r6 = r1\nr9 = 1\n" + "".join(
        f"r1 = {chance.getrandbits(63):#x}\n*(u64 *)(r10 -{8 * one}) = r1\n" for one in range(1, 5)
    )
    text = head + "".join(chosen) + "r0 = r9\nr0 >>= 32\nw0 ^= w9\nexit"
    return ProgramSpec(name="packet", type=type, insns=parse_listing(text))


def _direct(chance: random.Random, type: ProgType) -> str:
    """A read, or a read and a write, within what was compared with data_end."""
    size = chance.choice(tuple(_SIZES))
    end = chance.randrange(size, 60)
    at = chance.randrange(0, end - size + 1)
    data, data_end = (0, 4) if type == ProgType.XDP else (76, 80)
    lines = [f"r0 = *({_SIZES[size]} *)(r7 +{at})"]
    if chance.random() < 0.5:
        lines.append(f"*({_SIZES[size]} *)(r7 +{at}) = r9")
    return (
        f"r7 = *(u32 *)(r6 +{data})\nr8 = *(u32 *)(r6 +{data_end})\nr0 = 7\n"
        f"r2 = r7\nr2 += {end}\nif r2 > r8 goto pc+{len(lines)}\n" + "\n".join(lines) + "\n" + _FOLD
    )


def _meta(chance: random.Random, type: ProgType) -> str:
    """A read and a write of what lies before the packet."""
    data, meta = (0, 8) if type == ProgType.XDP else (76, 140)
    at = chance.choice((0, 4))
    return (
        f"r7 = *(u32 *)(r6 +{meta})\nr8 = *(u32 *)(r6 +{data})\nr0 = 9\nr2 = r7\nr2 += {at + 4}\n"
        f"if r2 > r8 goto pc+2\nr0 = *(u32 *)(r7 +{at})\n*(u32 *)(r7 +{at}) = r9\n" + _FOLD
    )


def _distance(chance: random.Random, type: ProgType) -> str:
    """How long the packet is, by its pointers."""
    data, data_end = (0, 4) if type == ProgType.XDP else (76, 80)
    return f"r0 = *(u32 *)(r6 +{data_end})\nr1 = *(u32 *)(r6 +{data})\nr0 -= r1\n" + _FOLD


def _move(chance: random.Random, type: ProgType) -> str:
    helper, (low, high) = chance.choice(tuple(_MOVES.items()))
    delta = chance.randint(low, high)
    delta = delta & ~3 if helper == 54 and chance.random() < 0.8 else delta
    return f"r1 = r6\nr2 = {delta}\ncall {helper}\n" + _FOLD


def _bytes(helpers: tuple[int, int]) -> Callable[[random.Random, ProgType], str]:
    def step(chance: random.Random, type: ProgType) -> str:
        helper, size = chance.choice(helpers), chance.randrange(1, 17)
        flags = chance.choice((0, 0, 0, 1, 2, 4)) if helper == _STORE else 0
        return (
            f"r1 = r6\nr2 = {chance.choice((chance.randrange(90), 70000))}\nr3 = r10\nr3 += -32\n"
            f"r4 = {size}\nr5 = {flags}\ncall {helper}\n"
            + _FOLD
            + "r0 = *(u64 *)(r10 -32)\n"
            + _FOLD
        )

    return step


def _relative(chance: random.Random, type: ProgType) -> str:
    return (
        f"r1 = r6\nr2 = {chance.randrange(90)}\nr3 = r10\nr3 += -32\nr4 = 8\n"
        f"r5 = {chance.choice((0, 1, 2))}\ncall {_LOAD_RELATIVE}\n"
        + _FOLD
        + "r0 = *(u64 *)(r10 -32)\n"
        + _FOLD
    )


def _length(chance: random.Random, type: ProgType) -> str:
    return f"r1 = r6\ncall 188\n{_FOLD}"


def _resize(chance: random.Random, type: ProgType) -> str:
    helper, top = chance.choice(((_TAIL, 140), (_HEAD, 7), (_PULL, 140)))
    flags = chance.choice((0, 0, 0, 1))
    return f"r1 = r6\nr2 = {chance.randrange(top)}\nr3 = {flags}\ncall {helper}\n" + _FOLD


def _sum(chance: random.Random, type: ProgType) -> str:
    helper = chance.choice((_L3, _L4))
    size = chance.choice((0, 2, 4, 4, 3))
    flags = size | (chance.choice((0, 16, 32, 64, 96, 256)) if helper == _L4 else 0)
    old = chance.choice((0, chance.getrandbits(31))) if size == 0 else chance.getrandbits(8 * size)
    return (
        f"r1 = r6\nr2 = {chance.choice((24, 36, chance.randrange(90)))}\nw3 = {_imm(old)}\n"
        f"w4 = {_imm(chance.getrandbits(32))}\nr5 = {flags}\ncall {helper}\n" + _FOLD
    )


def _field(chance: random.Random, type: ProgType) -> str:
    """Any field that may be read, and then maybe one that may be written."""
    if type == ProgType.XDP:
        return f"r0 = *(u32 *)(r6 +{chance.choice((12, 16))})\n" + _FOLD
    read = chance.choice((*range(0, 76, 4), 160, 164, 176))
    text = f"r0 = *(u32 *)(r6 +{read})\n" + _FOLD
    if chance.random() < 0.5:
        text += f"*(u32 *)(r6 +{chance.choice((8, 32, 48, 52, 56, 60, 64))}) = r9\n"
    return text


def _load_packet(chance: random.Random, type: ProgType) -> str:
    """It ends the program where the packet does not reach so far."""
    size = chance.choice(("u8", "u16", "u32"))
    return f"r0 = *({size} *)skb[{chance.randrange(40)}]\n" + _FOLD


def _imm(number: int) -> int:
    return number - (1 << 32) if number >> 31 else number


_BOTH = (_direct, _direct, _distance, _field)
_XDP_STEPS = (*_BOTH, _meta, _move, _move, _move, _bytes((_XDP_LOAD, _XDP_STORE)), _length)
_SKB_STEPS = (*_BOTH, _resize, _resize, _sum, _sum, _relative, _bytes((_LOAD, _STORE)))
_SKB_STEPS += (_load_packet,)
