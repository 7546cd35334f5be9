"""What a probe is handed: `arg0 … sarg0 … retval func reg()`.

| context | `arg0` | `retval` |
|---|---|---|
| registers (kprobe, uprobe) | the calling convention's register | its register |
| slots (rawtracepoint) | a u64 of the context | |
| trampoline (fentry, fexit) | `bpf_get_func_arg` | `bpf_get_func_ret` |
| registers of a static probe (usdt) | where the site's note says | |
"""

from __future__ import annotations

from seismo.builtin.context import argument_slot, load_register, result_slot
from seismo.builtin.record import Address, Builtin, Lowered, Lowering, Writer
from seismo.builtin.static_probe import static_argument, static_argument_type
from seismo.elf.registers import (
    UnknownRegister,
    argument_registers,
    instruction_pointer,
    register_names,
    register_offset,
    return_register,
    stack_pointer,
)
from seismo.ir.ops import BinaryKind, Value
from seismo.lang.ast import Call
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.types import UINT64, VOID, IntType, SymbolicType, Type
from seismo.probes.backend import Context

__all__ = ("BUILTINS", "FUNC", "REG", "RETVAL")

_ARGUMENTS = 12  # include/linux/bpf.h: MAX_BPF_FUNC_ARGS; static probes have as many
_ENTRIES = ("kprobe", "uprobe", "usdt", "rawtracepoint", "fentry", "fexit")
_RETURNS = ("kretprobe", "uretprobe", "fexit")
_FUNCTIONS = ("kprobe", "kretprobe", "fentry", "fexit", "uprobe", "uretprobe")
_WITH_REGISTERS = (
    *("kprobe", "kretprobe", "uprobe", "uretprobe", "usdt"),
    *("profile", "interval", "software", "hardware", "watchpoint"),
)
_KSYM, _USYM = SymbolicType("ksym_t", 8), SymbolicType("usym_t", 16)


def _number(name: str) -> int:
    return int(name.lstrip("sarg"))


