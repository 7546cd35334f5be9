"""Text to programs: the language of the kernel's `bpf_asm`, and the listing of `tcpdump -d`.

    ldh [12]                        (000) ldh      [12]
    jne #0x800, drop                (001) jeq      #0x800           jt 2    jf 3
    ret #-1                         (002) ret      #262144
    drop: ret #0                    (003) ret      #0

A target is a label, or the index of an instruction, as `jt` and `jf` have it. Comments begin with
`;`, or stand between `/*` and `*/`.

>>> assemble(Source("stdin", "ldb [0]\\nret a"))
(SockFilter(code=48, jt=0, jf=0, k=0), SockFilter(code=22, jt=0, jf=0, k=0))
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from seismo.base.bits import U32_MAX
from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import did_you_mean
from seismo.base.source import Source, Span
from seismo.cbpf.errors import FilterError
from seismo.cbpf.forms import ANCILLARY_NAMES, SKF_AD_OFF
from seismo.cbpf.insn import ALU_OPS, JUMP_OPS, Code, SockFilter
from seismo.isa.opcode import Class, JumpOp
from seismo.isa.opcode import Source as Operand

__all__ = ("assemble",)

_LINE = re.compile(
    r"""\s*(?:\(\d+\)\s*)?
        (?:(?P<label>[A-Za-z_]\w*)\s*:)?\s*
        (?:(?P<mnemonic>[A-Za-z]+)\b\s*(?P<operand>.*?)\s*)?""",
    re.VERBOSE,
)
_COMMENT = re.compile(r"/\*.*?\*/|;[^\n]*", re.DOTALL)
_TARGETS = re.compile(
    r"(?P<operand>.*?)\s*(?:,\s*(?P<yes>\w+)(?:\s*,\s*(?P<no>\w+))?|\sjt\s+(\d+)\s+jf\s+(\d+))\s*"
)
_NUMBER = r"(?P<k>[-+]?(?:0[xX][0-9a-fA-F]+|\d+))"
_LENGTH, _IMMEDIATE, _X, _A = r"\#?(?:pkt)?len", rf"\#{_NUMBER}", r"%?x", r"%?a"
_ABSOLUTE, _INDEXED = rf"\[{_NUMBER}\]", rf"\[%?x(?:\+?{_NUMBER})?\]"
_MEMORY, _HEADER = r"M\[(?P<k>\d+)\]", rf"4\*\(\[{_NUMBER}\]&(?:0xf|15)\)"
_NOTHING = r""

_OPERANDS: dict[str, tuple[tuple[str, int], ...]] = {
    "ld": (
        *((_LENGTH, Code.LD_LEN), (_IMMEDIATE, Code.LD_IMM), (_MEMORY, Code.LD_MEM)),
        *((_ABSOLUTE, Code.LD_ABS_W), (_INDEXED, Code.LD_IND_W)),
    ),
    "ldi": ((rf"\#?{_NUMBER}", Code.LD_IMM),),
    "ldh": ((_ABSOLUTE, Code.LD_ABS_H), (_INDEXED, Code.LD_IND_H)),
    "ldb": ((_ABSOLUTE, Code.LD_ABS_B), (_INDEXED, Code.LD_IND_B)),
    "ldx": (
        *((_LENGTH, Code.LDX_LEN), (_IMMEDIATE, Code.LDX_IMM), (_MEMORY, Code.LDX_MEM)),
        (_HEADER, Code.LDX_MSH),
    ),
    "ldxi": ((rf"\#?{_NUMBER}", Code.LDX_IMM),),
    "ldxb": ((_HEADER, Code.LDX_MSH),),
    "st": ((_MEMORY, Code.ST),),
    "stx": ((_MEMORY, Code.STX),),
    "tax": ((_NOTHING, Code.TAX),),
    "txa": ((_NOTHING, Code.TXA),),
    "neg": ((_NOTHING, Code.NEG),),
    "ret": ((_IMMEDIATE, Code.RET_K), (_A, Code.RET_A), (_NOTHING, Code.RET_A)),
    **{
        op.name.lower(): (
            (_IMMEDIATE, Class.ALU | op | Operand.K),
            (_X, Class.ALU | op | Operand.X),
        )
        for op in ALU_OPS
    },
}
_BRANCHES = {
    **{op.name.lower(): (op, False) for op in JUMP_OPS},
    "jne": (JumpOp.JEQ, True),
    "jneq": (JumpOp.JEQ, True),
    "jle": (JumpOp.JGT, True),
    "jlt": (JumpOp.JGE, True),
}
"""The comparison of each branch, and whether it is the other way round."""

_JUMPS = ("ja", "jmp")
_SHORT = 255


@dataclass(frozen=True, slots=True)
class _Line:
    """One instruction as it is written."""

    mnemonic: str
    operand: str
    span: Span


def assemble(source: Source) -> tuple[SockFilter, ...]:
    """The program; FilterError, with its place, for what is no instruction or no target."""
    lines, labels = _read(source)
    return tuple(_assemble_line(line, at, labels) for at, line in enumerate(lines))


def _read(source: Source) -> tuple[list[_Line], Mapping[str, int]]:
    """The instructions, and the index of the one that each label stands before."""
    lines: list[_Line] = []
    labels: dict[str, int] = {}
    for start, text in _pieces(source.text):
        found = _LINE.fullmatch(text)
        if found is None:
            span = Span(source, start + len(text) - len(text.lstrip()), start + len(text.rstrip()))
            raise FilterError(span, "this is no instruction", "write `[LABEL:] MNEMONIC OPERAND`")
        if label := found["label"]:
            if label in labels:
                place = Span(source, start + found.start("label"), start + found.end("label"))
                raise FilterError(place, f"the label '{label}' stands twice")
            labels[label] = len(lines)
        if found["mnemonic"]:
            end = found.end("operand" if found["operand"] else "mnemonic")
            span = Span(source, start + found.start("mnemonic"), start + end)
            lines.append(_Line(found["mnemonic"], found["operand"], span))
    return lines, labels


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Each line's offset and text, comments made blank."""
    bare = _COMMENT.sub(lambda one: re.sub(r"[^\n]", " ", one[0]), text)
    at = 0
    for line in bare.split("\n"):
        yield at, line
        at += len(line) + 1


