"""What RFC 9669 says at the edges: bytes that are no program, accesses, ends, packets, calls."""

from __future__ import annotations

import pytest

from seismo.base.errors import BpfError
from seismo.isa.errors import DecodeError
from seismo.isa.insn import Insn
from seismo.isa.parse import parse_listing
from seismo.vm.errors import BadProgram, Fault, OutOfSteps
from seismo.vm.machine import Engine, Machine
from seismo.vm.program import read_program
from vm_engines import EACH_ENGINE, ENGINES

MEMORY = bytes(range(0x10, 0x30))


def agreed(program: str | tuple[Insn, ...], memory: bytes = MEMORY) -> int:
    """r0 of a program that is given the memory and its length, about which all engines agree."""
    insns = parse_listing(program) if isinstance(program, str) else program
    answers = set()
    for engine in ENGINES:
        answers.add(Machine(insns, engine=engine).run(memory, arguments=(len(memory),)).r0)
    (r0,) = answers
    return r0


@pytest.mark.parametrize(
    ("slot", "what"),
    [
        ("8400000001000000", "NEG has no immediate"),
        ("8710000000000000", "NEG has no source"),
        ("8f00000000000000", "NEG has no form with a register"),
        ("8700010000000000", "NEG has no offset"),
        ("d400000008000000", "bytes are swapped by 16, 32, 64"),
        ("d700000018000000", "and by no other number"),
        ("df00000010000000", "an unconditional swap has no other direction"),
        ("dc10000010000000", "a swap has no source register"),
        ("bf00180000000000", "MOVSX is of 8, 16, 32 bits"),
        ("bc00200000000000", "and in 32 bits of 8, 16"),
        ("b700080001000000", "MOVSX has no immediate"),
        ("0700010001000000", "ADD has no offset"),
        ("0f10000001000000", "a register form has no immediate"),
        ("3700020001000000", "a signed division has the offset 1"),
        ("9900000000000000", "MEMSX of 8 bytes is LDX without it"),
        ("7910000001000000", "a load has no immediate"),
        ("7b10000001000000", "a store of a register has no immediate"),
        ("7a10000001000000", "a store of an immediate has no source"),
        ("c310000002000000", "no atomic operation is 2"),
        ("d310000000000000", "atomic operations are of 4 and 8 bytes"),
        ("9501000000000000", "an exit has no register"),
        ("9500000001000000", "an exit has no immediate"),
        ("0501000000000000", "a jump has no register"),
        ("0500000001000000", "a short jump has no immediate"),
        ("0600010000000000", "a long jump has no offset"),
        ("8530000000000000", "a call is of kind 0, 1 or 2"),
        ("8500010001000000", "a helper's call has no offset"),
        ("1510000000000000", "a comparison with an immediate has no source"),
        ("1d10000001000000", "a comparison with a register has no immediate"),
        ("1870000000000000" + "00" * 8, "a wide load is of kind 0 to 6"),
        ("1800010000000000" + "00" * 8, "a wide load has no offset"),
        ("1800000000000000", "a wide load has two slots"),
        ("1800000000000000" + "0001000000000000", "whose second has an immediate alone"),
        ("b70b000000000000", "there is no r11"),
        ("2001000000000000", "a packet load has no destination"),
        ("e600000000000000", "a 32-bit comparison 14 is none"),
        ("b7000000000000", "seven bytes are no slot"),
        ("8d01000001000000", "a call by register has one register"),
    ],
)
def test_bytes_that_are_no_program(slot: str, what: str) -> None:
    with pytest.raises(DecodeError):
        read_program(bytes.fromhex(slot), "little")


@pytest.mark.parametrize("size", ["u8", "u16", "u32", "u64"])
@pytest.mark.parametrize("at", range(9))
def test_an_access_need_not_be_aligned(size: str, at: int) -> None:
    count = int(size[1:]) // 8
    want = int.from_bytes(MEMORY[at : at + count], "little")
    assert agreed(f"r0 = *({size} *)(r1 +{at})\nexit") == want
    moved = f"r3 = *({size} *)(r1 +{at})\n*({size} *)(r10 -{17 - at}) = r3\n"
    assert agreed(f"{moved}r0 = *({size} *)(r10 -{17 - at})\nexit") == want


