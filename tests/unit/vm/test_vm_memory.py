"""Loads, stores, atomics, the packet; and what every access is checked for."""

from __future__ import annotations

import pytest

from seismo.isa.map_types import MapType
from seismo.isa.parse import parse_listing
from seismo.spec.types import MapSpec
from seismo.vm.errors import BadAccess, Fault
from seismo.vm.machine import Engine, Machine
from seismo.vm.maps.create import create_map
from seismo.vm.memory import Memory
from vm_engines import EACH_ENGINE

MAX = (1 << 64) - 1
DATA = bytes.fromhex("80 91 a2 b3 c4 d5 e6 f7")


def run(text: str, context: bytes = DATA, *, engine: Engine = "interpreted") -> int:
    return Machine(parse_listing(text), engine=engine).run(context).r0


@EACH_ENGINE
@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("r0 = *(u8 *)(r1 +0)", 0x80),
        ("r0 = *(u16 *)(r1 +1)", 0xA291),
        ("r0 = *(u32 *)(r1 +4)", 0xF7E6D5C4),
        ("r0 = *(u64 *)(r1 +0)", 0xF7E6D5C4B3A29180),
        ("r0 = *(s8 *)(r1 +0)", MAX - 0x7F),
        ("r0 = *(s16 *)(r1 +2)", MAX - 0x4C5D),
        ("r0 = *(s32 *)(r1 +0)", 0xFFFF_FFFF_B3A2_9180),
        ("r0 = load_acquire((u16 *)(r1 +0))", 0x9180),
    ],
)
def test_a_load(line: str, want: int, engine: Engine) -> None:
    assert run(f"{line}\nexit", engine=engine) == want


@EACH_ENGINE
@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("*(u8 *)(r2 +0) = r3", 0x11111111_11111188),
        ("*(u16 *)(r2 +0) = r3", 0x11111111_11117788),
        ("*(u32 *)(r2 +0) = r3", 0x11111111_55667788),
        ("*(u64 *)(r2 +0) = r3", 0x11223344_55667788),
        ("*(u64 *)(r10 -8) = r3", 0x11223344_55667788),
        ("*(u8 *)(r10 -8) = r3", 0x11111111_11111188),
        ("*(u64 *)(r2 +0) = -2", MAX - 1),
        ("*(u32 *)(r10 -8) = -2", 0x11111111_FFFFFFFE),
        ("*(u8 *)(r2 +0) = -1", 0x11111111_111111FF),
        ("store_release((u32 *)(r2 +0), r3)", 0x11111111_55667788),
    ],
)
def test_a_store(line: str, want: int, engine: Engine) -> None:
    text = f"""
        r2 = 0x1111111111111111
        *(u64 *)(r10 -8) = r2
        r2 = r10
        r2 += -8
        r3 = 0x1122334455667788
        {line}
        r0 = *(u64 *)(r10 -8)
        exit"""
    assert run(text, engine=engine) == want


OLD = 0xFFFF_FFFF_0000_0005
ATOMICS = [
    ("lock *(u64 *)(r2 +0) += r3", OLD + 3, 3, 7),
    ("lock *(u32 *)(r2 +0) += r3", OLD + 3, 3, 7),
    ("lock *(u64 *)(r2 +0) |= r3", OLD | 3, 3, 7),
    ("lock *(u64 *)(r2 +0) &= r3", 1, 3, 7),
    ("lock *(u32 *)(r2 +0) ^= r3", OLD ^ 3, 3, 7),
    ("r3 = atomic64_fetch_add((u64 *)(r2 +0), r3)", OLD + 3, OLD, 7),
    ("r3 = atomic_fetch_add((u32 *)(r2 +0), r3)", OLD + 3, 5, 7),
    ("r3 = atomic64_fetch_or((u64 *)(r2 +0), r3)", OLD | 3, OLD, 7),
    ("r3 = atomic_fetch_and((u32 *)(r2 +0), r3)", OLD - 4, 5, 7),
    ("r3 = atomic64_fetch_xor((u64 *)(r2 +0), r3)", OLD ^ 3, OLD, 7),
    ("r3 = atomic64_xchg((u64 *)(r2 +0), r3)", 3, OLD, 7),
    ("r3 = atomic_xchg((u32 *)(r2 +0), r3)", OLD - 2, 5, 7),
    ("r0 = atomic64_cmpxchg((u64 *)(r2 +0), r0, r3)", OLD, 3, OLD),
    ("r0 = atomic_cmpxchg((u32 *)(r2 +0), r0, r3)", OLD, 3, 5),
]


