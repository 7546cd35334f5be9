"""Instructions of classic BPF: bytes, listings, assembly, and the kernel's rules."""

from __future__ import annotations

import pytest

from seismo.base.errors import FormatError
from seismo.base.source import Source
from seismo.cbpf.asm import assemble
from seismo.cbpf.check import check
from seismo.cbpf.disasm import disassemble, format_c, format_decimal
from seismo.cbpf.errors import BadProgram, FilterError
from seismo.cbpf.forms import FORMS, SKF_AD_OFF
from seismo.cbpf.insn import MAX_INSNS, SockFilter, decode, encode
from seismo.cbpf.read import read_program

IP = (SockFilter(0x28, k=12), SockFilter(0x15, 0, 1, 0x800), SockFilter(6, k=262144), SockFilter(6))
IP_LISTING = """\
(000) ldh      [12]
(001) jeq      #0x800           jt 2\tjf 3
(002) ret      #262144
(003) ret      #0"""


def assembled(text: str) -> tuple[SockFilter, ...]:
    return assemble(Source("stdin", text))


def refusal(text: str) -> str:
    with pytest.raises(BadProgram) as caught:
        check(assembled(text))
    return str(caught.value)


def test_bytes_of_both_orders() -> None:
    assert encode(IP[1:2]) == bytes.fromhex("1500000100080000")
    assert encode(IP[1:2], "big") == bytes.fromhex("0015000100000800")
    assert decode(encode(IP)) == decode(encode(IP, "big"), "big") == IP


def test_a_program_that_is_cut_off() -> None:
    with pytest.raises(FormatError, match="is 8 bytes"):
        decode(encode(IP)[:12])


def test_the_three_dumps_of_tcpdump() -> None:
    assert disassemble(IP) == IP_LISTING
    assert format_c(IP).splitlines()[1:3] == [
        "{ 0x15, 0, 1, 0x00000800 },",
        "{ 0x6, 0, 0, 0x00040000 },",
    ]
    assert format_decimal(IP) == "4\n40 0 0 12\n21 0 1 2048\n6 0 0 262144\n6 0 0 0"


def test_every_dump_is_read_back() -> None:
    for dump in (disassemble, format_c, format_decimal):
        assert read_program(Source("stdin", dump(IP))) == IP
    assert read_program(Source("stdin", "2,40 0 0 12,22 0 0 0,\n")) == (IP[0], SockFilter(0x16))


@pytest.mark.parametrize("code", sorted(FORMS))
def test_every_instruction_is_assembled_from_its_line(code: int) -> None:
    one = SockFilter(code, k=3 if "{" in FORMS[code].operand else 0)
    text = disassemble((one,)) + "\nret #0" * 4
    assert assembled(text)[0] == one


def test_numbers_are_signed_where_tcpdump_shows_them_so() -> None:
    loads = (SockFilter(0x20, k=0xFFFFFFFF), SockFilter(0x15, k=0xFFFFFFFF), SockFilter(0x99))
    assert [line[6:] for line in disassemble(loads).splitlines()] == [
        "ld       [-1]",
        "jeq      #0xffffffff      jt 2\tjf 2",
        "unimp    0x99",
    ]


def test_the_kernels_assembler() -> None:
    program = assembled(
        """
        ldh [12]              ; the type
        jne #0x0806, drop     /* only
                                 ARP */
        ld proto
        jlt x, drop, 5
        ret #-1
        drop: ret #0
        """
    )
    assert program == (
        SockFilter(0x28, k=12),
        SockFilter(0x15, 0, 3, 0x806),
        SockFilter(0x20, k=SKF_AD_OFF),
        SockFilter(0x3D, 1, 1),
        SockFilter(6, k=0xFFFFFFFF),
        SockFilter(6),
    )


