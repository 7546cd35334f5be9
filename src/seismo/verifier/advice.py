"""What would make a refused program pass, in terms of its own registers and calls.

One record a rule: what the rule wants in general, and what looks closer at the place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from seismo.base.dataclass import dataclass
from seismo.isa.errors import NotFound
from seismo.isa.helpers import helper_name
from seismo.isa.insn import REGS, Insn, Reg, slot_starts
from seismo.isa.opcode import OPERATION_MASK, SIZE_MASK, AluOp, Class, Size, Source
from seismo.verifier.origin import Origin, origin_of, step_of
from seismo.verifier.register import UNWRITTEN, Kind, Register
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.state import State

__all__ = ("ADVICE", "Advice", "Place", "advise")

_REGISTER = re.compile(r"\bR(\d+)\b")
_STORES = (Class.ST, Class.STX)
_ACCESSES = (Class.LDX, *_STORES)
_RELEASES = {
    "ringbuf_reserve": "bpf_ringbuf_submit or bpf_ringbuf_discard",
    "ringbuf_reserve_dynptr": "bpf_ringbuf_submit_dynptr or bpf_ringbuf_discard_dynptr",
    "sk_lookup_tcp": "bpf_sk_release",
    "sk_lookup_udp": "bpf_sk_release",
    "skc_lookup_tcp": "bpf_sk_release",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a program was refused: the instruction that ends `path`, and what was known there."""

    insns: Sequence[Insn]
    path: Sequence[int]
    state: State
    message: str

    @property
    def insn(self) -> Insn:
        return self.insns[self.path[-1]]

    def name(self, index: int) -> str:
        """The instruction as `instruction 6`, counted in slots as the kernel's log counts."""
        return f"instruction {slot_starts(self.insns)[index]}"

    @property
    def register(self) -> Reg | None:
        """The register at fault: the one that the message names, else that of the address."""
        named = _REGISTER.search(self.message)
        if named is not None and int(named[1]) < len(REGS):
            return REGS[int(named[1])]
        if self.insn.op & 7 not in _ACCESSES:
            return None
        return self.insn.dst if self.insn.op & 7 in _STORES else self.insn.src

    @property
    def content(self) -> Register:
        """What the register at fault holds."""
        return UNWRITTEN if self.register is None else self.state.registers[self.register]

    @property
    def origin(self) -> Origin | None:
        """The instruction that the register at fault has its content from, along the path."""
        return None if self.register is None else origin_of(self.insns, self.path, self.register)


@dataclass(frozen=True, slots=True)
class Advice:
    """`general` holds wherever the rule is broken; `closer` says more of a place, '' where it
    cannot."""

    general: str
    closer: Callable[[Place], str] = lambda _: ""


def advise(refusal: Refused, place: Place | None) -> str:
    """What would make the program pass, as closely as it can be told."""
    record = ADVICE[refusal.rule]
    closer = record.closer(place) if place is not None else ""
    return closer or refusal.hint or record.general


def _of_null(place: Place) -> str:
    if place.register is None:
        return ""
    name = str(place.register)
    use = f" before {place.insn}" if place.insn.op & 7 in _ACCESSES else " first"
    text = f"compare {name} with 0{use}, and go on only where it differs"
    call = _called(place)
    return f"{text}: {call} may give NULL" if call else text


def _of_bounds(place: Place) -> str:
    if place.insn.op & 7 not in _ACCESSES or place.register is None:
        return ""
    content = place.content
    match content.kind:
        case Kind.SCALAR:
            return _of_number(place)
        case Kind.MAP_VALUE | Kind.MEMORY | Kind.RECORD:
            return _of_object(place, content)
        case Kind.PACKET | Kind.PACKET_META:
            return _of_packet(place, content)
        case _:
            return ""


def _of_number(place: Place) -> str:
    """A number was taken for an address."""
    name, origin = place.register, place.origin
    if origin is None:
        return ""
    why = f"{name} is a number since {place.name(origin.index)} ({origin.insn})"
    call = _called(place)
    if call:
        why = f"{name} is the number that {call} gave"
    elif origin.insn.op & 7 == Class.LDX:
        why = f"{name} was loaded from memory by {place.name(origin.index)} ({origin.insn})"
        return f"{why}: read what it points to by bpf_probe_read_kernel, or bpf_probe_read_user"
    elif origin.insn.op & 7 == Class.ALU:
        why += ", whose 32 bits are no address: use 64-bit arithmetic"
    return f"{why}; only pointers can be followed"


def _of_object(place: Place, content: Register) -> str:
    size = _access_size(place.insn)
    what = f"value of map '{content.name}'" if content.name else "memory"
    fixed = content.offset + place.insn.off
    bounds = content.value.wide
    if bounds.is_constant:
        last = content.size - size - content.offset - bounds.smin
        return f"the {what} has {content.size} bytes: the offset here may be {last} at most"
    moved = step_of(place.insns, place.path, place.register) if place.register is not None else None
    name = str(moved) if moved is not None else "the offset"
    room = content.size - size - fixed
    text = f"{name} may be {_range(content)}, and the {what} has {content.size} bytes"
    if room < 0:
        return f"{text}: nothing of {size} bytes fits behind offset {fixed}"
    if bounds.smin < 0 <= bounds.smax and bounds.smax <= room:
        return f"{text}: add `if {name} >= 0`, or compare it unsigned"
    return f"{text}: add `if {name} <= {room}` (unsigned), or `{name} &= {_mask(room)}`"


