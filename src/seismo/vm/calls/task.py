"""Helpers about the current task, processor, time and chance."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from struct import Struct

from seismo.base.bits import U32_MAX, U64_MAX
from seismo.vm.run import Helper, Run

__all__ = ("TASK",)

_COMM_BYTES = 16
_ID_BITS = 32
_HZ = 250
_NS_PER_SECOND = 1_000_000_000
_PIDNS_INFO = Struct("<II")


def get_current_comm(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(buffer, size): the name, and zeros up to `size`."""
    size = b & U32_MAX
    name = run.environment.task.comm[: min(size, _COMM_BYTES) - 1] if size else b""
    run.memory.write(a, name.ljust(size, b"\0"))
    return 0


def get_current_pid_tgid(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """The process's id above the thread's."""
    task = run.environment.task
    return task.pid << _ID_BITS | task.tid


def get_ns_current_pid_tgid(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(device, inode, result, size): a struct bpf_pidns_info, u32 of the thread and of the process.
    Every namespace counts tasks as the environment does. Since Linux 5.7."""
    task = run.environment.task
    if d & U32_MAX != _PIDNS_INFO.size:
        run.memory.write(c, bytes(d & U32_MAX))
        return -errno.EINVAL
    run.memory.write(c, _PIDNS_INFO.pack(task.tid, task.pid))
    return 0


def get_current_uid_gid(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """The group's id above the user's."""
    task = run.environment.task
    return task.gid << _ID_BITS | task.uid


def get_current_task(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """The address of the task's `struct task_struct`."""
    return run.environment.task.address


def get_current_cgroup_id(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """The id of the cgroup that the task is in."""
    return run.environment.task.cgroup_id


def get_cpu(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """The number of the processor."""
    return run.environment.cpu


def get_numa_node_id(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """The number of the processor's node of memory."""
    return run.environment.numa_node


def get_attach_cookie(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(context): what the program was attached with. Since Linux 5.15."""
    return run.environment.cookie


def get_func_ip(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(context): the address of the traced function. Since Linux 5.15."""
    return run.environment.function_ip


def send_signal(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(signal): kept in the environment, sent to nobody."""
    signal = a & U32_MAX
    if not 0 < signal <= 64:
        return -errno.EINVAL
    run.environment.signals.append(signal)
    return 0


def ktime_get_ns(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """The time since boot without suspension."""
    return run.environment.monotonic() & U64_MAX


def ktime_get_boot_ns(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """The time since boot, that in suspension included. Since Linux 5.8."""
    return run.environment.boottime() & U64_MAX


def ktime_get_tai_ns(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """International atomic time. Since Linux 6.1."""
    return run.environment.tai() & U64_MAX


def jiffies64(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """Ticks, 250 a second; the kernel begins to count at minus five minutes of 32 bits, so that
    what cannot bear them to wrap round is found early. Since Linux 5.6."""
    begin = (1 << 32) - 300 * _HZ
    return begin + run.environment.monotonic() * _HZ // _NS_PER_SECOND & U64_MAX


def get_prandom_u32(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """A number from the environment's generator."""
    return run.environment.random.getrandbits(32)


TASK: Mapping[str, Helper] = {
    "get_attach_cookie": get_attach_cookie,
    "get_current_cgroup_id": get_current_cgroup_id,
    "get_current_comm": get_current_comm,
    "get_current_pid_tgid": get_current_pid_tgid,
    "get_current_task": get_current_task,
    "get_current_task_btf": get_current_task,
    "get_current_uid_gid": get_current_uid_gid,
    "get_func_ip": get_func_ip,
    "get_ns_current_pid_tgid": get_ns_current_pid_tgid,
    "get_numa_node_id": get_numa_node_id,
    "get_prandom_u32": get_prandom_u32,
    "get_smp_processor_id": get_cpu,
    "jiffies64": jiffies64,
    "ktime_get_boot_ns": ktime_get_boot_ns,
    "ktime_get_coarse_ns": ktime_get_ns,
    "ktime_get_ns": ktime_get_ns,
    "ktime_get_tai_ns": ktime_get_tai_ns,
    "send_signal": send_signal,
    "send_signal_thread": send_signal,
}
