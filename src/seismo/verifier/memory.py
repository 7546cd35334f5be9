"""Loads and stores: whether the bytes lie within what the pointer points to, and what they hold."""

from __future__ import annotations

from seismo.isa.insn import Reg
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import ProgType
from seismo.verifier.map_fields import FieldKind, MapField
from seismo.verifier.objects import load_object
from seismo.verifier.options import Setting
from seismo.verifier.register import (
    RCU,
    SOCKETS,
    UNKNOWN,
    UNTRUSTED,
    Kind,
    Register,
    constant,
    number,
)
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.scalar import Scalar
from seismo.verifier.stack import STACK_BYTES, Stack, read, smear, write
from seismo.verifier.state import State

__all__ = (
    "LARGEST_OFFSET",
    "check_bytes",
    "check_not_special",
    "extent",
    "forget_dynptr",
    "forget_dynptrs",
    "has_dynptr",
    "load",
    "store",
)

LARGEST_OFFSET = 1 << 29
"""Pointers never get further away from their objects (BPF_MAX_VAR_OFF)."""
_RDONLY_PROG, _WRONLY_PROG = 1 << 7, 1 << 8
_SIZED = (Kind.MAP_VALUE, Kind.MAP_KEY, Kind.MEMORY, Kind.RECORD, Kind.FLOW_KEYS)
_UNSIZED = (Kind.BUFFER, Kind.TP_BUFFER)
_PACKETS = (Kind.PACKET, Kind.PACKET_META)
_OBJECTS = (Kind.KERNEL, Kind.MAP, *SOCKETS)
_SPECIAL = (Kind.DYNPTR, Kind.ITERATOR)
_WRITE_PACKET = (
    *(ProgType.SCHED_CLS, ProgType.SCHED_ACT, ProgType.XDP, ProgType.LWT_XMIT, ProgType.SK_SKB),
    *(ProgType.SK_MSG, ProgType.CGROUP_SOCKOPT),
)


def load(setting: Setting, state: State, base: Reg, off: int, size: int) -> Register:
    """What `size` bytes at `base + off` give, zero-extended; raises Refused."""
    pointer = state.registers[base]
    _check_pointer(pointer, base)
    if pointer.kind is Kind.CONTEXT:
        at = _context_offset(setting, pointer, base, off)
        return setting.context.read(at, size, setting.new_id)
    if pointer.kind in _OBJECTS:
        return load_object(setting, state, base, off, size)
    if pointer.kind is not Kind.STACK:
        return _load_bytes(setting, state, base, off, size)
    low, high = _stack_extent(setting, state, base, off, size)
    frame = state.frames[pointer.frame]
    check_not_special(frame.stack, low, high)
    if high - low == size:
        _check_fill(state, pointer.frame, low, size)
        is_fine = setting.options.allows_unwritten_stack
        return read(frame.stack, low, size, unwritten_is_fine=is_fine)
    if not setting.options.allows_unwritten_stack:
        for at in range(low, high):
            read(frame.stack, at, 1, unwritten_is_fine=False)
    return _any(size)


def store(setting: Setting, state: State, base: Reg, off: int, size: int, value: Register) -> None:
    """The low `size` bytes of `value` to `base + off`; raises Refused."""
    pointer = state.registers[base]
    _check_pointer(pointer, base)
    if pointer.kind is Kind.CONTEXT:
        setting.context.check_write(_context_offset(setting, pointer, base, off), size)
    elif pointer.kind is not Kind.STACK:
        place = _field_at(setting, pointer, base, off, size)
        if place is not None:
            _check_stored_pointer(place, value)
        check_bytes(setting, state, base, off, size, is_write=True)
    else:
        low, high = _stack_extent(setting, state, base, off, size)
        stack = state.frames[pointer.frame].stack
        forget_dynptrs(state, pointer.frame, low, high)
        if high - low > size:
            smear(stack, low, high, may_be_zero=value.is_null)
            return
        if value.is_pointer and size != 8:
            raise Refused(
                Rule.BOUNDS, "invalid size of register spill", "store all 8 bytes of a pointer"
            )
        write(stack, low, size, value)


