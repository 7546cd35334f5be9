"""ptrace(2): tasks that are followed from user space, from stop to stop, and their memory.

>>> seize(pid, Option.SYSGOOD | Option.FORK)
>>> report = next_report()
>>> resume(report.pid, to_next_call=True)

Every request is about a task that stands still, but for `seize` and `interrupt`; one that has been
killed meanwhile is answered by ESRCH. All must come from the thread that seized. Since Linux 3.4.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from ctypes import byref, c_long, c_ulong, c_void_p, create_string_buffer
from typing import Final

from seismo.base.dataclass import dataclass
from seismo.base.enum import IntEnum
from seismo.base.errors import SyscallError

__all__ = (
    "CallStop",
    "Option",
    "Report",
    "StopEvent",
    "call_stop",
    "detach",
    "event_message",
    "interrupt",
    "listen",
    "next_report",
    "peek_report",
    "read_memory",
    "refusal",
    "registers",
    "resume",
    "seize",
    "signal_details",
)

_YAMA = "/proc/sys/kernel/yama/ptrace_scope"
_WALL = 0x40000000  # include/uapi/linux/wait.h
_WNOTHREAD = 0x20000000
_TAKE = os.WEXITED | os.WSTOPPED | _WALL | _WNOTHREAD


_SYSGOOD_BIT = 0x80


class _Request(IntEnum):
    """include/uapi/linux/ptrace.h"""

    CONT = 7
    DETACH = 17
    SYSCALL = 24
    GETEVENTMSG = 0x4201
    GETSIGINFO = 0x4202
    GETREGSET = 0x4204
    SEIZE = 0x4206
    INTERRUPT = 0x4207
    LISTEN = 0x4208
    GET_SYSCALL_INFO = 0x420E


class Option(IntEnum):
    """What `seize` asks to be told of, as bits; those of children are their parent's."""

    SYSGOOD = 1
    FORK = 1 << 1
    VFORK = 1 << 2
    CLONE = 1 << 3
    EXEC = 1 << 4
    EXIT = 1 << 6
    EXITKILL = 1 << 20


