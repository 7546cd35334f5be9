"""`link`: an `ObjectFile` to the `ObjectSpec` for one kernel, as libbpf 1.1 would load it.

A program takes a copy of each function that it calls, put behind it when the first call is met; so
what libbpf and the kernel count from the program's start is the same here and there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from mmap import PAGESIZE

from seismo.base.bits import U32_MAX
from seismo.base.dataclass import dataclass, replace
from seismo.base.diagnostics import did_you_mean
from seismo.btf.ext import FuncInfo, LineInfo, pack_func_infos, pack_line_infos
from seismo.btf.write import StringTable
from seismo.core.relocate import Poison, Relocator
from seismo.isa.insn import REGS, Insn, slot_starts
from seismo.isa.map_types import MapType
from seismo.isa.opcode import CallKind, LoadKind
from seismo.isa.prog_types import ProgType
from seismo.objfile.data_maps import KEY
from seismo.objfile.errors import LinkError
from seismo.objfile.externs import KCONFIG
from seismo.objfile.fit_types import with_strings
from seismo.objfile.model import (
    CallTarget,
    CodeRef,
    DataRef,
    Extern,
    ExternKind,
    ExternRef,
    Function,
    KernelFacts,
    MapRef,
    ObjectFile,
    Reference,
)
from seismo.objfile.resolve import FactTypes, KernelSymbolId, Resolver
from seismo.objfile.sections import section_kind
from seismo.objfile.struct_ops import fit_struct_ops, member_targets
from seismo.spec.types import MapSpec, ObjectSpec, ProgramSpec, ProgramTarget

__all__ = ("link",)

_MAX_SLOTS = 1_000_000
"""The kernel's limit of a program (`BPF_COMPLEXITY_LIMIT_INSNS`)."""

_ANY_VERSION = 0xFFFFFFFE
"""Objects for gobpf say so for the version of the kernel at hand."""

_RINGS = (MapType.RINGBUF, MapType.USER_RINGBUF)
_WITHOUT_TYPES = (
    *(MapType.PERF_EVENT_ARRAY, MapType.CGROUP_ARRAY, MapType.STACK_TRACE),
    *(MapType.ARRAY_OF_MAPS, MapType.HASH_OF_MAPS, MapType.DEVMAP, MapType.DEVMAP_HASH),
    *(MapType.CPUMAP, MapType.XSKMAP, MapType.SOCKMAP, MapType.SOCKHASH),
    *(MapType.QUEUE, MapType.STACK),
)
"""Maps whose types of keys and values the kernel refuses to be told."""


def link(
    file: ObjectFile, facts: KernelFacts, programs: Collection[str] | None = None
) -> ObjectSpec:
    """What to load; `programs` are names, and all but those of `SEC("?…")` without it.

    Raises LinkError for what the kernel or the file does not have, CoreError for a relocation that
    cannot be decided, UnknownSection for a program of no known kind, NotSupported for a kernel
    that does not tell what is asked.
    """
    return _Linker(file, facts).spec(_chosen(file, programs))


