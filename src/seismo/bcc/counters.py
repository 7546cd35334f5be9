"""Programs at perf events: timers, counters of the kernel and the processor."""

from __future__ import annotations

from collections.abc import Iterator

from seismo.base.errors import NotSupported
from seismo.bcc.errors import BccError
from seismo.bcc.machine import machine
from seismo.bcc.names import Name, as_text
from seismo.bcc.programs import Programs
from seismo.c.flavour import PERF_EVENT
from seismo.kernel.abi import PerfBit, PerfEventAttr
from seismo.kernel.perf import Scope, open_event
from seismo.kernel.proc import online_cpus
from seismo.objects.attach.refusal import COUNTER, refusals_at
from seismo.objects.link import Link, join_links, link_perf_event

__all__ = ("Counters",)

_KIND = "perf event"


class Counters:
    """Those of one text."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._attachments = programs.attachments

    def attach(
        self, attr: PerfEventAttr, function: Name, pid: int = -1, cpu: int = -1, group: int = -1
    ) -> None:
        """At an event of one CPU or of each that is online; of one process where `pid` is not -1.

        Since Linux 4.9.
        """
        if group >= 0:
            raise NotSupported("a group of perf events", "events are opened one by one")
        program = self._programs.load(function, PERF_EVENT).program
        kernel = machine().kernel
        name = _name(attr.type, attr.config)

        def links() -> Iterator[Link]:
            for one in (cpu,) if cpu >= 0 else online_cpus(kernel):
                own = PerfEventAttr.from_buffer_copy(attr)
                event = open_event(kernel, own, Scope(cpu=one, tid=pid), _KIND, name)
                yield link_perf_event(kernel, program, event)

        with refusals_at(f"{_KIND} {name}", COUNTER):
            link = join_links(links())
        self._attachments.add(_KIND, name, as_text(function), link)

    @staticmethod
    def attr(type_: int, config: int, period: int, frequency: int) -> PerfEventAttr:
        """An event every `period` counts, or `frequency` times a second; BccError unless it is one
        of them."""
        if (period > 0) == (frequency > 0):
            raise BccError("a perf event takes one of sample_period and sample_freq, above 0")
        bits = PerfBit.FREQ if frequency else 0
        return PerfEventAttr(
            type=type_, config=config, sample_period=period or frequency, bits=bits
        )

    def detach(self, type_: int, config: int) -> None:
        """What is attached to such an event; `NotAttached`."""
        self._attachments.remove(_KIND, _name(type_, config))


def _name(type_: int, config: int) -> str:
    return f"type {type_}, config {config}"
