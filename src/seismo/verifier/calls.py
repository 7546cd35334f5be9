"""Calls of helpers: their arguments against the prototype, and what they leave behind."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.isa.errors import NotFound
from seismo.isa.helpers import helper_name
from seismo.isa.insn import REGS, Insn, Reg
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import ProgType
from seismo.verifier.arguments import Call, check_argument
from seismo.verifier.dynptr import make_dynptr
from seismo.verifier.map_helpers import inner_name, looks_up_map
from seismo.verifier.memory import forget_dynptr
from seismo.verifier.options import Setting
from seismo.verifier.permissions import MOVE_PACKET, check_helper, variant_of
from seismo.verifier.prototypes import Result
from seismo.verifier.register import (
    PER_CPU,
    TRUSTED,
    UNKNOWN,
    UNWRITTEN,
    Kind,
    Register,
    number,
)
from seismo.verifier.returns import check_leaks
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.scalar import Scalar
from seismo.verifier.state import State
from seismo.verifier.transfer import clobber_arguments

__all__ = ("Call", "acquire", "call_helper")

_PACKETS = (Kind.PACKET, Kind.PACKET_META, Kind.PACKET_END)
_LARGEST_ERRNO = 4095
_ALWAYS_THERE = (MapType.ARRAY, MapType.PERCPU_ARRAY)
"""Where a key below the size needs no check for null. Since Linux 6.14."""
_SOCKET_MAPS = (MapType.SOCKMAP, MapType.SOCKHASH)
_ACQUIRE = ("sk_lookup_tcp", "sk_lookup_udp", "skc_lookup_tcp", "ringbuf_reserve")
_SAME_REFERENCE = (
    *("sk_fullsock", "tcp_sock", "skc_to_tcp_sock", "skc_to_tcp6_sock", "skc_to_mptcp_sock"),
    *("skc_to_tcp_timewait_sock", "skc_to_tcp_request_sock", "skc_to_udp6_sock"),
    *("skc_to_unix_sock",),
)
"""What is got from an acquired socket goes away with it (`is_ptr_cast_function`)."""
_CALLED_LATER = ("timer_set_callback",)
_NOT_IN_PROBES = ("d_path", "sk_storage_get", "sk_storage_delete")
_KINDS: Mapping[Result, Kind] = {
    Result.RECORD: Kind.RECORD,
    Result.COMMON: Kind.SOCK_COMMON,
    Result.SOCKET: Kind.SOCKET,
    Result.TCP_SOCKET: Kind.TCP_SOCK,
}


def call_helper(setting: Setting, state: State, insn: Insn, index: int) -> Call:
    """Change `state` as the call does; raises Refused, or NotSupported for what cannot be known
    here. A callback is the caller's to explore."""
    name = _name_of(insn)
    check_helper(setting.spec, name, insn.imm)
    _check_held(setting, state, name, insn.imm)
    call = Call(name, variant_of(setting.spec, name))
    for at, parameter in enumerate(call.prototype.args, start=1):
        check_argument(setting, state, call, REGS[at], parameter)
    _check_special(setting, state, call)
    _take_effect(setting, state, call, index)
    result = _result(setting, state, call, index)
    clobber_arguments(state)
    state.registers[Reg.R0] = result
    return call


def _name_of(insn: Insn) -> str:
    try:
        return helper_name(insn.imm)
    except NotFound:
        raise Refused(Rule.HELPER, f"invalid func unknown#{insn.imm}") from None


def _check_held(setting: Setting, state: State, name: str, number_of: int) -> None:
    """While a lock is held only its release is called; nothing sleeps in a section."""
    if state.held.lock and name not in ("spin_unlock", "kptr_xchg"):
        raise Refused(
            Rule.REFERENCE,
            "function calls are not allowed while holding a lock",
            "unlock it before the call",
        )
    if name.startswith("copy_from_user") and not state.held.may_sleep:
        region = "rcu_read_lock" if state.held.rcu else "non-preemptible"
        raise Refused(
            Rule.REFERENCE,
            f"sleepable helper bpf_{name}#{number_of} in {region} region",
            "leave the region before",
        )


def _check_special(setting: Setting, state: State, call: Call) -> None:
    flags = state.registers[Reg.R2]
    if call.name == "get_local_storage" and not flags.is_null:
        flags.require()
        raise Refused(
            Rule.HELPER, "get_local_storage() doesn't support non-zero flags", "let r2 be 0"
        )
    if call.name == "tail_call":
        check_leaks(state, "tail_call")
    is_probe = setting.spec.type in (ProgType.TRACING, ProgType.SYSCALL)
    if call.name in _NOT_IN_PROBES and is_probe:
        raise Refused(
            Rule.HELPER,
            "helper call is not allowed in probe",
            f"bpf_{call.name} is only for a few functions of the kernel",
        )


