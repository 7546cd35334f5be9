"""`VmKernel`: the `Kernel` protocol without a kernel: programs run in the machine, on hits.

>>> kernel = VmKernel(source)
>>> session = Session(plan, kernel, Tracefs(kernel), sink, attach=kernel.attach)

Whoever polls drives it: while nothing else is ready, timers that are due run, and the source is
asked for hits. Where time is that of hits, a run depends on nothing but them: what a program sends
is there to be read before the next hit, and a timer runs before the hits that come after it.
"""

from __future__ import annotations

import errno
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from mmap import PAGESIZE, mmap
from threading import Lock

from seismo.base.bits import U32_MAX
from seismo.base.errors import NotSupported, SyscallError
from seismo.engine.attach import attach_points, check_places, period_ns
from seismo.engine.contexts import Contexts
from seismo.engine.hit import Hit
from seismo.engine.objects import Attached, Objects, ProgramObject, TypesObject
from seismo.engine.objects_maps import BATCH_COMMANDS, ELEMENT_COMMANDS, create
from seismo.engine.objects_programs import describe, load
from seismo.engine.places import system_call_places
from seismo.engine.ring import MappedRing
from seismo.engine.source import Source
from seismo.engine.timers import Timers
from seismo.isa.helpers import helper_id
from seismo.isa.prog_types import ProgType
from seismo.kernel import bpf
from seismo.kernel.abi import (
    ENOTSUPP,
    BatchAttr,
    BpfAttr,
    BtfLoadAttr,
    Cmd,
    IdAttr,
    MapCreateAttr,
    MapElemAttr,
    ObjInfoAttr,
    PerfEventAttr,
    ProgLoadAttr,
    TestRunAttr,
)
from seismo.kernel.attr_memory import address_of, read_pointed, write_pointed
from seismo.kernel.fd import Fd
from seismo.kernel.live import LiveKernel
from seismo.kernel.protocol import Kernel
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.types import AttachSpec, ProgramSpec, SignalAttach, TestRunAttach, TimerAttach
from seismo.vm.environment import Environment, Task, current_task, no_memory
from seismo.vm.errors import Errno, Stopped
from seismo.vm.memory import Memory, Region
from seismo.vm.packet import ETHERNET_BYTES, Packet
from seismo.vm.packet_context import PACKET_CONTEXTS

__all__ = ("VmKernel",)

_AT_ONCE = 64
"""How many hits may pass before anything else is looked at."""

_CPU_HELPER = helper_id("get_smp_processor_id")
_NS_PER_MS = 1_000_000
_POSSIBLE_CPUS = "/sys/devices/system/cpu/possible"
_ON_NO_KERNEL = "there is no kernel behind this: programs run in a machine of seismo's own"
_IDLE = Task(comm=b"swapper/0")
_TRACER = Task(comm=b"seismo")


