"""`MachineApi`: what `BPF` answers without a program: functions, tracepoints, symbols, features."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Any

from seismo.bcc import places, questions
from seismo.bcc.machine import machine
from seismo.bcc.names import (
    SYSCALL_PREFIXES,
    Name,
    as_text,
    syscall_prefix,
)
from seismo.bcc.numbers import BPFProgType, XDPAction, XDPFlags

__all__ = ("MachineApi",)


class MachineApi:
    """Part of `BPF`. Names are taken as `str` or `bytes` and given as `bytes`, as BCC does."""

    SOCKET_FILTER = BPFProgType.SOCKET_FILTER
    KPROBE = BPFProgType.KPROBE
    SCHED_CLS = BPFProgType.SCHED_CLS
    SCHED_ACT = BPFProgType.SCHED_ACT
    TRACEPOINT = BPFProgType.TRACEPOINT
    XDP = BPFProgType.XDP
    PERF_EVENT = BPFProgType.PERF_EVENT
    CGROUP_SKB = BPFProgType.CGROUP_SKB
    CGROUP_SOCK = BPFProgType.CGROUP_SOCK
    LWT_IN = BPFProgType.LWT_IN
    LWT_OUT = BPFProgType.LWT_OUT
    LWT_XMIT = BPFProgType.LWT_XMIT
    SOCK_OPS = BPFProgType.SOCK_OPS
    SK_SKB = BPFProgType.SK_SKB
    CGROUP_DEVICE = BPFProgType.CGROUP_DEVICE
    SK_MSG = BPFProgType.SK_MSG
    RAW_TRACEPOINT = BPFProgType.RAW_TRACEPOINT
    CGROUP_SOCK_ADDR = BPFProgType.CGROUP_SOCK_ADDR
    TRACING = BPFProgType.TRACING
    LSM = BPFProgType.LSM

    XDP_ABORTED = XDPAction.XDP_ABORTED
    XDP_DROP = XDPAction.XDP_DROP
    XDP_PASS = XDPAction.XDP_PASS
    XDP_TX = XDPAction.XDP_TX
    XDP_REDIRECT = XDPAction.XDP_REDIRECT

    XDP_FLAGS_UPDATE_IF_NOEXIST = XDPFlags.UPDATE_IF_NOEXIST
    XDP_FLAGS_SKB_MODE = XDPFlags.SKB_MODE
    XDP_FLAGS_DRV_MODE = XDPFlags.DRV_MODE
    XDP_FLAGS_HW_MODE = XDPFlags.HW_MODE
    XDP_FLAGS_REPLACE = XDPFlags.REPLACE

    @staticmethod
    def get_kprobe_functions(event_re: Name) -> set[bytes]:
        """The functions that `attach_kprobe` can be at and whose names the regular expression
        matches; on a kernel without kprobes those of system calls."""
        with machine().used():
            return {os.fsencode(one) for one in places.kprobe_functions(as_text(event_re))}

    @staticmethod
    def get_probe_limit() -> int:
        """How many kprobes, or uprobes, a program may have: BCC_PROBE_LIMIT, or 1000."""
        return places.probe_limit()

    @staticmethod
    def get_syscall_prefix() -> bytes:
        """What this kernel puts before a system call's name: `__x64_sys_`."""
        with machine().used():
            return os.fsencode(syscall_prefix())

    @staticmethod
    def get_syscall_fnname(name: Name) -> bytes:
        """The function of a system call: `__x64_sys_clone` of `clone`."""
        with machine().used():
            return os.fsencode(syscall_prefix() + as_text(name))

    @staticmethod
    def fix_syscall_fnname(name: Name) -> bytes:
        """The same of a function as some kernel calls it: of `sys_clone`; others stay as they
        are."""
        function = as_text(name)
        for prefix in SYSCALL_PREFIXES:
            if function.startswith(prefix):
                return MachineApi.get_syscall_fnname(function.removeprefix(prefix))
        return os.fsencode(function)

    @staticmethod
    def tracepoint_exists(category: Name, event: Name) -> bool:
        """Whether the kernel has the tracepoint."""
        with machine().used():
            return places.has_tracepoint(as_text(category), as_text(event))

    @staticmethod
    def get_tracepoints(tp_re: Name) -> list[bytes]:
        """The tracepoints whose `category:name` the regular expression matches."""
        with machine().used():
            return [os.fsencode(one) for one in places.tracepoints(as_text(tp_re))]

    @staticmethod
    def get_user_functions(name: Name, sym_re: Name) -> set[bytes]:
        """The functions of a file (`c`: of libc) whose names the regular expression matches."""
        from seismo.bcc.user_files import user_functions  # noqa: PLC0415 (lazy: docs/architecture.md)

        return {os.fsencode(one) for one, _ in user_functions(name, sym_re)}

    @staticmethod
    def get_user_addresses(name: Name, sym_re: Name) -> set[int]:
        """Their addresses, as the file's symbols have them."""
        from seismo.bcc.user_files import user_functions  # noqa: PLC0415 (lazy: docs/architecture.md)

        return {address for _, address in user_functions(name, sym_re)}

    @staticmethod
    def get_user_functions_and_addresses(name: Name, sym_re: Name) -> list[tuple[bytes, int]]:
        """Both, each pair once, in the order of the file's symbols."""
        from seismo.bcc.user_files import user_functions  # noqa: PLC0415 (lazy: docs/architecture.md)

        found = dict.fromkeys(user_functions(name, sym_re))
        return [(os.fsencode(one), at) for one, at in found]

    @staticmethod
    def find_library(libname: Name) -> bytes | None:
        """The path of a library by its short name (`c`); None if there is none."""
        from seismo.bcc.user_files import find_library  # noqa: PLC0415 (lazy: docs/architecture.md)

        return find_library(libname)

    @staticmethod
    def find_exe(bin_path: Name) -> bytes | None:
        """The path of a command of PATH; None if there is none."""
        from seismo.bcc.user_files import find_exe  # noqa: PLC0415 (lazy: docs/architecture.md)

        return find_exe(bin_path)

    @staticmethod
    def sym(
        addr: Any,
        pid: int,
        show_module: bool = False,
        show_offset: bool = False,
        demangle: bool = True,
    ) -> bytes:
        """The symbol at an address of a process, of the kernel where `pid` is below 0:
        `main+0x1c [a.out]`, `[unknown]`.

        Also at a `struct bpf_stack_build_id` of a stack table, in the files of `add_module`.
        """
        with machine().used() as used:
            if not isinstance(addr, int):
                return used.symbols.built(
                    addr, with_module=show_module, with_offset=show_offset, demangles=demangle
                )
            if pid < 0:
                return used.symbols.kernel(addr, with_module=show_module, with_offset=show_offset)
            return used.symbols.user(
                addr, pid, with_module=show_module, with_offset=show_offset, demangles=demangle
            )

    @staticmethod
    def add_module(modname: Name) -> None:
        """Let `sym` name places in this file that are known by its build id alone."""
        machine().symbols.add_file(as_text(modname))

    @staticmethod
    def ksym(addr: int, show_module: bool = False, show_offset: bool = False) -> bytes:
        """The symbol at an address of the kernel: `vfs_read+0x10 [kernel]`, `[unknown]`."""
        return MachineApi.sym(addr, -1, show_module, show_offset)

    @staticmethod
    def ksymname(name: Name) -> int:
        """The address of a symbol of the kernel, -1 if it has none of that name."""
        with machine().used():
            return questions.symbol_address(as_text(name))

    @staticmethod
    def kernel_struct_has_field(struct_name: Name, field_name: Name) -> int:
        """1 or 0; -1 if the kernel has no such struct, or no types."""
        return questions.struct_has_field(as_text(struct_name), as_text(field_name))

    @staticmethod
    def kernel_struct_field_size_offset(struct_name: Name, field_name: Name) -> int:
        """`size << 32 | offset` of a member, in bits; 0xffffffffffffffff if there is none."""
        return questions.field_place(as_text(struct_name), as_text(field_name))

    @staticmethod
    def kernel_enum_has_val(enum_name: Name, val_name: Name) -> int:
        """1 or 0; -1 if the kernel has no such enum, or no types."""
        return questions.enum_has_value(as_text(enum_name), as_text(val_name))

    @staticmethod
    def support_kfunc() -> bool:
        """Whether KFUNC_PROBE works here; tried, not inferred from a version."""
        return questions.supports_fentry()

    @staticmethod
    def support_lsm() -> bool:
        """Whether LSM_PROBE works here."""
        return questions.supports_lsm()

    @staticmethod
    def support_fmod_ret() -> bool:
        """Whether KMOD_RET works here."""
        return questions.supports_return_changes()

    @staticmethod
    def support_raw_tracepoint() -> bool:
        """Whether RAW_TRACEPOINT_PROBE works here."""
        return questions.supports_raw_tracepoints()

    @staticmethod
    def support_raw_tracepoint_in_module() -> bool:
        """Whether it does for tracepoints of modules, since Linux 5.0: on a kernel that has modules
        and keeps book of their tracepoints (`bpf_event_notify`)."""
        is_there = MachineApi.ksymname("bpf_event_notify") != questions.NO_ADDRESS
        return is_there and questions.supports_raw_tracepoints()

    @staticmethod
    def monotonic_time() -> int:
        """The time of `bpf_ktime_get_ns`."""
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC)

    @staticmethod
    def generate_auto_includes(program_words: Iterable[str]) -> str:
        """The headers that a program with these words needs: none, for types are the kernel's."""
        return ""
