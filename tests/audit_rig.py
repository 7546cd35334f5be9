"""The programs of `seismo audit` in the kernel with plans of a test's own, and their records as
they are: what tests of the kernel side need, without catalog, decoder and tracer.

>>> with Rig({39: plan()}) as rig:
...     rig.run(lambda: os.getpid())
...     [one.type for one in rig.records()]
"""

from __future__ import annotations

import os
import select
import struct
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import cache
from types import TracebackType
from typing import Self

from seismo.audit.program.compile import (
    DEFAULT_FILTERS,
    PENDING,
    AuditObject,
    compile_audit,
    sized,
)
from seismo.audit.program.plans import MOST_CONTENT
from seismo.audit.record.layout import (
    COMPAT,
    HEADER,
    SECTION,
    SETTINGS,
    SYSCALL,
    TYPES,
    Capture,
    Counter,
    Section,
    SectionFlag,
    Setting,
    Shape,
)
from seismo.base.dataclass import dataclass
from seismo.base.layout import Layout
from seismo.bcc.machine import machine
from seismo.events.decode import layout_decoder
from seismo.objects.attach.table import attach
from seismo.objects.load import load
from seismo.objects.ringbuf import RingBuffer

__all__ = ("Part", "Record", "Rig", "fields", "names_of", "plan")

_TEXT = "surrogateescape"


@dataclass(frozen=True, slots=True)
class Part:
    """A section."""

    kind: Section
    argument: int
    flags: int
    detail: int
    data: bytes

    def __repr__(self) -> str:
        return f"{self.kind.name}[{self.argument}] flags={int(self.flags)} {self.data!r}"


@dataclass(frozen=True, slots=True)
class Record:
    """A record: the header's fields by name, the fixed part, the sections."""

    header: Mapping[str, object]
    fixed: bytes
    parts: tuple[Part, ...]

    @property
    def type(self) -> int:
        return int(str(self.header["type"]))

    @property
    def ret(self) -> int:
        return int(str(self.header["ret"]))

    @property
    def flags(self) -> int:
        return int(str(self.header["flags"]))

    @property
    def args(self) -> tuple[int, ...]:
        return struct.unpack("<6Q", self.fixed)

    def part(self, kind: Section, argument: int = 0) -> Part:
        """The only section of a kind and an argument."""
        (found,) = [one for one in self.parts if (one.kind, one.argument) == (kind, argument)]
        return found

    def kinds(self) -> list[Section]:
        """The kinds of all sections."""
        return [one.kind for one in self.parts]


def fields(layout: Layout, data: bytes) -> dict[str, object]:
    """Bytes by the fields of their layout."""
    names = [one.name for one in layout.fields]
    return dict(zip(names, layout_decoder(layout)(data), strict=True))


def names_of(part: Part) -> str:
    """A path of a section as text; with … where its beginning is missing."""
    names = part.data.decode(errors=_TEXT).split("\0")[:-1]
    if part.flags & SectionFlag.NAME:
        return names[0]
    text = "/".join(reversed(names))
    has_beginning = part.flags & (SectionFlag.ABSOLUTE | SectionFlag.UNREACHABLE)
    text = f"/{text}" if has_beginning else f"…/{text}"
    return f"{text} (deleted)" if part.flags & SectionFlag.DELETED else text


def plan(
    *captures: tuple[int, Capture] | tuple[int, Capture, int],
    returned: Capture = Capture.NONE,
    flags: int = 0,
    content: int = MOST_CONTENT,
) -> bytes:
    """The plan of a type: (argument, what[, parameter]) for each argument that is captured."""
    kinds, parameters = [0] * 6, [0] * 6
    for argument, kind, *parameter in captures:
        kinds[argument] = kind
        parameters[argument] = parameter[0] if parameter else 0
    if not captures and returned is Capture.NONE:
        flags |= Shape.NO_CAPTURE
    return struct.pack("<BB6B6BH", flags, returned, *kinds, *parameters, content)


def _settings(values: Mapping[str, int]) -> bytes:
    numbers = [values.get(one.name, 0) for one in SETTINGS.fields]
    return struct.pack(f"<{len(numbers)}I", *numbers)


