"""`DebugInfo`: what compilers tell of a program with -g: source lines, functions, types.

>>> info = DebugInfo("./server")
>>> info.addresses("server.c", 42)
(0x1214,)
>>> info.function("handle").parameters
(Parameter("request", Pointer(Struct("struct", "request", 64, 0x2d)), 0, 1, False),)

Importing this module imports pyelftools, which takes 60 ms: only scripts that ask for a source line
or for the types of a user program's function do. Nothing is read before it is asked for, and of the
units only those that answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError, NotSupported
from seismo.elf.demangle import demangle, function_name, is_mangled, matches, symbol_word
from seismo.elf.dwarf_errors import DebugInfoMissing
from seismo.elf.dwarf_file import DwarfFile, origins, ranges, text
from seismo.elf.dwarf_lines import LineTable, SourceLine
from seismo.elf.dwarf_package import DIE, CompileUnit, DWARFError, ELFError, TypeUnit
from seismo.elf.dwarf_read_types import STRUCT_KINDS, TypeReader
from seismo.elf.dwarf_registers import Convention, place
from seismo.elf.dwarf_types import Enum, FunctionType, Member, Struct, Type
from seismo.elf.errors import ElfError

__all__ = ("DebugInfo",)

_CONVENTIONS = {"EM_X86_64": Convention.X86_64, "EM_AARCH64": Convention.ARM64}
_UNITS = ("DW_TAG_compile_unit", "DW_TAG_partial_unit", "DW_TAG_type_unit")
_ENUM, _TYPEDEF = "DW_TAG_enumeration_type", "DW_TAG_typedef"
_NAMESPACES = ("DW_TAG_namespace", "DW_TAG_module")
_TAGS = {
    "struct": ("DW_TAG_structure_type", "DW_TAG_class_type"),
    "union": ("DW_TAG_union_type",),
    "enum": (_ENUM,),
    "": (_TYPEDEF,),
}
"""What each of C's words for sorts of types means; C++ has two for the first."""