class VmKernel(Kernel):
    """A kernel of the machine's, over what `source` gives; without one, hits come by `fire`.

    `programs` are what will be loaded, so that a fault can be told by its line of the script, which
    `warn` is told once a program. The source stays its owner's.
    """

    def __init__(
        self,
        source: Source | None = None,
        *,
        programs: Iterable[ProgramSpec] = (),
        warn: Callable[[str], object] = lambda text: None,
    ) -> None:
        self._source = source
        self._system = LiveKernel()
        machine = os.uname().machine
        self.places = system_call_places(machine) if source is None else source.places
        self._is_live = source is not None and source.is_live
        self._has_machine_clock = source is None or source.is_live
        self._specs = {bpf.object_name(one.name).decode(): one for one in programs}
        self._warn = warn
        self._objects = Objects()
        self._memory = Memory()
        self._clock_ns = time.monotonic_ns() if source is None else source.started_ns
        self._environment = _environment(lambda: self._clock_ns, is_live=self._has_machine_clock)
        self._contexts = Contexts(self._memory, self.places)
        self._attached: dict[str, list[Attached]] = {}
        self._timers: Timers[Attached] = Timers()
        # Links are closed by threads, all at the same time.
        self._lock = Lock()
        self._waiting: deque[Hit] = deque()
        self._is_started = False

    def now_ns(self) -> int:
        """CLOCK_MONOTONIC of the last that happened."""
        return self._clock_ns

    def start(self) -> None:
        """Everything is attached: let hits come. A second time does nothing."""
        if self._is_started or self._source is None:
            return
        self._is_started = True
        places = frozenset(at for at, found in self._attached.items() if found)
        self._source.want(places, needs_cpu=any(map(_asks_for_cpu, self._specs.values())))
        self._source.start()
        if self._is_live:
            self._clock_ns = time.monotonic_ns()
        elif self._pump(self._waiting.append) and not self._source.started_ns:
            self._clock_ns = self._waiting[0].ns
        self._timers.start(self._clock_ns)

    @property
    def is_over(self) -> bool:
        """Whether nothing will happen any more: the source is over, and all of it has been had."""
        return self._source is not None and self._source.is_over and not self._waiting

    def attach(self, program: Program, at: AttachSpec) -> Link:
        """Run `program` at every hit of its places, behind those that were attached there before.

        Raises NotSupported for what only a kernel has, NotInKernel for a place without hits.
        """
        if isinstance(at, TestRunAttach | SignalAttach):
            return Link()
        thing = self._objects.program(int(program.fd), "attach")
        if isinstance(at, TimerAttach):
            attached = Attached(thing, 0, self._release_timer)
            now_ns = time.monotonic_ns() if self._is_live else self._clock_ns
            self._timers.add(attached, period_ns(at), now_ns)
            return self._link([attached], program.spec.name)
        points = attach_points(at)
        if self._source is not None:
            check_places(points, self.places)
        made: list[Attached] = []
        for place, cookie in points:
            attached = Attached(thing, cookie, partial(self._release, place))
            self._attached.setdefault(place, []).append(attached)
            made.append(attached)
        return self._link(made, program.spec.name)

    def _link(self, made: Sequence[Attached], name: str) -> Link:
        fds = [Fd(self, self._objects.open(one), "link", name) for one in made]
        return _VmLink(fds, made)

    def _release(self, place: str, attached: Attached) -> None:
        with self._lock:
            self._attached[place].remove(attached)

    def _release_timer(self, attached: Attached) -> None:
        with self._lock:
            self._timers.remove(attached)

    def ring(self, fd: int) -> MappedRing | None:
        """The ring buffer of a descriptor, to be written to from outside; None where it is none."""
        return self._objects.ring(fd)

    def fire(self, hit: Hit) -> None:
        """Run the programs at the hit's place, in the order in which they were attached."""
        self._clock_ns = max(self._clock_ns, hit.ns)
        found = self._attached.get(hit.at)
        if found:
            self._fire_at(hit, tuple(found))

    def _fire_at(self, hit: Hit, found: Sequence[Attached]) -> None:
        if hit.cpu >= self.places.cpus:
            why = f"values are laid out for {self.places.cpus} of them"
            raise NotSupported(f"a hit on processor {hit.cpu}", why, "they count from 0")
        environment = self._environment
        environment.task, environment.cpu = hit.task, hit.cpu
        environment.stack, environment.user_stack = hit.kernel_stack, hit.user_stack
        environment.read_user, environment.read_kernel = hit.read_user, hit.read_kernel
        for attached in found:
            environment.cookie = attached.cookie
            context = self._contexts.context(hit, attached.program.spec.type)
            self._run(attached.program, context)
        self._contexts.release()
        if environment.signals:
            self._send_signals(hit.task)

    def _send_signals(self, task: Task) -> None:
        """What `bpf_send_signal` asked for, where there is somebody to get it."""
        numbers, self._environment.signals = self._environment.signals, []
        for number in numbers if self._is_live else ():
            with suppress(ProcessLookupError):
                os.kill(task.pid, number)

    def _run(self, program: ProgramObject, context: bytes | Region | Packet) -> int:
        """r0; 0 of a run that is ended, whose records are discarded."""
        begin = time.perf_counter_ns()
        machine = program.machine
        program.runs += 1
        try:
            return machine.run(context).r0
        except Stopped as error:
            program.faults += 1
            if program.faults == 1:
                self._warn(complaint(program.spec, error))
            for ring in self._objects.rings:
                ring.abandon()
            return 0
        finally:
            program.run_time_ns += time.perf_counter_ns() - begin

    def poll(self, fds: Sequence[int], timeout_ms: int) -> list[int]:
        """Which of `fds` are ready: rings with records, others as poll(2) says. Until one is, or
        the time is up, everything goes on."""
        self.start()
        deadline = time.monotonic_ns() + timeout_ms * _NS_PER_MS if timeout_ms >= 0 else None
        rings = {fd: ring for fd in fds if (ring := self._objects.ring(fd)) is not None}
        others = [fd for fd in fds if fd not in rings]
        while True:
            ready = [fd for fd, ring in rings.items() if ring.has_records]
            ready += self._system.poll(others, 0)
            if ready:
                return ready
            has_gone_on = self._go_on(tuple(rings.values()))
            if deadline is not None and time.monotonic_ns() >= deadline:
                return []
            if has_gone_on:
                continue
            if self.is_over and not self._is_live:
                return []
            self._wait(others, deadline)

    def _go_on(self, rings: Sequence[MappedRing]) -> bool:
        """Do some of what is to be done, up to the first record; whether there was anything."""
        if self._is_live:
            return self._run_timer(time.monotonic_ns()) or self._pump(self.fire)
        for turn in range(_AT_ONCE):
            if not (self._waiting or self._pump(self._waiting.append)):
                return turn > 0
            if not self._run_timer(self._waiting[0].ns):
                self.fire(self._waiting.popleft())
            if any(ring.has_records for ring in rings):
                break
        return True

    def _pump(self, fire: Callable[[Hit], None]) -> bool:
        source = self._source
        return source is not None and not source.is_over and source.pump(fire, _AT_ONCE) > 0

    def _run_timer(self, until_ns: int) -> bool:
        """Run the timer that is due first, if it is due by then; whether it was."""
        due = self._timers.take(until_ns, is_late=self._is_live)
        if due is None:
            return False
        due_ns, attached = due
        self._clock_ns = max(self._clock_ns, until_ns if self._is_live else due_ns)
        # The kernel's timers interrupt whatever its first processor does, most often nothing.
        self._fire_at(Hit(at="interval", task=_IDLE, ns=self._clock_ns), (attached,))
        return True

    def _wait(self, fds: Sequence[int], deadline: int | None) -> None:
        """Wait for a descriptor, a timer or the deadline, whatever comes first."""
        source = self._source
        if source is not None and not source.is_over:
            fds = [*fds, *source.fds]
        due = self._timers.next_ns if self._is_live else None
        ends = [one for one in (deadline, due) if one is not None]
        left_ns = max(min(ends) - time.monotonic_ns(), 0) if ends else -1
        self._system.poll(fds, -(-left_ns // _NS_PER_MS) if ends else -1)

    def bpf(self, cmd: Cmd, attr: BpfAttr) -> int:
        call = f"bpf({cmd.kernel_name})"
        try:
            return self._answer(cmd, attr, call)
        except Errno as error:
            raise SyscallError(call, error.errno) from None

    def _answer(self, cmd: Cmd, attr: BpfAttr, call: str) -> int:
        objects = self._objects
        match attr:
            case MapElemAttr() if cmd in ELEMENT_COMMANDS:
                return ELEMENT_COMMANDS[cmd](objects, attr, call)
            case BatchAttr() if cmd in BATCH_COMMANDS:
                return BATCH_COMMANDS[cmd](objects, attr, call)
            case MapCreateAttr():
                return create(objects, attr, call, self.places.cpus)
            case ProgLoadAttr():
                return load(objects, attr, call, (self._memory, self._environment), self._specs)
            case TestRunAttr():
                return self._test_run(attr, call)
            case ObjInfoAttr():
                return describe(objects, attr, call)
            case BtfLoadAttr():
                return objects.open(TypesObject(objects.next_id()))
            case IdAttr():
                raise SyscallError(call, errno.ENOENT)
            case _:
                raise SyscallError(call, errno.EPERM, _ON_NO_KERNEL)

    def _test_run(self, attr: TestRunAttr, call: str) -> int:
        """BPF_PROG_TEST_RUN, in the context of this process; of a list of hits, of a task without
        ids. One after the other, runs are given what the last has left of the packet."""
        program = self._objects.program(attr.prog_fd, call)
        given = _test_subject(program.spec.type, attr, call)
        if self._has_machine_clock:
            self._clock_ns = max(self._clock_ns, time.monotonic_ns())
        environment = self._environment
        environment.task = current_task() if self._has_machine_clock else _TRACER
        environment.cpu = environment.cookie = 0
        environment.stack, environment.user_stack = (), ()
        environment.read_user = environment.read_kernel = no_memory
        begin, times = time.perf_counter_ns(), max(attr.repeat, 1)
        for _ in range(times):
            attr.retval = self._run(program, given) & U32_MAX
        attr.duration = (time.perf_counter_ns() - begin) // times
        if isinstance(given, Packet):
            _tell_packet(given, attr, call)
        return 0

    def perf_event_open(self, attr: PerfEventAttr, pid: int, cpu: int) -> int:
        raise SyscallError("perf_event_open", errno.EPERM, _ON_NO_KERNEL)

    def ioctl(self, fd: int, request: int, argument: int = 0) -> int:
        raise SyscallError(f"ioctl({request:#x})", errno.ENOTTY, _ON_NO_KERNEL)

    def mmap(self, fd: int, size: int, *, offset: int = 0, writable: bool = False) -> mmap:
        ring = self._objects.ring(fd)
        if ring is None:
            raise SyscallError("mmap", errno.ENODEV, _ON_NO_KERNEL)
        page = ring.consumer_page if offset == 0 else ring.producer_pages
        if offset not in (0, PAGESIZE) or size > len(page):
            raise SyscallError("mmap", errno.EINVAL)
        return page

    def close(self, fd: int) -> None:
        self._objects.forget(fd)
        self._system.close(fd)

    def read_file(self, path: str) -> bytes:
        if path == _POSSIBLE_CPUS:
            return f"0-{self.places.cpus - 1}\n".encode()
        return self._system.read_file(path)

    def append_file(self, path: str, data: bytes) -> None:
        raise SyscallError(f"write {path}", errno.EPERM, _ON_NO_KERNEL)

    def list_directory(self, path: str) -> list[str]:
        return self._system.list_directory(path)

    def read(self, fd: int, size: int) -> bytes:
        return self._system.read(fd, size)

    def mount(self, filesystem: str) -> int:
        raise SyscallError(f"mount {filesystem}", errno.EPERM, _ON_NO_KERNEL)

    def unlink(self, path: str) -> None:
        self._system.unlink(path)


class _VmLink(Link):
    """A link that knows its programs, whose runs that were ended count as missed."""

    def __init__(self, attached: Sequence[Fd], made: Sequence[Attached]) -> None:
        super().__init__(attached)
        self._made = made

    def missed(self, kernel: Kernel) -> int:
        return sum({id(one.program): one.program.faults for one in self._made}.values())


def _test_subject(type: ProgType, attr: TestRunAttr, call: str) -> bytes | Packet:
    """What a test run gives to a program of a type: arguments, or a packet."""
    context = read_pointed(attr, "ctx_in", attr.ctx_size_in)
    if type == ProgType.RAW_TRACEPOINT:
        return context
    if type not in PACKET_CONTEXTS:
        raise SyscallError(call, ENOTSUPP)
    data = read_pointed(attr, "data_in", attr.data_size_in)
    if len(data) < ETHERNET_BYTES:
        raise SyscallError(call, errno.EINVAL, "a packet has an Ethernet header")
    return Packet(type, data, context)


def _tell_packet(packet: Packet, attr: TestRunAttr, call: str) -> None:
    """Hand back what a program has left: ENOSPC for more than there is room for, of which the
    beginning is written, as by the kernel's bpf_test_finish()."""
    for data, name, size in (
        (packet.meta + bytes(packet.contents), "data_out", "data_size_out"),
        (packet.context, "ctx_out", "ctx_size_out"),
    ):
        room = getattr(attr, size)
        setattr(attr, size, len(data))
        if address_of(attr, name):
            write_pointed(attr, name, data[:room] if room else data)
            if 0 < room < len(data):
                raise SyscallError(call, errno.ENOSPC)


def _asks_for_cpu(spec: ProgramSpec) -> bool:
    return any(one.is_helper_call and one.imm == _CPU_HELPER for one in spec.insns)


def complaint(spec: ProgramSpec, error: Stopped) -> str:
    """What ended a run of a program, by its line of the script where that is known."""
    place = spec.spans[error.index].location if spec.spans else f"program {spec.name}"
    return f"{place}: a run was ended: {error}"


def _environment(clock: Callable[[], int], *, is_live: bool) -> Environment:
    """What helpers see. Where time is that of hits, all clocks are one."""
    if not is_live:
        return Environment(monotonic=clock, boottime=clock, tai=clock)
    now = time.monotonic_ns()
    boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - now
    tai = time.clock_gettime_ns(time.CLOCK_TAI) - now
    return Environment(monotonic=clock, boottime=lambda: clock() + boot, tai=lambda: clock() + tai)