def _assemble_line(line: _Line, at: int, labels: Mapping[str, int]) -> SockFilter:
    if line.mnemonic in _JUMPS:
        return SockFilter(Code.JA, k=_distance(line, line.operand, at, labels, U32_MAX))
    if line.mnemonic in _BRANCHES:
        return _branch(line, at, labels)
    if line.mnemonic not in _OPERANDS:
        hint = did_you_mean(line.mnemonic, (*_OPERANDS, *_BRANCHES, *_JUMPS))
        raise FilterError(line.span, f"there is no instruction '{line.mnemonic}'", hint)
    if (ancillary := _ancillary(line)) is not None:
        return ancillary
    code, k = _match(line, line.operand, _OPERANDS[line.mnemonic])
    return SockFilter(code, k=k)


def _ancillary(line: _Line) -> SockFilter | None:
    """`ld proto`, and `ldh [type]` as tcpdump prints it."""
    loads = {"ld": Code.LD_ABS_W, "ldh": Code.LD_ABS_H, "ldb": Code.LD_ABS_B}
    name = line.operand.strip("#[] ")
    name = {"vlan_avail": "vlan_pr"}.get(name, name)
    if line.mnemonic not in loads or name not in ANCILLARY_NAMES:
        return None
    return SockFilter(loads[line.mnemonic], k=SKF_AD_OFF + ANCILLARY_NAMES[name])


def _match(line: _Line, operand: str, ways: tuple[tuple[str, int], ...]) -> tuple[int, int]:
    """The code and the k of an operand."""
    text = re.sub(r"\s+", "", operand)
    for pattern, code in ways:
        if found := re.fullmatch(pattern, text):
            return code, _k(line, found.groupdict().get("k") or "0")
    raise FilterError(line.span, f"'{line.mnemonic}' takes no operand '{operand}'")


def _k(line: _Line, text: str) -> int:
    """A number as C writes it, as u32."""
    digits = text.lstrip("+-")
    if re.fullmatch(r"0\d*[89]\d*", digits):
        raise FilterError(line.span, f"{text} is no octal number")
    base = 8 if re.fullmatch(r"0\d+", digits) else 0
    value = int(text, base)
    if not -(1 << 31) <= value <= U32_MAX:
        raise FilterError(line.span, f"{text} does not fit 32 bits")
    return value & U32_MAX


def _branch(line: _Line, at: int, labels: Mapping[str, int]) -> SockFilter:
    """A comparison: its targets are `yes, no`, or `yes` alone, or `jt N jf N`."""
    op, is_reversed = _BRANCHES[line.mnemonic]
    found = _TARGETS.fullmatch(line.operand)
    if found is None:
        raise FilterError(line.span, "a jump needs a target", f"write `{line.mnemonic} #1, LABEL`")
    ways = ((_IMMEDIATE, Class.JMP | op | Operand.K), (_X, Class.JMP | op | Operand.X))
    code, k = _match(line, found["operand"], ways)
    yes, no = found["yes"] or found[4], found["no"] or found[5]
    jt = _distance(line, yes, at, labels, _SHORT)
    jf = _distance(line, no, at, labels, _SHORT) if no else 0
    return SockFilter(code, jf, jt, k) if is_reversed else SockFilter(code, jt, jf, k)


def _distance(line: _Line, target: str, at: int, labels: Mapping[str, int], most: int) -> int:
    """How many instructions to skip from `at` to a label or an index."""
    if target.isdigit():
        distance = int(target) - at - 1
    elif target in labels:
        distance = labels[target] - at - 1
    else:
        raise FilterError(line.span, f"there is no label '{target}'", did_you_mean(target, labels))
    if distance < 0:
        raise FilterError(line.span, f"'{target}' is not ahead: classic BPF cannot jump back")
    if distance > most:
        raise FilterError(
            line.span, f"'{target}' is {distance} instructions away, the most is {most}", "use `ja`"
        )
    return distance
