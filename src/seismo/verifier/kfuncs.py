"""Calls of kernel functions: their parameters are what the kernel's BTF says, with suffixes of
names that say more (`data__sz` is the size of what comes before).

The rules are check_kfunc_args and check_kfunc_call of kernel/bpf/verifier.c.
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass, field, replace
from seismo.base.errors import NotSupported
from seismo.btf.layout import size_of, strip
from seismo.btf.types import Func, FuncProto, Int, Param, Struct, Union, Void
from seismo.isa.insn import REGS, Insn, Reg
from seismo.verifier.arguments import expect, known_constant
from seismo.verifier.btf_pointers import is_number, is_struct_within
from seismo.verifier.calls import acquire
from seismo.verifier.dynptr import check_dynptr, check_new_dynptr, make_dynptr
from seismo.verifier.iterators import (
    DRAINED,
    check_iterator,
    check_new_iterator,
    drain,
    end_iterator,
    make_iterator,
)
from seismo.verifier.kfunc_table import KFUNCS, KernelFunction
from seismo.verifier.memory import check_bytes, extent, forget_dynptrs
from seismo.verifier.objects import is_protected
from seismo.verifier.options import Setting
from seismo.verifier.register import (
    RCU,
    TRUSTED,
    UNKNOWN,
    UNTRUSTED,
    UNWRITTEN,
    Kind,
    Register,
    constant,
    number,
)
from seismo.verifier.returns import check_leaks, check_result
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.scalar import Scalar
from seismo.verifier.stack import overwrite
from seismo.verifier.state import State
from seismo.verifier.transfer import clobber_arguments, readable
from seismo.verifier.types import KernelTypes, pointed_to, struct_name

__all__ = ("KernelCall", "call_kfunc")

_MEMORY = (
    *(Kind.STACK, Kind.PACKET, Kind.PACKET_META, Kind.MAP_KEY, Kind.MAP_VALUE, Kind.MEMORY),
    *(Kind.RECORD, Kind.BUFFER),
)
_KERNEL_CONTEXTS = {
    "__sk_buff": "sk_buff",
    "xdp_md": "xdp_buff",
    "bpf_sock": "sock",
    "bpf_sock_addr": "bpf_sock_addr_kern",
    "bpf_sock_ops": "bpf_sock_ops_kern",
    "sk_msg_md": "sk_msg",
    "bpf_sysctl": "bpf_sysctl_kern",
    "bpf_sockopt": "bpf_sockopt_kern",
    "bpf_cgroup_dev_ctx": "bpf_cgroup_dev_ctx",
    "bpf_sk_lookup": "bpf_sk_lookup_kern",
    "sk_reuseport_md": "sk_reuseport_kern",
}
_SECTIONS = {
    "bpf_rcu_read_lock": ("rcu", 1),
    "bpf_rcu_read_unlock": ("rcu", -1),
    "bpf_preempt_disable": ("preempt", 1),
    "bpf_preempt_enable": ("preempt", -1),
}


@dataclass(slots=True, eq=False)
class KernelCall:
    """One call as its arguments are met; `other` is a second way that things may go on: the
    iterator gave something. `ends`: the program is over."""

    name: str
    function: KernelFunction
    types: KernelTypes
    constants: list[int] = field(default_factory=list)
    object: Register = UNWRITTEN
    dynptr: Register = UNWRITTEN
    iterator: Register = UNWRITTEN
    iterator_place: tuple[int, int] = (0, 0)
    iterator_bytes: int = 0
    made: list[tuple[int, int]] = field(default_factory=list)
    size: int = 0
    other: State | None = None
    ends: bool = False


def call_kfunc(setting: Setting, state: State, insn: Insn, index: int) -> KernelCall:
    """Change `state` as the call does; raises Refused, and NotSupported for functions whose effect
    is not known here, or without the kernel's types."""
    types = setting.types.of_kernel("calls of kernel functions")
    if insn.off:
        raise NotSupported("verifying calls of functions of kernel modules", "not known here")
    type_ = types.type(insn.imm)
    if not isinstance(type_, Func):
        raise Refused(Rule.HELPER, f"kernel btf_id {insn.imm} is not a function")
    function = KFUNCS.get(type_.name)
    if function is None:
        raise NotSupported(
            f"verifying calls of {type_.name}", "what it does to a program is not known here"
        )
    call = KernelCall(type_.name, function, types)
    _check_allowed(setting, state, call)
    proto = types.type(type_.type)
    assert isinstance(proto, FuncProto), "a function has a prototype"
    for at in range(len(proto.params)):
        _check_parameter(setting, state, call, REGS[at + 1], proto.params[at:])
    _take_effect(setting, state, call, index)
    result = _result(setting, state, call, proto, index)
    clobber_arguments(state)
    state.registers[Reg.R0] = result
    if "next" in function.flags:
        _part_ways(setting, state, call)
    return call


