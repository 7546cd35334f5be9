"""Every form of eBPF instruction, once: its opcode, the fields it fixes, and its line of text.

The text is what the kernel's verifier prints (kernel/bpf/disasm.c). Operands stand in braces; a
field that no operand shows must hold the value that the form fixes, or 0. So one table answers
three questions: how an instruction prints, what a line means, and which bytes are well-formed.

>>> str(forms()[0x07][0])
'{rd} += {imm}'
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.isa.errors import BadForm
from seismo.isa.opcode import (
    LD_IMM64,
    OPERATION_MASK,
    AluOp,
    AtomicOp,
    CallKind,
    Class,
    JumpOp,
    LoadKind,
    Mode,
    Size,
    Source,
)

__all__ = ("FIELDS", "OPERANDS", "Fields", "Form", "Operand", "find_form", "forms")

Fields: TypeAlias = Mapping[str, int]
"""The fields by name. A 64-bit immediate is `imm` (low word) and `next_imm`, both signed."""

FIELDS = ("src", "off", "imm", "next_imm", "dst")


@dataclass(frozen=True, slots=True)
class Operand:
    """How one field is written: `template` formats it, `bits` > 0 shows it unsigned."""

    field: str
    template: str
    pattern: str
    meaning: str
    bits: int = 0

    def render(self, fields: Fields) -> str:
        """The operand's text for these fields."""
        value = fields[self.field]
        return self.template.format(value & ((1 << self.bits) - 1) if self.bits else value)


_HEX, _DECIMAL, _SIGNED = "0x([0-9a-f]+)", r"(-?\d+)", r"([-+]\d+)"

OPERANDS = {
    "rd": Operand("dst", "r{:d}", r"r(\d+)", "a register"),
    "rs": Operand("src", "r{:d}", r"r(\d+)", "a register"),
    "wd": Operand("dst", "w{:d}", r"w(\d+)", "a 32-bit register"),
    "ws": Operand("src", "w{:d}", r"w(\d+)", "a 32-bit register"),
    "off": Operand("off", "{:+d}", _SIGNED, "an offset with its sign"),
    "index": Operand("off", "{:d}", _DECIMAL, "a decimal number"),
    "imm": Operand("imm", "{:d}", _DECIMAL, "a decimal number"),
    "distance": Operand("imm", "{:+d}", _SIGNED, "a distance with its sign"),
    "hex": Operand("imm", "{:#x}", _HEX, "a hexadecimal number", 32),
    "next": Operand("next_imm", "{:d}", _DECIMAL, "a decimal number"),
    "plus": Operand("next_imm", "+{:d}", _SIGNED, "an offset with its sign", 32),
    "imm64": Operand("imm64", "{:#x}", _HEX, "a hexadecimal number", 64),
}

_PIECE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Form:
    """One form: `fixed` holds the fields whose value makes it this form and no other."""

    op: int
    text: str
    fixed: Fields

    def __str__(self) -> str:
        return self.text

    @cached_property
    def pieces(self) -> tuple[str | Operand, ...]:
        """The text split into literal strings and operands, in order."""
        split = enumerate(_PIECE.split(self.text))
        return tuple(OPERANDS[piece] if number % 2 else piece for number, piece in split)

    @cached_property
    def shown(self) -> frozenset[str]:
        """The fields that the text shows, which are therefore free."""
        shown = {piece.field for piece in self.pieces if isinstance(piece, Operand)}
        return frozenset(shown | {"imm", "next_imm"} if "imm64" in shown else shown)

    def allows(self, field: str, value: int) -> bool:
        """Whether the field may hold the value in this form."""
        return field in self.shown or value == self.fixed.get(field, 0)

    def render(self, fields: Fields) -> str:
        """The line for these fields."""
        parts = (one if isinstance(one, str) else one.render(fields) for one in self.pieces)
        return "".join(parts)


@cache
def forms() -> Mapping[int, tuple[Form, ...]]:
    """Every form by opcode; built at first use, as only listings and decoding need it."""
    table: dict[int, list[Form]] = {}
    for op, text, fixed in (*_alu(), *_jumps(), *_loads(), *_stores(), *_atomics()):
        plain = {field: int(value) for field, value in fixed.items()}
        table.setdefault(op, []).append(Form(op, text, plain))
    return {op: tuple(found) for op, found in table.items()}


