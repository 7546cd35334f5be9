"""`AttachApi`: the part of `BPF` that attaches functions and detaches them again."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from seismo.bcc.machine_api import MachineApi
from seismo.bcc.names import Name
from seismo.bcc.points import Points
from seismo.bcc.programs import Function, Programs
from seismo.c.flavour import split_name
from seismo.kernel.abi import PerfEventAttr

if TYPE_CHECKING:
    from seismo.bcc.counters import Counters
    from seismo.bcc.kernel_probes import KernelProbes
    from seismo.bcc.user_probes import UserProbes

__all__ = ("AttachApi",)

_KFUNC, _KRETFUNC, _FMOD_RET, _LSM = "kfunc__", "kretfunc__", "kmod_ret__", "lsm__"


class AttachApi:
    """Attaches the functions of `programs`.

    A function is loaded when it is first attached. Attaching raises `UnknownFunction`,
    `VerifierError`, `NotInKernel` with a near name, `AttachRefused`.
    """

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._points = Points(programs)

    @cached_property
    def _kernel_probes(self) -> KernelProbes:
        from seismo.bcc.kernel_probes import KernelProbes  # noqa: PLC0415 (lazy: docs/architecture.md)

        return KernelProbes(self._programs)

    @cached_property
    def _user_probes(self) -> UserProbes:
        from seismo.bcc.user_probes import UserProbes  # noqa: PLC0415 (lazy: docs/architecture.md)

        return UserProbes(self._programs)

    @cached_property
    def _counters(self) -> Counters:
        from seismo.bcc.counters import Counters  # noqa: PLC0415 (lazy: docs/architecture.md)

        return Counters(self._programs)

    def attach_kprobe(
        self, event: Name = b"", event_off: int = 0, fn_name: Name = b"", event_re: Name = b""
    ) -> None:
        """Run a function at a function of the kernel, `event_off` bytes into it, or at all whose
        names `event_re` matches.

        Where the kernel has no kprobes, at a system call (its name for `get_syscall_fnname`) the
        function runs at the raw tracepoint of system calls, with the same registers;
        `NotTraceable` elsewhere, whose message names a tracepoint.
        """
        if event_re:
            self._kernel_probes.attach_all(event_re, fn_name)
        else:
            self._kernel_probes.attach(event, fn_name, offset=event_off)

    def attach_kretprobe(
        self, event: Name = b"", fn_name: Name = b"", event_re: Name = b"", maxactive: int = 0
    ) -> None:
        """Run a function at the return of a function of the kernel; `maxactive` calls of it may be
        under way at once (0: as many as the kernel thinks fit)."""
        if event_re:
            self._kernel_probes.attach_all(event_re, fn_name, is_return=True, max_active=maxactive)
        else:
            self._kernel_probes.attach(event, fn_name, is_return=True, max_active=maxactive)

    def detach_kprobe(self, event: Name, fn_name: Name | None = None) -> None:
        """End what `attach_kprobe` did there, of one function or of all; `NotAttached`."""
        self._kernel_probes.detach(event, fn_name or b"")

    def detach_kretprobe(self, event: Name, fn_name: Name | None = None) -> None:
        """End what `attach_kretprobe` did there; `NotAttached`."""
        self._kernel_probes.detach(event, fn_name or b"", is_return=True)

    def num_open_kprobes(self) -> int:
        """At how many entries and returns of the kernel's functions there are functions."""
        return self._kernel_probes.count

    def attach_tracepoint(self, tp: Name = b"", tp_re: Name = b"", fn_name: Name = b"") -> None:
        """Run a function at a tracepoint, `category:name`, or at all that `tp_re` matches.

        Since Linux 4.7.
        """
        if tp_re:
            self._points.attach_all(tp_re, fn_name)
        else:
            self._points.attach(tp, fn_name)

    def detach_tracepoint(self, tp: Name = b"") -> None:
        """End what `attach_tracepoint` did there; `NotAttached`."""
        self._points.detach(tp)

    def num_open_tracepoints(self) -> int:
        """At how many tracepoints there are functions."""
        return self._points.count

    def attach_raw_tracepoint(self, tp: Name = b"", fn_name: Name = b"") -> None:
        """Run a function at a tracepoint (its name alone) before its record is made.

        Since Linux 4.17.
        """
        self._points.attach_raw(tp, fn_name)

    def detach_raw_tracepoint(self, tp: Name = b"") -> None:
        """End what `attach_raw_tracepoint` did there; `NotAttached`."""
        self._points.detach_raw(tp)

    def attach_kfunc(self, fn_name: Name = b"") -> None:
        """Run a function of KFUNC_PROBE where its name says. Since Linux 5.5."""
        self._points.attach_tracing(_KFUNC, fn_name)

    def detach_kfunc(self, fn_name: Name = b"") -> None:
        """End what `attach_kfunc` did; `NotAttached`."""
        self._points.detach_tracing(_KFUNC, fn_name)

    def attach_kretfunc(self, fn_name: Name = b"") -> None:
        """Run a function of KRETFUNC_PROBE where its name says. Since Linux 5.5."""
        self._points.attach_tracing(_KRETFUNC, fn_name)

    def detach_kretfunc(self, fn_name: Name = b"") -> None:
        """End what `attach_kretfunc` did; `NotAttached`."""
        self._points.detach_tracing(_KRETFUNC, fn_name)

    def attach_fmod_ret(self, fn_name: Name = b"") -> None:
        """Run a function of KMOD_RET where its name says. Since Linux 5.7."""
        self._points.attach_tracing(_FMOD_RET, fn_name)

    def detach_fmod_ret(self, fn_name: Name = b"") -> None:
        """End what `attach_fmod_ret` did; `NotAttached`."""
        self._points.detach_tracing(_FMOD_RET, fn_name)

    def attach_lsm(self, fn_name: Name = b"") -> None:
        """Run a function of LSM_PROBE at the hook that its name says. Since Linux 5.7."""
        self._points.attach_tracing(_LSM, fn_name)

    def detach_lsm(self, fn_name: Name = b"") -> None:
        """End what `attach_lsm` did; `NotAttached`."""
        self._points.detach_tracing(_LSM, fn_name)

    def attach_uprobe(
        self,
        name: Name = b"",
        sym: Name = b"",
        sym_re: Name = b"",
        addr: int | None = None,
        fn_name: Name = b"",
        pid: int = -1,
        sym_off: int = 0,
    ) -> None:
        """Run a function at the function `sym` of a file, `sym_off` bytes into it, at the address
        `addr` that the file's symbols have, or at all functions that `sym_re` matches.

        `name` is a path, a library's short name (`c`) or a command's; in one process with `pid`.
        Since Linux 4.17.
        """
        if sym_re:
            self._user_probes.attach_all(name, sym_re, fn_name, pid)
        else:
            self._user_probes.attach(
                self._user_probes.place(name, sym, addr, pid, sym_off), fn_name
            )

    def attach_uretprobe(
        self,
        name: Name = b"",
        sym: Name = b"",
        sym_re: Name = b"",
        addr: int | None = None,
        fn_name: Name = b"",
        pid: int = -1,
    ) -> None:
        """Run a function at the return of a function of a file; see `attach_uprobe`."""
        if sym_re:
            self._user_probes.attach_all(name, sym_re, fn_name, pid, is_return=True)
        else:
            self._user_probes.attach(
                self._user_probes.place(name, sym, addr, pid), fn_name, is_return=True
            )

    def detach_uprobe(
        self,
        name: Name = b"",
        sym: Name = b"",
        addr: int | None = None,
        pid: int = -1,
        sym_off: int = 0,
    ) -> None:
        """End what `attach_uprobe` did there; `NotAttached`."""
        self._user_probes.detach(self._user_probes.place(name, sym, addr, pid, sym_off))

    def detach_uretprobe(
        self, name: Name = b"", sym: Name = b"", addr: int | None = None, pid: int = -1
    ) -> None:
        """End what `attach_uretprobe` did there; `NotAttached`."""
        self._user_probes.detach(self._user_probes.place(name, sym, addr, pid), is_return=True)

    def num_open_uprobes(self) -> int:
        """At how many places of files there are functions."""
        return self._user_probes.count

    def attach_perf_event(
        self,
        ev_type: int = -1,
        ev_config: int = -1,
        fn_name: Name = b"",
        sample_period: int = 0,
        sample_freq: int = 0,
        pid: int = -1,
        cpu: int = -1,
        group_fd: int = -1,
    ) -> None:
        """Run a function every `sample_period` events (`PerfType`, `PerfSWConfig`), or
        `sample_freq` times a second; on all CPUs unless one is given. Since Linux 4.9."""
        attr = self._counters.attr(ev_type, ev_config, sample_period, sample_freq)
        self._counters.attach(attr, fn_name, pid, cpu, group_fd)

    def attach_perf_event_raw(
        self,
        attr: PerfEventAttr,
        fn_name: Name = b"",
        pid: int = -1,
        cpu: int = -1,
        group_fd: int = -1,
    ) -> None:
        """The same for an event that is described in full: `Perf.perf_event_attr`."""
        self._counters.attach(attr, fn_name, pid, cpu, group_fd)

    def detach_perf_event(self, ev_type: int = -1, ev_config: int = -1) -> None:
        """End what `attach_perf_event` did; `NotAttached`."""
        self._counters.detach(ev_type, ev_config)

    @staticmethod
    def attach_raw_socket(fn: Function, dev: Name) -> None:
        """Let a function filter a new packet socket of an interface ('': all): it is `fn.sock`."""
        from seismo.bcc.network import open_raw_socket  # noqa: PLC0415 (lazy: docs/architecture.md)

        open_raw_socket(fn, dev)

    @staticmethod
    def attach_xdp(dev: Name, fn: Function, flags: int = 0) -> None:
        """Run a function for every packet that comes in at an interface, `XDPFlags` say how.

        Since Linux 5.9. Unlike BCC's, this ends with the process.
        """
        from seismo.bcc.network import put_on_interface  # noqa: PLC0415 (lazy: docs/architecture.md)

        put_on_interface(dev, fn, flags)

    @staticmethod
    def remove_xdp(dev: Name, flags: int = 0) -> None:
        """End what `attach_xdp` did; `NotAttached`."""
        from seismo.bcc.network import take_off_interface  # noqa: PLC0415 (lazy: docs/architecture.md)

        take_off_interface(dev)

    @staticmethod
    def attach_func(fn: Function, attachable_fd: int, attach_type: int, flags: int = 0) -> None:
        """Run a function for a cgroup or a map of sockets, by its descriptor (`BPFAttachType`).

        Since Linux 4.10. Unlike BCC's, this ends with the process.
        """
        from seismo.bcc.network import put_on_target  # noqa: PLC0415 (lazy: docs/architecture.md)

        put_on_target(fn, attachable_fd, attach_type, flags)

    @staticmethod
    def detach_func(fn: Function, attachable_fd: int, attach_type: int) -> None:
        """End what `attach_func` did; `NotAttached`."""
        from seismo.bcc.network import take_off_target  # noqa: PLC0415 (lazy: docs/architecture.md)

        take_off_target(fn, attachable_fd, attach_type)

    def _attach_named(self, names: tuple[str, ...]) -> None:
        """Attach the functions whose names say where."""
        for name in names:
            prefix, place = split_name(name)
            if attach := self._by_prefix().get(prefix):
                attach(place, name)

    def _by_prefix(self) -> dict[str, Callable[[str, str], None]]:
        """How functions are attached by (the rest of their names, their names)."""

        def function(place: str) -> bytes:
            return MachineApi.fix_syscall_fnname(place)

        def tracing(prefix: str) -> Callable[[str, str], None]:
            return lambda _, name: self._points.attach_tracing(prefix, name)

        return {
            "kprobe__": lambda place, name: self.attach_kprobe(function(place), fn_name=name),
            "kretprobe__": lambda place, name: self.attach_kretprobe(function(place), name),
            "tracepoint__": lambda place, name: self.attach_tracepoint(
                place.replace("__", ":", 1), fn_name=name
            ),
            "raw_tracepoint__": self.attach_raw_tracepoint,
            **{one: tracing(one) for one in (_KFUNC, _KRETFUNC, _FMOD_RET, _LSM)},
        }