def _check_allowed(setting: Setting, state: State, call: KernelCall) -> None:
    function, name = call.function, call.name
    if function.types and setting.spec.type not in function.types:
        raise Refused(
            Rule.HELPER,
            f"calling kernel function {name} is not allowed",
            "it is for programs of type " + ", ".join(one.name.lower() for one in function.types),
        )
    if state.held.lock:
        raise Refused(
            Rule.REFERENCE,
            "function calls are not allowed while holding a lock",
            "unlock it before the call",
        )
    if "sleeps" in function.flags and not setting.is_sleepable:
        raise Refused(
            Rule.HELPER,
            f"program must be sleepable to call sleepable kfunc {name}",
            "load the program with BPF_F_SLEEPABLE",
        )
    if "sleeps" in function.flags and not state.held.may_sleep:
        region = "rcu_read_lock" if state.held.rcu else "non-preemptible"
        raise Refused(
            Rule.REFERENCE,
            f"kernel func {name} is sleepable within {region} region",
            "leave the region before",
        )


def _check_parameter(
    setting: Setting, state: State, call: KernelCall, register: Reg, params: tuple[Param, ...]
) -> None:
    """The first of `params` is what `register` has; the next may be its size."""
    param, types = params[0], call.types
    content = state.registers[register]
    name = param.name
    if name.endswith(("__prog", "__ign")):
        return
    content = readable(state, register)
    content.require()
    stripped = strip(types, param.type)
    if is_number(types, stripped):
        _check_number(call, content, register, name)
        return
    if content.is_null and name.endswith(("__opt", "__nullable")):
        return
    if content.is_nullable:
        raise Refused(
            Rule.NULL,
            f"Possibly NULL pointer passed to trusted arg{register.value - 1}",
            f"compare it with 0 before {call.name} gets it",
        )
    target, _ = pointed_to(types, stripped)
    struct = struct_name(types, target)
    if struct == "bpf_dynptr":
        _check_dynptr(state, call, register, name)
    elif call.function.flags & {"new", "next", "destroy"} and register is Reg.R1:
        _check_iterator(state, call, register, struct, size_of(types, target))
    elif content.kind is Kind.CONTEXT:
        _check_context(setting, content, register, struct)
    elif len(params) > 1 and params[1].name.endswith(("__sz", "__szk")):
        _check_memory(setting, state, call, register)
    elif struct and (content.kind is Kind.KERNEL or call.function.flags & {"trusted", "rcu"}):
        _check_object(setting, call, content, register, target)
    elif struct and _has_pointers(types, target):
        raise _must_be_scalar(register, struct)
    else:
        _check_fixed(setting, state, register, size_of(types, target))


def _check_number(call: KernelCall, content: Register, register: Reg, name: str) -> None:
    if not content.is_scalar:
        raise Refused(Rule.HELPER, f"R{register.value} is not a scalar", "pass a number")
    if name.endswith(("__k", "__szk")):
        call.constants.append(known_constant(content, register))
        call.size = call.constants[-1]


def _check_dynptr(state: State, call: KernelCall, register: Reg, name: str) -> None:
    if name.endswith("__uninit"):
        call.made.append(check_new_dynptr(state, register))
        return
    if state.registers[register].kind not in (Kind.STACK, Kind.DYNPTR):
        raise Refused(
            Rule.HELPER,
            f"arg#{register.value - 1} expected pointer to stack or const struct bpf_dynptr",
            "pass the address of a dynptr",
        )
    call.dynptr = check_dynptr(state, register, "")


def _check_iterator(state: State, call: KernelCall, register: Reg, struct: str, size: int) -> None:
    name = struct.removeprefix("bpf_iter_")
    call.iterator_bytes = size
    if "new" in call.function.flags:
        call.iterator_place = check_new_iterator(state, register, size, name)
        call.iterator = Register(Kind.ITERATOR, name=name)
        return
    call.iterator = check_iterator(state, register, size, name)