def check_bytes(
    setting: Setting,
    state: State,
    base: Reg,
    off: int,
    size: int,
    *,
    is_write: bool,
    is_strict: bool = False,
) -> None:
    """`size` bytes at `base + off` lie within the object; raises Refused. Not of the context."""
    pointer = state.registers[base]
    _check_pointer(pointer, base)
    if pointer.kind is Kind.STACK:
        _stack_extent(setting, state, base, off, size, is_aligned=is_strict)
        return
    if pointer.kind is Kind.KERNEL and is_write:
        raise Refused(Rule.BOUNDS, "only read is supported", "objects of the kernel are its own")
    if pointer.kind not in (*_SIZED, *_UNSIZED, *_PACKETS):
        raise _no_access(pointer, base)
    if is_write:
        _check_writable(setting, pointer, base)
    elif pointer.kind is Kind.MAP_VALUE and setting.map(pointer.name).flags & _WRONLY_PROG:
        raise Refused(Rule.BOUNDS, f"read from map forbidden, map={pointer.name}")
    if is_strict or setting.options.strict_alignment:
        _check_alignment(pointer, off, size)
    if pointer.kind in _PACKETS:
        _check_packet(pointer, base, off, size)
    elif pointer.kind in _UNSIZED:
        _check_unsized(pointer, base, off, size)
    elif pointer.kind is Kind.MEMORY and pointer.trust & UNTRUSTED:
        # Any address may be read, and gives 0 where nothing is: the kernel catches the fault.
        return
    else:
        _check_object(pointer, base, off, size)


def extent(pointer: Register, base: Reg, off: int) -> tuple[int, int]:
    """The lowest and the highest offset of `base + off` in its object; raises Refused when a bound
    is missing."""
    value = pointer.value.wide
    # What is not on the stack is never moved backwards by an amount that is not known.
    most = value.smax if pointer.kind is Kind.STACK else value.umax
    is_moved = not value.is_constant
    if is_moved and (most >= LARGEST_OFFSET or value.smin <= -LARGEST_OFFSET):
        raise Refused(
            Rule.BOUNDS,
            f"R{base.value} unbounded memory access, make sure to bounds check any such access",
            "compare the offset with a constant first",
        )
    fixed = pointer.offset + off
    return fixed + value.smin, fixed + value.smax


def _check_pointer(pointer: Register, base: Reg) -> None:
    if pointer.kind is Kind.UNWRITTEN:
        raise Refused(Rule.READ, f"R{base.value} !read_ok", "write the register first")
    if pointer.is_nullable:
        raise Refused(
            Rule.NULL,
            f"R{base.value} invalid mem access '{pointer.type_text}'",
            f"compare {base} with 0 first, and go on only where it differs",
        )
    if pointer.is_scalar:
        raise _no_access(pointer, base)


def _no_access(pointer: Register, base: Reg) -> Refused:
    hint = ""
    if pointer.is_scalar:
        hint = "only pointers can be followed; kernel memory is read by probe_read_kernel"
    return Refused(Rule.BOUNDS, f"R{base.value} invalid mem access '{pointer.kind.value}'", hint)


def _load_bytes(setting: Setting, state: State, base: Reg, off: int, size: int) -> Register:
    pointer = state.registers[base]
    place = _field_at(setting, pointer, base, off, size)
    check_bytes(setting, state, base, off, size, is_write=False)
    if place is not None:
        return _kept_pointer(setting, state, place)
    if pointer.kind is Kind.MAP_VALUE and pointer.value.is_constant:
        return _constant_of(setting, pointer, off, size)
    return _any(size)


def _constant_of(setting: Setting, pointer: Register, off: int, size: int) -> Register:
    """What nobody can change any more is known: a frozen array that programs only read."""
    spec = setting.map(pointer.name)
    is_constant = spec.is_frozen and spec.flags & _RDONLY_PROG and spec.type is MapType.ARRAY
    if not is_constant or spec.max_entries != 1:
        return _any(size)
    at = pointer.offset + pointer.value.wide.smin + off
    value = dict(spec.contents).get(bytes(4), b"").ljust(spec.value_size, b"\0")
    return constant(int.from_bytes(value[at : at + size], "little"))


