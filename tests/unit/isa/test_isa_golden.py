"""Bytes and lines stated by hand, from RFC 9669 and kernel/bpf/disasm.c."""

from __future__ import annotations

import pytest

from seismo.isa.decode import decode
from seismo.isa.encode import encode
from seismo.isa.parse import parse_insn

GOLDEN = """
07 03 0000 01000000  r3 += 1
04 03 0000 ffffffff  w3 += -1
1f 21 0000 00000000  r1 -= r2
2c 21 0000 00000000  w1 *= w2
37 05 0000 0a000000  r5 /= 10
37 05 0100 f6ffffff  r5 s/= -10
9c 21 0100 00000000  w1 s%= w2
97 01 0000 07000000  r1 %= 7
4f 21 0000 00000000  r1 |= r2
57 01 0000 ff000000  r1 &= 255
a7 01 0000 01000000  r1 ^= 1
67 00 0000 20000000  r0 <<= 32
77 00 0000 20000000  r0 >>= 32
c7 00 0000 20000000  r0 s>>= 32
cc 21 0000 00000000  w1 s>>= w2
87 04 0000 00000000  r4 = -r4
84 04 0000 00000000  w4 = -w4
b7 01 0000 11000000  r1 = 17
bf a6 0000 00000000  r6 = r10
bc 21 0000 00000000  w1 = w2
bf 21 0800 00000000  r1 = (s8)r2
bf 21 2000 00000000  r1 = (s32)r2
bc 21 1000 00000000  w1 = (s16)w2
bf 21 0100 01000000  r1 = addr_space_cast(r2, 0, 1)
bf 21 0100 00000100  r1 = addr_space_cast(r2, 1, 0)
d4 01 0000 10000000  r1 = le16 r1
dc 01 0000 20000000  r1 = be32 r1
d7 00 0000 40000000  r0 = bswap64 r0
71 10 0000 00000000  r0 = *(u8 *)(r1 +0)
79 10 0800 00000000  r0 = *(u64 *)(r1 +8)
61 a2 fcff 00000000  r2 = *(u32 *)(r10 -4)
91 10 0200 00000000  r0 = *(s8 *)(r1 +2)
81 10 0400 00000000  r0 = *(s32 *)(r1 +4)
6b 1a f8ff 00000000  *(u16 *)(r10 -8) = r1
7a 0a f8ff 2a000000  *(u64 *)(r10 -8) = 42
db 21 0000 00000000  lock *(u64 *)(r1 +0) += r2
c3 21 0000 40000000  lock *(u32 *)(r1 +0) |= r2
db 21 0800 51000000  r2 = atomic64_fetch_and((u64 *)(r1 +8), r2)
c3 21 0000 a1000000  r2 = atomic_fetch_xor((u32 *)(r1 +0), r2)
db 21 0000 e1000000  r2 = atomic64_xchg((u64 *)(r1 +0), r2)
c3 21 0000 f1000000  r0 = atomic_cmpxchg((u32 *)(r1 +0), r0, r2)
d3 21 0000 00010000  r1 = load_acquire((u8 *)(r2 +0))
db 21 0000 10010000  store_release((u64 *)(r1 +0), r2)
05 00 0300 00000000  goto pc+3
06 00 0000 a0860100  gotol pc+100000
e5 00 feff 00000000  may_goto pc-2
65 01 0300 05000000  if r1 s> 0x5 goto pc+3
1d 21 ffff 00000000  if r1 == r2 goto pc-1
56 01 0000 ffffffff  if w1 != 0xffffffff goto pc+0
45 01 0100 08000000  if r1 & 0x8 goto pc+1
de 21 0100 00000000  if w1 s<= w2 goto pc+1
85 00 0000 0e000000  call 14
85 10 0000 fdffffff  call pc-3
85 20 0000 39300000  call kernel-function#12345
85 20 0100 39300000  call kernel-function#12345 fd_array[1]
95 00 0000 00000000  exit
20 00 0000 0c000000  r0 = *(u32 *)skb[12]
50 20 0000 fcffffff  r0 = *(u8 *)skb[r2 + -4]
18 01 0000 11000000 00 00 0000 00000000  r1 = 0x11
18 01 0000 ffffffff 00 00 0000 ffffffff  r1 = 0xffffffffffffffff
18 11 0000 05000000 00 00 0000 00000000  r1 = map[fd:5]
18 21 0000 05000000 00 00 0000 10000000  r1 = map[fd:5][0]+16
18 31 0000 88130000 00 00 0000 00000000  r1 = btf[id:5000]
18 31 0000 88130000 00 00 0000 07000000  r1 = btf[fd:7][id:5000]
18 42 0000 04000000 00 00 0000 00000000  r2 = subprog[+4]
18 52 0000 01000000 00 00 0000 00000000  r2 = map[idx:1]
18 62 0000 01000000 00 00 0000 08000000  r2 = map[idx:1][0]+8
"""

CASES = [tuple(line.split("  ", 1)) for line in GOLDEN.strip().splitlines()]


@pytest.mark.parametrize(("hexadecimal", "text"), CASES, ids=[text for _, text in CASES])
def test_bytes_and_line(hexadecimal: str, text: str) -> None:
    data = bytes.fromhex(hexadecimal)
    (insn,) = decode(data, "little")
    assert str(insn) == text
    assert parse_insn(text) == insn
    assert encode((insn,), "little") == data


def test_big_endian_swaps_bytes_and_register_nibbles() -> None:
    insn = parse_insn("*(u16 *)(r10 -8) = r1")
    assert encode((insn,), "big").hex() == "6ba1fff800000000"