def _check_context(setting: Setting, content: Register, register: Reg, struct: str) -> None:
    wanted = setting.spec.type.context
    if struct != wanted and struct:
        raise _must_be_scalar(register, struct)
    if content.offset or not content.value.is_constant:
        raise Refused(
            Rule.HELPER,
            f"dereference of modified ctx ptr R{register.value} off={content.offset} disallowed",
            "pass the context as it was got",
        )


def _must_be_scalar(register: Reg, struct: str) -> Refused:
    return Refused(
        Rule.HELPER,
        f"arg#{register.value - 1} pointer type STRUCT {struct} must point to scalar, or struct "
        "with scalar",
        f"pass a pointer to struct {struct} that the kernel gave to the program",
    )


def _check_memory(setting: Setting, state: State, call: KernelCall, register: Reg) -> None:
    """Memory whose size the next argument says."""
    size = readable(state, REGS[register.value + 1])
    if not size.is_scalar:
        raise Refused(Rule.HELPER, f"R{register.value + 1} is not a scalar", "pass its size")
    size.require()
    most = size.value.wide.umax
    if size.value.wide.smin < 0 or most >= 1 << 29:
        raise Refused(
            Rule.HELPER,
            f"R{register.value + 1} unbounded memory access, use 'var &= const' or "
            "'if (var < const)'",
            "bound the size",
        )
    _check_fixed(setting, state, register, most)


def _check_fixed(setting: Setting, state: State, register: Reg, size: int) -> None:
    content = state.registers[register]
    expect(content, register, _MEMORY)
    if not size:
        return
    is_write = not content.is_read_only and content.kind is not Kind.MAP_KEY
    check_bytes(setting, state, register, 0, size, is_write=is_write)
    if content.kind is Kind.STACK:
        low, high = extent(content, register, 0)
        forget_dynptrs(state, content.frame, low, high + size)
        overwrite(state.frames[content.frame].stack, low, high + size)


def _check_object(
    setting: Setting, call: KernelCall, content: Register, register: Reg, target: int
) -> None:
    flags = call.function.flags
    wanted = struct_name(call.types, target)
    is_map = wanted == "bpf_map" and content.kind is Kind.MAP
    is_trusted = is_map or content.reference or content.trust & TRUSTED
    if "trusted" in flags and not is_trusted:
        raise Refused(
            Rule.HELPER,
            f"R{register.value} must be referenced or trusted",
            "pass a pointer that the kernel gave to the program",
        )
    if "rcu" in flags and not (is_trusted or content.trust & RCU):
        raise Refused(
            Rule.HELPER,
            f"R{register.value} must be a rcu pointer",
            "read it in an RCU read section, or acquire it",
        )
    at = content.offset + content.value.wide.smin
    if not is_map and not is_struct_within(call.types, content.type, at, target):
        raise Refused(
            Rule.HELPER,
            f"kernel function {call.name} args#{register.value - 1} expected pointer to STRUCT "
            f"{wanted} but R{register.value} has a pointer to STRUCT {content.name}",
            f"pass a pointer to struct {wanted}",
        )
    call.object = content
    if "release" in flags and not content.reference:
        raise Refused(
            Rule.REFERENCE,
            f"release kernel function {call.name} expects refcounted PTR_TO_BTF_ID",
            "only what was acquired is released",
        )


def _has_pointers(types: KernelTypes, struct: int) -> bool:
    """Whether a program cannot make such a struct in its own memory."""
    type_ = types.type(strip(types, struct))
    if isinstance(type_, Struct | Union):
        return any(_has_pointers(types, one.type) for one in type_.members)
    return not is_number(types, struct) and type_.kind.name == "PTR"


def _take_effect(setting: Setting, state: State, call: KernelCall, index: int) -> None:
    flags = call.function.flags
    if call.name in _SECTIONS:
        _change_section(state, *_SECTIONS[call.name])
    if "release" in flags:
        state.release(call.object.reference)
    for place in call.made:
        _make_dynptr(setting, state, call, place)
    if "new" in flags:
        is_safe = "read_section" not in flags or is_protected(setting, state)
        trust = (RCU if is_safe else UNTRUSTED) if "read_section" in flags else 0
        reference = acquire(setting, state, index)
        make_iterator(
            state,
            call.iterator_place,
            call.iterator_bytes,
            call.iterator.name,
            reference=reference,
            trust=trust,
        )
    if "destroy" in flags:
        end_iterator(state, Reg.R1, call.iterator_bytes, call.iterator)
    if call.name == "bpf_throw":
        check_leaks(state, "bpf_throw")
        check_result(setting, state, state.registers[Reg.R1])
        call.ends = True