class Rig:
    """The programs, attached. `plans` say what of which types is recorded; handler 0 wants those,
    and the further `events`."""

    def __init__(
        self,
        plans: Mapping[int, bytes],
        *,
        filters: str = DEFAULT_FILTERS,
        ring_bytes: int = 1 << 20,
        pending: int = PENDING,
        flags: int = Setting.FD_PATHS,
        events: Iterable[int] = (),
        **settings: int,
    ) -> None:
        self._plans = plans
        self._owned = ExitStack()
        self._machine = machine()
        self._settings = {
            "flags": flags,
            "content_bytes": 4096,
            "words_bytes": 8192,
            "wake_bytes": 4096,
            **settings,
        }
        self._events = (*plans, *events)
        self._object = sized(
            _compiled(filters),
            ring_bytes=ring_bytes,
            pending=pending,
            cpus=self._machine.view.possible_cpus(),
        )

    def replace_programs(self, audit: AuditObject) -> None:
        """Load these programs in place of those that were compiled."""
        self._object = audit

    def __enter__(self) -> Self:
        with ExitStack() as owned:
            own = self._machine
            owned.enter_context(own.used())
            self.loaded = owned.enter_context(load(self._object.spec, own.kernel))
            self.maps = self.loaded.maps
            self._fill()
            self.ring = owned.enter_context(RingBuffer(self.maps["events"], own.kernel))
            for one in self._object.programs:
                if one.attach is not None:
                    program = self.loaded.programs[one.name]
                    owned.enter_context(attach(program, one.attach, own.kernel, own.tracefs))
            self._owned = owned.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._owned.close()

    def _fill(self) -> None:
        self.maps["settings"].put(bytes(4), _settings(self._settings))
        for number, value in self._plans.items():
            self.maps["plans"].put(struct.pack("<I", number), value)
        self.want(0, self._events)

    def want(self, handler: int, events: Iterable[int]) -> None:
        """The types that a handler wants."""
        words = [0] * (TYPES // 64)
        for number in events:
            words[number // 64] |= 1 << number % 64
        self.maps["handler_events"].put(
            struct.pack("<I", handler), struct.pack(f"<{len(words)}Q", *words)
        )

    def watch(self, tgid: int, handler: int = 0, *, inherited: bool = False) -> None:
        """Give a process a handler."""
        watch = struct.pack("<HBBI", handler, inherited, 0, 0)
        self.maps["watched_processes"].put(struct.pack("<I", tgid), watch)

    def run(
        self, action: Callable[[], object], *, handler: int = 0, inherited: bool = False
    ) -> int:
        """Do something in a watched child, which ends by exit_group(2); its process id.

        AssertionError with the child's own where the action raises one.
        """
        child, go, told = _fork(action)
        self.watch(child, handler, inherited=inherited)
        os.write(go, b"x")
        failure = os.read(told, 4096)
        _, status = os.waitpid(child, 0)
        os.close(go)
        os.close(told)
        assert (status, failure) == (0, b""), failure.decode()
        return child

    def records(self) -> list[Record]:
        """All that is in the ring, in its order."""
        raw: list[bytes] = []
        self.ring.consume(lambda record: raw.append(bytes(record)))
        return [_record(one) for one in raw]

    def calls(self, number: int) -> list[Record]:
        """Those of one type of what is in the ring."""
        return [one for one in self.records() if one.type == number]

    def counts(self, number: int) -> dict[str, int]:
        """The counters of a type, all CPUs together, without those that are 0."""
        counters = self.maps["counters"]
        sums = {}
        for counter in Counter:
            values = counters.get_per_cpu(struct.pack("<I", number * 8 + counter))
            if total := sum(int.from_bytes(one, "little") for one in values):
                sums[counter.name.lower()] = total
        return sums

    def in_progress(self) -> list[int]:
        """The types of calls that have not ended."""
        return [int.from_bytes(value[56:58], "little") for _, value in self.maps["pending"].items()]


@cache
def _compiled(filters: str) -> AuditObject:
    return compile_audit(machine().view, filters=filters)


def _fork(action: Callable[[], object]) -> tuple[int, int, int]:
    """A child that waits in poll(2), which tests leave alone; what it is told to go on by, and by
    what it tells of a failure."""
    wait, go = os.pipe()
    told, tell = os.pipe()
    child = os.fork()
    if child:
        os.close(wait)
        os.close(tell)
        assert os.read(told, 1) == b"r"
        return child, go, told
    os.close(go)
    waiting = select.poll()
    waiting.register(wait)
    try:
        os.write(tell, b"r")
        waiting.poll()
        action()
    except BaseException as error:  # the parent raises it
        os.write(tell, repr(error).encode()[:4000])
        os._exit(1)
    os._exit(0)


def _record(data: bytes) -> Record:
    header = fields(HEADER, data[: HEADER.size])
    number = int(str(header["type"]))
    is_syscall = number < 2 * COMPAT
    fixed_size = SYSCALL.size if is_syscall else 0
    at = HEADER.size + fixed_size
    parts: list[Part] = []
    while is_syscall and at < len(data):
        head = fields(SECTION, data[at : at + SECTION.size])
        kind, argument, flags, size, detail = (int(str(one)) for one in head.values())
        at += SECTION.size
        body = data[at : at + size]
        assert len(body) == size, "a section ends behind its record"
        parts.append(Part(Section(kind), argument, flags, detail, body))
        at += (size + 7) & ~7
    fixed = data[HEADER.size : HEADER.size + fixed_size] if is_syscall else data[HEADER.size :]
    return Record(header, fixed, tuple(parts))