def _take_effect(setting: Setting, state: State, call: Call, index: int) -> None:
    """What is locked, released, moved and made."""
    if call.name in ("spin_lock", "spin_unlock"):
        holder = call.holder
        assert call.place is not None, "its argument is a lock"
        lock = (holder.name, holder.id, call.place.offset)
        is_lock = call.name == "spin_lock"
        state.held = state.held.acquire(lock) if is_lock else state.held.release(lock)
    if call.released:
        state.release(call.released)
        if call.dynptr.kind is Kind.DYNPTR:
            forget_dynptr(state, call.dynptr.id)
    is_packet = call.dynptr.kind is Kind.DYNPTR and call.dynptr.name in ("skb", "xdp")
    if call.name in MOVE_PACKET or (call.name == "dynptr_write" and is_packet):
        state.change_all(lambda one: UNKNOWN if one.kind in _PACKETS else one)
    for frame, offset, kind in call.made:
        reference = acquire(setting, state, index) if kind == "ringbuf" else 0
        id = reference or setting.new_id()
        make_dynptr(state, (frame, offset), kind, id=id, reference=reference)
    call.is_later = call.name in _CALLED_LATER


def acquire(setting: Setting, state: State, index: int) -> int:
    """A new reference, which the instruction at `index` acquired."""
    made = setting.new_id()
    state.references = (*state.references, (made, index))
    return made


def _result(setting: Setting, state: State, call: Call, index: int) -> Register:
    prototype = call.prototype
    match prototype.result:
        case Result.NUMBER:
            if call.name == "get_smp_processor_id":
                return number(Scalar.unsigned(0, setting.options.cpus - 1))
            return UNKNOWN
        case Result.LENGTH:
            return number(Scalar.signed(-_LARGEST_ERRNO, call.most))
        case Result.VOID:
            return UNWRITTEN
        case Result.VALUE:
            return _value(setting, state, call, index)
        case Result.KERNEL:
            return _object(setting, call, prototype.type)
        case Result.PER_CPU:
            return _per_cpu(setting, call)
        case Result.SLOT:
            return _swapped(setting, state, call, index)
        case Result.SLICE:
            return Register(
                Kind.MEMORY,
                id=setting.new_id(),
                is_nullable=True,
                size=call.size,
                dynptr=call.dynptr.id,
            )
    kind = _KINDS[prototype.result]
    reference = acquire(setting, state, index) if call.name in _ACQUIRE else call.object.reference
    id = reference if call.name in _ACQUIRE else setting.new_id()
    return Register(kind, id=id, reference=reference, is_nullable=True, size=call.size)


def _value(setting: Setting, state: State, call: Call, index: int) -> Register:
    """What a look-up in a map gives."""
    spec = setting.map(call.map)
    if looks_up_map(spec):
        name = inner_name(call.map)
        setting.map(name)
        return Register(Kind.MAP, id=setting.new_id(), is_nullable=True, name=name)
    if spec.type in _SOCKET_MAPS:
        made = acquire(setting, state, index)
        return Register(Kind.SOCKET, id=made, reference=made, is_nullable=True)
    if spec.type is MapType.XSKMAP:
        return Register(Kind.XDP_SOCK, id=setting.new_id(), is_nullable=True)
    is_there = spec.type in _ALWAYS_THERE and call.key < spec.max_entries
    is_nullable = call.prototype.is_nullable and not is_there
    return Register(
        Kind.MAP_VALUE,
        id=setting.new_id() if is_nullable or setting.fields_of(call.map) else 0,
        is_nullable=is_nullable,
        is_read_only=spec.type in (MapType.DEVMAP, MapType.DEVMAP_HASH),
        name=call.map,
        size=spec.value_size,
    )


def _object(setting: Setting, call: Call, name: str) -> Register:
    is_nullable = call.prototype.is_nullable
    reference = call.object.reference if call.name in _SAME_REFERENCE else 0
    return Register(
        Kind.KERNEL,
        id=setting.new_id() if is_nullable else 0,
        reference=reference,
        is_nullable=is_nullable,
        name=name,
        type=setting.types.struct(name) if setting.types.kernel is not None else 0,
        trust=TRUSTED if name == "task_struct" else 0,
    )


def _per_cpu(setting: Setting, call: Call) -> Register:
    """The variable itself, of one CPU: memory if it is no struct."""
    found, is_nullable = call.object, call.prototype.is_nullable
    id = setting.new_id() if is_nullable else 0
    if not found.type:
        return Register(
            Kind.MEMORY, id=id, is_nullable=is_nullable, is_read_only=True, size=found.size
        )
    return Register(
        Kind.KERNEL,
        id=id,
        is_nullable=is_nullable,
        name=found.name,
        type=found.type,
        trust=found.trust & ~PER_CPU,
    )


def _swapped(setting: Setting, state: State, call: Call, index: int) -> Register:
    """What `bpf_kptr_xchg` took out of a map's value, which is the program's now."""
    place = call.place
    assert place is not None, "its argument is such a place"
    made = acquire(setting, state, index)
    return Register(
        Kind.KERNEL,
        id=made,
        reference=made,
        is_nullable=True,
        name=place.type,
        type=setting.types.struct(place.type),
        trust=TRUSTED,
    )
