"""`c_object`: a C program of our own compiler as an object file, `name.bpf.o`, for any loader.

>>> data, warnings = c_object(Source("count.c", text), view)
>>> link(read_object(data, "count.bpf.o"), LiveFacts(LiveKernel()))

What the programs take of the kernel's types are CO-RE relocations, so one file is for all kernels.
A program belongs where its name says (`kprobe__vfs_read`), or `SEC("kprobe/vfs_read")` before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seismo.base.dataclass import replace
from seismo.base.diagnostics import Diagnostic
from seismo.base.errors import SourceError
from seismo.base.source import Source
from seismo.btf.spec import Btf
from seismo.c.compile import COptions, OnStage, build_program, compile_c, map_specs, map_types
from seismo.c.flavour import PREFIXES, ContextKind, Flavour, flavour_of, split_name
from seismo.c.tree import FunctionDecl, Unit
from seismo.c.type_export import Export, exported
from seismo.elf.write import NewSection
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import AttachType, ProgType
from seismo.objfile.sections import UnknownSection, section_kind
from seismo.probes.view import KernelView
from seismo.ship.access import CoreRelocation
from seismo.ship.local_types import LocalTypes, local_types
from seismo.ship.object_file import core_relocations, object_bytes
from seismo.ship.section_names import section_name
from seismo.spec.relocations import CoreField, CoreType
from seismo.spec.types import (
    AttachSpec,
    KprobeAttach,
    MapSpec,
    ObjectSpec,
    ProgramSpec,
    RawTracepointAttach,
    TracepointAttach,
)

__all__ = ("c_object", "unit_object")

_WITHOUT_TYPES = (
    *(MapType.RINGBUF, MapType.PERF_EVENT_ARRAY, MapType.STACK_TRACE, MapType.CGROUP_ARRAY),
    *(MapType.PROG_ARRAY, MapType.ARRAY_OF_MAPS, MapType.HASH_OF_MAPS, MapType.DEVMAP),
    *(MapType.CPUMAP, MapType.XSKMAP, MapType.SOCKMAP, MapType.SOCKHASH, MapType.QUEUE),
    *(MapType.STACK,),
)
"""Maps whose keys and values are not the program's own, or of which the kernel takes no types."""


def c_object(
    source: Source,
    view: KernelView,
    options: COptions | None = None,
    on_stage: OnStage | None = None,
) -> tuple[bytes, tuple[Diagnostic, ...]]:
    """The file's bytes, of all functions that are not static, and the tables; and the warnings.

    Raises `DiagnosticsError` and `SourceError` for mistakes in the text, `BtfNotFound` where it
    needs what is not among the types of the kernel itself.
    """
    given = COptions() if options is None else options
    unit = compile_c(source, view, replace(given, is_portable=True), on_stage)
    programs: list[ProgramSpec] = []
    sections: dict[str, str] = {}
    for one in unit.functions.values():
        if not one.is_static:
            flavour = _flavour(one)
            program = build_program(unit, one.name, flavour, view, on_stage)
            programs.append(program)
            sections[one.name] = one.section or section_name(program, _place(one.name))
    spec = ObjectSpec(maps=map_specs(unit), programs=tuple(programs), btf=map_types(unit))
    return unit_object(unit, spec, sections, view.btf()), unit.warnings


def _flavour(function: FunctionDecl) -> Flavour:
    """What a function is compiled for: what `SEC()` says, or its name; SourceError."""
    if function.section:
        return _by_section(function)
    if not function.name.startswith(PREFIXES):
        hint = (
            'write SEC("…") before it, or call it kprobe__…, raw_tracepoint__…: '
            + "the name says where it belongs"
        )
        raise SourceError(function.span, f"{function.name}() does not say where it runs", hint)
    return flavour_of(function.name)


def _by_section(function: FunctionDecl) -> Flavour:
    try:
        kind = section_kind(function.section)
    except UnknownSection as error:
        message = f'SEC("{function.section}") is no kind of program'
        raise SourceError(function.span, message, error.hint) from None
    context = ContextKind.OWN
    if kind.type is ProgType.KPROBE:
        context = ContextKind.REGISTERS
    elif kind.type in (ProgType.TRACING, ProgType.LSM):
        is_iterator = kind.attach_type is AttachType.TRACE_ITER
        context = ContextKind.OWN if is_iterator else ContextKind.ARGUMENTS
    return Flavour(
        type=kind.type,
        context=context,
        expected_attach_type=kind.attach_type,
        target=kind.target,
        returns_zero=kind.attach_type in (AttachType.TRACE_FENTRY, AttachType.TRACE_FEXIT),
    )


def _place(function: str) -> AttachSpec | None:
    """Where a function's name says that it belongs, as far as the program's type does not."""
    prefix, place = split_name(function)
    match prefix:
        case "kprobe__" | "kretprobe__":
            return KprobeAttach(function=place, is_return=prefix == "kretprobe__")
        case "tracepoint__":
            category, _, name = place.partition("__")
            return TracepointAttach(category, name)
        case "raw_tracepoint__":
            return RawTracepointAttach(place)
        case _:
            return None


def unit_object(
    unit: Unit,
    spec: ObjectSpec,
    sections: Mapping[str, str],
    btf: Btf,
    further: Sequence[NewSection] = (),
) -> bytes:
    """A checked program as an object file: `spec` is what was built of it, `sections` are by the
    names of programs, `btf` the kernel's types that it was compiled with; `further` sections come
    last."""
    export = exported(unit)
    needed = list(dict.fromkeys(core_relocations(spec)))
    own = [one for one in needed if _root(one) in export.flavours]
    types = local_types(btf, [one for one in needed if one not in own], export.types)
    maps = tuple([_typed(one, export, types) for one in spec.maps])
    return object_bytes(replace(spec, maps=maps), types, lambda one: sections[one.name], further)


def _root(relocation: CoreRelocation) -> str:
    match relocation:
        case CoreField(record=name) | CoreType(type=name):
            return name
        case _:
            return relocation.enum


def _typed(spec: MapSpec, export: Export, types: LocalTypes) -> MapSpec:
    """The map with the ids of its key's and value's types."""
    known = export.tables.get(spec.name)
    if known is None or spec.type in _WITHOUT_TYPES or not known.key or not known.value:
        return replace(spec, key_type=0, value_type=0)
    key, value = types.own_id(known.key), types.own_id(known.value)
    return replace(spec, key_type=key, value_type=value)