@EACH_ENGINE
@pytest.mark.parametrize(("line", "cell", "r3", "r0"), ATOMICS)
def test_an_atomic(line: str, cell: int, r3: int, r0: int, engine: Engine) -> None:
    start = f"r0 = {OLD:#x}\n*(u64 *)(r10 -8) = r0\nr2 = r10\nr2 += -8\nr3 = 3\nr0 = 7\n{line}"
    answers = {"r0 = *(u64 *)(r10 -8)": cell, "r0 = r3": r3, "r0 = r0": r0}
    for last, want in answers.items():
        assert run(f"{start}\n{last}\nexit", engine=engine) == want


@EACH_ENGINE
def test_an_exchange_that_compares_equal(engine: Engine) -> None:
    text = """
        r0 = 0x1234567800000005
        *(u64 *)(r10 -8) = r0
        r3 = 0xaaaaaaaabbbbbbbb
        r0 = 0xffffffff00000005
        r0 = atomic_cmpxchg((u32 *)(r10 -8), r0, r3)
        r1 = *(u64 *)(r10 -8)
        r0 += r1
        exit"""
    assert run(text, engine=engine) == 0x12345678BBBBBBBB + 5


@EACH_ENGINE
@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("r0 = *(u8 *)skb[7]", 0xF7),
        ("r0 = *(u16 *)skb[0]", 0x8091),
        ("r0 = *(u32 *)skb[4]", 0xC4D5E6F7),
        ("r0 = *(u16 *)skb[r7 + 1]", 0xC4D5),
        ("r0 = *(u8 *)skb[r7 + -3]", 0x80),
        ("r0 = *(u32 *)skb[5]", 0),
        ("r0 = *(u8 *)skb[-1]", 0),
    ],
)
def test_a_packet_load(line: str, want: int, engine: Engine) -> None:
    """Network order; past the end the program ends, and r0 is 0."""
    after = "r0 |= 0x0" if want else "r0 = 9"
    text = f"r6 = r1\nr7 = 3\n{line}\n{after.replace('0x0', '0')}\nexit"
    assert run(text, engine=engine) == want


FAULTS = [
    ("r0 = *(u8 *)(r1 +8)", "reads 1 byte at ctx+8, past its end at +8"),
    ("r0 = *(u64 *)(r1 +1)", "reads 8 bytes at ctx+1, past its end at +8"),
    ("r0 = *(u8 *)(r1 -1)", "reads 1 byte at ctx-1, before it begins"),
    ("*(u64 *)(r10 -520) = r1", "writes 8 bytes at stack-520, below the frame"),
    ("r0 = *(u64 *)(r10 -4)", "reads 8 bytes at stack-4, above the frame"),
    ("*(u32 *)(r1 +8) = 256", "writes 4 bytes at ctx+8, past its end at +8"),
    ("*(u8 *)(r10 +0) = 1", "writes 1 byte at stack+0, above the frame"),
    ("r0 = *(u32 *)(r9 +16)", "reads 4 bytes at 0x10: a null pointer"),
    ("lock *(u64 *)(r1 +4) += r1", "writes 8 bytes at ctx+4, past its end at +8"),
    ("r0 = load_acquire((u64 *)(r1 +8))", "reads 8 bytes at ctx+8, past its end at +8"),
    ("store_release((u64 *)(r1 +8), r1)", "writes 8 bytes at ctx+8, past its end at +8"),
    ("r0 = *(u8 *)(r8 +0)", "reads 1 byte at 0xffff888000000000, where there is nothing"),
]