@pytest.mark.parametrize("size", ["s8", "s16", "s32"])
def test_a_load_with_sign(size: str) -> None:
    count = int(size[1:]) // 8
    low = int.from_bytes(b"\x80\x81\x82\x83"[:count], "little", signed=True)
    text = f"r0 = *({size} *)(r1 +0)\nexit"
    assert agreed(text, b"\x80\x81\x82\x83") == low & ((1 << 64) - 1)
    assert agreed(text, b"\x7f\x7f\x7f\x7f") == int.from_bytes(b"\x7f" * count, "little")


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("r0 = *(u8 *)skb[31]", 0x2F),
        ("r0 = *(u16 *)skb[30]", 0x2E2F),
        ("r0 = *(u32 *)skb[28]", 0x2C2D2E2F),
        ("r3 = 3\nr0 = *(u8 *)skb[r3 + 4]", 0x17),
        ("r3 = 3\nr0 = *(u16 *)skb[r3 + 4]", 0x1718),
        ("r3 = 3\nr0 = *(u32 *)skb[r3 + 4]", 0x1718191A),
        ("r3 = -3\nr0 = *(u32 *)skb[r3 + 4]", 0x11121314),
    ],
)
def test_a_packet_load_is_of_network_byte_order(text: str, want: int) -> None:
    assert agreed(f"{text}\nexit") == want


@pytest.mark.parametrize(
    "text",
    [
        "r0 = *(u8 *)skb[32]",
        "r0 = *(u16 *)skb[31]",
        "r0 = *(u32 *)skb[29]",
        "r3 = 30\nr0 = *(u8 *)skb[r3 + 2]",
        "r3 = 30\nr0 = *(u16 *)skb[r3 + 1]",
        "r3 = -1\nr0 = *(u32 *)skb[r3 + 0]",
    ],
)
def test_a_packet_load_past_the_end_ends_the_program(text: str) -> None:
    assert agreed(f"r0 = 7\n{text}\nr0 = 9\nexit") == 0


@EACH_ENGINE
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("r0 = *(u64 *)(r10 -513)", "below the frame"),
        ("*(u8 *)(r10 -520) = 1", "below the frame"),
        ("r0 = *(u8 *)(r10 +0)", "above the frame"),
        ("r0 = *(u64 *)(r10 -4)", "above the frame"),
        ("r0 = *(u64 *)(r1 +25)", r"past its end at \+32"),
        ("r0 = *(u8 *)(r1 -1)", "before it begins"),
        ("r3 = 0\nr0 = *(u32 *)(r3 +8)", "a null pointer"),
        ("r3 = -8\nr0 = *(u64 *)(r3 +0)", "where there is nothing"),
        ("r3 = 5\nlock *(u64 *)(r10 -4) += r3", "above the frame"),
    ],
)
def test_an_access_out_of_bounds(text: str, why: str, engine: Engine) -> None:
    with pytest.raises(Fault, match=why):
        Machine(parse_listing(f"{text}\nr0 = 0\nexit"), engine=engine).run(MEMORY)


@EACH_ENGINE
def test_a_loop_without_end_ends_with_the_budget(engine: Engine) -> None:
    with pytest.raises(OutOfSteps):
        Machine(parse_listing("goto pc-1\nexit"), budget=10_000, engine=engine).run()


@pytest.mark.parametrize("text", ["r0 = 0\ngoto pc+1\nexit", "goto pc-2\nexit", "gotol pc+9\nexit"])
def test_a_jump_out_of_the_program(text: str) -> None:
    with pytest.raises(BadProgram, match="leads out of the program"):
        Machine(parse_listing(text))


def test_a_jump_into_a_wide_load() -> None:
    with pytest.raises(BadProgram, match="into an instruction"):
        Machine(parse_listing("goto pc+1\nr0 = 0x123456789abc\nexit"))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_program_that_goes_on_past_its_end(engine: Engine) -> None:
    with pytest.raises(BpfError):
        Machine(parse_listing("r0 = 1\nif r0 == 0x1 goto pc+1\nexit\nr0 = 2"), engine=engine).run()


def test_functions_keep_what_the_caller_needs() -> None:
    text = """
        r6 = 1
        r7 = 2
        r8 = 3
        r9 = 4
        *(u64 *)(r10 -8) = 5
        call pc+7
        r0 += r6
        r0 += r7
        r0 += r8
        r0 += r9
        r1 = *(u64 *)(r10 -8)
        r0 += r1
        exit
        r6 = 100
        r7 = r6
        r8 = r6
        r9 = r6
        *(u64 *)(r10 -8) = 100
        r0 = 1000
        exit"""
    assert agreed(text) == 1015


@pytest.mark.parametrize("call", ["8d03000000000000", "8d00000003000000"])
def test_a_call_by_register(call: str) -> None:
    """The register is in `dst`, or as compilers had it before in `imm`."""
    given, address = "b701000005000000", "1843000003000000" + "00" * 8  # of slot 1 + 1 + 3
    begin = read_program(bytes.fromhex(given + address + call), "little")
    assert agreed((*begin, *parse_listing("exit\nr0 = r1\nr0 *= 9\nexit"))) == 45
