"""A helper's arguments against its prototype: what each must be, and what is learnt of the call."""

from __future__ import annotations

from seismo.base.bits import to_signed
from seismo.base.dataclass import dataclass, field, replace
from seismo.base.errors import NotSupported
from seismo.isa.insn import REGS, Reg
from seismo.isa.map_types import MapType
from seismo.verifier.btf_pointers import is_struct_within
from seismo.verifier.dynptr import check_dynptr, check_new_dynptr
from seismo.verifier.map_fields import FieldKind, MapField
from seismo.verifier.map_helpers import check_map_helper, check_update
from seismo.verifier.memory import check_bytes, check_not_special, extent, has_dynptr, load
from seismo.verifier.options import Setting
from seismo.verifier.permissions import READ_PACKET
from seismo.verifier.prototypes import Arg, Parameter, Prototype
from seismo.verifier.register import (
    ALLOCATED,
    PER_CPU,
    SOCKETS,
    UNTRUSTED,
    UNWRITTEN,
    USER,
    Kind,
    Register,
)
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.stack import overwrite, read, smear
from seismo.verifier.state import State
from seismo.verifier.transfer import readable

__all__ = ("Call", "check_argument", "expect", "known_constant")

_PACKETS = (Kind.PACKET, Kind.PACKET_META)
_MEMORY = (
    *(Kind.STACK, *_PACKETS, Kind.MAP_KEY, Kind.MAP_VALUE, Kind.MEMORY, Kind.RECORD, Kind.BUFFER),
)
_KEYS = (Kind.STACK, *_PACKETS, Kind.MAP_KEY, Kind.MAP_VALUE, Kind.MEMORY)
_RDONLY_PROG = 1 << 7
_CHANGE_MAP = ("map_update_elem", "map_delete_elem", "map_push_elem", "map_pop_elem")
_LARGEST_SIZE = 1 << 29
_NO_KEY = 1 << 32
_FIELD_OF = {Arg.TIMER: FieldKind.TIMER, Arg.LOCK: FieldKind.LOCK, Arg.SLOT: FieldKind.POINTER}


@dataclass(slots=True, eq=False)
class Call:
    """One call as its arguments are met: the map among them, and a constant size; `most` bytes are
    written to memory, `key` is the map's, `released` is the reference that is given back,
    `callback` the index of the function that is called back with `callback_context`.

    `object` is the kernel's that was passed, `place` what of a map's value, in `holder`; `written`
    are (frame, offset, kind) of dynptrs that the call makes; `is_later`: the callback runs when
    the program has ended.
    """

    name: str
    prototype: Prototype
    map: str = ""
    size: int = 0
    released: int = 0
    callback: int = -1
    callback_context: Register = UNWRITTEN
    most: int = 0
    key: int = _NO_KEY
    object: Register = UNWRITTEN
    place: MapField | None = None
    holder: Register = UNWRITTEN
    dynptr: Register = UNWRITTEN
    made: list[tuple[int, int, str]] = field(default_factory=list)
    is_later: bool = False


def check_argument(
    setting: Setting, state: State, call: Call, register: Reg, parameter: Parameter
) -> None:
    """One argument, after those before it; raises Refused, NotSupported where types are missing."""
    content = readable(state, register)
    arg = parameter.kind
    if arg is Arg.ANY:
        return
    content.require()
    if parameter.is_optional and content.is_null:
        if arg is Arg.STACK:
            call.callback_context = content
        return
    _check_known(call, content, register, parameter)
    match arg:
        case Arg.MAP:
            _check_map(setting, call, content, register)
        case Arg.KEY | Arg.VALUE | Arg.OUT_VALUE:
            _check_entry(setting, state, call, register, arg)
        case Arg.READ | Arg.OUT | Arg.CHANGED:
            _check_kind_of_memory(call, content, register)
            if parameter.size:
                _check_memory(setting, state, register, parameter.size, arg)
        case Arg.SIZE | Arg.SIZE_OR_ZERO:
            memory = call.prototype.args[register.value - 2]
            _check_size(setting, state, register, memory, arg)
            if memory.kind is not Arg.READ:
                call.most = content.value.wide.umax
        case Arg.CONSTANT:
            call.size = to_signed(known_constant(content, register), 64)
        case Arg.CONTEXT:
            expect(content, register, (Kind.CONTEXT,))
            _check_unmoved(content, register)
        case Arg.TEXT:
            expect(content, register, (Kind.MAP_VALUE,))
            _check_text(setting, content, register)
        case Arg.TIMER | Arg.LOCK | Arg.SLOT:
            _check_field(setting, call, content, register, arg)
        case Arg.FUNCTION | Arg.STACK:
            _check_callback(call, content, register, arg)
        case Arg.NEW_DYNPTR | Arg.DYNPTR:
            _check_dynptr(state, call, register, parameter)
        case _:
            _check_object(setting, call, content, register, parameter)