@EACH_ENGINE
@pytest.mark.parametrize(("line", "why"), FAULTS)
def test_a_bad_access_is_a_fault(line: str, why: str, engine: Engine) -> None:
    text = f"r9 = 0\nr8 = 0xffff888000000000\n{line}\nr0 = 0\nexit"
    with pytest.raises(Fault) as caught:
        run(text, engine=engine)
    assert caught.value.why == why
    assert caught.value.index == 2  # in slot 3: r8 takes two
    assert str(caught.value) == f"instruction 3 ({line}): {why}"


@EACH_ENGINE
def test_what_is_read_only_cannot_be_written(engine: Engine) -> None:
    machine = Machine(parse_listing("r0 = *(u8 *)(r1 +0)\n*(u8 *)(r1 +0) = 1\nexit"), engine=engine)
    region = machine.memory.allocate(b"\x07", "constants")
    with pytest.raises(Fault, match=r"writes 1 byte at constants\+0, which is read-only") as caught:
        machine.run(region)
    assert caught.value.address == region.base


@EACH_ENGINE
def test_what_a_run_allocated_is_gone_after_it(engine: Engine) -> None:
    leak = Machine(parse_listing("r0 = r1\nexit"), engine=engine)
    address = leak.run(DATA).r0
    assert leak.memory.regions == ()
    with pytest.raises(BadAccess, match=r"reads 8 bytes at ctx\+0, which is gone"):
        leak.memory.load(address, 8)
    assert leak.run(DATA).r0 != address


GLOBALS = """
r1 = map[fd:0][0]+4
r0 = *(u32 *)(r1 +0)
*(u32 *)(r1 +0) = 6
exit
"""


@EACH_ENGINE
@pytest.mark.parametrize("flags", [0, 1 << 7], ids=["data", "rodata"])
def test_global_variables(flags: int, engine: Engine) -> None:
    """A program points into the map's value; where it is constant it only reads there."""
    value = bytes.fromhex("0000000005000000")
    spec = MapSpec(
        name=".data",
        type=MapType.ARRAY,
        key_size=4,
        value_size=8,
        max_entries=1,
        flags=flags,
        contents=((bytes(4), value),),
    )
    variables = create_map(spec)
    machine = Machine(parse_listing(GLOBALS), {".data": variables}, engine=engine)
    if flags:
        with pytest.raises(Fault, match=r"4 bytes at value of \.data\+4, which is read-only"):
            machine.run()
        assert variables.value(bytes(4)) == value
    else:
        assert [machine.run().r0, machine.run().r0] == [5, 6]


def test_the_context_as_the_program_left_it() -> None:
    result = Machine(parse_listing("*(u8 *)(r1 +1) = 255\nr0 = 0\nexit")).run(b"abc")
    assert [(one.name, bytes(one.data or b"")) for one in result.regions] == [("ctx", b"a\xffc")]


def test_a_region_is_not_left_into_another() -> None:
    memory = Memory()
    first, second = (memory.allocate(bytearray(8), name) for name in ("first", "second"))
    assert second.base - first.base > 1 << 32
    assert memory.region_at(first.base + 7) is first
    with pytest.raises(BadAccess, match=r"reads 1 byte at first\+8, past its end at \+8"):
        memory.region_at(first.base + 8)


def test_strings_end_at_a_zero_byte_or_with_the_region() -> None:
    memory = Memory()
    base = memory.allocate(b"one\0two", "text").base
    assert memory.read_string(base, 10) == b"one"
    assert memory.read_string(base + 4, 3) == b"two"
    with pytest.raises(BadAccess, match=r"text\+7, past its end"):
        memory.read_string(base + 4, 4)
