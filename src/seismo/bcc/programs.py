"""The functions of a program's text as programs in the kernel, each loaded when it is first needed.

A function may be loaded several times: a kprobe at one place, and at a system call, where the
kernel has no kprobes, a raw tracepoint.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack

from seismo.base.closing import Closing
from seismo.bcc.attachments import Attachments
from seismo.bcc.compiled import Compiled
from seismo.bcc.errors import UnknownFunction
from seismo.bcc.machine import machine
from seismo.bcc.names import Name, as_text
from seismo.bcc.numbers import BPFProgType
from seismo.c.flavour import (
    KPROBE,
    PERF_EVENT,
    RAW_TRACEPOINT,
    TRACEPOINT,
    Flavour,
    flavour_of,
)
from seismo.isa.prog_types import AttachType, ProgType
from seismo.objects import map as object_maps
from seismo.objects import program as object_programs
from seismo.objects.program import load_program
from seismo.objects.verifier_log import VerifierError
from seismo.spec.types import ProgramSpec

__all__ = ("Function", "Programs", "flavour_of_type")


class Function:
    """A loaded program as BCC hands it out: `fd` is its descriptor, `sock` that of the raw socket
    that it filters, once it is attached to one, `bpf` the text that it is of.

    What it is attached to by itself is kept in `attachments`.
    """

    def __init__(
        self, bpf: object, program: object_programs.Program, attachments: Attachments
    ) -> None:
        self.bpf = bpf
        self.program = program
        self.attachments = attachments
        self.text = program.spec.name
        self.name = os.fsencode(self.text)
        self.sock = -1

    @property
    def fd(self) -> int:
        """The descriptor, which the program of the text owns."""
        return int(self.program.fd)

    def fileno(self) -> int:
        """The same."""
        return self.fd

    def __repr__(self) -> str:
        return f"<Function {self.text}: {self.program.spec.type.name.lower()}>"


class Programs(Closing):
    """Of one text, by function, and what they are attached to.

    `on_print` is called before one is loaded that writes to the trace pipe.
    """

    def __init__(
        self,
        bpf: object,
        text: Compiled,
        maps: Mapping[str, object_maps.Map],
        on_print: Callable[[], None],
    ) -> None:
        self.functions: dict[bytes, Function] = {}
        self.attachments = Attachments()
        self.maps = maps
        self.unit = text.unit
        self._text = text
        self._bpf = bpf
        self._on_print = on_print
        self._specs: dict[tuple[str, Flavour], ProgramSpec] = {}
        self._loaded: dict[tuple[str, Flavour], Function] = {}
        self._owned = ExitStack()

    @property
    def names(self) -> tuple[str, ...]:
        """The functions that can be loaded, in the order of the text."""
        functions = self.unit.functions.values()
        return tuple([one.name for one in functions if one.body is not None and not one.is_static])

    def spec(self, name: Name, flavour: Flavour) -> ProgramSpec:
        """The code of a function; UnknownFunction, DiagnosticsError."""
        function = as_text(name)
        if function not in self.names:
            raise UnknownFunction(function, self.names)
        key = function, flavour
        if key not in self._specs:
            self._specs[key] = self._text.build(function, flavour)
        return self._specs[key]

    def load(self, name: Name, flavour: Flavour) -> Function:
        """The program of a function, loaded if it is not yet so.

        Raises what `spec` and `load_program` raise: `VerifierError` with the line of C.
        """
        key = as_text(name), flavour
        if key not in self._loaded:
            spec = self.spec(name, flavour)
            if spec.prints:
                self._on_print()
            program = self._loaded_by_kernel(spec)
            self._owned.enter_context(program)
            function = Function(self._bpf, program, self.attachments)
            self._loaded[key] = function
            self.functions.setdefault(function.name, function)
        return self._loaded[key]

    def _loaded_by_kernel(self, spec: ProgramSpec) -> object_programs.Program:
        try:
            return load_program(spec, self.maps, machine().kernel)
        except VerifierError as error:
            if self._text.advice:
                error.add_note(self._text.advice)
            raise

    def any_of(self, name: Name) -> ProgramSpec:
        """The code of a function as it was loaded first, or else as its name says."""
        for (function, _), loaded in self._loaded.items():
            if function == as_text(name):
                return loaded.program.spec
        return self.spec(name, flavour_of(as_text(name)))

    def unload(self, name: Name) -> None:
        """Close what is loaded of a function; links keep it running."""
        self.functions.pop(os.fsencode(name), None)
        for key in [one for one in self._loaded if one[0] == as_text(name)]:
            self._loaded.pop(key).program.close()

    def close(self) -> None:
        """Detach and close all of them; a second time does nothing."""
        self.attachments.close()
        self._owned.close()
        self._loaded.clear()
        self.functions.clear()


def flavour_of_type(name: str, type_: int, attach_type: int = -1) -> Flavour:
    """What `load_func` is to make of a function, by the numbers of the kernel."""
    if type_ in (BPFProgType.TRACING, BPFProgType.LSM):
        return flavour_of(name)
    for known in (KPROBE, TRACEPOINT, RAW_TRACEPOINT, PERF_EVENT):
        if known.type == type_:
            return known
    expected = AttachType(attach_type) if attach_type >= 0 else None
    return Flavour(type=ProgType(type_), expected_attach_type=expected)