@pytest.mark.parametrize(
    ("line", "code", "k"),
    [
        ("ld [x + 2]", 0x40, 2),
        ("ldb [%x+0x10]", 0x50, 16),
        ("ldxb 4*([14]&0xf)", 0xB1, 14),
        ("ldx 4 * ([14] & 0xf)", 0xB1, 14),
        ("ldi 010", 0x00, 8),
        ("ld len", 0x80, 0),
        ("ldx #len", 0x81, 0),
        ("st M[15]", 0x02, 15),
        ("add x", 0x0C, 0),
        ("mod #3", 0x94, 3),
        ("ret %a", 0x16, 0),
        ("ldh [type]", 0x28, SKF_AD_OFF + 4),
        ("ld vlan_avail", 0x20, SKF_AD_OFF + 48),
    ],
)
def test_operands(line: str, code: int, k: int) -> None:
    assert assembled(line) == (SockFilter(code, k=k),)


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("ldz [1]", "there is no instruction 'ldz'", 1),
        ("  ld (1)", "'ld' takes no operand '(1)'", 3),
        ("jeq #1", "a jump needs a target", 1),
        ("jeq #1, on\nret #0", "there is no label 'on'", 1),
        ("a: ret #0\nja a", "'a' is not ahead: classic BPF cannot jump back", 1),
        ("a: ret #0\na: ret #0", "the label 'a' stands twice", 1),
        ("ret #4294967296", "4294967296 does not fit 32 bits", 1),
        ("ret #08", "08 is no octal number", 1),
        ("?", "this is no instruction", 1),
        ("jeq #1, far" + "\ntax" * 256 + "\nfar: ret #0", "'far' is 256 instructions away", 1),
    ],
)
def test_what_is_no_assembly(text: str, message: str, column: int) -> None:
    with pytest.raises(FilterError) as caught:
        assembled(text)
    assert caught.value.message.startswith(message)
    assert caught.value.span.location.column == column


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2\n6 0 0 0", "there are 1 instructions, not 2"),
        ("1\n6 0 0", "an instruction is four numbers"),
        ("{ 6, 0, 256, 0 },", "an instruction is four numbers"),
        ("{ 6, 0, 0, 0 } and", "this is no row of a program"),
    ],
)
def test_what_is_no_dump(text: str, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        read_program(Source("stdin", text))
    assert caught.value.message == message


def test_a_program_that_the_kernel_takes() -> None:
    check(IP)
    check(assembled("st M[3]\nldx M[3]\ndiv x\nret a"))
    check(assembled("jeq #1, one, two\none: st M[0]\nja end\ntwo: st M[0]\nend: ld M[0]\nret a"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("tax", "instruction 0: the last instruction does not return\nhint: add `ret #0`"),
        ("div #0\nret a", "instruction 0: division by zero"),
        ("mod #0\nret a", "instruction 0: division by zero"),
        ("lsh #32\nret a", "instruction 0: a shift by 32"),
        ("st M[16]\nret a", "instruction 0: there is no M[16]"),
        ("jeq #1, 2, 3\nret a", "instruction 0: jumps to 2, behind the last instruction 1"),
        ("ja 9\nret a", "instruction 0: jumps to 9, behind the last instruction 1"),
        ("ld M[2]\nret a", "instruction 0: M[2] is read before it is written"),
        ("jeq #1, 1, 2\nst M[0]\nld M[0]\nret a", "instruction 2: M[0] is read before"),
        (
            "jeq #1, 1, 3\nst M[0]\nja 4\nret #0\nld M[0]\nret a",
            "instruction 4: M[0] is read before it is written",
        ),
        ("ld [-4092]\nld [-4095]\nret a", "instruction 1: there is nothing to ask for at SKF_AD"),
    ],
)
def test_a_program_that_the_kernel_refuses(text: str, complaint: str) -> None:
    assert refusal(text).startswith(complaint)


def test_how_many_instructions_a_program_has() -> None:
    check((SockFilter(7),) * (MAX_INSNS - 1) + (SockFilter(6),))
    with pytest.raises(BadProgram, match="at most 4096"):
        check((SockFilter(7),) * MAX_INSNS + (SockFilter(6),))
    with pytest.raises(BadProgram, match="there is no instruction"):
        check(())
    with pytest.raises(BadProgram, match="0x99 is no code"):
        check((SockFilter(0x99), SockFilter(6)))