def _check_callback(call: Call, content: Register, register: Reg, arg: Arg) -> None:
    """The function that is called back, or what it gets from its caller's stack."""
    if arg is Arg.FUNCTION:
        expect(content, register, (Kind.FUNCTION,))
        call.callback = content.frame
    else:
        expect(content, register, (Kind.STACK,))
        call.callback_context = content


def _check_dynptr(state: State, call: Call, register: Reg, parameter: Parameter) -> None:
    if parameter.kind is Arg.NEW_DYNPTR:
        call.made.append((*check_new_dynptr(state, register), parameter.type))
        return
    call.dynptr = check_dynptr(state, register, parameter.type)
    if parameter.is_released:
        call.released = call.dynptr.reference


def _check_known(call: Call, content: Register, register: Reg, parameter: Parameter) -> None:
    if content.is_nullable and not (parameter.is_optional and parameter.kind is not Arg.STACK):
        raise Refused(
            Rule.NULL,
            f"R{register.value} type={content.type_text} expected={parameter.kind.value}",
            f"compare it with 0 before bpf_{call.name} gets it",
        )
    if content.kind in _PACKETS and call.name not in READ_PACKET:
        raise Refused(
            Rule.HELPER,
            "helper access to the packet is not allowed",
            f"copy the bytes to the stack first: bpf_{call.name} takes no packet memory",
        )


def expect(content: Register, register: Reg, kinds: tuple[Kind, ...]) -> None:
    """Raises Refused for a register that is of none of these kinds."""
    if content.kind not in kinds:
        expected = ", ".join(kind.value for kind in kinds)
        raise Refused(
            Rule.HELPER,
            f"R{register.value} type={content.type_text} expected={expected}",
            f"r{register.value} must be one of these",
        )


def _check_unmoved(content: Register, register: Reg) -> None:
    if content.offset or not content.value.is_constant or content.value.value:
        raise Refused(
            Rule.HELPER,
            f"dereference of modified {content.kind.value} ptr R{register.value} "
            f"off={content.offset} disallowed",
            "pass the pointer as it was got",
        )


def _check_map(setting: Setting, call: Call, content: Register, register: Reg) -> None:
    expect(content, register, (Kind.MAP,))
    kind = setting.map(content.name).type
    if call.name == "timer_init" and call.holder.name != content.name:
        raise Refused(
            Rule.HELPER,
            f"timer pointer in R1 map_uid doesn't match map pointer in R{register.value}",
            "pass the map that the timer is in",
        )
    check_map_helper(call.name, kind)
    check_update(setting.spec.type, call.name, kind)
    if call.name in _CHANGE_MAP and setting.map(content.name).flags & _RDONLY_PROG:
        raise Refused(Rule.HELPER, "write into map forbidden", "programs may only read this map")
    call.map = content.name


def _check_entry(setting: Setting, state: State, call: Call, register: Reg, arg: Arg) -> None:
    """A key or a value, whose size is the map's."""
    spec = setting.map(call.map)
    content = state.registers[register]
    if arg is Arg.VALUE and spec.type in (MapType.SOCKMAP, MapType.SOCKHASH):
        _check_socket(setting, content, register)
        return
    if arg is Arg.OUT_VALUE and spec.type is MapType.BLOOM_FILTER:
        arg = Arg.VALUE
    size = spec.key_size if arg is Arg.KEY else spec.value_size
    if arg is Arg.KEY:
        expect(content, register, _KEYS)
    _check_memory(setting, state, register, size, Arg.OUT if arg is Arg.OUT_VALUE else Arg.READ)
    if arg is Arg.KEY:
        call.key = _known_key(state, register, size)


def known_constant(content: Register, register: Reg) -> int:
    """The number in a register, which must be known; raises Refused."""
    if not content.is_scalar or not content.value.is_constant:
        raise Refused(Rule.HELPER, f"R{register.value} is not a known constant", "pass a constant")
    return content.value.value