def _field_at(
    setting: Setting, pointer: Register, base: Reg, off: int, size: int
) -> MapField | None:
    """The pointer to a kernel object that the access is of, if it is of one; raises Refused for
    parts of it, and for what only helpers may touch."""
    if pointer.kind is not Kind.MAP_VALUE:
        return None
    fields = setting.fields_of(pointer.name)
    if not fields:
        return None
    low, high = extent(pointer, base, off)
    for one in fields:
        if high + size <= one.offset or one.offset + one.size <= low:
            continue
        if one.kind is not FieldKind.POINTER:
            raise Refused(
                Rule.BOUNDS,
                f"{one.kind.value} cannot be accessed directly by load/store",
                "helpers alone may touch it",
            )
        if low != high:
            raise Refused(Rule.BOUNDS, "kptr access cannot have variable offset")
        if low != one.offset or size != 8:
            raise Refused(Rule.BOUNDS, "kptr access size must be BPF_DW", "access it whole")
        return one
    return None


def _check_stored_pointer(place: MapField, value: Register) -> None:
    """A pointer that the map's value owns is only exchanged; one that it remembers may be set."""
    if not place.is_untrusted:
        raise Refused(
            Rule.BOUNDS, "store to referenced kptr disallowed", "put it there by bpf_kptr_xchg"
        )
    if not value.is_null and (value.kind is not Kind.KERNEL or value.name != place.type):
        raise Refused(
            Rule.BOUNDS,
            f"invalid kptr access, R type={value.type_text} expected=ptr_{place.type}",
            f"store a pointer to struct {place.type}, or 0",
        )


def _kept_pointer(setting: Setting, state: State, place: MapField) -> Register:
    """A load of a pointer in a map's value: it may be null, and go away at any time."""
    is_protected = state.held.rcu or state.held.lock or not setting.is_sleepable
    is_safe = is_protected and not place.is_untrusted
    return Register(
        Kind.KERNEL,
        id=setting.new_id(),
        is_nullable=True,
        name=place.type,
        type=setting.types.struct(place.type),
        trust=RCU if is_safe else UNTRUSTED,
    )


