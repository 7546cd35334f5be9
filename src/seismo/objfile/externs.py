"""The symbols that an object file expects of the kernel: `__kconfig` and `__ksym`."""

from __future__ import annotations

from seismo.base.bits import align_up
from seismo.base.dataclass import dataclass, replace
from seismo.base.enum import Enum as Choice
from seismo.btf.errors import BtfError
from seismo.btf.layout import describe, strip
from seismo.btf.spec import Btf
from seismo.btf.types import Array, Datasec, Enum, Enum64, Func, Int, IntEncoding, Kind, Type, Var
from seismo.elf.relocations import Binding, LinkSymbol
from seismo.objfile.model import Extern, ExternKind
from seismo.objfile.source import ObjectSource

__all__ = ("KCONFIG", "KSYMS", "KconfigKind", "KconfigType", "kconfig_type", "read_externs")

KCONFIG = ".kconfig"
KSYMS = ".ksyms"
_MAX_KCONFIG_BYTES = 1 << 20
"""Nobody's options are longer; a type's size is only a number that a file states."""


class KconfigKind(Choice):
    """What an option is read as."""

    BOOL = "bool"
    TRISTATE = "enum libbpf_tristate"
    CHAR = "char"
    INT = "int"
    TEXT = "char[]"


@dataclass(frozen=True, slots=True)
class KconfigType:
    """The type of a `__kconfig` variable: `size` is in bytes."""

    kind: KconfigKind
    size: int
    is_signed: bool = False


def kconfig_type(btf: Btf, id: int) -> KconfigType:
    """What a `__kconfig` variable of this type holds; `BtfError` for what no option fits in."""
    type_ = btf.type(strip(btf, id))
    match type_:
        case Int() if type_.encoding & IntEncoding.BOOL and type_.size == 1:
            return KconfigType(KconfigKind.BOOL, 1)
        case Int() if not type_.encoding & IntEncoding.BOOL and type_.size in (1, 2, 4, 8):
            kind = KconfigKind.CHAR if type_.size == 1 else KconfigKind.INT
            return KconfigType(kind, type_.size, type_.signed)
        case Enum() | Enum64() if type_.name == "libbpf_tristate" and type_.size in (4, 8):
            return KconfigType(KconfigKind.TRISTATE, type_.size)
        case Array() if type_.count and _is_char(btf.type(strip(btf, type_.type))):
            return KconfigType(KconfigKind.TEXT, type_.count)
        case _:
            what = (
                f"{describe(type_)} for a __kconfig variable, which may be bool, char, an integer"
            )
            raise BtfError(f"{what}, enum libbpf_tristate or char[]", btf.position(id))


def _is_char(type_: Type) -> bool:
    return isinstance(type_, Int) and type_.size == 1 and not type_.encoding & IntEncoding.BOOL


def read_externs(source: ObjectSource) -> tuple[Extern, ...]:
    """The externs that the types tell of; those of `.kconfig` first, in the order of its value.

    Raises ObjectError for one that the code does not use as one, BtfError for an unfit type.
    """
    options = [_option(source, symbol, one) for symbol, one in _declared(source, KCONFIG)]
    options.sort(key=_place)
    placed, end = [], 0
    for alignment, size, _, one in options:
        offset = align_up(end, alignment)
        placed.append(replace(one, offset=offset))
        end = offset + size
    if end > _MAX_KCONFIG_BYTES:
        raise BtfError(f"{end} bytes of __kconfig variables", 0)
    symbols = [_symbol(source.btf, symbol, one) for symbol, one in _declared(source, KSYMS)]
    return (*placed, *sorted(symbols, key=_name))


def _declared(source: ObjectSource, section: str) -> list[tuple[LinkSymbol, Var | Func]]:
    """What is in one of the sections that no file has, with its symbol."""
    btf = source.btf
    undefined = {one.name: one for one in source.symbols_by_section.get(0, ())}
    found = []
    for id in btf.find_all(section, Kind.DATASEC)[:1]:
        datasec = btf.type(id)
        for placement in datasec.variables if isinstance(datasec, Datasec) else ():
            one = btf.type(placement.type)
            if not isinstance(one, Var | Func):
                raise BtfError(f"{describe(one)} in section '{section}'", btf.position(id))
            if one.name not in undefined:
                what = f"'{one.name}' is declared in section '{section}', but is no extern symbol"
                raise source.error(what, source.section(".BTF")[1].offset)
            found.append((undefined[one.name], one))
    return found


_Option = tuple[int, int, str, Extern]


def _option(source: ObjectSource, symbol: LinkSymbol, one: Var | Func) -> _Option:
    """(alignment, size, name, the extern) of a `__kconfig` variable."""
    type_ = kconfig_type(source.btf, one.type)
    alignment = 1 if type_.kind is KconfigKind.TEXT else type_.size
    extern = Extern(
        name=one.name,
        kind=ExternKind.KCONFIG,
        type=one.type,
        is_weak=symbol.binding == Binding.WEAK,
        size=type_.size,
    )
    return alignment, type_.size, one.name, extern


def _place(option: _Option) -> tuple[int, int, str]:
    """libbpf's order: the most aligned first, then the smallest, then by name."""
    alignment, size, name, _ = option
    return -alignment, size, name


def _name(extern: Extern) -> str:
    return extern.name


def _symbol(btf: Btf, symbol: LinkSymbol, one: Var | Func) -> Extern:
    if isinstance(one, Func):
        kind = ExternKind.KFUNC
    elif strip(btf, one.type):
        kind = ExternKind.TYPED_KSYM
    else:
        kind = ExternKind.KSYM
    is_weak = symbol.binding == Binding.WEAK
    return Extern(name=one.name, kind=kind, type=one.type, is_weak=is_weak)
