"""`seismo obj run`: an object file's programs attached, and its events printed until the end."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import BinaryIO

from seismo.api.events import Events
from seismo.api.links import Link
from seismo.api.object import Object
from seismo.api.programs import Program
from seismo.base.dataclass import dataclass
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import ProgType
from seismo.kernel.live import LiveKernel
from seismo.objects.attach.iterator import IterLink
from seismo.ui.cli.command import Command
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.interrupt import Interrupt
from seismo.ui.cli.loop import announce_attached
from seismo.ui.cli.plain import as_text, plain
from seismo.ui.cli.schedule import Clock, Schedule, add_schedule_options
from seismo.ui.cli.target import open_output

__all__ = ("add_run_options", "run_object")

_RINGS = (MapType.RINGBUF, MapType.PERF_EVENT_ARRAY)
_NO_ENTRIES = (*_RINGS, MapType.USER_RINGBUF, MapType.BLOOM_FILTER, MapType.ARENA)
_AT_INTERFACE = (ProgType.XDP, ProgType.SCHED_CLS)


@dataclass(frozen=True, slots=True)
class _Printer:
    """Writes records and entries; `is_named` says of which map where there are several."""

    file: BinaryIO
    is_json: bool
    is_named: bool

    def event(self, name: str, record: object) -> None:
        if self.is_json:
            self._write(json.dumps({"type": "event", "map": name, "data": _plain(record)}))
        else:
            self._write(f"{name}: {_text(record)}" if self.is_named else _text(record))

    def entry(self, name: str, key: object, value: object) -> None:
        if self.is_json:
            entry = {"key": plain(key), "value": plain(value)}
            self._write(json.dumps({"type": "entry", "map": name, **entry}))
        else:
            self._write(f"{name}[{as_text(key)}]: {as_text(value)}")

    def _write(self, line: str) -> None:
        self.file.write(line.encode(errors="backslashreplace") + b"\n")


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """What only running has to know."""
    add = parser.add_argument
    text = "run CMD, and end when it ends"
    add("-c", "--cmd", dest="command", default="", metavar="CMD", help=text)
    text = "where XDP and tc programs are attached whose sections do not say it"
    add("-i", "--interface", default="", metavar="NAME", help=text)
    add("--cgroup", default="", metavar="PATH", help="where programs of cgroups are attached")
    text = "the type of the events, where the object does not tell"
    add("-t", "--type", dest="type", default="", metavar="TYPE", help=text)
    text = "print what the maps hold in the end"
    add("--maps", dest="shows_maps", action="store_true", help=text)
    add("-f", dest="format", choices=("text", "json"), default="text", help="JSON: one a line")
    add("-o", "--output", default="", metavar="FILE", help="write the output to FILE")
    add("-q", "--quiet", dest="is_quiet", action="store_true", help="no 'Attached N programs'")
    add_schedule_options(parser, has_maps=False)


def run_object(obj: Object, given: argparse.Namespace) -> int:
    """Load and attach it, print events until a signal, the end of the time or of the command."""
    with ExitStack() as owned:
        command = owned.enter_context(Command(given.command)) if given.command else None
        file = owned.enter_context(open_output(given.output))
        obj.load()
        rings = {name: one for name, one in obj.maps.items() if one.type in _RINGS}
        events = {name: obj.events(name, type=given.type) for name in rings}
        printer = _Printer(file, given.format == "json", len(events) > 1)
        links = _attach(obj, given)
        if not given.is_quiet:
            print(f"Attached {len(links)} program{'s' * (len(links) != 1)}", file=sys.stderr)
        for link in links:
            if isinstance(link.link, IterLink):
                file.write(link.read())
        is_over = not events and all(isinstance(one.link, IterLink) for one in links)
        if not is_over or command:
            _follow(events, printer, Clock(Schedule(given.duration)), command)
        for link in links:
            link.link.detach()
        _drain(events, printer)
        if given.shows_maps:
            _print_maps(obj, printer)
        file.flush()
        _tell_losses(events)
        if command:
            command.check()
    return 0


def _attach(obj: Object, given: argparse.Namespace) -> Sequence[Link]:
    """Attach all programs that were loaded, and structs of functions; InputError when nothing says
    where."""
    links: list[Link] = []
    for one in obj.programs.values():
        if not one.is_loaded:
            continue
        if one.is_attachable:
            links.append(one.attach())
        elif one.type in _AT_INTERFACE and given.interface:
            links.append(_at_interface(one, given.interface))
        elif one.type.name.startswith("CGROUP") and given.cgroup:
            links.append(one.attach_cgroup(given.cgroup))
    links += [one.attach() for one in obj.maps.values() if one.type is MapType.STRUCT_OPS]
    if not links:
        names = ", ".join(f"{one.name} ({one.section})" for one in obj.programs.values())
        hint = "-i NAME says it of XDP and tc programs, --cgroup PATH of those of cgroups"
        raise InputError(f"no program says where to attach: {names}\nhint: {hint}")
    return links


def _at_interface(program: Program, interface: str) -> Link:
    if program.type is ProgType.XDP:
        return program.attach_xdp(interface)
    return program.attach_tc(interface)


def _follow(
    events: dict[str, Events], printer: _Printer, clock: Clock, command: Command | None
) -> None:
    """Print what comes until it is over."""
    kernel = LiveKernel()
    with Interrupt() as interrupt:
        if command:
            command.release()
        announce_attached()
        others = [interrupt.wake_fd, *([command.exit_fd] if command else [])]
        while not interrupt.is_set:
            fds = [fd for one in events.values() for fd in one.fds]
            ready = kernel.poll((*fds, *others), clock.timeout_ms())
            interrupt.take_requests()
            _drain(events, printer)
            printer.file.flush()
            if clock.is_over() or (command and command.exit_fd in ready):
                return


def _drain(events: dict[str, Events], printer: _Printer) -> None:
    for name, one in events.items():
        for record in one.read():
            printer.event(name, record)


def _print_maps(obj: Object, printer: _Printer) -> None:
    for name, one in obj.maps.items():
        if one.type not in _NO_ENTRIES and not one.spec.section and one.key_size:
            for key, value in one.entries():
                printer.entry(name, key, value)


def _tell_losses(events: dict[str, Events]) -> None:
    for name, one in events.items():
        if one.lost:
            print(f"warning: {name} lost {one.lost} records", file=sys.stderr)


def _shown(form: Callable[[object], object], record: object) -> object:
    """A record of no known type is bytes: shown in hexadecimal, as nobody knows what they are."""
    return record.hex() if isinstance(record, bytes) else form(record)


def _plain(record: object) -> object:
    return _shown(plain, record)


def _text(record: object) -> str:
    return str(_shown(as_text, record))
