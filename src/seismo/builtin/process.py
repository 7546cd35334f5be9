"""Who runs, and where: `pid tid uid gid username comm cgroup curtask cpu ncpus numaid rand jiffies
cpid has_cpid probetype`."""

from __future__ import annotations

from collections.abc import Callable

from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import CompilerBug
from seismo.builtin.portable import in_own_namespace, run_value
from seismo.builtin.record import Address, Builtin, Lowered, Lowering, Writer, value_writer
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import Call, Name, TypeExpr
from seismo.lang.signature import CallContext, CheckCall, Evaluate, Param, Signature
from seismo.lang.types import (
    BOOL,
    UINT32,
    UINT64,
    PointerType,
    RecordType,
    StringType,
    SymbolicType,
    Type,
)
from seismo.spec.relocations import RunValue

__all__ = (
    "BUILTINS",
    "CGROUP",
    "COMM",
    "CPID",
    "CPU",
    "CURTASK",
    "GID",
    "HAS_CPID",
    "JIFFIES",
    "NCPUS",
    "NUMAID",
    "PID",
    "PROBETYPE",
    "RAND",
    "TASK_COMM_LEN",
    "TID",
    "UID",
    "USERNAME",
)

TASK_COMM_LEN = 16  # include/linux/sched.h

_NAMESPACES = ("curr_ns", "init")
_SPECIAL = ("begin", "end", "self")
_PIDNS_INFO_BYTES, _PID_OFFSET, _TGID_OFFSET = 8, 0, 4  # include/uapi/linux/bpf.h: bpf_pidns_info


def _variable(
    name: str,
    returns: Type,
    *params: Param,
    check: CheckCall | None = None,
    evaluate: Evaluate | None = None,
) -> Signature:
    return Signature(
        name=name, returns=returns, params=params, check=check, evaluate=evaluate, is_variable=True
    )


def _helper(name: str, *, pure: bool = True) -> Callable[[Lowering, Call], Lowered]:
    """The lowering to a helper that takes nothing and gives the value."""

    def lower(low: Lowering, _: Call) -> Value:
        return low.b.call(name, pure=pure)

    return lower


def _high_half(low: Lowering, value: Value) -> Value:
    return low.b.binary(BinaryKind.SHR, value, low.b.const(32))


def _low_half(low: Lowering, value: Value) -> Value:
    return low.b.extend(value, 32, signed=False)


def _lower_low_half(helper: str, *, pure: bool = True) -> Callable[[Lowering, Call], Lowered]:
    return lambda low, _: _low_half(low, low.b.call(helper, pure=pure))