def forget_dynptrs(state: State, frame: int, low: int, high: int) -> None:
    """Stack bytes from `low` to `high` are written: dynptrs there are none any more, and what was
    got from them neither. Raises Refused for one that holds a record."""
    stack = state.frames[frame].stack
    for number_of in range(low // 8, (high - 1) // 8 + 1):
        slot = stack.get(number_of)
        gone = slot.spilled if slot is not None else None
        if gone is None or gone.kind is not Kind.DYNPTR:
            continue
        if gone.reference:
            raise Refused(
                Rule.REFERENCE, "cannot overwrite referenced dynptr", "submit or discard it first"
            )
        forget_dynptr(state, gone.id)


def forget_dynptr(state: State, name: int) -> None:
    """The dynptr is none any more: its slots hold no one knows what, its slices are numbers."""
    state.change_all(lambda one: UNKNOWN if name in (one.dynptr, _id_of(one)) else one)


def _id_of(register: Register) -> int:
    return register.id if register.kind is Kind.DYNPTR else 0


def has_dynptr(stack: Stack, low: int, high: int) -> bool:
    """Whether any of these bytes is a dynptr's."""
    slots = [stack.get(at) for at in range(low // 8, (high - 1) // 8 + 1)]
    held = [slot.spilled for slot in slots if slot is not None]
    return any(one is not None and one.kind is Kind.DYNPTR for one in held)


def check_not_special(stack: Stack, low: int, high: int) -> None:
    """Raises Refused where a dynptr or an iterator lies in these bytes."""
    for number_of in range(low // 8, (high - 1) // 8 + 1):
        slot = stack.get(number_of)
        if slot is not None and slot.spilled is not None and slot.spilled.kind in _SPECIAL:
            raise Refused(
                Rule.READ,
                f"invalid read from stack off {low}+0 size {high - low}",
                "only helpers may look into a dynptr or an iterator",
            )


def _check_unsized(pointer: Register, base: Reg, off: int, size: int) -> None:
    """Memory whose size is only known where the program attaches."""
    if off + pointer.offset < 0 or not pointer.value.is_constant:
        raise Refused(
            Rule.BOUNDS,
            f"R{base.value} invalid {pointer.kind.value} buffer access: off={off}, size={size}",
            "access it at constant offsets from its start",
        )


def _check_writable(setting: Setting, pointer: Register, base: Reg) -> None:
    if pointer.kind in _PACKETS and setting.spec.type not in _WRITE_PACKET:
        raise Refused(Rule.BOUNDS, "cannot write into packet", "such programs only read it")
    if pointer.kind is Kind.MAP_KEY:
        raise Refused(Rule.BOUNDS, f"write to change key R{base.value} not allowed")
    if pointer.kind is Kind.MAP_VALUE and setting.map(pointer.name).flags & _RDONLY_PROG:
        raise Refused(Rule.BOUNDS, f"write into map forbidden, map={pointer.name}")
    if pointer.is_read_only:
        raise Refused(Rule.BOUNDS, f"R{base.value} cannot write into rdonly_{pointer.kind.value}")


def _context_offset(setting: Setting, pointer: Register, base: Reg, off: int) -> int:
    """The context is accessed by its unchanged pointer only, where the kernel rewrites each
    access."""
    if not pointer.value.is_constant:
        raise Refused(
            Rule.CONTEXT,
            f"variable ctx access var_off={pointer.value.wide.bits} off={off}",
            "access the context at constant offsets",
        )
    moved = pointer.offset + pointer.value.wide.smin
    if setting.context.may_be_moved:
        return moved + off
    if moved:
        raise Refused(
            Rule.CONTEXT,
            f"dereference of modified ctx ptr R{base.value} off={moved} disallowed",
            "give the offset in the load itself",
        )
    return off


def _check_object(pointer: Register, base: Reg, off: int, size: int) -> None:
    low, high = extent(pointer, base, off)
    if low >= 0 and high + size <= pointer.size:
        return
    what = "map value" if pointer.kind is Kind.MAP_VALUE else "memory"
    at = low if low < 0 else high
    text = f"invalid access to {what}, {what.split()[-1]}_size={pointer.size} off={at} size={size}"
    if low == high:
        raise Refused(Rule.BOUNDS, text, f"the last byte is at offset {pointer.size - 1}")
    end = "min" if low < 0 else "max"
    raise Refused(
        Rule.BOUNDS,
        f"{text}\nR{base.value} {end} value is outside of the allowed memory range",
        f"compare the offset first: it must be 0 to {pointer.size - size - pointer.offset - off}",
    )


def _check_packet(pointer: Register, base: Reg, off: int, size: int) -> None:
    fixed = pointer.offset + off
    if pointer.value.wide.smin >= 0 and fixed >= 0 and fixed + size <= pointer.reach:
        return
    raise Refused(
        Rule.BOUNDS,
        f"invalid access to packet, off={fixed} size={size}, "
        f"R{base.value}(id={pointer.id},off={pointer.offset},r={pointer.reach})",
        f"compare {base} + {off + size} with data_end first",
    )


def _stack_extent(
    setting: Setting, state: State, base: Reg, off: int, size: int, *, is_aligned: bool = True
) -> tuple[int, int]:
    """The first byte of the stack that may be accessed and the one after the last."""
    pointer = state.registers[base]
    low, high = extent(pointer, base, off)
    if low < -STACK_BYTES or high + size > 0:
        kind = "invalid" if low == high else "invalid variable-offset"
        raise Refused(
            Rule.BOUNDS,
            f"{kind} access to stack R{base.value} off={low if low < -STACK_BYTES else high} "
            f"size={size}",
            f"the stack is r10-{STACK_BYTES} to r10-1",
        )
    if is_aligned:
        _check_alignment(pointer, off, size)
    setting.use_stack(state.frames[pointer.frame].function, low)
    return low, high + size


def _check_alignment(pointer: Register, off: int, size: int) -> None:
    bits = pointer.value.wide.bits
    fixed = pointer.offset + off
    if bits.mask % size or (bits.value + fixed) % size:
        raise Refused(
            Rule.ALIGNMENT,
            f"misaligned {'stack ' * (pointer.kind is Kind.STACK)}access off "
            f"{bits}+{pointer.offset}+{off} size {size}",
            f"an access of {size} bytes is at a multiple of {size}",
        )


def _check_fill(state: State, frame: int, low: int, size: int) -> None:
    """A pointer comes back from the stack whole or not at all."""
    slot = state.frames[frame].stack.get(low // 8)
    if size != 8 and slot is not None and slot.spilled is not None and slot.spilled.is_pointer:
        raise Refused(
            Rule.BOUNDS, "invalid size of register fill", "load all 8 bytes of a spilled pointer"
        )


def _any(size: int) -> Register:
    return UNKNOWN if size == 8 else number(Scalar.unknown().zero_extend(size * 8))
