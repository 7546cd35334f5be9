"""What `seismo verify` is given: a script, an object file, a listing, bytes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from seismo.base.dataclass import dataclass
from seismo.base.errors import AsmError, NotSupported, SyscallError
from seismo.base.source import Source
from seismo.btf.ext import LineInfo
from seismo.btf.spec import Btf
from seismo.builtin.options import LowerOptions
from seismo.compiler import Inputs, compile_script
from seismo.engine.places import system_call_places
from seismo.engine.view import EngineView
from seismo.facts import LiveFacts
from seismo.files import LiveFiles
from seismo.isa.decode import decode
from seismo.isa.insn import Insn
from seismo.isa.map_types import MapType
from seismo.isa.parse import parse_listing
from seismo.isa.prog_types import ProgType
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.object_types import read_lines
from seismo.objfile.link import link
from seismo.objfile.read import read_object
from seismo.spec.types import MapSpec, ObjectSpec, ProgramSpec
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.hexadecimal import bytes_of
from seismo.verifier.types import Types
from seismo.views import LiveView

__all__ = ("Subject", "add_subject_options", "read_subject")

_MAP_FORM = "TYPE:KEY:VALUE:ENTRIES"
_ELF_MAGIC = b"\x7fELF"
_SCRIPT_SUFFIX = ".bt"
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF \t\r\n")
_STDIN = "-"


@dataclass(frozen=True, slots=True)
class Subject:
    """The programs to judge, the maps that they use, and what is known of their types."""

    object: ObjectSpec
    types: Types

    def lines_of(self, spec: ProgramSpec) -> Sequence[LineInfo]:
        """The C lines of a program; none of one from a script, which has spans."""
        return read_lines(spec.line_infos, self.object.btf) if spec.line_infos else ()

    def chosen(self, names: Sequence[str]) -> Sequence[ProgramSpec]:
        """The programs of these names, or all; InputError where there is no such one, or none."""
        programs = {one.name: one for one in self.object.programs}
        if not programs:
            raise InputError("there is no program in it")
        for name in names:
            if name not in programs:
                known = ", ".join(programs)
                raise InputError(f"there is no program '{name}'\nhint: there are {known}")
        return [programs[name] for name in names] or self.object.programs


def add_subject_options(add: Callable[..., object]) -> None:
    """What `read_subject` reads, added by `add_argument` of a parser or of a group."""
    text = "a script, an object file, a listing, or instructions in hexadecimal; - is stdin"
    add("file", nargs="?", metavar="FILE", help=text)
    add("names", nargs="*", metavar="PROGRAM", help="only these programs of it")
    add("-e", dest="script", metavar="SCRIPT", help="script text")
    add("--program", dest="hex", metavar="HEX", help="the instructions' bytes")
    text = "the type of a listing or of bytes (raw_tracepoint)"
    add("--type", type=_program_type, metavar="TYPE", help=text)
    text = "the n-th is map[fd:n] of a listing or of bytes, and called mapN; may be given often"
    add("--map", dest="maps", action="append", default=[], metavar=_MAP_FORM, help=text)
    add("--btf", default="", metavar="FILE", help="types of another kernel: raw BTF, or ELF")


def _program_type(text: str) -> ProgType:
    kind = ProgType.__members__.get(text.upper(), ProgType.UNSPEC)
    if kind is ProgType.UNSPEC:
        names = ", ".join(one.name.lower() for one in ProgType if one is not ProgType.UNSPEC)
        raise argparse.ArgumentTypeError(f"there is no type '{text}'; there are {names}")
    return kind


def read_subject(parser: argparse.ArgumentParser, given: argparse.Namespace) -> Subject:
    """What the command line names; InputError for what cannot be read, and the errors of whoever
    reads it. A mistake in the options ends the program with status 1."""
    sources = [one for one in (given.file, given.script, given.hex) if one is not None]
    if len(sources) != 1:
        parser.error("give one of: FILE, -e SCRIPT, --program HEX")
    if given.script is not None:
        return _of_script(Source("stdin", given.script))
    if given.hex is not None:
        return _of_insns("program", _from_hex(given.hex, "--program"), given)
    data = sys.stdin.buffer.read() if given.file == _STDIN else _read(given.file)
    name = "stdin" if given.file == _STDIN else given.file
    if data.startswith(_ELF_MAGIC):
        return _of_object(data, given)
    text = data.decode("utf-8", "surrogateescape")
    if name.endswith(_SCRIPT_SUFFIX):
        return _of_script(Source(name, text))
    if _HEX_DIGITS.issuperset(data):
        return _of_insns(_stem(name), _from_hex(text, name), given)
    if _is_listing(text):
        return _of_insns(_stem(name), parse_listing(text), given)
    return _of_script(Source(name, text))


def _is_listing(text: str) -> bool:
    """Whether the first line that says something is an instruction."""
    for line in text.splitlines():
        try:
            if parse_listing(line):
                return True
        except AsmError:
            return False
    return False


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _of_script(source: Source) -> Subject:
    """Compiled for the running kernel where that may be asked, else for what the user engine
    shows of one."""
    inputs = Inputs(environ=os.environ, files=LiveFiles(), is_unsafe=True)
    kernel = LiveKernel()
    try:
        with Tracefs(kernel) as tracefs:
            view = LiveView(kernel, tracefs)
            options = LowerOptions(possible_cpus=view.possible_cpus())
            plan = compile_script(source, view, options, inputs).plan
    except (NotSupported, SyscallError):
        places = system_call_places(os.uname().machine, os.cpu_count() or 1)
        options = LowerOptions(possible_cpus=places.cpus)
        plan = compile_script(source, EngineView(places), options, inputs).plan
    return Subject(plan.object, Types(_kernel_types()))


def _of_object(data: bytes, given: argparse.Namespace) -> Subject:
    file = read_object(data, given.file)
    wanted = set(given.names) or {one.name for one in file.programs}
    whole = link(file, LiveFacts(LiveKernel(), given.btf), wanted)
    own = Btf.from_bytes(whole.btf) if whole.btf else None
    return Subject(whole, Types(_kernel_types(given.btf), own))


def _of_insns(name: str, insns: Sequence[Insn], given: argparse.Namespace) -> Subject:
    """One program; the map of the fd n is the n-th of the command line."""
    maps = tuple([_map(text, number) for number, text in enumerate(given.maps)])
    refs = [
        (index, maps[insn.imm & 0xFFFFFFFF].name)
        for index, insn in enumerate(insns)
        if insn.is_map_load and insn.imm & 0xFFFFFFFF < len(maps)
    ]
    kind = given.type or ProgType.RAW_TRACEPOINT
    spec = ProgramSpec(name=name, type=kind, insns=tuple(insns), map_refs=tuple(refs))
    return Subject(ObjectSpec(maps=maps, programs=(spec,)), Types(_kernel_types(given.btf)))


def _kernel_types(path: str = "") -> Btf | None:
    """Those of a file, else the running kernel's; None where that shows none."""
    try:
        return LiveFacts(LiveKernel(), path).btf()
    except NotSupported:
        return None


def _from_hex(text: str, what: str) -> Sequence[Insn]:
    data = bytes_of(text, what)
    if not data:
        raise InputError(f"{what}: there are no instructions")
    return decode(data)


def _map(text: str, number: int) -> MapSpec:
    """`array:4:8:1`, called by its number."""
    kind, *numbers = text.split(":")
    sizes = [int(one) for one in numbers if one.isdecimal()]
    if kind.upper() not in MapType.__members__ or len(sizes) != 3 or len(numbers) != 3:
        raise InputError(f"--map {text}: write {_MAP_FORM}, such as array:4:8:1")
    key_size, value_size, entries = sizes
    return MapSpec(
        name=f"map{number}",
        type=MapType[kind.upper()],
        key_size=key_size,
        value_size=value_size,
        max_entries=entries,
    )


def _stem(path: str) -> str:
    """A file's name without its directory and what follows the first dot."""
    return os.path.basename(path).partition(".")[0] or "program"