def _check_argument(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    place, index = context.place, _number(call.name)
    if place is None:
        return UINT64
    backend = place.backend
    if backend.usdt:
        return static_argument_type(call, index, backend.usdt, context)
    if backend.context is Context.REGISTERS:
        count = len(argument_registers(place.machine))
        if index >= count:
            hint = f"{count} arguments are in registers here; sarg0, sarg1, … are on the stack"
            context.error(call.span, f"there is no {call.name} on {place.machine}", hint)
    elif place.args is not None and index >= len(place.args.fields or ()):
        count = len(place.args.fields or ())
        context.error(call.span, f"{place.names[0]} has {count} arguments", "the first is arg0")
    return UINT64


def _lower_argument(low: Lowering, call: Call) -> Value:
    index, backend = _number(call.name), low.place.backend
    if backend.usdt:
        return static_argument(low, index)
    if backend.context is Context.REGISTERS:
        return load_register(low, argument_registers(low.place.machine)[index])
    return argument_slot(low, index)


def _check_stack_argument(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    _need_registers(call, context)
    return UINT64


def _need_registers(call: Call, context: CallContext) -> None:
    if context.place is not None and context.place.backend.context is not Context.REGISTERS:
        message = f"{call.name} needs registers, which this probe does not have here"
        context.error(call.span, message, context.place.backend.why)


def _lower_stack_argument(low: Lowering, call: Call) -> Value:
    """Above the return address on x86-64, which is in a register on others."""
    machine = low.place.machine
    at = 8 * (_number(call.name) + (machine == "x86_64"))
    pointer = low.b.add(load_register(low, stack_pointer(machine)), low.b.const(at))
    return low.load(pointer, low.default_space, 8)


def _check_retval(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    place = context.place
    if place is None:
        return UINT64
    if place.returns == VOID:
        context.error(call.span, f"{place.names[0]} returns nothing", "it is a void function")
        return UINT64
    return place.returns


def _lower_retval(low: Lowering, call: Call) -> Value:
    place = low.place
    if place.backend.context is Context.REGISTERS:
        return load_register(low, return_register(place.machine))
    value, type_ = result_slot(low), place.returns
    if isinstance(type_, IntType) and type_.bits < 64:
        return low.b.extend(value, type_.bits, signed=type_.signed)
    return value


def _check_func(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    is_user = context.place is not None and context.place.kind.is_user
    return _USYM if is_user else _KSYM


def _lower_func(low: Lowering, call: Call) -> Writer:
    kind, machine = low.place.kind, low.place.machine
    if kind.is_user and not kind.is_return:
        address = load_register(low, instruction_pointer(machine))
    else:
        address = low.b.call("get_func_ip", low.b.context, pure=True)
    pid = low.b.call("get_current_pid_tgid", pure=True) if kind.is_user else None

    def write(to: Address) -> Value:
        b = low.b
        b.store(to.base, to.offset, address, 8)
        if pid is None:
            return b.const(_KSYM.size)
        b.store(to.base, to.offset + 8, b.binary(BinaryKind.SHR, pid, b.const(32)), 8)
        return b.const(_USYM.size)

    return write


def _check_reg(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    _need_registers(call, context)
    if context.place is None:
        return UINT64
    machine = context.place.machine
    try:
        register_offset(machine, str(context.constant(call.args[0])))
    except UnknownRegister as error:
        hint = error.hint or f"there are: {' '.join(register_names(machine))}"
        context.error(call.args[0].span, error.what, hint)
    return UINT64


def _lower_reg(low: Lowering, call: Call) -> Lowered:
    return load_register(low, str(low.constant(call.args[0])))


def _argument(name: str) -> Builtin:
    # No function has more than six in registers; the kernel's memory errors have twelve.
    place = "uprobe:libc:fopen" if _number(name) < 6 else "rawtracepoint:mc_event"
    return Builtin(
        Signature(
            name=name,
            returns=UINT64,
            check=_check_argument,
            is_variable=True,
            needs_context=True,
            probe_kinds=_ENTRIES,
        ),
        f"Argument number {_number(name)} of what the probe is at, as 64 bits, the first being 0 "
        "and the last 11: of a function (those that its calling convention has in registers), a "
        "static probe or a raw tracepoint.",
        _lower_argument,
        f'{place} {{ printf("%lx\\n", {name}); }}',
    )


def _stack_argument(name: str) -> Builtin:
    return Builtin(
        Signature(
            name=name,
            returns=UINT64,
            check=_check_stack_argument,
            is_variable=True,
            needs_context=True,
            probe_kinds=("kprobe", "uprobe"),
        ),
        f"The 64 bits at place {_number(name)} of the arguments on the stack, the first being 0 "
        "and the last 11: where functions find those that have no register.",
        _lower_stack_argument,
        f'uprobe:libc:printf {{ printf("%lx\\n", {name}); }}',
    )


RETVAL = Builtin(
    Signature(
        name="retval",
        returns=UINT64,
        check=_check_retval,
        is_variable=True,
        needs_context=True,
        probe_kinds=_RETURNS,
    ),
    "What the function returns: 64 bits, and in fexit of its type.",
    _lower_retval,
    "uretprobe:libc:malloc { @failed[retval == 0] = count(); }",
)
FUNC = Builtin(
    Signature(
        name="func",
        returns=_KSYM,
        check=_check_func,
        is_variable=True,
        needs_context=True,
        probe_kinds=_FUNCTIONS,
    ),
    "The function that is traced, by its name where it is printed. Since Linux 5.15 "
    "(`bpf_get_func_ip`), for uretprobes 6.6.",
    _lower_func,
    "kprobe:vfs_* { @[func] = count(); }",
)
REG = Builtin(
    Signature(
        name="reg",
        params=(Param("name", ("string",), literal=True),),
        returns=UINT64,
        check=_check_reg,
        needs_context=True,
        probe_kinds=_WITH_REGISTERS,
    ),
    "The value of a processor register where the probe is: ax, di, ip, sp, … on x86-64.",
    _lower_reg,
    'profile:hz:99 { @[reg("ip")] = count(); }',
)

BUILTINS = (
    *(_argument(f"arg{number}") for number in range(_ARGUMENTS)),
    *(_stack_argument(f"sarg{number}") for number in range(_ARGUMENTS)),
    *(RETVAL, FUNC, REG),
)
