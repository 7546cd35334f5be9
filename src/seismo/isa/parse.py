"""Text to instructions: the inverse of `str(insn)` and of listings, the verifier's log included.

The grammar is `forms` itself: its lines, cut into tokens, make a tree that the parser walks.

>>> parse_insn("if r1 s> 0x5 goto pc+3")
Insn(op=101, dst=Reg.R1, src=Reg.R0, off=3, imm=5)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain

from seismo.base.bits import U32_MAX, to_signed
from seismo.base.dataclass import dataclass, field
from seismo.base.errors import AsmError
from seismo.isa.errors import NotFound
from seismo.isa.forms import Form, Operand, forms
from seismo.isa.helpers import helper_id
from seismo.isa.insn import REGS, Insn
from seismo.isa.opcode import LD_IMM64

__all__ = ("parse_insn", "parse_listing")

_TOKEN = re.compile(r"0x[0-9a-f]+|[-+]?\d+\b|\w+|<<=|>>=|[-+*/%&|^=!<>]=|\S")
_LABEL = re.compile(r"\s*[A-Za-z_]\w*:\s*$")
_HEAD = re.compile(r"\s*(\d+): \(([0-9a-f]{2})\) ")
_NOTE = re.compile(r"(\s+<[^<>]*>)?\s*(;.*)?$")
_KFUNC = ("kernel", "-", "function")

_RANGES = {
    "dst": (0, len(REGS) - 1),
    "src": (0, len(REGS) - 1),
    "off": (-(1 << 15), (1 << 15) - 1),
    "imm": (-(1 << 31), (1 << 31) - 1),
    "next_imm": (-(1 << 31), (1 << 31) - 1),
}


@dataclass(frozen=True, slots=True)
class _Token:
    """A piece of a line; `column` counts from 1."""

    text: str
    column: int


@dataclass(slots=True, eq=False)
class _Node:
    """What may follow a beginning; `form` is set where a line may end."""

    literals: dict[str, _Node] = field(default_factory=dict)
    operands: dict[Operand, _Node] = field(default_factory=dict)
    form: Form | None = None


@dataclass(frozen=True, slots=True)
class _State:
    """One way to read the tokens so far: where it stands, and the operands' tokens."""

    node: _Node
    operands: tuple[tuple[Operand, _Token], ...] = ()

    def after(self, token: _Token) -> Iterator[_State]:
        """The ways to read one token more."""
        if literal := self.node.literals.get(token.text):
            yield _State(literal, self.operands)
        for operand, node in self.node.operands.items():
            is_same = self.repeats(operand) in ("", token.text)
            if is_same and re.fullmatch(operand.pattern, token.text):
                yield _State(node, (*self.operands, (operand, token)))

    def repeats(self, operand: Operand) -> str:
        """The text that the operand had before in this line, '' if it is new."""
        for known, token in self.operands:
            if known == operand:
                return token.text
        return ""

    @property
    def expected(self) -> Iterator[str]:
        yield from (f"'{text}'" for text in self.node.literals)
        for operand in self.node.operands:
            yield self.repeats(operand) or operand.meaning
        if self.node.form:
            yield "the end of the line"


def parse_insn(text: str) -> Insn:
    """The instruction that prints so; raises AsmError with the column of the first bad token."""
    return _parse(text, 0, len(text))


def parse_listing(text: str) -> tuple[Insn, ...]:
    """The instructions of a listing; slot numbers and opcodes are checked where they are given.

    Comments (`; …`), labels (`L1:`), notes (`<L1>`) and empty lines are skipped.
    """
    insns: list[Insn] = []
    slot = 0
    for line in text.splitlines():
        if _LABEL.match(line) or line.lstrip()[:1] in ("", ";"):
            continue
        head = _HEAD.match(line)
        note = _NOTE.search(line)
        insn = _parse(line, head.end() if head else 0, note.start() if note else len(line))
        if head and int(head[1]) != slot:
            raise AsmError(f"this is slot {slot}, not {head[1]}", line, head.start(1) + 1)
        if head and int(head[2], 16) != insn.op:
            raise AsmError(f"the opcode is {insn.op:02x}, not {head[2]}", line, head.start(2) + 1)
        insns.append(insn)
        slot += insn.slots
    return tuple(insns)


def _parse(line: str, start: int, end: int) -> Insn:
    """The instruction in line[start:end]."""
    tokens = [_Token(match[0], match.start() + 1) for match in _TOKEN.finditer(line, start, end)]
    if [token.text for token in tokens[:3:2]] == ["call", "#"]:
        tokens = _plain_call(line, tokens)
    states = [_State(_grammar())]
    for token in tokens:
        following = [after for state in states for after in state.after(token)]
        if not following:
            raise AsmError(_complaint(states, f"'{token.text}'"), line, token.column)
        states = following
    for state in states:
        if state.node.form:
            return _build(state.node.form, state.operands, line)
    raise AsmError(_complaint(states, "the end of the line"), line, end + 1)


def _plain_call(line: str, tokens: list[_Token]) -> list[_Token]:
    """A call as `str` has it, without its name: what is no helper's is a kernel function's."""
    call, name, mark, *rest = tokens
    if name.text == "unknown":
        return [call, *rest]
    try:
        number = helper_id(name.text.removeprefix("bpf_"))
    except NotFound:
        return [call, *(_Token(text, name.column) for text in _KFUNC), mark, *rest]
    if rest and rest[0].text != str(number):
        raise AsmError(f"{name.text} has the number {number}", line, rest[0].column)
    return [call, *rest]


def _complaint(states: list[_State], found: str) -> str:
    """What is wrong when no state goes on."""
    expected = sorted({text for state in states for text in state.expected})
    choice = " or ".join(expected) if len(expected) <= 4 else "an instruction's next part"
    return f"expected {choice}, found {found}"


def _build(form: Form, operands: tuple[tuple[Operand, _Token], ...], line: str) -> Insn:
    """The instruction of this form with these operands."""
    fields = dict(form.fixed)
    for operand, token in operands:
        fields[operand.field] = _value(operand, token, line)
    off, imm = fields.get("off", 0), fields.get("imm", 0)
    if form.op == LD_IMM64:
        imm = fields.get("imm64", (fields.get("next_imm", 0) & U32_MAX) << 32 | imm & U32_MAX)
    return Insn(form.op, REGS[fields.get("dst", 0)], REGS[fields.get("src", 0)], off, imm)


def _value(operand: Operand, token: _Token, line: str) -> int:
    """The field's value: signed, and within what the field holds."""
    digits = re.fullmatch(operand.pattern, token.text)
    assert digits, "the token was taken because it matches"
    value = int(digits[1], 16 if token.text.startswith("0x") else 10)
    low, high = (0, (1 << operand.bits) - 1) if operand.bits else _RANGES[operand.field]
    if not low <= value <= high:
        raise AsmError(f"{token.text} is out of range: {low} to {high}", line, token.column)
    return to_signed(value, 32) if operand.bits == 32 else value


@cache
def _grammar() -> _Node:
    """The tree of all lines that the forms can print."""
    root = _Node()
    for form in chain.from_iterable(forms().values()):
        node = root
        for piece in form.pieces:
            if isinstance(piece, Operand):
                node = node.operands.setdefault(piece, _Node())
                continue
            for text in _TOKEN.findall(piece):
                node = node.literals.setdefault(text, _Node())
        node.form = form
    return root
