"""`Program`: one program of an object, and the places where it can be attached.

>>> obj.programs["on_exec"].autoload = False
>>> obj.load()
>>> link = obj.programs["on_open"].attach_tracepoint("syscalls", "sys_enter_openat")
>>> obj.programs["filter"].test_run(data=bytes(64)).retval
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from seismo.api.codec import Buffer
from seismo.api.errors import WrongState
from seismo.api.links import Link
from seismo.api.test_run import Context, TestRun, run_test
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel import bpf
from seismo.kernel.protocol import Kernel
from seismo.objects import link as object_links
from seismo.objects import program as objects
from seismo.objfile.model import Function
from seismo.objfile.sections import SectionKind
from seismo.spec.object_attach import (
    CgroupAttach,
    KprobePatternAttach,
    NamedUprobeAttach,
    NetfilterAttach,
    NetkitAttach,
    NetnsAttach,
    ObjectAttach,
    PerfFdAttach,
    SocketAttach,
    SockmapAttach,
    SyscallAttach,
    TcAttach,
    UprobePatternAttach,
    UsdtAttach,
    XdpAttach,
)
from seismo.spec.types import (
    AttachSpec,
    KprobeAttach,
    KprobeMultiAttach,
    PerfEventAttach,
    RawTracepointAttach,
    TimerAttach,
    TracepointAttach,
)

__all__ = ("HasFd", "Program")

Attacher: TypeAlias = Callable[[objects.Program, AttachSpec | ObjectAttach], object_links.Link]


class HasFd(Protocol):
    """A socket, a file, a map: what has a file descriptor."""

    def fileno(self) -> int: ...


class Program:
    """A program as its object has it; once loaded it can be attached and run.

    Every `attach_…` returns a `Link`, which its object closes if nobody does before. They raise
    `NotInKernel` for a place that is not there, `NotSupported` for what this kernel cannot do,
    `AttachRefused` when it refuses, `WrongState` before loading.
    """

    def __init__(self, function: Function, kind: SectionKind) -> None:
        self._function = function
        self._kind = kind
        self._autoload = not kind.is_optional
        self._program: objects.Program | None = None
        self._attacher: Attacher | None = None
        self._kernel: Kernel | None = None
        self._links: list[Link] = []

    def bind(self, program: objects.Program, attacher: Attacher, kernel: Kernel) -> None:
        """The program in the kernel that it is from now on."""
        self._program, self._attacher, self._kernel = program, attacher, kernel

    def unbind(self) -> None:
        """Detach it everywhere; its object closes the program."""
        for link in reversed(self._links):
            link.close()
        self._links.clear()
        self._program = self._attacher = self._kernel = None

    @property
    def name(self) -> str:
        """The function's name in C."""
        return self._function.name

    @property
    def section(self) -> str:
        """What `SEC("…")` says."""
        return self._function.section

    @property
    def type(self) -> ProgType:
        return self._kind.type

    @property
    def is_attachable(self) -> bool:
        """Whether the section says where: then `attach()` needs no more."""
        return self._kind.at is not None

    @property
    def autoload(self) -> bool:
        """Whether `load` loads it: all but those of `SEC("?…")`. Set it before."""
        return self._autoload

    @autoload.setter
    def autoload(self, is_wanted: bool) -> None:
        """Whether `load` is to load it."""
        if self._program is not None:
            raise WrongState(f"program '{self.name}' is loaded already", "set it before load()")
        self._autoload = is_wanted

    @property
    def is_loaded(self) -> bool:
        return self._program is not None

    @property
    def loaded(self) -> objects.Program:
        """The program in the kernel; `WrongState` when there is none."""
        if self._program is None:
            hint = "obj.load() loads it" if self._autoload else "autoload is off"
            raise WrongState(f"program '{self.name}' is not loaded", hint)
        return self._program

    @property
    def links(self) -> tuple[Link, ...]:
        """What it was attached to, in order, closed ones too."""
        return tuple(self._links)

    def fileno(self) -> int:
        """The program's file descriptor."""
        return int(self.loaded.fd)

    def info(self) -> objects.ProgramInfo:
        """The program as the kernel describes it. Since Linux 4.13."""
        return self.loaded.info()

    def pin(self, path: str) -> None:
        """Keep the program alive under `path` on a bpffs, until `unpin`. Since Linux 4.4."""
        number = self.fileno()
        bpf.obj_pin(self._live_kernel, number, path)

    def unpin(self, path: str) -> None:
        """Take the pin at `path` away."""
        self._live_kernel.unlink(path)

    def test_run(self, data: Buffer = b"", ctx: Context = b"", repeat: int = 1) -> TestRun:
        """Run it once, or `repeat` times, on a packet `data` or with the context `ctx`.

        Packet programs take at least 14 bytes (Linux 4.12), and a `struct xdp_md` or `__sk_buff` if
        need be (5.18, 5.1); raw tracepoints their u64 arguments (5.10), `SEC("syscall")` a context
        of its own (5.14). The answer has `retval`, `duration_ns` (of one run), and `data` and `ctx`
        as the program left them. Raises `WrongType`, `SyscallError`.
        """
        number = self.fileno()
        return run_test(self._live_kernel, number, self.type, data, ctx, repeat)

    def attach(self) -> Link:
        """Where its section says; `WrongState` when that says no place (`SEC("xdp")`)."""
        if self._kind.at is None:
            what = f"program '{self.name}': SEC(\"{self.section}\") does not say where to attach"
            raise WrongState(what, "say it: attach_xdp(interface), attach_cgroup(path), …")
        return self.attach_to(self._kind.at)

    def attach_to(self, at: AttachSpec | ObjectAttach) -> Link:
        """At any place that `seismo.spec` knows; the others are short for this."""
        program = self.loaded
        if self._attacher is None:
            raise WrongState(f"program '{self.name}' is not loaded")
        link = Link(self.name, self._attacher(program, at), self._live_kernel)
        self._links.append(link)
        return link

    def attach_kprobe(
        self,
        function: str,
        *,
        retprobe: bool = False,
        offset: int = 0,
        module: str = "",
        cookie: int = 0,
    ) -> Link:
        """At a kernel function's entry, `offset` bytes into it, or its return."""
        at = KprobeAttach(function, offset=offset, module=module, is_return=retprobe, cookie=cookie)
        return self.attach_to(at)

    def attach_kprobes(self, *functions: str, retprobe: bool = False) -> Link:
        """At many kernel functions at once (`SEC("kprobe.multi")`); one with `*` or `?` stands
        for all that match. Since Linux 5.18."""
        if len(functions) == 1 and set("*?") & set(functions[0]):
            return self.attach_to(KprobePatternAttach(functions[0], retprobe))
        return self.attach_to(KprobeMultiAttach(functions, is_return=retprobe))

    def attach_syscall(self, name: str, *, retprobe: bool = False, cookie: int = 0) -> Link:
        """At the kernel's function of a system call: `openat`."""
        return self.attach_to(SyscallAttach(name, retprobe, cookie))

    def attach_tracepoint(self, category: str, name: str, *, cookie: int = 0) -> Link:
        """At a tracepoint: `attach_tracepoint("sched", "sched_switch")`."""
        return self.attach_to(TracepointAttach(category, name, cookie))

    def attach_raw_tracepoint(self, name: str) -> Link:
        """At a tracepoint, with its raw arguments. Since Linux 4.17."""
        return self.attach_to(RawTracepointAttach(name))

    def attach_uprobe(
        self,
        binary: str,
        function: str = "",
        *,
        offset: int = 0,
        retprobe: bool = False,
        pid: int = 0,
        cookie: int = 0,
    ) -> Link:
        """At a function of a file (a path, or a library's name: `libc`), `offset` bytes into it, or
        its return; without `function` at an offset of the file. In all processes, or in `pid`."""
        at = NamedUprobeAttach(binary, function, offset, retprobe, pid, cookie)
        return self.attach_to(at)

    def attach_uprobes(
        self, binary: str, pattern: str, *, retprobe: bool = False, pid: int = 0
    ) -> Link:
        """At all functions of a file that match `pattern`, by `*` and `?`. Since Linux 6.6."""
        return self.attach_to(UprobePatternAttach(binary, pattern, retprobe, pid))

    def attach_usdt(
        self, binary: str, provider: str, name: str, *, pid: int = 0, cookie: int = 0
    ) -> Link:
        """At a static probe of a file; the program was made with libbpf's `usdt.bpf.h`."""
        return self.attach_to(UsdtAttach(binary, provider, name, pid, cookie))

    def attach_perf_event(
        self, event: str | int | HasFd, *, period: int = 1, pid: int = 0, cookie: int = 0
    ) -> Link:
        """Every `period` counts of an event by its name (`page-faults`, `cycles`), or at each
        overflow of a perf event that is open (its descriptor)."""
        if isinstance(event, str):
            return self.attach_to(PerfEventAttach(event, period, pid))
        number = event if isinstance(event, int) else event.fileno()
        return self.attach_to(PerfFdAttach(number, cookie))

    def attach_timer(
        self, *, frequency_hz: int = 0, period_ns: int = 0, every_cpu: bool = True
    ) -> Link:
        """At a frequency, or every so many ns, on all CPUs or only on one: `SEC("perf_event")`."""
        return self.attach_to(TimerAttach(period_ns, frequency_hz, every_cpu))

    def attach_xdp(self, interface: str, *, mode: str = "") -> Link:
        """At a network interface; `mode` is `generic`, `native`, `offload` or '' for the best."""
        return self.attach_to(XdpAttach(interface, mode))

    def attach_tc(self, interface: str, *, egress: bool | None = None, priority: int = 0) -> Link:
        """At what comes in through a network interface, or goes out (`egress`; None: as the section
        says): by tcx where the kernel has it (Linux 6.6), else by a filter of clsact (4.5)."""
        return self.attach_to(TcAttach(interface, self._is_egress(egress), "", priority))

    def attach_tcx(self, interface: str, *, egress: bool | None = None) -> Link:
        """The same by tcx alone, whose links can be pinned. Since Linux 6.6."""
        return self.attach_to(TcAttach(interface, self._is_egress(egress), "tcx"))

    def _is_egress(self, asked: bool | None) -> bool:
        return self._kind.attach_type is AttachType.TCX_EGRESS if asked is None else asked

    def attach_netkit(self, interface: str, *, peer: bool = False) -> Link:
        """At a netkit device, or its peer. Since Linux 6.7."""
        return self.attach_to(NetkitAttach(interface, peer))

    def attach_netns(self, path: str = "") -> Link:
        """At a network namespace: `SEC("sk_lookup")` (Linux 5.9), `SEC("flow_dissector")`."""
        return self.attach_to(NetnsAttach(path))

    def attach_netfilter(self, family: str, hook: str, *, priority: int = 0) -> Link:
        """At a netfilter hook: `attach_netfilter("ipv4", "input")`. Since Linux 6.4."""
        return self.attach_to(NetfilterAttach(family, hook, priority))

    def attach_cgroup(self, path: str, type: AttachType | None = None) -> Link:
        """At a cgroup (version 2); `type` only where the section leaves it open. By a link since
        Linux 5.7."""
        chosen = self._kind.attach_type if type is None else type
        if chosen is None:
            raise WrongState(f"program '{self.name}': which attach type?", "give `type`")
        return self.attach_to(CgroupAttach(path, chosen))

    def attach_socket(self, socket: HasFd, *, reuseport: bool = False) -> Link:
        """At what a socket receives; with `reuseport` it selects among a group of sockets."""
        return self.attach_to(SocketAttach(socket.fileno(), reuseport))

    def attach_sockmap(self, map_: HasFd) -> Link:
        """At all sockets that are in a map of sockets. Since Linux 4.14."""
        return self.attach_to(SockmapAttach(map_.fileno()))

    def __repr__(self) -> str:
        return f'<Program {self.name}: SEC("{self.section}"), {self.type.name.lower()}>'

    @property
    def _live_kernel(self) -> Kernel:
        if self._kernel is None:
            raise WrongState(f"program '{self.name}' is not loaded", "obj.load() loads it")
        return self._kernel
