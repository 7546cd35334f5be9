"""`LiveKernel`: the `Kernel` protocol by system calls. The only file that calls libc."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import resource
import select
from collections.abc import Sequence
from ctypes import byref, c_char_p, c_long, sizeof
from fcntl import ioctl
from typing import Final

from seismo.base.errors import NotSupported, SyscallError
from seismo.kernel.abi import PERF_FLAG_FD_CLOEXEC, BpfAttr, Cmd, PerfEventAttr
from seismo.kernel.privilege import effective_capabilities, lockdown, refusal_hint
from seismo.kernel.protocol import Kernel

__all__ = ("LiveKernel",)

# `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h`.
_BPF: Final = {"x86_64": 321, "aarch64": 280}
_PERF_EVENT_OPEN: Final = {"x86_64": 298, "aarch64": 241}
# One number on every architecture.
_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432
_FSCONFIG_CMD_CREATE = 6
_CLOEXEC = 1

_NO_GROUP = -1
# The kernel gives BPF_PROG_LOAD up with EAGAIN when a signal is pending.
_LOAD_ATTEMPTS = 5


class LiveKernel(Kernel):
    """The kernel that this process runs on; x86_64 and aarch64, `NotSupported` elsewhere."""

    def __init__(self) -> None:
        machine = os.uname().machine
        if machine not in _BPF:
            raise NotSupported(f"architecture {machine}", f"known are {', '.join(_BPF)}")
        self._bpf = _BPF[machine]
        self._perf_event_open = _PERF_EVENT_OPEN[machine]
        self._syscall = ctypes.CDLL(None, use_errno=True).syscall
        self._syscall.restype = c_long
        self._memlock_raised = False

    def bpf(self, cmd: Cmd, attr: BpfAttr) -> int:
        call = f"bpf({cmd.kernel_name})"
        for _ in range(_LOAD_ATTEMPTS):
            result = self._call(self._bpf, cmd, byref(attr), sizeof(attr))
            if result == -errno.EPERM and self._raise_memlock():
                continue
            if result != -errno.EAGAIN or cmd is not Cmd.PROG_LOAD:
                break
        return self._checked(call, result)

    def perf_event_open(self, attr: PerfEventAttr, pid: int, cpu: int) -> int:
        attr.size = sizeof(attr)
        result = self._call(
            self._perf_event_open, byref(attr), pid, cpu, _NO_GROUP, PERF_FLAG_FD_CLOEXEC
        )
        return self._checked("perf_event_open", result)

    def ioctl(self, fd: int, request: int, argument: int = 0) -> int:
        try:
            return ioctl(fd, request, argument)
        except OSError as error:
            raise self._error(f"ioctl({request:#x})", error.errno or 0) from None

    def mmap(self, fd: int, size: int, *, offset: int = 0, writable: bool = False) -> mmap.mmap:
        access = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        try:
            return mmap.mmap(fd, size, mmap.MAP_SHARED, access, offset=offset)
        except OSError as error:
            raise self._error("mmap", error.errno or 0) from None

    def poll(self, fds: Sequence[int], timeout_ms: int) -> list[int]:
        poller = select.poll()
        for fd in fds:
            poller.register(fd, select.POLLIN)
        return [fd for fd, _ in poller.poll(timeout_ms)]

    def close(self, fd: int) -> None:
        os.close(fd)

    def read_file(self, path: str) -> bytes:
        try:
            with open(path, "rb", buffering=0) as file:
                return file.read()
        except OSError as error:
            raise SyscallError(f"read {path}", error.errno or 0) from None

    def append_file(self, path: str, data: bytes) -> None:
        try:
            # Not by open(): its append mode seeks to the end, which tracefs refuses.
            number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            try:
                os.write(number, data)
            finally:
                os.close(number)
        except OSError as error:
            raise self._error(f"write {path}", error.errno or 0) from None

    def list_directory(self, path: str) -> list[str]:
        try:
            return os.listdir(path)
        except OSError as error:
            raise SyscallError(f"list {path}", error.errno or 0) from None

    def read(self, fd: int, size: int) -> bytes:
        try:
            return os.read(fd, size)
        except OSError as error:
            raise SyscallError("read", error.errno or 0) from None

    def mount(self, filesystem: str) -> int:
        context = self._call(_FSOPEN, c_char_p(filesystem.encode()), _CLOEXEC)
        self._checked("fsopen", context)
        try:
            created = self._call(_FSCONFIG, context, _FSCONFIG_CMD_CREATE, None, None, 0)
            self._checked("fsconfig", created)
            return self._checked("fsmount", self._call(_FSMOUNT, context, _CLOEXEC, 0))
        finally:
            os.close(context)

    def unlink(self, path: str) -> None:
        try:
            os.unlink(path)
        except OSError as error:
            raise SyscallError(f"unlink {path}", error.errno or 0) from None

    def _call(self, number: int, *arguments: object) -> int:
        """The system call's result, -errno on failure; begun again when a signal broke it off."""
        words = [c_long(one) if isinstance(one, int) else one for one in arguments]
        while True:
            result: int = self._syscall(c_long(number), *words)
            if result >= 0:
                return result
            if (failed := ctypes.get_errno()) != errno.EINTR:
                return -failed

    def _checked(self, call: str, result: int) -> int:
        if result < 0:
            raise self._error(call, -result)
        return result

    def _error(self, call: str, number: int) -> SyscallError:
        refused = number in (errno.EPERM, errno.EACCES)
        capabilities = effective_capabilities(self) if refused else frozenset()
        # Asking for the lockdown takes a mount, and a refused mount must not ask again.
        locked = lockdown(self) if refused and not call.startswith("fs") else ""
        return SyscallError(call, number, refusal_hint(call, number, capabilities, locked))

    def _raise_memlock(self) -> bool:
        """Whether to try again: before Linux 5.11 maps and programs count as locked memory.

        A process that may not raise the limit is told of the first refusal, not of this one.
        """
        if self._memlock_raised:
            return False
        self._memlock_raised = True
        try:
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY,) * 2)
        except (OSError, ValueError):
            return False
        return True