class DebugInfo:
    """The debug information of the file at `path`, or of the one beside it that holds it.

    `root` is the beginning of `path` that is `/` for a file in a container: `/proc/PID/root`. All
    addresses are the linker's. Raises `DebugInfoMissing` if there is none, `NotSupported` if it is
    of a kind that is not read, `BinaryNotFound` if there is no file, `SyscallError` if it cannot be
    read, `ElfError` if it is malformed.
    """

    def __init__(self, path: str, root: str = "") -> None:
        self._file = DwarfFile(path, root)
        self._lines = LineTable(self._file)
        self._types = TypeReader(self._file)

    def addresses(self, file: str, line: int, column: int = 0) -> tuple[int, ...]:
        """The addresses of a source line: one in each function and inlined copy that has it.

        `file` is a path or the end of one. Raises `LineNotFound`.
        """
        return self.source_line(file, line, column).addresses

    def source_line(self, file: str, line: int, column: int = 0) -> SourceLine:
        """As `addresses`, with the line that the code is of: a later one if this one has none."""
        with _reading(self._file.path):
            return self._lines.find(file, line, column)

    def function(self, name: str) -> FunctionType:
        """The function of this name: a symbol's, or a qualified one with or without parameters.

        Raises `DebugInfoMissing` if there is none or it is ambiguous.
        """
        found = self.functions(name)
        if len({(one.parameters, one.returns) for one in found}) == 1:
            return found[0]
        entries = {one.address for one in found}
        symbols = {demangle(symbol) for symbol, at in self._file.functions if at in entries}
        raise DebugInfoMissing(
            name,
            f"{len(found)} functions of {self._file.path} have this name",
            f"they are {', '.join(sorted(symbols))}",
        )

    def functions(self, name: str) -> tuple[FunctionType, ...]:
        """All functions of this name: overloads, and static ones of several sources."""
        addresses = {address for symbol, address in self._file.functions if symbol == name}
        if not addresses:
            word = symbol_word(name)
            addresses = {
                address
                for symbol, address in self._file.functions
                if is_mangled(symbol) and word in symbol and matches(demangle(symbol), name)
            }
        if not addresses:
            known = {function_name(demangle(symbol)) for symbol, _ in self._file.functions}
            raise DebugInfoMissing(
                name, f"{self._file.path} has no such function", did_you_mean(name, known)
            )
        return tuple([self.function_at(address) for address in sorted(addresses)])

    def function_at(self, address: int) -> FunctionType:
        """The function that has code at this address. Raises `DebugInfoMissing`."""
        with _reading(self._file.path):
            return self._function_at(address)

    def members(self, struct: Struct) -> tuple[Member, ...]:
        """The members of a struct that this object gave; also if its unit only declares it."""
        defined = self.definition(struct)
        with _reading(self._file.path):
            return self._types.members(defined)

    def definition(self, struct: Struct) -> Struct:
        """The struct, as another unit has it if its own only declares it."""
        if struct.size or not struct.name:
            return struct
        with _reading(self._file.path):
            for die in self._types_called(struct.name, tuple(STRUCT_KINDS)):
                return self._types.struct(die)
        return struct

    def is_passed_by_address(self, struct: Struct) -> bool:
        """Whether C++ passes the address of a copy of it, because copying takes more than bytes."""
        with _reading(self._file.path):
            return self._types.is_passed_by_address(struct)

    def type(self, name: str) -> Type:
        """The type that C calls so: `struct x`, `union x`, `enum x` or a typedef's name; of C++
        without its namespace. Raises `DebugInfoMissing`.
        """
        sort, _, word = name.rpartition(" ")
        with _reading(self._file.path):
            for die in self._types_called(word, _TAGS[sort]):
                return self._types.read(die)
        raise DebugInfoMissing(name, f"{self._file.path} has no such type")

    def constant(self, name: str) -> tuple[int, Enum]:
        """The value of an enum's constant, and the enum. Raises `DebugInfoMissing`."""
        with _reading(self._file.path):
            for unit in self._units_with(name):
                for die in _types(unit.get_top_DIE()):
                    enum = self._types.read(die) if die.tag == _ENUM else None
                    if isinstance(enum, Enum) and name in (constants := dict(enum.constants)):
                        return constants[name], enum
        raise DebugInfoMissing(name, f"{self._file.path} has no such constant")

    def _types_called(self, name: str, tags: Sequence[str]) -> Iterator[DIE]:
        """The definitions of types of a name, one of `tags` each."""
        for unit in self._units_with(name):
            for die in _types(unit.get_top_DIE()):
                is_defined = die.tag == _TYPEDEF or "DW_AT_byte_size" in die.attributes
                if die.tag in tags and is_defined and text(die, "DW_AT_name") == name:
                    yield die

    def _units_with(self, name: str) -> Iterator[CompileUnit | TypeUnit]:
        yield from self._file.units_that_name(name)
        yield from self._file.dwarf.iter_TUs()

    def _function_at(self, address: int) -> FunctionType:
        die = self._function_die(address)
        how = _CONVENTIONS.get(self._file.machine)
        if how is None:
            raise NotSupported(
                f"{self._file.path}: arguments of functions", f"on {self._file.machine}"
            )
        *_, root = origins(die)
        abstract = _described(die)
        parameters = [
            (_name(child), self._types.type_of(child))
            for child in abstract.iter_children()
            if child.tag == "DW_TAG_formal_parameter"
        ]
        returns = self._types.type_of(die)
        spans = ranges(die)
        return FunctionType(
            _qualified(root),
            place(parameters, returns, how, self),
            returns,
            spans[0].start if spans else address,
            any(child.tag == "DW_TAG_unspecified_parameters" for child in abstract.iter_children()),
        )

    def _function_die(self, address: int) -> DIE:
        unit = self._file.unit_at(address)
        for die in self._file.functions_at(unit, address):
            return die
        # GCC folds functions that are alike, and then tells no code of all but one.
        names = {name for name, at in self._file.functions if at == address}
        for die, _ in self._file.functions_of(unit):
            if names & {text(die, "DW_AT_linkage_name"), text(die, "DW_AT_name")}:
                return die
        raise DebugInfoMissing(
            f"{self._file.path}: {address:#x}", "the debug information tells no function there"
        )


@contextmanager
def _reading(path: str) -> Iterator[None]:
    """What pyelftools raises when it meets bytes that are no DWARF, as the one error that it is."""
    try:
        yield
    except BpfError:
        raise
    except (DWARFError, ELFError, ArithmeticError, LookupError, ValueError, TypeError) as error:
        raise ElfError(f"malformed debug information: {error}", 0, path) from error
    except (AssertionError, AttributeError, NotImplementedError, RecursionError) as error:
        raise ElfError("malformed debug information", 0, path) from error


def _described(die: DIE) -> DIE:
    """What a function is a copy of: it has all parameters, also those that were optimized away."""
    abstract = die
    for one in origins(die):
        if "DW_AT_declaration" not in one.attributes:
            abstract = one
    return abstract


def _name(die: DIE) -> str:
    return next((name for one in origins(die) if (name := text(one, "DW_AT_name"))), "")


def _qualified(die: DIE) -> str:
    """The name of a declaration, after those of the namespaces and classes around it."""
    parts = [text(die, "DW_AT_name")]
    parent = die.get_parent()
    while parent is not None and parent.tag not in _UNITS:
        is_namespace = parent.tag == "DW_TAG_namespace"
        unnamed = "(anonymous namespace)" if is_namespace else "(anonymous class)"
        parts.append(text(parent, "DW_AT_name") or unnamed)
        parent = parent.get_parent()
    return "::".join(reversed(parts))


def _types(scope: DIE) -> Iterator[DIE]:
    """All structs, enums and typedefs of a unit, but for those inside functions."""
    for child in scope.iter_children():
        if child.tag in (*STRUCT_KINDS, _ENUM, _TYPEDEF):
            yield child
        if child.tag in (*STRUCT_KINDS, *_NAMESPACES):
            yield from _types(child)