def _of_packet(place: Place, content: Register) -> str:
    if content.value.wide.smin < 0 or content.offset + place.insn.off < 0:
        return "what lies before the packet's data cannot be accessed: begin at data or behind"
    end = content.offset + place.insn.off + _access_size(place.insn)
    known = f"{content.reach} bytes are known to be there" if content.reach else "none is checked"
    return (
        f"{end} bytes of the packet are needed, and {known}: "
        f"go on only `if data + {end} <= data_end`, compared on the pointer that is used"
    )


def _of_read(place: Place) -> str:
    """The call that took the register's content away, if one did."""
    register = place.register
    if register is None or place.content.kind is not Kind.UNWRITTEN:
        return ""
    for index in reversed(place.path[:-1]):
        insn = place.insns[index]
        if not insn.is_call:
            continue
        called = _call_name(insn)
        if register == Reg.R0:
            return f"{called} returns nothing: write r0 after {place.name(index)}"
        if register <= Reg.R5:
            return f"keep it in r6 to r9: {called} ({place.name(index)}) leaves r1 to r5 unknown"
        return ""
    return ""


def _of_reference(place: Place) -> str:
    """The call whose object is still held."""
    for _, index, *_ in place.state.references:
        call = _call_name(place.insns[index])
        release = _RELEASES.get(call.removeprefix("bpf_"))
        if release:
            return (
                f"on this path what {call} ({place.name(index)}) gave is still held: "
                f"call {release} before"
            )
    return ""


def _of_pointer(place: Place) -> str:
    """A number without bounds is added."""
    insn = place.insn
    if insn.op & 7 != Class.ALU64 or not insn.op & Source.X:
        return ""
    if insn.op & OPERATION_MASK not in (AluOp.ADD, AluOp.SUB):
        return ""
    for register in (insn.src, insn.dst):
        content = place.state.registers[register]
        if content.is_scalar and not content.value.is_constant:
            return (
                f"{register} may be {_range(content)}: bound it before it is added, "
                f"`if {register} < N` (unsigned) or `{register} &= N`"
            )
    return ""


def _of_helper(place: Place) -> str:
    """A size without bounds."""
    content = place.content
    if place.register is None or not place.insn.is_helper_call or not content.is_scalar:
        return ""
    if content.value.is_constant or "zero-sized" in place.message:
        return ""
    return (
        f"{place.register} may be {_range(content)}: bound it before {_call_name(place.insn)}, "
        f"`if {place.register} <= N` (unsigned) or `{place.register} &= N`"
    )


ADVICE: Mapping[Rule, Advice] = {
    Rule.FLOW: Advice("let every path end in exit, and remove what is never run"),
    Rule.INSTRUCTION: Advice("use instructions that the kernel knows, unused fields being 0"),
    Rule.READ: Advice("write the register, or the stack bytes, on every path to here", _of_read),
    Rule.BOUNDS: Advice("compare the offset with the size of what is accessed first", _of_bounds),
    Rule.ALIGNMENT: Advice("access N bytes at a multiple of N"),
    Rule.NULL: Advice("compare the pointer with 0, and go on only where it differs", _of_null),
    Rule.CONTEXT: Advice("access whole fields that this program type has, by the pointer in r1"),
    Rule.POINTER: Advice("add only numbers with known bounds to pointers", _of_pointer),
    Rule.ARITHMETIC: Advice("divide by constants other than 0, and shift by less than the width"),
    Rule.HELPER: Advice("pass what the helper's prototype says", _of_helper),
    Rule.REFERENCE: Advice("release on every path, once, what was acquired", _of_reference),
    Rule.STACK: Advice("move large variables to a map with one entry a CPU; nest fewer calls"),
    Rule.RESULT: Advice("set r0 to a result of this program type before exit"),
    Rule.TERMINATION: Advice("let each round of a loop change what ends it, or use bpf_loop"),
    Rule.COMPLEXITY: Advice("use bpf_loop for long loops, and functions in place of many branches"),
}
"""By rule, each once."""


def _called(place: Place) -> str:
    """The call that the register at fault comes from, as `bpf_map_lookup_elem (instruction 4)`."""
    origin = place.origin
    if origin is None or not origin.insn.is_call:
        return ""
    return f"{_call_name(origin.insn)} ({place.name(origin.index)})"


def _call_name(insn: Insn) -> str:
    if insn.is_helper_call:
        try:
            return f"bpf_{helper_name(insn.imm)}"
        except NotFound:
            return f"helper {insn.imm}"
    return "the function called" if insn.is_subprog_call else "the kernel function"


def _access_size(insn: Insn) -> int:
    return Size(insn.op & SIZE_MASK).bytes


def _range(content: Register) -> str:
    """What a number, or the part of an offset that varies, may be."""
    bounds = content.value.wide
    if bounds.smin >= 0:
        return f"{bounds.umin} to {bounds.umax}"
    if bounds.smin == -(1 << 63) and bounds.smax == (1 << 63) - 1:
        return "any number"
    return f"{bounds.smin} to {bounds.smax}"


def _mask(room: int) -> int:
    """The largest mask that leaves no more than `room`."""
    return (1 << (room + 1).bit_length() - 1) - 1