def _check_text(setting: Setting, content: Register, register: Reg) -> None:
    """A string that nobody changes: in a frozen map that programs cannot write."""
    spec = setting.map(content.name)
    if not spec.is_frozen or not spec.flags & _RDONLY_PROG:
        raise Refused(
            Rule.HELPER,
            f"R{register.value} does not point to a readonly map",
            "put the string into a frozen map with BPF_F_RDONLY_PROG",
        )
    if not content.value.is_constant:
        raise Refused(Rule.HELPER, f"R{register.value} is not a constant address")


def _check_kind_of_memory(call: Call, content: Register, register: Reg) -> None:
    is_own = content.kind is Kind.KERNEL and content.trust & ALLOCATED
    if not is_own:
        expect(content, register, _MEMORY)
    if content.trust & UNTRUSTED:
        raise Refused(
            Rule.HELPER,
            f"R{register.value} type={content.type_text} expected={Kind.MEMORY.value}",
            "nothing is known to be there: copy it by bpf_probe_read_kernel first",
        )
    if call.name == "dynptr_from_mem" and content.kind is not Kind.MAP_VALUE:
        raise Refused(
            Rule.HELPER,
            f"Unsupported reg type {content.type_text} for bpf_dynptr_from_mem data",
            "the memory must be a map's",
        )


def _check_memory(
    setting: Setting,
    state: State,
    register: Reg,
    size: int,
    arg: Arg,
    *,
    is_whole: bool = True,
) -> None:
    """`size` bytes that a helper reads or writes; not all of them unless `is_whole`."""
    content = state.registers[register]
    is_write = arg is not Arg.READ
    expect(content, register, _MEMORY)
    if not size:
        return
    # Where null is fine, what may be null is, too.
    state.registers[register] = replace(content, is_nullable=False)
    check_bytes(setting, state, register, 0, size, is_write=is_write)
    state.registers[register] = content
    _check_not_field(setting, content, register, size)
    if content.kind is not Kind.STACK:
        return
    low, high = extent(content, register, 0)
    stack = state.frames[content.frame].stack
    if arg is not Arg.OUT and not setting.options.allows_unwritten_stack:
        for at in range(low, high + size):
            load(setting, state, register, at - low, 1)
    if arg is Arg.READ or has_dynptr(stack, low, high + size):
        check_not_special(stack, low, high + size)
    if is_write:
        if low != high or not is_whole:
            smear(stack, low, high + size)
        else:
            overwrite(stack, low, low + size)


def _check_not_field(setting: Setting, content: Register, register: Reg, size: int) -> None:
    """What the kernel keeps in a map's value is not for helpers that copy memory."""
    if content.kind is not Kind.MAP_VALUE:
        return
    for one in setting.fields_of(content.name):
        low, high = extent(content, register, 0)
        if low < one.offset + one.size and one.offset < high + size:
            name = "kptr" if one.kind is FieldKind.POINTER else one.kind.value
            raise Refused(
                Rule.BOUNDS,
                f"{name} cannot be accessed directly by load/store"
                if one.kind is not FieldKind.POINTER
                else "kptr cannot be accessed indirectly by helper",
                "pass only the bytes around it",
            )


def _check_size(setting: Setting, state: State, register: Reg, memory: Parameter, arg: Arg) -> None:
    """The memory in the register before has as many bytes as this one says at most."""
    content = state.registers[register]
    expect(content, register, (Kind.SCALAR,))
    bounds = content.value.wide
    if bounds.smin < 0:
        raise Refused(
            Rule.HELPER,
            f"R{register.value} min value is negative, either use unsigned or 'var &= const'",
            "bound the size from below",
        )
    if not bounds.umin and arg is Arg.SIZE:
        raise Refused(
            Rule.HELPER,
            f"R{register.value} invalid zero-sized read: u64=[{bounds.umin},{bounds.umax}]",
            "the size must not be 0",
        )
    if bounds.umax >= _LARGEST_SIZE:
        raise Refused(
            Rule.HELPER,
            f"R{register.value} unbounded memory access, use 'var &= const' or 'if (var < const)'",
            "bound the size from above",
        )
    before = REGS[register.value - 1]
    if state.registers[before].is_null and memory.is_optional:
        if bounds.umax:
            expect(state.registers[before], before, _MEMORY)
        return
    _check_memory(setting, state, before, bounds.umax, memory.kind, is_whole=bounds.is_constant)


