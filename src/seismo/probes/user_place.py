"""Places in a program's code: what stands behind its file in an attach point, as file offsets.

main, main+0x1c    a function, by its symbol; bytes from its beginning
0x1139             an address, as the file's symbols and `objdump -d` have it
cpp:"ns::f(int)"   a function by its name in the source, with parameters or without
(file@)f.c:12:3    the code of a line, by the file's debug information
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from seismo.base.errors import NotSupported
from seismo.base.number import NumberError, parse_integer
from seismo.elf.demangle import demangle, function_name, matches
from seismo.elf.dwarf_errors import DebugInfoMissing, LineNotFound
from seismo.elf.errors import SymbolMissing
from seismo.probes.kind import TargetError
from seismo.probes.view import KernelView
from seismo.probes.wildcard import has_wildcard, wildcard

if TYPE_CHECKING:
    from seismo.elf.binary import Binary
    from seismo.elf.symbols import Symbol

__all__ = (
    "check_entry",
    "function_names",
    "line_offsets",
    "place_offset",
    "split_offset",
    "without_aliases",
)

_MANGLED = ("_Z", "_R")
"""How the symbols of C++ and of Rust begin."""


def split_offset(place: str) -> tuple[str, int]:
    """(function, bytes into it) of `function+0x10`."""
    name, sign, plus = place.rpartition("+")
    # `operator+` is a name, too.
    if not (name and sign and plus[:1].isdecimal()):
        return place, 0
    try:
        return name, parse_integer(plus).value
    except NumberError:
        raise TargetError(f"'{plus}' is no offset", "write function+0x10") from None


def place_offset(binary: Binary, place: str) -> int:
    """The file offset of a function, an offset into one or an address; TargetError."""
    if place[:1].isdecimal():
        try:
            return _address_offset(binary, parse_integer(place).value)
        except NumberError:
            raise TargetError(f"'{place}' is no address", "write it as 0x1139") from None
    name, plus = split_offset(place)
    symbol = _function(binary, name)
    if symbol.size and plus >= symbol.size:
        message = f"'{name}' of {binary.path} has {symbol.size} bytes, so none at +{plus:#x}"
        hint = f"objdump -d --disassemble={name} {binary.path} shows where instructions begin"
        raise TargetError(message, hint)
    return _address_offset(binary, symbol.address + plus)


def _address_offset(binary: Binary, address: int) -> int:
    """The file offset of an address; TargetError for one that is not of the file's code."""
    for one in binary.file.segments:
        if one.is_executable and 0 <= address - one.address < one.file_size:
            return binary.file_offset(address)
    hint = "it is an address as objdump -d prints it, not one of a running process"
    raise TargetError(f"{binary.path} has no code at {address:#x}", hint)


def _function(binary: Binary, name: str) -> Symbol:
    try:
        symbol = binary.symbols.find(name)
    except SymbolMissing as error:
        raise TargetError(
            f"{binary.path} has no function '{name}'", _why_missing(binary, name, error.hint)
        ) from None
    if not symbol.is_function:
        hint = "probes stop where code runs; watchpoint:0x…:8:w sees writes to memory"
        raise TargetError(f"'{name}' of {binary.path} is data, no function", hint)
    if symbol.is_indirect:
        raise TargetError(
            f"'{name}' of {binary.path} is chosen among several functions when a program starts",
            _implementations(binary, name),
        )
    return symbol


def _why_missing(binary: Binary, name: str, near: str) -> str:
    """A hint for a name that is not there; `near` is what the symbols know."""
    mangled = f"{len(name)}{name}"
    for one in binary.symbols.functions():
        if mangled in one.name and one.name.startswith(_MANGLED):
            source = function_name(demangle(one.name))
            return f"it is a name of the source: write cpp:{source} behind the file"
    return near


def _implementations(binary: Binary, name: str) -> str:
    """A hint about the functions that an indirect one (IFUNC) stands for."""
    near = [one.name for one in binary.symbols.functions() if one.name.startswith(f"__{name}_")]
    if near:
        return f"trace all that it may be: __{name}_*, such as {near[0]}"
    return "probe those that it is chosen from; debug symbols may tell their names"


def check_entry(binary: Binary, place: str) -> None:
    """TargetError for an address in the middle of a function."""
    if not place[:1].isdecimal():
        return
    try:
        symbol, inside = binary.symbols.at(parse_integer(place).value)
    except SymbolMissing:
        return
    if inside:
        hint = f"{symbol.name} begins at {symbol.address:#x}"
        raise TargetError(f"{place} is {inside} bytes into '{symbol.name}'", hint)


def function_names(binary: Binary, wanted: str, *, in_source: bool) -> list[str]:
    """The symbols of the functions that a name means, which may have wildcards.

    `in_source`: a name as the source has it, with its parameters or without; a wildcard may match
    either. Indirect functions (IFUNC) are left out: a probe there would not see their calls.
    """
    means = _in_source(wanted) if in_source else wildcard(wanted).fullmatch
    functions = binary.symbols.functions()
    return [one.name for one in functions if not one.is_indirect and means(one.name)]


def without_aliases(binary: Binary, names: list[str]) -> list[str]:
    """Of several functions at one place only the one that reads best: `fopen`, not `_IO_fopen`."""
    found: dict[int, list[str]] = {}
    for name in names:
        found.setdefault(binary.symbols.find(name).address, []).append(name)
    return [min(some, key=_plainness) for some in found.values()]


def _plainness(name: str) -> tuple[bool, int, str]:
    return name.startswith("_"), len(name), name


def _in_source(wanted: str) -> Callable[[str], object]:
    """Whether a symbol's name in the source is the wanted one, or matches its wildcards."""
    pattern = wildcard(wanted) if has_wildcard(wanted) else None

    def means(symbol: str) -> object:
        name = demangle(symbol)
        if pattern is None:
            return matches(name, wanted)
        # A pointer's * in the parameters is no wildcard, but a name is tried as one, too.
        is_it = matches(name, wanted) or pattern.fullmatch(name)
        return is_it or pattern.fullmatch(function_name(name))

    return means


def line_offsets(
    binary: Binary, source: str, line: int, column: int, view: KernelView
) -> tuple[int, ...]:
    """The file offsets where a line's code begins, in every function that has it; TargetError."""
    try:
        addresses = view.debug_info(binary).addresses(source, line, column)
    except LineNotFound as error:
        raise TargetError(f"{error.where}: {error.why}", error.hint) from None
    except DebugInfoMissing as error:
        raise TargetError(f"{error.what}: {error.why}", error.hint) from None
    except NotSupported as error:
        raise TargetError(f"{error.feature}: {error.why}", error.hint) from None
    return tuple([_address_offset(binary, one) for one in addresses])
