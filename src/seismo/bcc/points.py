"""Programs at what the kernel offers for tracing: tracepoints, and functions by their types."""

from __future__ import annotations

from seismo.bcc.errors import BccError
from seismo.bcc.machine import machine
from seismo.bcc.names import Name, as_text
from seismo.bcc.places import tracepoints
from seismo.bcc.programs import Programs
from seismo.c.flavour import RAW_TRACEPOINT, TRACEPOINT, flavour_of
from seismo.objects.attach.raw_tracepoint import attach_raw_tracepoint
from seismo.objects.attach.tracepoint import attach_tracepoint
from seismo.objects.attach.tracing import attach_tracing
from seismo.spec.types import RawTracepointAttach, TracepointAttach

__all__ = ("Points",)

_TRACEPOINT, _RAW = "tracepoint", "raw tracepoint"


class Points:
    """Those of one text."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._attachments = programs.attachments

    @property
    def count(self) -> int:
        """At how many tracepoints there are programs."""
        return self._attachments.places(_TRACEPOINT)

    def attach(self, tracepoint: Name, function: Name) -> None:
        """At `category:name`; NotInKernel, with a near name."""
        category, colon, name = as_text(tracepoint).partition(":")
        if not colon:
            raise BccError(f"'{category}' is no tracepoint", "they are called category:name")
        program = self._programs.load(function, TRACEPOINT).program
        at = TracepointAttach(category, name)
        link = attach_tracepoint(program, at, machine().kernel, machine().tracefs)
        self._attachments.add(_TRACEPOINT, f"{category}:{name}", as_text(function), link)

    def attach_all(self, pattern: Name, function: Name) -> None:
        """At all tracepoints whose `category:name` the regular expression matches."""
        for one in tracepoints(as_text(pattern)):
            self.attach(one, function)

    def attach_raw(self, tracepoint: Name, function: Name) -> None:
        """At a tracepoint before its record is made. Since Linux 4.17."""
        name = as_text(tracepoint)
        program = self._programs.load(function, RAW_TRACEPOINT).program
        at = RawTracepointAttach(name)
        link = attach_raw_tracepoint(program, at, machine().kernel, machine().tracefs)
        self._attachments.add(_RAW, name, as_text(function), link)

    def attach_tracing(self, prefix: str, function: Name) -> None:
        """At the function of the kernel that the name says behind its prefix (`kfunc__`)."""
        name = _prefixed(prefix, function)
        program = self._programs.load(name, flavour_of(name)).program
        link = attach_tracing(program, machine().kernel)
        self._attachments.add(prefix, name, name, link)

    def detach(self, tracepoint: Name) -> None:
        """From a tracepoint; `NotAttached`."""
        self._attachments.remove(_TRACEPOINT, as_text(tracepoint))

    def detach_raw(self, tracepoint: Name) -> None:
        """From a raw tracepoint; `NotAttached`."""
        self._attachments.remove(_RAW, as_text(tracepoint))

    def detach_tracing(self, prefix: str, function: Name) -> None:
        """What `attach_tracing` attached; `NotAttached`."""
        self._attachments.remove(prefix, _prefixed(prefix, function))


def _prefixed(prefix: str, function: Name) -> str:
    name = as_text(function)
    return name if name.startswith(prefix) else prefix + name
