"""Who runs: `pid tid uid gid comm cpu cpid`."""

from __future__ import annotations

from seismo.builtin.record import Address, Builtin, Lowering, Writer
from seismo.ir.ops import BinaryKind, Value
from seismo.lang.ast import Call
from seismo.lang.signature import Signature
from seismo.lang.types import UINT32, StringType, Type

__all__ = ("BUILTINS", "COMM", "CPID", "CPU", "GID", "PID", "TASK_COMM_LEN", "TID", "UID")

TASK_COMM_LEN = 16  # include/linux/sched.h


def _variable(name: str, returns: Type) -> Signature:
    return Signature(name=name, returns=returns, is_variable=True)


def _high_half(low: Lowering, helper: str) -> Value:
    return low.b.binary(BinaryKind.SHR, low.b.call(helper, pure=True), low.b.const(32))


def _low_half(low: Lowering, helper: str) -> Value:
    return low.b.extend(low.b.call(helper, pure=True), 32, signed=False)


def _lower_pid(low: Lowering, _: Call) -> Value:
    return _high_half(low, "get_current_pid_tgid")


def _lower_tid(low: Lowering, _: Call) -> Value:
    return _low_half(low, "get_current_pid_tgid")


def _lower_gid(low: Lowering, _: Call) -> Value:
    return _high_half(low, "get_current_uid_gid")


def _lower_uid(low: Lowering, _: Call) -> Value:
    return _low_half(low, "get_current_uid_gid")


def _lower_cpu(low: Lowering, _: Call) -> Value:
    return _low_half(low, "get_smp_processor_id")


def _lower_cpid(low: Lowering, _: Call) -> Value:
    return low.b.const(low.command_pid)


def _lower_comm(low: Lowering, _: Call) -> Writer:
    def write(to: Address) -> Value:
        size = low.b.const(TASK_COMM_LEN)
        low.b.call("get_current_comm", low.address(to), size)
        return size

    return write


PID = Builtin(
    _variable("pid", UINT32),
    "Process id: what user space calls the PID, the kernel the tgid.",
    _lower_pid,
)
TID = Builtin(_variable("tid", UINT32), "Thread id: the kernel's pid.", _lower_tid)
UID = Builtin(_variable("uid", UINT32), "Real user id of the current task.", _lower_uid)
GID = Builtin(_variable("gid", UINT32), "Real group id of the current task.", _lower_gid)
CPU = Builtin(_variable("cpu", UINT32), "Number of the CPU that the probe runs on.", _lower_cpu)
CPID = Builtin(
    _variable("cpid", UINT32), "Process id of the command given with -c; 0 without.", _lower_cpid
)
COMM = Builtin(
    _variable("comm", StringType(TASK_COMM_LEN)),
    "Name of the current thread, at most 15 characters.",
    _lower_comm,
)

BUILTINS = (PID, TID, UID, GID, CPU, CPID, COMM)