def _change_section(state: State, name: str, step: int) -> None:
    held = state.held
    depth = (held.rcu if name == "rcu" else held.preempt) + step
    if depth < 0:
        what = "rcu read unlock" if name == "rcu" else "attempt to enable preemption"
        raise Refused(Rule.REFERENCE, f"unmatched {what}", "enter the section first")
    if name == "rcu" and depth > 1:
        raise Refused(Rule.REFERENCE, "nested rcu read lock", "one read section is enough")
    state.held = replace(held, rcu=depth) if name == "rcu" else replace(held, preempt=depth)
    if name == "rcu" and not depth:
        # What was found in the section may be gone.
        state.change_all(
            lambda one: (
                replace(one, trust=one.trust & ~RCU | UNTRUSTED, is_nullable=False, id=0)
                if one.trust & RCU and one.kind is Kind.KERNEL
                else one
            )
        )


def _make_dynptr(setting: Setting, state: State, call: KernelCall, place: tuple[int, int]) -> None:
    if call.name == "bpf_dynptr_clone":
        source = call.dynptr
        make_dynptr(state, place, source.name, id=setting.new_id(), reference=source.reference)
        return
    kind = "xdp" if call.name.endswith("xdp") else "skb"
    make_dynptr(state, place, kind, id=setting.new_id())


def _result(
    setting: Setting, state: State, call: KernelCall, proto: FuncProto, index: int
) -> Register:
    special = _special_result(setting, call)
    if special is not None:
        return special
    types = call.types
    returned = strip(types, proto.returns)
    type_ = types.type(returned)
    if isinstance(type_, Void):
        return UNWRITTEN
    if is_number(types, returned):
        size = size_of(types, returned)
        if isinstance(type_, Int) and size < 8 and not type_.signed:
            return number(Scalar.unknown().zero_extend(size * 8))
        return UNKNOWN
    target, _ = pointed_to(types, returned)
    flags = call.function.flags
    is_nullable = "null" in flags
    reference = acquire(setting, state, index) if "acquire" in flags else 0
    link = reference or (setting.new_id() if is_nullable else 0)
    if not struct_name(types, target):
        held = call.iterator.reference if "next" in flags else 0
        return Register(
            Kind.MEMORY,
            id=link,
            reference=held,
            is_nullable=is_nullable,
            is_read_only=True,
            size=size_of(types, target),
        )
    trust = 0
    if "next" in flags:
        trust = call.iterator.trust & RCU or TRUSTED
        reference = call.iterator.reference
    return Register(
        Kind.KERNEL,
        id=link,
        reference=reference,
        is_nullable=is_nullable,
        name=struct_name(types, target),
        type=target,
        trust=trust,
    )


def _special_result(setting: Setting, call: KernelCall) -> Register | None:
    """Of functions whose result is not what their type says."""
    if call.name == "bpf_cast_to_kern_ctx":
        name = _KERNEL_CONTEXTS.get(setting.spec.type.context, "")
        if not name:
            raise NotSupported("verifying bpf_cast_to_kern_ctx", "the kernel's context is unknown")
        return Register(Kind.KERNEL, name=name, type=setting.types.struct(name), trust=TRUSTED)
    if call.name == "bpf_rdonly_cast":
        return _cast(call)
    if call.name.startswith("bpf_dynptr_slice"):
        return Register(
            Kind.MEMORY,
            id=setting.new_id(),
            is_nullable=True,
            is_read_only=not call.name.endswith("rdwr"),
            size=call.size,
            dynptr=call.dynptr.id,
        )
    return None


def _cast(call: KernelCall) -> Register:
    target = call.constants[-1]
    if not target:
        return Register(Kind.MEMORY, is_read_only=True, trust=UNTRUSTED)
    name = struct_name(call.types, strip(call.types, target))
    if not name:
        raise Refused(
            Rule.HELPER,
            f"kfunc bpf_rdonly_cast type ID argument must be of a struct or void: {target}",
            "cast to a struct of the kernel",
        )
    return Register(Kind.KERNEL, name=name, type=target, trust=UNTRUSTED)


def _part_ways(setting: Setting, state: State, call: KernelCall) -> None:
    """The iterator gave something, `other`, or, as `state` is then, it has nothing more."""
    if call.iterator.reach != DRAINED:
        call.other = state.copy()
        found = state.registers[Reg.R0]
        call.other.registers[Reg.R0] = replace(found, is_nullable=False, id=0)
    drain(state, call.iterator)
    state.registers[Reg.R0] = constant(0)