def _chosen(file: ObjectFile, names: Collection[str] | None) -> list[Function]:
    if names is None:
        return [one for one in file.programs if one.kind and not one.kind.is_optional]
    known = {one.name: one for one in file.programs}
    for name in names:
        if name not in known:
            raise LinkError(f"no program '{name}' in {file.name}", did_you_mean(name, known))
    return [one for one in file.programs if one.name in names]


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A function for this kernel: `references` are by index of `insns`, `starts` are their slots.

    Relocating moves no slot, but may make two instructions of one: `given` are the slots of those
    that the function was compiled to.
    """

    function: Function
    insns: tuple[Insn, ...]
    references: tuple[tuple[int, Reference], ...]
    poisons: tuple[Poison, ...]
    starts: tuple[int, ...]
    given: tuple[int, ...]

    @property
    def callees(self) -> Iterator[str]:
        """The functions that it refers to, in the order of its instructions."""
        return (one.name for _, one in self.references if isinstance(one, CallTarget | CodeRef))


class _Linker:
    """Links the programs of one object for one kernel."""

    def __init__(self, file: ObjectFile, facts: KernelFacts) -> None:
        self._file = file
        self._facts = facts
        self._types = FactTypes(facts)
        self._resolver = Resolver(file, facts, self._types)
        self._functions = {one.name: one for one in file.functions}
        self._fitted: dict[str, _Fitted] = {}
        self._strings = StringTable(file.btf.string_bytes)

    @cached_property
    def _relocator(self) -> Relocator:
        """Only made for an object with relocations: a kernel may have no types."""
        return Relocator(self._file.btf, self._types)

    @cached_property
    def _members(self) -> dict[str, ProgramTarget]:
        """The programs that are members of structs of functions."""
        return member_targets(self._file.maps, self._file.btf)

    @cached_property
    def _externs(self) -> dict[str, tuple[Extern, int | KernelSymbolId]]:
        """What each extern is: an offset in `.kconfig`, an address or an id."""
        return {one.name: (one, self._meaning(one)) for one in self._file.externs}

    def _meaning(self, extern: Extern) -> int | KernelSymbolId:
        match extern.kind:
            case ExternKind.KCONFIG:
                return extern.offset
            case ExternKind.KSYM:
                return self._resolver.address(extern)
            case ExternKind.TYPED_KSYM | ExternKind.KFUNC:
                return self._resolver.id(extern)

    def spec(self, programs: list[Function]) -> ObjectSpec:
        """All maps, and the programs given."""
        names = {one.name for one in programs}
        self._relocate(names)
        maps = tuple([self._map(one, names) for one in self._file.maps])
        linked = tuple([self._program(one) for one in programs])
        btf = b""
        if len(self._file.btf) > 1:
            btf = with_strings(self._file.btf.data, bytes(self._strings))
        return ObjectSpec(maps=maps, programs=linked, btf=btf)

    def _relocate(self, programs: set[str]) -> None:
        """All at first, in the file's order, called or not: as libbpf does."""
        for name in self._file.core_order:
            if name in programs or not self._functions[name].kind:
                self._fit(name)

    def _map(self, spec: MapSpec, programs: set[str]) -> MapSpec:
        """The map as this kernel wants it."""
        if spec.section == KCONFIG:
            return replace(spec, contents=((KEY, self._resolver.kconfig()),))
        if spec.type is MapType.PERF_EVENT_ARRAY and not spec.max_entries:
            spec = replace(spec, max_entries=self._facts.possible_cpus())
        elif spec.type in _RINGS:
            # Some say of which type the records are, which is not for the kernel.
            size = _ring_bytes(spec.max_entries)
            spec = replace(spec, max_entries=size, key_size=0, value_size=0, value_type=0)
        if spec.type in _WITHOUT_TYPES or not spec.value_type:
            spec = replace(spec, key_type=0, value_type=0)
        if spec.program_slots:
            slots = tuple([one for one in spec.program_slots if one[1] in programs])
            spec = replace(spec, program_slots=slots)
        if spec.type is MapType.STRUCT_OPS:
            return fit_struct_ops(spec, self._file.btf, self._facts.own_btf())
        if spec.inner:
            spec = replace(spec, inner=self._map(spec.inner, programs))
        return spec

    def _program(self, main: Function) -> ProgramSpec:
        kind = main.kind
        if kind is None or kind.type is ProgType.UNSPEC:
            kind = section_kind(main.section)
        target = self._members.get(main.name, kind.target)
        if kind.type is ProgType.STRUCT_OPS and target is None:
            hint = 'make it a member of a variable of SEC(".struct_ops")'
            raise LinkError(f"program '{main.name}' is in no struct of functions", hint)
        parts = self._parts(main.name)
        infos = _Infos(parts, self._strings)
        body = _Body(parts, self._externs, self._file.maps)
        return ProgramSpec(
            name=main.name,
            type=kind.type,
            insns=tuple(body.insns),
            map_refs=tuple(body.map_refs),
            license=self._file.license,
            expected_attach_type=kind.attach_type,
            target=target,
            flags=kind.flags,
            kernel_version=self._version(),
            func_infos=infos.functions(),
            line_infos=infos.lines(),
            module_refs=tuple(body.module_refs),
            poisons=tuple(body.poisons),
        )

    def _version(self) -> int:
        version = self._file.kernel_version
        return self._facts.version() if version == _ANY_VERSION else version

    def _parts(self, main: str) -> list[tuple[int, _Fitted]]:
        """(slot, function) of all that the program consists of, each put behind the rest when the
        first reference to it is met, and then what it refers to itself."""
        first = self._fit(main)
        parts, total = [(0, first)], first.starts[-1]
        met = {main}
        pending = [first.callees]
        while pending:
            name = next(pending[-1], None)
            if name is None:
                pending.pop()
            elif name not in met:
                met.add(name)
                part = self._fit(name)
                parts.append((total, part))
                total += part.starts[-1]
                pending.append(part.callees)
            if total > _MAX_SLOTS:
                raise LinkError(f"program '{main}' has more than {_MAX_SLOTS} instructions")
        return parts

    def _fit(self, name: str) -> _Fitted:
        """The function with the kernel's values in it."""
        if name not in self._fitted:
            function = self._functions[name]
            fitted = _unchanged(function)
            if function.core_relos:
                done = self._relocator.relocate(function.insns, function.core_relos, name)
                poisoned = {one.index for one in done.poisons}
                references = [(done.index(at), one) for at, one in function.references]
                kept = tuple([one for one in references if one[0] not in poisoned])
                starts = slot_starts(done.insns)
                fitted = replace(
                    fitted,
                    insns=done.insns,
                    references=kept,
                    poisons=done.poisons,
                    starts=starts,
                )
            self._fitted[name] = fitted
        return self._fitted[name]