@cache
def _demands() -> Mapping[int, tuple[tuple[Form, tuple[tuple[str, int], ...]], ...]]:
    """Of each form, by opcode, what the fields are that it does not show."""
    return {
        op: tuple(
            (form, tuple((one, form.fixed.get(one, 0)) for one in FIELDS if one not in form.shown))
            for form in found
        )
        for op, found in forms().items()
    }


def find_form(op: int, fields: Fields) -> Form:
    """The form that these fields have; BadForm names the first field that rules all forms out."""
    for form, demands in _demands().get(op, ()):
        for field, value in demands:
            if fields[field] != value:
                break
        else:
            return form
    candidates = forms().get(op, ())
    if not candidates:
        raise BadForm(f"unknown opcode {op:#04x}")
    for field in FIELDS:
        value = fields[field]
        left = tuple(form for form in candidates if form.allows(field, value))
        if not left:
            allowed = sorted({form.fixed.get(field, 0) for form in candidates})
            choice = " or ".join(str(one) for one in allowed)
            raise BadForm(f"{field} of opcode {op:#04x} must be {choice}, not {value}")
        candidates = left
    return candidates[0]


_Row: TypeAlias = tuple[int, str, Fields]

_ALU_SIGNS = {
    AluOp.ADD: "+=",
    AluOp.SUB: "-=",
    AluOp.MUL: "*=",
    AluOp.DIV: "/=",
    AluOp.SDIV: "s/=",
    AluOp.OR: "|=",
    AluOp.AND: "&=",
    AluOp.LSH: "<<=",
    AluOp.RSH: ">>=",
    AluOp.MOD: "%=",
    AluOp.SMOD: "s%=",
    AluOp.XOR: "^=",
    AluOp.MOV: "=",
    AluOp.ARSH: "s>>=",
}

_JUMP_SIGNS = {
    JumpOp.JEQ: "==",
    JumpOp.JGT: ">",
    JumpOp.JGE: ">=",
    JumpOp.JSET: "&",
    JumpOp.JNE: "!=",
    JumpOp.JSGT: "s>",
    JumpOp.JSGE: "s>=",
    JumpOp.JLT: "<",
    JumpOp.JLE: "<=",
    JumpOp.JSLT: "s<",
    JumpOp.JSLE: "s<=",
}

_BITS = {Size.B: 8, Size.H: 16, Size.W: 32, Size.DW: 64}


def _alu() -> Iterator[_Row]:
    for cls, dst, src in ((Class.ALU, "{wd}", "{ws}"), (Class.ALU64, "{rd}", "{rs}")):
        for operation, sign in _ALU_SIGNS.items():
            fixed = {"off": operation >> 8}
            op = cls | operation & OPERATION_MASK
            yield op | Source.K, f"{dst} {sign} {{imm}}", fixed
            yield op | Source.X, f"{dst} {sign} {src}", fixed
        for bits in (8, 16, 32) if cls is Class.ALU64 else (8, 16):
            yield cls | AluOp.MOV | Source.X, f"{dst} = (s{bits}){src}", {"off": bits}
        yield cls | AluOp.NEG, f"{dst} = -{dst}", {}
    for bits in (16, 32, 64):
        fixed = {"imm": bits}
        yield Class.ALU | AluOp.END | Source.K, f"{{rd}} = le{bits} {{rd}}", fixed
        yield Class.ALU | AluOp.END | Source.X, f"{{rd}} = be{bits} {{rd}}", fixed
        yield Class.ALU64 | AluOp.END, f"{{rd}} = bswap{bits} {{rd}}", fixed
    # Arena pointers, Since Linux 6.9: the immediate is target << 16 | source address space.
    cast = Class.ALU64 | AluOp.MOV | Source.X
    yield cast, "{rd} = addr_space_cast({rs}, 0, 1)", {"off": 1, "imm": 1}
    yield cast, "{rd} = addr_space_cast({rs}, 1, 0)", {"off": 1, "imm": 1 << 16}


