"""`ClangProgram`: a program for BCC that clang compiles: inline assembly, global variables, and
whatever else our own compiler refuses.

Our preprocessor and parser find the tables and the functions; clang reads what `c/clang` writes of
them, and the object that it makes is linked as any other is. Memory of the kernel is only what the
verifier takes for it (arguments of fentry, of `tp_btf`): where our compiler makes safe reads of
`task->mm->start_code`, a program for clang calls `bpf_probe_read_kernel` or `BPF_CORE_READ`.
"""

from __future__ import annotations

import re
import resource
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from seismo.base.dataclass import replace
from seismo.base.diagnostics import Diagnostics, DiagnosticsError
from seismo.base.errors import NotSupported
from seismo.base.source import NOWHERE, Source, Span
from seismo.bcc.machine import machine
from seismo.btf.spec import Btf
from seismo.btf.types import Func, FuncProto
from seismo.c.clang.entries import EntryKind, entry_name
from seismo.c.clang.names import names_in, renamed
from seismo.c.clang.read import read_for_clang
from seismo.c.clang.text import LOST_SYMBOL, ClangText, clang_text
from seismo.c.compile import COptions, OnStage
from seismo.c.flavour import Flavour, flavour_of
from seismo.c.registers import MACHINES
from seismo.c.tables import LOST
from seismo.clang.errors import ClangError
from seismo.clang.find import Compiler, find_compiler
from seismo.clang.headers import HEADERS, generated_headers
from seismo.facts import LiveFacts
from seismo.isa.format import format_listing
from seismo.isa.insn import slot_starts
from seismo.objects.object_types import read_lines
from seismo.objfile.link import link
from seismo.objfile.read import read_object
from seismo.spec.types import FunctionInfo, MapSpec, ObjectSpec, ProgramSpec

__all__ = ("ClangProgram",)

_FILE = "program.c"
_TYPES = "vmlinux.h"
# Programs for BCC have always been allowed what C warns of; but what is called must be there.
_FLAGS = (
    *("-mcpu=v3", "-O2", "-g", "-std=gnu11", "-fno-caret-diagnostics"),
    *("-Wno-everything", "-Werror=implicit-function-declaration"),
)
_ERROR = re.compile(r"(?m)^(?:error: )?(?:\S*/)?program\.c:(\d+):\d+: (?:fatal )?(.*)$")
_MESSAGE = re.compile(r"error: (.*?)(?:\[-W.*\])?$|in function .*?: (.*)")
_SECONDS = 120
_MEMORY_BYTES = 8 << 30
_FUNC_INFO = struct.Struct("=II")
_ADVICE = (
    "hint: clang makes no safe reads of `p->member`: the kernel's memory is read by "
    "bpf_probe_read_kernel() or BPF_CORE_READ()"
)

_Key: TypeAlias = "tuple[str, EntryKind] | None"
"""What was compiled: the whole text, or one function of it that begins otherwise."""