def _unchanged(function: Function) -> _Fitted:
    starts = slot_starts(function.insns)
    return _Fitted(function, function.insns, function.references, (), starts, starts)


def _ring_bytes(size: int) -> int:
    """A size that the kernel takes: a power of two of pages. What is too large stays as it is."""
    pages = size // PAGESIZE
    if not size or (size % PAGESIZE == 0 and pages & pages - 1 == 0):
        return size
    larger = PAGESIZE << pages.bit_length()
    return larger if larger <= U32_MAX else size


class _Body:
    """The instructions of a program, with everything put in that they refer to."""

    def __init__(
        self,
        parts: list[tuple[int, _Fitted]],
        externs: dict[str, tuple[Extern, int | KernelSymbolId]],
        maps: tuple[MapSpec, ...],
    ) -> None:
        self._starts = {part.function.name: start for start, part in parts}
        self._externs = externs
        self._kconfig = next((one.name for one in maps if one.section == KCONFIG), "")
        self.insns: list[Insn] = []
        self.map_refs: list[tuple[int, str]] = []
        self.module_refs: list[tuple[int, str]] = []
        self.poisons: list[tuple[int, str]] = []
        for start, part in parts:
            self._append(start, part)

    def _append(self, start: int, part: _Fitted) -> None:
        first = len(self.insns)
        self.insns += part.insns
        self.poisons += [(first + one.index, one.why) for one in part.poisons]
        for at, reference in part.references:
            index = first + at
            insn = part.insns[at]
            match reference:
                case MapRef(name):
                    self.map_refs.append((index, name))
                    done = replace(insn, src=REGS[LoadKind.MAP_FD], imm=insn.imm & ~U32_MAX)
                case DataRef(name, offset):
                    done = self._value(index, insn, name, offset)
                case CallTarget(name):
                    distance = self._starts[name] - (start + part.starts[at] + 1)
                    done = replace(insn, imm=distance)
                case CodeRef(name):
                    distance = self._starts[name] - (start + part.starts[at] + 1)
                    high = insn.imm & ~U32_MAX
                    done = replace(insn, src=REGS[LoadKind.FUNC], imm=high | distance & U32_MAX)
                case ExternRef(name):
                    done = self._extern(index, insn, name)
            self.insns[index] = done

    def _value(self, index: int, insn: Insn, name: str, offset: int) -> Insn:
        """The address of a variable: the map's fd in the low half, the offset in the high one."""
        self.map_refs.append((index, name))
        return replace(insn, src=REGS[LoadKind.MAP_VALUE], imm=offset << 32)

    def _extern(self, index: int, insn: Insn, name: str) -> Insn:
        extern, meaning = self._externs[name]
        if insn.is_call and extern.kind is not ExternKind.KFUNC:
            raise LinkError(f"extern '{name}' is called, but is no function")
        if extern.kind is ExternKind.KCONFIG:
            return self._value(index, insn, self._kconfig, extern.offset)
        if isinstance(meaning, int):
            return replace(insn, imm=meaning)
        if meaning.module:
            self.module_refs.append((index, meaning.module))
        if insn.is_call:
            if not meaning.id:
                why = f"the kernel has no function `{name}`; guard the call with bpf_ksym_exists()"
                self.poisons.append((index, why))
            return replace(insn, src=REGS[CallKind.KFUNC], off=0, imm=meaning.id)
        if not meaning.id:
            return replace(insn, imm=0)
        return replace(insn, src=REGS[LoadKind.BTF_ID], imm=meaning.id)


class _Infos:
    """The infos of a program: all of a kind, or, as the kernel wants one of each function, none."""

    def __init__(self, parts: list[tuple[int, _Fitted]], strings: StringTable) -> None:
        self._parts = parts
        self._strings = strings

    def functions(self) -> bytes:
        """`bpf_func_info[]`."""
        infos = []
        for start, part in self._parts:
            if part.function.func_info is None:
                return b""
            infos.append(FuncInfo(start, part.function.func_info.type))
        return pack_func_infos(infos)

    def lines(self) -> bytes:
        """`bpf_line_info[]`; its strings are added to those of the types."""
        infos: list[LineInfo] = []
        for start, part in self._parts:
            lines = part.function.line_infos
            if not lines or lines[0].instruction or part.function.func_info is None:
                return b""
            infos += [
                replace(one, instruction=start + part.given[one.instruction]) for one in lines
            ]
        return pack_line_infos(infos, self._strings)
