"""What programs of users without CAP_BPF and CAP_PERFMON must keep besides: no address of the
kernel gets out, pointers stay where even a mispredicted jump finds memory, and there are no loops
and no functions.

The checks are those of kernel/bpf/verifier.c where `allow_ptr_leaks`, `bpf_capable` or
`bypass_spec_v1` is not set. Such programs read no stack bytes that they did not write.
"""

from __future__ import annotations

from collections.abc import Sequence

from seismo.isa.cfg import control_flow
from seismo.isa.insn import Insn, slot_starts
from seismo.isa.opcode import Source
from seismo.verifier.options import Setting
from seismo.verifier.prototypes import Arg, Prototype
from seismo.verifier.register import Kind, Register
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.stack import STACK_BYTES

__all__ = (
    "check_comparison",
    "check_moved",
    "check_no_leak",
    "check_operand",
    "check_passed",
    "check_whole",
)

_PACKETS = (Kind.PACKET, Kind.PACKET_META, Kind.PACKET_END)


def check_whole(setting: Setting) -> None:
    """Raises Refused for a program that calls functions of its own or of the kernel, or that goes
    back."""
    if any(insn.is_subprog_call or insn.is_kfunc_call for insn in setting.insns):
        raise Refused(
            Rule.FLOW,
            "loading/calling other bpf or kernel functions are allowed for CAP_BPF and "
            "CAP_SYS_ADMIN",
            "write what they do where they are called",
        )
    graph = control_flow(setting.insns)
    place = {number: at for at, number in enumerate(graph.reverse_postorder)}
    starts = slot_starts(setting.insns)
    for block in graph.blocks:
        for after in block.successors:
            # Depth first, an edge goes back in this order only where it closes a loop.
            if place[after] <= place[block.number]:
                last = starts[block.end - 1]
                first = starts[graph.blocks[after].start]
                raise Refused(
                    Rule.FLOW, f"back-edge from insn {last} to {first}", "write out the rounds"
                )


def check_no_leak(content: Register, at: int, place: str) -> None:
    """Raises Refused where the pointer in register `at` would get to `place`."""
    if content.is_pointer:
        raise Refused(Rule.POINTER, f"R{at} leaks addr {place}", "only numbers may get out")


def check_passed(passed: Sequence[Register], prototype: Prototype) -> None:
    """Raises Refused for an address that a helper takes for any number; `passed` are r1 to r5."""
    for at, (content, parameter) in enumerate(zip(passed, prototype.args, strict=False), start=1):
        if parameter.kind is Arg.ANY:
            check_no_leak(content, at, "into helper function")


def check_operand(insn: Insn, left: Register, right: Register) -> None:
    """Raises Refused where a number is made of pointers."""
    if left.is_pointer and right.is_pointer:
        raise Refused(Rule.POINTER, f"R{insn.dst.value} pointer -= pointer prohibited")
    raise Refused(Rule.POINTER, f"R{insn.dst.value} pointer arithmetic prohibited")


def check_comparison(insn: Insn, left: Register, right: Register) -> None:
    """Raises Refused for comparisons of pointers, but for null checks and ends of packets."""
    if left.kind in _PACKETS and right.kind in _PACKETS:
        return
    at = insn.src if insn.op & Source.X and right.is_pointer else insn.dst
    raise Refused(Rule.POINTER, f"R{at.value} pointer comparison prohibited")


def check_moved(moved: Register, amount: Register, at: int) -> None:
    """Raises Refused for a pointer that may be out of its object now, accessed or not."""
    bounds = amount.value.wide
    if not bounds.is_constant and bounds.smin < 0 <= bounds.smax:
        raise Refused(
            Rule.POINTER,
            f"R{at} has unknown scalar with mixed signed bounds, pointer arithmetic with it "
            "prohibited for !root",
            "compare it with 0 first",
        )
    value = moved.value.wide
    if moved.kind is Kind.STACK:
        if not value.is_constant:
            raise Refused(
                Rule.POINTER,
                f"R{at} variable stack access prohibited for !root, var_off={value.bits} "
                f"off={moved.offset}",
                "keep what is indexed in a map",
            )
        if not -STACK_BYTES <= moved.offset + value.smin < 0:
            raise Refused(
                Rule.POINTER,
                f"R{at} stack pointer arithmetic goes out of range, prohibited for !root; "
                f"off={moved.offset + value.smin}",
            )
    low, high = moved.offset + value.smin, moved.offset + value.umax
    if moved.kind is Kind.MAP_VALUE and not 0 <= low <= high < moved.size:
        raise Refused(
            Rule.POINTER,
            f"R{at} pointer arithmetic of map value goes out of range, prohibited for !root",
            "compare the number before it is added",
        )