def _check_namespace(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    for argument in call.args:
        if isinstance(argument, Name) and argument.name not in _NAMESPACES:
            context.error(
                argument.span,
                f"unknown PID namespace '{argument.name}'",
                did_you_mean(argument.name, _NAMESPACES)
                or f"write {call.name}(init) or {call.name}(curr_ns)",
            )
    return UINT32


def _lower_pid(low: Lowering, call: Call) -> Value:
    return _number(low, call, _high_half, _TGID_OFFSET)


def _lower_tid(low: Lowering, call: Call) -> Value:
    return _number(low, call, _low_half, _PID_OFFSET)


def _number(
    low: Lowering, call: Call, half: Callable[[Lowering, Value], Value], offset: int
) -> Value:
    """An id of the current task: as the initial namespace counts, or where that is not asked for,
    as our own."""

    def initial() -> Value:
        return half(low, low.b.call("get_current_pid_tgid", pure=True))

    if any(isinstance(one, Name) and one.name == "init" for one in call.args):
        return initial()
    return in_own_namespace(
        low.b, low.options, initial, lambda namespace: _namespace_id(low, namespace(), offset)
    )


def _namespace_id(low: Lowering, namespace: tuple[Value, Value], offset: int) -> Value:
    """0 for a task that the namespace does not have: the helper clears its answer then."""
    info = low.temporary("pidns", _PIDNS_INFO_BYTES)
    size = low.b.const(_PIDNS_INFO_BYTES)
    low.b.fill(info.base, info.offset, _PIDNS_INFO_BYTES)
    low.b.call("get_ns_current_pid_tgid", *namespace, low.address(info), size)
    return low.b.load(info.base, info.offset + offset, 4)


def _lower_uid(low: Lowering, _: Call) -> Value:
    return _low_half(low, low.b.call("get_current_uid_gid", pure=True))


def _lower_gid(low: Lowering, _: Call) -> Value:
    return _high_half(low, low.b.call("get_current_uid_gid", pure=True))


def _lower_username(low: Lowering, call: Call) -> Writer:
    return value_writer(low, _lower_uid(low, call), 8)


def _check_comm(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    if call.args:
        context.error(
            call.args[0].span,
            "the name of another process cannot be read: that takes the kernel function "
            "bpf_task_from_pid()",
            hint="comm is the current thread's; pcomm() and a task's .comm reach relatives",
        )
    return StringType(TASK_COMM_LEN)


def _lower_comm(low: Lowering, _: Call) -> Writer:
    def write(to: Address) -> Value:
        size = low.b.const(TASK_COMM_LEN)
        low.b.call("get_current_comm", low.address(to), size)
        return size

    return write


def _check_curtask(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    task = context.resolve(TypeExpr("struct task_struct", (), call.span))
    return PointerType(task if isinstance(task, RecordType) else None, "kernel")


def _evaluate_ncpus(call: Call, types: tuple[Type, ...], context: CallContext) -> int:
    return context.view.possible_cpus()


def _lower_known(low: Lowering, call: Call) -> Lowered:
    """What is known when the script is compiled is never lowered."""
    raise CompilerBug("lower", f"{call.name} is a constant")


def _lower_cpid(low: Lowering, _: Call) -> Value:
    return run_value(low.b, low.options, "command_pid")


def _lower_has_cpid(low: Lowering, _: Call) -> Value:
    b = low.b
    if not low.options.is_portable:
        return b.const(int(low.options.command_pid != 0))
    return b.compare(Cond.NE, run_value(b, low.options, "command_pid"), b.const(0))


def _evaluate_probetype(call: Call, types: tuple[Type, ...], context: CallContext) -> str:
    return "special" if context.probe_kind in _SPECIAL else context.probe_kind


def _check_probetype(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    kind = _evaluate_probetype(call, types, context)
    if not kind:
        context.error(call.span, "a function has no probetype: it belongs to a probe")
    return StringType(len(kind) + 1)


_NAMESPACE = Param("namespace", ("word",), optional=True)

PID = Builtin(
    _variable("pid", UINT32, _NAMESPACE, check=_check_namespace),
    "Process id: what user space calls the PID, the kernel the tgid. Counted in seismo's own PID "
    "namespace (`pid(curr_ns)`; 0 for a process that is not in it; Linux 5.7) or, by `pid(init)`, "
    "in the initial one.",
    _lower_pid,
    'tracepoint:syscalls:sys_enter_execve { printf("%d %d\\n", pid, pid(init)); }',
)
TID = Builtin(
    _variable("tid", UINT32, _NAMESPACE, check=_check_namespace),
    "Thread id: the kernel's pid. Counted as `pid` is: `tid(curr_ns)`, `tid(init)`.",
    _lower_tid,
    "tracepoint:raw_syscalls:sys_enter { @calls[pid, tid] = count(); }",
)
UID = Builtin(
    _variable("uid", UINT64),
    "Real user id of the current thread, as the initial user namespace counts.",
    _lower_uid,
    "tracepoint:syscalls:sys_enter_openat /uid == 1000/ { @opens[comm] = count(); }",
)
GID = Builtin(
    _variable("gid", UINT64),
    "Real group id of the current thread, as the initial user namespace counts.",
    _lower_gid,
    "tracepoint:syscalls:sys_enter_openat { @opens[gid] = count(); }",
)
USERNAME = Builtin(
    _variable("username", SymbolicType("username", 8)),
    "Name of the current user, looked up where it is printed; the number where there is none.",
    _lower_username,
    'tracepoint:syscalls:sys_enter_execve { printf("%s runs as %s\\n", comm, username); }',
)
COMM = Builtin(
    _variable(
        "comm", StringType(TASK_COMM_LEN), Param("pid", ("int",), optional=True), check=_check_comm
    ),
    "Name of the current thread, at most 15 characters.",
    _lower_comm,
    "tracepoint:syscalls:sys_enter_openat { @opens[comm] = count(); }",
)
CGROUP = Builtin(
    _variable("cgroup", UINT64),
    "Id of the current process's cgroup (version 2). Since Linux 4.18 "
    "(`bpf_get_current_cgroup_id`).",
    _helper("get_current_cgroup_id"),
    "tracepoint:syscalls:sys_enter_openat { @opens[cgroup] = count(); }",
)
CURTASK = Builtin(
    _variable("curtask", PointerType(None, "kernel"), check=_check_curtask),
    "Pointer to the current thread's `struct task_struct`, whose fields it gives: "
    "`curtask.real_parent.comm`.",
    _helper("get_current_task"),
    'BEGIN { printf("%s\\n", curtask.real_parent.comm); }',
)
CPU = Builtin(
    _variable("cpu", UINT32),
    "Number of the CPU that the probe runs on.",
    _lower_low_half("get_smp_processor_id"),
    "profile:hz:99 { @samples[cpu] = count(); }",
)
NCPUS = Builtin(
    _variable("ncpus", UINT64, evaluate=_evaluate_ncpus),
    "How many CPUs the kernel may ever have at once (the possible ones). A constant.",
    _lower_known,
    "BEGIN { print(ncpus); }",
    origin=lambda *_: RunValue("possible_cpus"),
)
NUMAID = Builtin(
    _variable("numaid", UINT32),
    "Number of the NUMA node that the probe runs on. Since Linux 4.10 (`bpf_get_numa_node_id`).",
    _lower_low_half("get_numa_node_id"),
    "profile:hz:99 { @samples[numaid] = count(); }",
)
RAND = Builtin(
    _variable("rand", UINT32),
    "A pseudo-random number of 32 bits, another one each time.",
    _lower_low_half("get_prandom_u32", pure=False),
    "interval:ms:10 { @values = hist(rand); }",
)
JIFFIES = Builtin(
    _variable("jiffies", UINT64),
    "The kernel's timer ticks since boot, in 64 bits. Since Linux 5.6 (`bpf_jiffies64`).",
    _helper("jiffies64", pure=False),
    "interval:s:1 { print(jiffies); }",
)
CPID = Builtin(
    _variable("cpid", UINT32),
    "Process id of the command given with -c; 0 without.",
    _lower_cpid,
    "tracepoint:syscalls:sys_enter_openat /pid == cpid/ { print(str(args.filename)); }",
)
HAS_CPID = Builtin(
    _variable("has_cpid", BOOL),
    "Whether a command was given with -c, so that `cpid` is one.",
    _lower_has_cpid,
    "BEGIN { if (has_cpid) { print(cpid); } }",
)
PROBETYPE = Builtin(
    _variable("probetype", StringType(1), check=_check_probetype, evaluate=_evaluate_probetype),
    "The kind of the probe: `tracepoint`, `interval` …; `special` in BEGIN and END. A constant.",
    _lower_known,
    'BEGIN, interval:s:1 { printf("%s\\n", probetype); }',
)

BUILTINS = (
    *(PID, TID, UID, GID, USERNAME, COMM, CGROUP, CURTASK),
    *(CPU, NCPUS, NUMAID, RAND, JIFFIES, CPID, HAS_CPID, PROBETYPE),
)
