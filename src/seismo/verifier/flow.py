"""What can be said of a program without exploring it: its jumps, and which registers live where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seismo.isa.cfg import control_flow
from seismo.isa.errors import FlowError
from seismo.isa.insn import Insn, Reg, slot_starts
from seismo.isa.opcode import (
    LD_IMM64,
    MODE_MASK,
    OPERATION_MASK,
    AluOp,
    AtomicOp,
    Class,
    Mode,
    Source,
)
from seismo.verifier.rules import Refused, Rule

__all__ = ("check_flow", "join_points", "live_registers", "targets_of")

_ARGUMENTS = frozenset(range(1, 6))


def check_flow(insns: Sequence[Insn]) -> None:
    """Raises Refused for jumps out of a function or into a 64-bit load, for functions that are not
    left by exit, and for instructions that nothing reaches."""
    try:
        graph = control_flow(insns)
    except FlowError as error:
        raise Refused(Rule.FLOW, str(error)) from error
    reached = set(graph.reverse_postorder)
    starts = slot_starts(insns)
    for block in graph.blocks:
        if block.number not in reached:
            raise Refused(
                Rule.FLOW, f"unreachable insn {starts[block.start]}", "remove what is never run"
            )


def targets_of(insns: Sequence[Insn]) -> dict[int, int]:
    """The index that each jump, call and function address refers to, by its own index."""
    starts = slot_starts(insns)
    indexes = {slot: index for index, slot in enumerate(starts[:-1])}
    return {
        index: indexes[insn.target(starts[index])]
        for index, insn in enumerate(insns)
        if insn.has_distance
    }


def join_points(insns: Sequence[Insn], targets: Mapping[int, int]) -> frozenset[int]:
    """Where paths may meet: what is jumped to, and calls, which functions come back behind."""
    jumped = {to for at, to in targets.items() if insns[at].is_jump}
    calls = {at for at, insn in enumerate(insns) if insn.is_call or insn.is_may_goto}
    return frozenset(jumped | calls)


def live_registers(insns: Sequence[Insn], targets: Mapping[int, int]) -> list[tuple[int, ...]]:
    """The registers that may be read before they are written, at each instruction."""
    uses = [_uses(insn) for insn in insns]
    writes = [_writes(insn) for insn in insns]
    live: list[frozenset[int]] = [frozenset()] * len(insns)
    is_changed = True
    while is_changed:
        is_changed = False
        for index in range(len(insns) - 1, -1, -1):
            insn = insns[index]
            after: frozenset[int] = frozenset()
            if not insn.is_goto and not insn.is_exit:
                after |= live[index + 1]
            if insn.is_jump:
                after |= live[targets[index]]
            before = uses[index] | (after - writes[index])
            if before != live[index]:
                live[index] = before
                is_changed = True
    return [tuple(sorted(alive)) for alive in live]


def _uses(insn: Insn) -> frozenset[int]:
    if insn.is_exit:
        return frozenset((Reg.R0,))
    if insn.is_call:
        return _ARGUMENTS
    cls = insn.op & 7
    if cls in (Class.ALU, Class.ALU64):
        is_move = insn.op & OPERATION_MASK == AluOp.MOV
        return frozenset([insn.dst] * (not is_move) + [insn.src] * bool(insn.op & Source.X))
    if cls in (Class.JMP, Class.JMP32):
        if insn.is_goto or insn.is_may_goto:
            return frozenset()
        return frozenset([insn.dst] + [insn.src] * bool(insn.op & Source.X))
    if cls == Class.LD:
        is_packet = insn.op != LD_IMM64
        return frozenset((Reg.R6, insn.src)) if is_packet else frozenset()
    if cls == Class.LDX:
        return frozenset((insn.src,))
    if cls == Class.ST:
        return frozenset((insn.dst,))
    is_compared = insn.op & MODE_MASK == Mode.ATOMIC and insn.imm == AtomicOp.CMPXCHG
    return frozenset([insn.dst, insn.src] + [Reg.R0] * is_compared)


def _writes(insn: Insn) -> frozenset[int]:
    """Only what is surely written; a fetch leaves its register in use anyway."""
    if insn.is_call:
        return frozenset((Reg.R0, *_ARGUMENTS))
    cls = insn.op & 7
    if cls in (Class.ALU, Class.ALU64, Class.LDX) or insn.op == LD_IMM64:
        return frozenset((insn.dst,))
    return frozenset()