class StopEvent(IntEnum):
    """Why a task stands still, where it is not for a signal or a system call.

    STOP is that of `interrupt`, a new child's first, and that of job control.
    """

    FORK = 1
    VFORK = 2
    CLONE = 3
    EXEC = 4
    EXIT = 6
    STOP = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of a task (`pid` is a thread's id): it stands still, or is gone.

    `end` is the exit status of who is gone, -N after signal N, else None. Of who stands still:
    `event` is a `StopEvent` or 0, `is_call` whether it is at a system call, `signal` what is to be
    delivered to it, or with StopEvent.STOP the signal that stopped its process (SIGTRAP: none).
    """

    pid: int
    event: int = 0
    signal: int = 0
    is_call: bool = False
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStop:
    """A task at a system call: before it with `number` and six `arguments`, after it with `result`
    (-errno, also what the kernel begins again). `arch` is an AUDIT_ARCH_*."""

    is_entry: bool
    arch: int
    number: int = -1
    arguments: tuple[int, ...] = ()
    result: int = 0


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = (c_long, c_long, c_void_p, c_void_p)
    libc.ptrace.restype = c_long
    vector = (c_void_p, c_ulong)
    libc.process_vm_readv.argtypes = (ctypes.c_int, *vector, *vector, c_ulong)
    libc.process_vm_readv.restype = c_long
    return libc


_LIBC: Final = _libc()


def seize(pid: int, options: int) -> None:
    """Trace a task, which runs on, and all that it makes, as far as the `Option`s say."""
    _ptrace(_Request.SEIZE, pid, 0, options)


def interrupt(pid: int) -> None:
    """Make a seized task stop, with `StopEvent.STOP`; a system call that waits is begun again."""
    _ptrace(_Request.INTERRUPT, pid)


def resume(pid: int, signal: int = 0, *, to_next_call: bool = False) -> None:
    """Let it run and deliver `signal` (0: none), until the next system call or another stop."""
    _ptrace(_Request.SYSCALL if to_next_call else _Request.CONT, pid, 0, signal)


def listen(pid: int) -> None:
    """Leave a task stopped by job control as it is; SIGCONT brings the next report."""
    _ptrace(_Request.LISTEN, pid)


def detach(pid: int, signal: int = 0) -> None:
    """Trace it no more; `signal` is delivered to it."""
    _ptrace(_Request.DETACH, pid, 0, signal)


def event_message(pid: int) -> int:
    """What belongs to its event: the id of the new task at a fork, the id that it had before at an
    exec, the status of wait(2) at its exit."""
    _ptrace(_Request.GETEVENTMSG, pid, 0, ctypes.addressof(_MESSAGE))
    return _MESSAGE.value


def signal_details(pid: int) -> tuple[int, int, int]:
    """si_signo, si_errno and si_code of the signal that it stands still for."""
    _ptrace(_Request.GETSIGINFO, pid, 0, ctypes.addressof(_SIGINFO))
    signal, number, code = _THREE_INTS.unpack_from(_SIGINFO)
    return signal, number, code


def registers(pid: int) -> bytes:
    """Its general registers: `struct user_regs_struct`, which on x86_64 and aarch64 begins as
    `struct pt_regs` does."""
    buffer = create_string_buffer(_MOST_REGISTER_BYTES)
    vector = (c_ulong * 2)(ctypes.addressof(buffer), len(buffer))
    _ptrace(_Request.GETREGSET, pid, _NT_PRSTATUS, ctypes.addressof(vector))
    return buffer.raw[: vector[1]]


def call_stop(pid: int) -> CallStop:
    """The system call that it stands still at. Since Linux 5.3."""
    size = _ptrace(_Request.GET_SYSCALL_INFO, pid, len(_CALL), ctypes.addressof(_CALL))
    kind, arch = _HEAD.unpack_from(_CALL)
    if kind == _ENTRY and size >= _HEAD.size + _ENTERED.size:
        number, *arguments = _ENTERED.unpack_from(_CALL, _HEAD.size)
        return CallStop(is_entry=True, arch=arch, number=number, arguments=tuple(arguments))
    if kind != _EXIT:
        # SIGKILL has taken it to another stop.
        raise SyscallError("ptrace(PTRACE_GET_SYSCALL_INFO)", errno.ESRCH)
    (result,) = _RESULT.unpack_from(_CALL, _HEAD.size)
    return CallStop(is_entry=False, arch=arch, result=result)


def peek_report() -> int:
    """The task that has something to report, a child of this thread or traced by it; 0: none has.

    What it is stays to be taken, also by somebody else whose child it is.
    """
    return _waited(os.P_ALL, 0, _TAKE | os.WNOHANG | os.WNOWAIT).pid


def next_report(pid: int, *, waits: bool = False) -> Report:
    """Take what this task reports; where there is nothing, `pid` of the answer is 0."""
    return _waited(os.P_PID, pid, _TAKE | (0 if waits else os.WNOHANG))


def read_memory(pid: int, address: int, size: int) -> bytes:
    """Memory of the process that this thread is of; OSError (EFAULT) if not all can be read."""
    buffer = create_string_buffer(size)
    ours = (c_ulong * 2)(ctypes.addressof(buffer), size)
    theirs = (c_ulong * 2)(address, size)
    count = _LIBC.process_vm_readv(pid, byref(ours), 1, byref(theirs), 1, 0)
    if count == size:
        return buffer.raw
    # Filters of containers refuse the call where they permit ptrace(2).
    if count < 0 and ctypes.get_errno() in (errno.ENOSYS, errno.EPERM):
        return _read_file(pid, address, size)
    raise OSError(errno.EFAULT, os.strerror(errno.EFAULT))


def refusal(number: int, yama_scope: str) -> str:
    """What to do about errno `number` from PTRACE_SEIZE; '' where errno says it all.

    `yama_scope` is what Yama's sysctl says, '' where there is none (Documentation/admin-guide/
    LSM/Yama.rst).
    """
    match number, yama_scope:
        case errno.EPERM, "3":
            return "kernel.yama.ptrace_scope is 3, which permits no tracing until the next boot"
        case errno.EPERM, "2":
            return "kernel.yama.ptrace_scope is 2, so only CAP_SYS_PTRACE may trace"
        case ((errno.EPERM | errno.ENOSYS), _):
            return (
                "a seccomp filter (of a container), a security module or another tracer refuses: "
                "containers permit it with `--cap-add SYS_PTRACE`"
            )
        case errno.EIO, _:
            return "this kernel is too old for it: PTRACE_SEIZE needs Linux 3.4"
    return ""


_MESSAGE: Final = c_ulong()
_SIGINFO: Final = create_string_buffer(128)
_THREE_INTS: Final = struct.Struct("=3i")
# struct ptrace_syscall_info: op, arch, and two addresses; then by op.
_CALL: Final = create_string_buffer(88)
_HEAD: Final = struct.Struct("=B3xI16x")
_ENTERED: Final = struct.Struct("=7Q")
_RESULT: Final = struct.Struct("=q")
_ENTRY, _EXIT = 1, 2
_NT_PRSTATUS = 1  # include/uapi/linux/elf.h
_MOST_REGISTER_BYTES = 512


def _ptrace(request: _Request, pid: int, address: int = 0, value: int = 0) -> int:
    result: int = _LIBC.ptrace(request, pid, address, value)
    if result < 0:
        number = ctypes.get_errno()
        raise SyscallError(f"ptrace(PTRACE_{request.name})", number, _hint(request, number))
    return result


def _hint(request: _Request, number: int) -> str:
    if request is _Request.GET_SYSCALL_INFO and number == errno.EIO:
        return "system calls are told since Linux 5.3"
    return refusal(number, _yama_scope()) if request is _Request.SEIZE else ""


def _yama_scope() -> str:
    try:
        with open(_YAMA, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _waited(which: int, pid: int, options: int) -> Report:
    try:
        found = os.waitid(which, pid, options)
    except ChildProcessError:
        return _NOTHING
    if found is None:
        return _NOTHING
    status = found.si_status
    if found.si_code == os.CLD_EXITED:
        return Report(pid=found.si_pid, end=status)
    if found.si_code != os.CLD_TRAPPED:
        return Report(pid=found.si_pid, end=-status)
    if event := status >> 8:
        return Report(pid=found.si_pid, event=event, signal=status & 0xFF)
    if status & _SYSGOOD_BIT:
        return Report(pid=found.si_pid, is_call=True)
    return Report(pid=found.si_pid, signal=status)


_NOTHING: Final = Report(pid=0)


def _read_file(pid: int, address: int, size: int) -> bytes:
    number = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        data = os.pread(number, size, address)
    finally:
        os.close(number)
    if len(data) < size:
        raise OSError(errno.EFAULT, os.strerror(errno.EFAULT))
    return data