class ClangProgram:
    """The protocol `Compiled`.

    The text is compiled when this is made, and once more for each system call whose tracepoint
    stands in for a kprobe.
    """

    advice = _ADVICE

    def __init__(self, source: Source, options: COptions, on_stage: OnStage, cc: str) -> None:
        """Raises ClangError where there is no such compiler, DiagnosticsError and SourceError with
        what it, or what reads the text for it, complains of."""
        self._compiler = _compiler(cc)
        self._on_stage = on_stage
        if machine().view.machine() not in MACHINES:
            raise NotSupported("arguments of functions", "not known for this machine")
        self._program = read_for_clang(source, machine().view, options, on_stage)
        self.unit = self._program.unit
        self._made: dict[_Key, tuple[ClangText, ObjectSpec]] = {}
        _, whole = self._compiled(None)
        own = {*self.unit.tables, LOST_SYMBOL}
        # The kernel would have to know the object's types.
        self.variables: Sequence[MapSpec] = [
            replace(one, key_type=0, value_type=0) for one in whole.maps if one.name not in own
        ]

    def build(self, function: str, flavour: Flavour) -> ProgramSpec:
        """The code of a function as a program of that flavour; DiagnosticsError, SourceError."""
        kind = EntryKind(flavour.context, flavour.syscall)
        has_more = len(self.unit.functions[function].parameters) > 1
        is_another = has_more and kind.context is not flavour_of(function).context
        text, spec = self._compiled((function, kind) if kind.is_at_syscall or is_another else None)
        (made,) = [one for one in spec.programs if one.name == entry_name(function)]
        program = replace(
            made,
            name=function,
            type=flavour.type,
            expected_attach_type=flavour.expected_attach_type,
            target=flavour.target,
            map_refs=tuple([(at, LOST if it == LOST_SYMBOL else it) for at, it in made.map_refs]),
            license=self.unit.license,
            spans=tuple(_spans(made, spec.btf, text)),
            functions=_functions(made, spec.btf),
            func_infos=b"",
            line_infos=b"",
        )
        self._on_stage("asm", lambda: _listing(program))
        return program

    def _compiled(self, key: _Key) -> tuple[ClangText, ObjectSpec]:
        """The text for clang, and what its object holds for this kernel."""
        if key not in self._made:
            view = machine().view
            kinds = dict([key]) if key else None
            registers = MACHINES[view.machine()]
            text = clang_text(self._program, registers, view.possible_cpus(), kinds)
            file = read_object(self._object(text), _FILE)
            self._made[key] = text, link(file, LiveFacts(machine().kernel))
        return self._made[key]

    def _object(self, text: ClangText) -> bytes:
        """What the compiler makes of the text. Raises DiagnosticsError with its errors, ClangError
        where it has not come so far."""
        with (
            generated_headers("") as headers,
            tempfile.TemporaryDirectory(prefix="seismo-bcc-") as directory,
        ):
            source, made = Path(directory, _FILE), Path(directory, "program.o")
            source.write_text(text.text)
            self._write_types(headers / _TYPES, Path(directory, _TYPES))
            command = [
                *(*self._compiler.command, "-target", self._compiler.target, *_FLAGS),
                *[word for one in (directory, headers, HEADERS) for word in ("-isystem", str(one))],
                *("-c", str(source), "-o", str(made)),
            ]
            try:
                done = subprocess.run(
                    command, capture_output=True, text=True, timeout=_SECONDS, preexec_fn=_limited
                )
            except subprocess.TimeoutExpired:
                raise ClangError(f"{command[0]} has not ended in {_SECONDS} s") from None
            except OSError as error:
                raise ClangError(f"cannot run {command[0]}: {error.strerror}") from error
            if done.returncode:
                raise _failure(done.stderr, done.returncode, text)
            return made.read_bytes()

    def _write_types(self, kernel: Path, own: Path) -> None:
        """The kernel's types, where the program calls something else by their names."""
        if not kernel.exists():
            raise NotSupported("cc", "clang takes the kernel's types from BTF, and there is none")
        unit = self.unit
        names = names_in(self._program.tokens, unit.typedefs, (*unit.functions, *unit.tables))
        types = kernel.read_text()
        if (changed := renamed(types, names)) != types:
            own.write_text(changed)


def _limited() -> None:
    """A compiler with a fault takes its own memory, not the machine's."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))


def _compiler(cc: str) -> Compiler:
    """The compiler of that name; `clang` may be one that has a number, or that of the wheel."""
    return find_compiler("" if cc == "clang" else cc)


def _failure(said: str, status: int, text: ClangText) -> Exception:
    """What the compiler complains of, where the user wrote it."""
    diagnostics = Diagnostics()
    for match in _ERROR.finditer(said):
        if message := _MESSAGE.match(match[2]):
            span = text.span_at(int(match[1]))
            diagnostics.error(span, f"{(message[1] or message[2]).rstrip()} (clang)")
    try:
        diagnostics.stop_on_errors()
    except DiagnosticsError as error:
        return error
    return ClangError(f"clang has failed with status {status}\n{said}".rstrip())


def _spans(program: ProgramSpec, btf: bytes, text: ClangText) -> Iterator[Span]:
    """Where each instruction comes from, by the lines that the object tells."""
    lines = {
        one.instruction: text.span_at(one.line)
        for one in read_lines(program.line_infos, btf)
        if one.file.endswith(_FILE)
    }
    span = NOWHERE
    for start in slot_starts(program.insns)[:-1]:
        found = lines.get(start, NOWHERE)
        span = span if found is NOWHERE else found
        yield span


def _functions(program: ProgramSpec, btf: bytes) -> tuple[FunctionInfo, ...]:
    """The program and the functions that it calls or gives to helpers; none where it has none."""
    infos = list(_FUNC_INFO.iter_unpack(program.func_infos))
    if len(infos) < 2:
        return ()
    types = Btf.from_bytes(btf)
    places = {slot: index for index, slot in enumerate(slot_starts(program.insns))}
    return tuple([_function(types, places[slot], id) for slot, id in infos])


def _function(types: Btf, start: int, id: int) -> FunctionInfo:
    """Pointers are told from numbers only for functions that are not static, and none are here."""
    function = types.type(id)
    assert isinstance(function, Func)
    proto = types.type(function.type)
    assert isinstance(proto, FuncProto)
    return FunctionInfo(start, function.name, (False,) * len(proto.params))


def _listing(program: ProgramSpec) -> str:
    maps = dict(program.map_refs)
    return format_listing(program.insns, maps=maps, spans=program.spans)