def _jumps() -> Iterator[_Row]:
    for cls, dst, src in ((Class.JMP, "{rd}", "{rs}"), (Class.JMP32, "{wd}", "{ws}")):
        for operation, sign in _JUMP_SIGNS.items():
            yield cls | operation | Source.K, f"if {dst} {sign} {{hex}} goto pc{{off}}", {}
            yield cls | operation | Source.X, f"if {dst} {sign} {src} goto pc{{off}}", {}
    yield Class.JMP | JumpOp.JA, "goto pc{off}", {}
    yield Class.JMP32 | JumpOp.JA, "gotol pc{distance}", {}
    yield Class.JMP | JumpOp.JCOND, "may_goto pc{off}", {}
    yield Class.JMP | JumpOp.EXIT, "exit", {}
    call, kfunc = Class.JMP | JumpOp.CALL, {"src": CallKind.KFUNC}
    yield call, "call {imm}", {"src": CallKind.HELPER}
    yield call, "call pc{distance}", {"src": CallKind.SUBPROG}
    yield call, "call kernel-function#{imm}", kfunc
    yield call, "call kernel-function#{imm} fd_array[{index}]", kfunc


def _loads() -> Iterator[_Row]:
    for size, bits in _BITS.items():
        yield Class.LDX | Mode.MEM | size, f"{{rd}} = *(u{bits} *)({{rs}} {{off}})", {}
        if size is not Size.DW:
            yield Class.LDX | Mode.MEMSX | size, f"{{rd}} = *(s{bits} *)({{rs}} {{off}})", {}
            yield Class.LD | Mode.ABS | size, f"r0 = *(u{bits} *)skb[{{imm}}]", {}
            yield Class.LD | Mode.IND | size, f"r0 = *(u{bits} *)skb[{{rs}} + {{imm}}]", {}
    # The verifier prints the address that it put in; before loading there is what to look up.
    yield LD_IMM64, "{rd} = {imm64}", {"src": LoadKind.PLAIN}
    yield LD_IMM64, "{rd} = map[fd:{imm}]", {"src": LoadKind.MAP_FD}
    yield LD_IMM64, "{rd} = map[fd:{imm}][0]{plus}", {"src": LoadKind.MAP_VALUE}
    yield LD_IMM64, "{rd} = btf[id:{imm}]", {"src": LoadKind.BTF_ID}
    yield LD_IMM64, "{rd} = btf[fd:{next}][id:{imm}]", {"src": LoadKind.BTF_ID}
    yield LD_IMM64, "{rd} = subprog[{distance}]", {"src": LoadKind.FUNC}
    yield LD_IMM64, "{rd} = map[idx:{imm}]", {"src": LoadKind.MAP_IDX}
    yield LD_IMM64, "{rd} = map[idx:{imm}][0]{plus}", {"src": LoadKind.MAP_IDX_VALUE}


def _stores() -> Iterator[_Row]:
    for size, bits in _BITS.items():
        yield Class.ST | Mode.MEM | size, f"*(u{bits} *)({{rd}} {{off}}) = {{imm}}", {}
        yield Class.STX | Mode.MEM | size, f"*(u{bits} *)({{rd}} {{off}}) = {{rs}}", {}


def _atomics() -> Iterator[_Row]:
    simple = {AtomicOp.ADD: "+=", AtomicOp.OR: "|=", AtomicOp.AND: "&=", AtomicOp.XOR: "^="}
    for size, suffix in ((Size.W, ""), (Size.DW, "64")):
        op = Class.STX | Mode.ATOMIC | size
        place = f"(u{_BITS[size]} *)({{rd}} {{off}})"
        for operation, sign in simple.items():
            name = f"atomic{suffix}_fetch_{operation.name.lower()}"
            yield op, f"lock *{place} {sign} {{rs}}", {"imm": operation}
            fetch = {"imm": operation | AtomicOp.FETCH}
            yield op, f"{{rs}} = {name}({place}, {{rs}})", fetch
        yield op, f"{{rs}} = atomic{suffix}_xchg({place}, {{rs}})", {"imm": AtomicOp.XCHG}
        cmpxchg = f"r0 = atomic{suffix}_cmpxchg({place}, r0, {{rs}})"
        yield op, cmpxchg, {"imm": AtomicOp.CMPXCHG}
    for size, bits in _BITS.items():
        op = Class.STX | Mode.ATOMIC | size
        load = f"{{rd}} = load_acquire((u{bits} *)({{rs}} {{off}}))"
        yield op, load, {"imm": AtomicOp.LOAD_ACQ}
        store = f"store_release((u{bits} *)({{rd}} {{off}}), {{rs}})"
        yield op, store, {"imm": AtomicOp.STORE_REL}
