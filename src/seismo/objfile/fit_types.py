"""The types of an object file as the kernel takes them, made by changing some bytes of `.BTF`.

Compilers leave to the loader where variables lie in their sections. What another has (`.ksyms`,
`.kconfig`) would be refused by the kernel, and gets to look like variables of the object's own, as
libbpf makes it. Ids stay what they are: code and maps refer to them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

from seismo.btf.errors import BtfError
from seismo.btf.read import MAGIC, VERSION, Reader
from seismo.btf.types import (
    Datasec,
    Func,
    FuncLinkage,
    FuncProto,
    Int,
    IntEncoding,
    Kind,
    Placement,
    Type,
    Var,
    VarLinkage,
)
from seismo.btf.write import StringTable, write
from seismo.elf.relocations import Binding, SymbolKind
from seismo.objfile.model import Extern
from seismo.objfile.source import ObjectSource

__all__ = ("fitted_types", "with_strings")

_HEADER = struct.Struct("<HBBIIIII")
_WORD = struct.Struct("<I")
_PLACEMENT = struct.Struct("<III")
_INFO, _TYPE, _LINKAGE, _REST = 4, 8, 12, 12
"""Where in a record (`struct btf_type` and what follows it) these words stand."""
_DUMMY = "dummy_ksym"


def fitted_types(source: ObjectSource, externs: Iterable[Extern]) -> bytes:
    """The blob; ObjectError for a variable that the file does not have."""
    fitting = _Fitting(source, {one.name: one for one in externs})
    for id, _ in source.btf.names(Kind.DATASEC):
        match source.btf.type(id):
            case Datasec(name=".ksyms") as datasec:
                fitting.symbols(id, datasec)
            case Datasec(name=".kconfig") as datasec:
                fitting.options(id, datasec)
            case Datasec() as datasec:
                fitting.variables(id, datasec)
    fitting.hidden_functions()
    return fitting.blob()


def with_strings(btf: bytes, more: bytes) -> bytes:
    """The blob with `more` behind its strings, where `Btf.string_bytes` says that they end."""
    header = Reader(btf, positions=()).header
    types = btf[header.types_start : header.types_end]
    return _assemble(types, btf[header.strings_start : header.strings_end] + more)


def _assemble(types: bytes, strings: bytes) -> bytes:
    sections = (0, len(types), len(types), len(strings))
    return _HEADER.pack(MAGIC, VERSION, 0, _HEADER.size, *sections) + types + strings


class _Fitting:
    """The blob while it is changed."""

    def __init__(self, source: ObjectSource, externs: Mapping[str, Extern]) -> None:
        self._source = source
        self._btf = source.btf
        self._externs = externs
        self._data = bytearray(source.btf_bytes)
        self._more: list[Type] = []
        self._strings = StringTable(source.btf.string_bytes)
        self._cuts: list[tuple[int, int]] = []
        objects = [one for one in source.symbols if one.kind == SymbolKind.OBJECT]
        self._globals = {one.name: one for one in objects if one.binding != Binding.LOCAL}
        self._homes: dict[str, set[int]] = {}
        for one in objects:
            if one.binding == Binding.LOCAL:
                self._homes.setdefault(one.name, set()).add(one.section)

    def blob(self) -> bytes:
        """All of it, with what was added."""
        header = Reader(self._source.btf_bytes, positions=()).header
        added = write(self._more, self._strings)
        texts = bytes(self._strings)
        # From the last one on, so that the others stay where they are.
        end = header.types_end
        for start, stop in sorted(self._cuts, reverse=True):
            del self._data[start:stop]
            end -= stop - start
        types = bytes(self._data[header.types_start : end])
        types += added[_HEADER.size : len(added) - len(texts)]
        strings = self._source.btf_bytes[header.strings_start : header.strings_end]
        return _assemble(types, strings + texts)

    def _set(self, position: int, value: int) -> None:
        _WORD.pack_into(self._data, position, value)

    def _add(self, type_: Type) -> int:
        self._more.append(type_)
        return len(self._btf) + len(self._more) - 1

    def _arrange(self, id: int, datasec: Datasec, size: int, variables: list[Placement]) -> None:
        """Say where a section's variables are, in the order that the kernel asks for."""
        at = self._btf.position(id)
        self._set(at + _INFO, Kind.DATASEC << 24 | len(variables))
        self._set(at + _TYPE, size)
        place = at + _REST
        for one in sorted(variables, key=_offset):
            _PLACEMENT.pack_into(self._data, place, one.type, one.offset, one.size)
            place += _PLACEMENT.size
        end = at + _REST + len(datasec.variables) * _PLACEMENT.size
        if place < end:
            self._cuts.append((place, end))

    def variables(self, id: int, datasec: Datasec) -> None:
        """Those of the file's own sections; those of a linked file have their places already."""
        size, placements = datasec.size, list(datasec.variables)
        if len({one.type for one in placements}) < len(placements):
            what = f"a variable of section '{datasec.name}' is there twice"
            raise BtfError(what, self._btf.position(id))
        if not size:
            index, section = self._source.section(datasec.name)
            if not index or not 0 < section.size <= 0xFFFF_FFFF:
                what = f"variables in section '{datasec.name}', which the file does not have"
                raise BtfError(what, self._btf.position(id))
            size = section.size
            placements = [
                self._placed(one, datasec.name)
                for one in placements
                if self._is_home(one, datasec.name, index)
            ]
        self._arrange(id, datasec, size, placements)

    def _is_home(self, placement: Placement, name: str, section: int) -> bool:
        """Whether a variable is where its type says: clang 14 puts constants of 16 bytes elsewhere
        (`.rodata.cst16`) and does not say so, clang 19 makes two sections of a name."""
        variable = self._variable(placement, name)
        if variable.linkage is VarLinkage.STATIC:
            return section in self._homes.get(variable.name, {section})
        symbol = self._globals.get(variable.name)
        return symbol is None or symbol.section == section

    def _placed(self, placement: Placement, section: str) -> Placement:
        variable = self._variable(placement, section)
        if variable.linkage is VarLinkage.STATIC:
            return placement
        symbol = self._globals.get(variable.name)
        if symbol is None or symbol.value > 0xFFFF_FFFF:
            what = f"variable '{variable.name}' of section '{section}' has no symbol"
            raise BtfError(what, self._btf.position(placement.type))
        return Placement(placement.type, symbol.value, placement.size)

    def _variable(self, placement: Placement, section: str) -> Var:
        variable = self._btf.type(placement.type)
        if not isinstance(variable, Var):
            what = f"{variable.kind.words} '{variable.name}' in section '{section}'"
            raise BtfError(what, self._btf.position(placement.type))
        return variable

    def options(self, id: int, datasec: Datasec) -> None:
        """`.kconfig`: the variables of a map of that name."""
        placements, end = [], 0
        for one in datasec.variables:
            extern = self._extern(self._variable(one, datasec.name).name, one.type)
            self._set(self._btf.position(one.type) + _LINKAGE, VarLinkage.GLOBAL.value)
            placements.append(Placement(one.type, extern.offset, one.size))
            end = max(end, extern.offset + extern.size)
        self._arrange(id, datasec, end, placements)

    def _extern(self, name: str, id: int) -> Extern:
        if name not in self._externs:
            raise BtfError(f"'{name}' is declared in a second section", self._btf.position(id))
        return self._externs[name]

    def symbols(self, id: int, datasec: Datasec) -> None:
        """`.ksyms`: as if each were an int of the object's own; functions have one for all."""
        int_id = self._int()
        types = [(one.type, self._btf.type(one.type)) for one in datasec.variables]
        dummy = 0
        if any(isinstance(type_, Func) for _, type_ in types):
            dummy = self._add(Var(_DUMMY, int_id, VarLinkage.GLOBAL))
        placements = []
        for index, (type_id, type_) in enumerate(types):
            at = self._btf.position(type_id)
            self._extern(type_.name, type_id)
            if isinstance(type_, Func):
                self._set(at + _INFO, Kind.FUNC << 24 | FuncLinkage.GLOBAL.value)
                self._name_parameters(type_.type)
                type_id = dummy
            else:
                self._set(at + _TYPE, int_id)
                self._set(at + _LINKAGE, VarLinkage.GLOBAL.value)
            placements.append(Placement(type_id, index * 4, 4))
        self._arrange(id, datasec, len(placements) * 4, placements)

    def _int(self) -> int:
        """A 4-byte integer."""
        for id, _ in self._btf.names(Kind.INT):
            type_ = self._btf.type(id)
            if isinstance(type_, Int) and type_.size == 4 and not type_.bits:
                return id
        return self._add(Int("int", 4, IntEncoding.SIGNED))

    def _name_parameters(self, proto: int) -> None:
        """The kernel wants names of the parameters of functions that are not extern."""
        type_ = self._btf.type(proto)
        at = self._btf.position(proto) + _REST
        for index, one in enumerate(type_.params if isinstance(type_, FuncProto) else ()):
            if one.type and not one.name:
                self._set(at + index * 8, self._strings.add(_DUMMY))

    def hidden_functions(self) -> None:
        """What is hidden is verified with its callers, as static functions are."""
        hidden = {
            one.name
            for one in self._source.symbols
            if one.kind == SymbolKind.FUNC
            and one.is_hidden
            and one.binding != Binding.LOCAL
            and not one.is_special
            and self._source.sections[one.section].name == ".text"
        }
        for id, name in self._btf.names(Kind.FUNC) if hidden else ():
            type_ = self._btf.type(id)
            if name in hidden and isinstance(type_, Func) and type_.linkage is FuncLinkage.GLOBAL:
                self._set(self._btf.position(id) + _INFO, Kind.FUNC << 24)


def _offset(placement: Placement) -> int:
    return placement.offset
