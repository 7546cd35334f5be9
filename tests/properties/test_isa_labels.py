"""Labels: whatever stands between a jump and its target, the distance counts slots."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from seismo.isa.builder import Assembler, Label
from seismo.isa.insn import Insn, Reg, slot_starts
from seismo.isa.opcode import JumpOp

FAR = 33_000
NOP = Insn(0xBF, Reg.R3, Reg.R4)
PIECES = ("mov", "wide", "goto", "if", "if32", "set", "may_goto", "call", "func")


def assemble(pieces: list[str], targets: list[int]) -> tuple[Assembler, list[Label]]:
    """A program of `pieces`, each behind a label; piece n refers to label targets[n].

    r9 = n marks where piece n begins; a `desert` is too wide to jump over.
    """
    asm = Assembler()
    labels = [asm.label(f"piece{number}") for number in range(len(pieces))]
    for number, (piece, target) in enumerate(zip(pieces, targets, strict=True)):
        asm.bind(labels[number])
        asm.mov(Reg.R9, number)
        emit(asm, piece, labels[target % len(labels)])
    asm.exit()
    return asm, labels


def emit(asm: Assembler, piece: str, target: Label) -> None:
    match piece:
        case "mov":
            asm.mov(Reg.R1, 7)
        case "wide":
            asm.ld_imm64(Reg.R1, 1 << 40)
        case "goto":
            asm.jump(target)
        case "if":
            asm.jump_if(JumpOp.JSGT, Reg.R1, Reg.R2, target)
        case "if32":
            asm.jump_if(JumpOp.JLE, Reg.R1, -1, target, 32)
        case "set":
            asm.jump_if(JumpOp.JSET, Reg.R1, 3, target)
        case "may_goto":
            asm.may_goto(target)
        case "call":
            asm.call_subprog(target)
        case "func":
            asm.ld_func(Reg.R2, target)
        case "desert":
            for _ in range(FAR):
                asm.append(NOP)


def markers(insns: tuple[Insn, ...]) -> dict[int, int]:
    """The slot of each `r9 = n`, by n."""
    found: dict[int, int] = {}
    for insn, slot in zip(insns, slot_starts(insns), strict=False):
        if insn.op == 0xB7 and insn.dst is Reg.R9:
            found[insn.imm] = slot
    return found


def check_references(data: st.DataObject, pieces: list[str]) -> None:
    count = len(pieces)
    targets = data.draw(st.lists(st.integers(0, count - 1), min_size=count, max_size=count))
    asm, labels = assemble(pieces, targets)
    insns = asm.finish()
    slots = markers(insns)
    starts = slot_starts(insns)
    ends = [*(label.position for label in labels[1:]), asm.position - 1]
    for number, (piece, label, end) in enumerate(zip(pieces, labels, ends, strict=True)):
        assert starts[asm.final_index(label.position)] == slots[number]
        body = range(asm.final_index(label.position + 1), asm.final_index(end))
        landed = {insns[at].target(starts[at]) for at in body if insns[at].has_distance}
        detours = {starts[at] for at in (*body, body.stop)}
        refers = piece not in ("mov", "wide", "desert")
        expected = {slots[targets[number]]} if refers else set()
        assert expected <= landed <= expected | detours


@settings(deadline=None)
@given(st.data(), st.lists(st.sampled_from(PIECES), min_size=1, max_size=12))
def test_references_land_on_their_labels(data: st.DataObject, pieces: list[str]) -> None:
    check_references(data, pieces)


@settings(max_examples=8, deadline=None)
@given(
    st.data(),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=6),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=6),
)
def test_references_across_a_desert(
    data: st.DataObject, before: list[str], after: list[str]
) -> None:
    check_references(data, [*before, "desert", *after])