def _known_key(state: State, register: Reg, size: int) -> int:
    """A key that is a constant on the stack; one that no array has if it is not known."""
    content = state.registers[register]
    if content.kind is Kind.STACK and content.value.is_constant and size == 4:
        stack = state.frames[content.frame].stack
        key = read(stack, content.offset, size, unwritten_is_fine=True)
        if key.is_scalar and key.value.is_constant:
            key.require()
            return key.value.value
    return _NO_KEY


def _check_field(setting: Setting, call: Call, content: Register, register: Reg, arg: Arg) -> None:
    """A lock, a timer or a pointer's place in a map's value, at the offset where it is."""
    kind = _FIELD_OF[arg]
    if arg is not Arg.TIMER and content.kind is Kind.KERNEL and content.trust & ALLOCATED:
        raise NotSupported(f"verifying bpf_{call.name} on allocated objects", "not known here yet")
    expect(content, register, (Kind.MAP_VALUE,))
    if not content.value.is_constant:
        raise Refused(
            Rule.HELPER,
            f"R{register.value} doesn't have constant offset. {kind.value} has to be at the "
            "constant offset",
            "use it at a constant offset of the value",
        )
    spec = setting.map(content.name)
    if not spec.value_type:
        raise Refused(
            Rule.HELPER,
            f"map '{spec.name}' has to have BTF in order to use {kind.value}",
            "say in BTF what the map's value is",
        )
    if setting.types.own is None:
        raise NotSupported(f"verifying bpf_{call.name}", "the types of the map are not at hand")
    at = content.offset + content.value.wide.smin
    for one in setting.fields_of(content.name):
        if one.kind is kind and one.offset == at:
            call.place, call.holder = one, content
            return
    raise Refused(
        Rule.HELPER,
        f"off {at} doesn't point to 'struct {kind.value}' in map '{spec.name}'",
        "pass the address of the member itself",
    )


def _check_object(
    setting: Setting, call: Call, content: Register, register: Reg, parameter: Parameter
) -> None:
    match parameter.kind:
        case Arg.RECORD:
            expect(content, register, (Kind.RECORD,))
            _check_unmoved(content, register)
        case Arg.COMMON:
            expect(content, register, SOCKETS)
            _check_unmoved(content, register)
        case Arg.SOCKET:
            expect(content, register, (Kind.SOCKET,))
            _check_unmoved(content, register)
        case Arg.ANY_SOCKET:
            _check_socket(setting, content, register)
        case Arg.PER_CPU:
            _check_kernel(content, register, PER_CPU)
        case _:
            _check_kernel(content, register, 0)
            if parameter.type:
                _check_struct(setting, content, register, parameter.type)
            elif call.place is not None:
                _check_struct(setting, content, register, call.place.type)
    call.object = content
    if not parameter.is_released:
        return
    call.released = content.reference
    if not call.released:
        raise Refused(
            Rule.REFERENCE,
            f"R{register.value} must be referenced when passed to release function",
            "only what a look-up gave is given back",
        )


def _check_socket(setting: Setting, content: Register, register: Reg) -> None:
    """A socket as the program sees it, or one of the kernel's."""
    if content.kind is Kind.KERNEL:
        _check_kernel(content, register, 0)
        _check_struct(setting, content, register, "sock_common")
        return
    expect(content, register, SOCKETS)
    _check_unmoved(content, register)


def _check_kernel(content: Register, register: Reg, space: int) -> None:
    """A pointer to an object that may still be there: not one that was found on untrusted ways."""
    is_usable = content.kind is Kind.KERNEL and not content.trust & (UNTRUSTED | USER | ALLOCATED)
    if not is_usable or content.trust & PER_CPU != space:
        wanted = "percpu_ptr_" if space else "ptr_, trusted_ptr_, rcu_ptr_"
        raise Refused(
            Rule.HELPER,
            f"R{register.value} type={content.type_text} expected={wanted}",
            "pass a pointer that the kernel gave to the program",
        )


def _check_struct(setting: Setting, content: Register, register: Reg, wanted: str) -> None:
    types = setting.types.of_kernel("arguments that are objects of the kernel")
    id = setting.types.struct(wanted)
    at = content.offset + content.value.wide.smin
    if not content.value.is_constant or not id or not is_struct_within(types, content.type, at, id):
        raise Refused(
            Rule.HELPER,
            f"R{register.value} is of type {content.name} but {wanted} is expected",
            f"pass a pointer to struct {wanted}",
        )
