"""`seismo -lv`: what an attach point hands to its probe, a line each, as C declares it."""

from __future__ import annotations

from collections.abc import Iterator

from seismo.base.source import NOWHERE
from seismo.btf.cprint import type_name
from seismo.btf.spec import Btf
from seismo.btf.types import Struct, Union
from seismo.elf import dwarf_types as dwarf
from seismo.elf.usdt_arguments import (
    AtSymbol,
    Constant,
    Form,
    InMemory,
    InRegister,
    Unreadable,
    UsdtArgument,
)
from seismo.probes.arguments import Arguments, BtfArguments, BtfIterator, DwarfArguments
from seismo.probes.backend import Use
from seismo.probes.format import FormatField, TracepointFormat
from seismo.probes.kind import ProbeKind, Target, TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.view import KernelView

__all__ = ("argument_lines",)

_ASKS_FOR_FORMS = Use(names=frozenset(["arg0"]))


def argument_lines(kind: ProbeKind, target: Target, view: KernelView) -> Iterator[str]:
    """`int fd` for each argument that is told of; nothing where there is no debug information."""
    point = AttachPoint(kind.name, target, NOWHERE)
    try:
        if kind.arguments is not None:
            yield from _told(kind.arguments(point, view), is_return=kind.is_return)
        elif kind.is_user and not kind.is_return:
            forms = kind.choose((point,), _ASKS_FOR_FORMS, view).usdt
            for number, argument in enumerate(forms[0] if forms else ()):
                yield _static(number, argument)
    except TargetError:
        return


def _told(told: Arguments, *, is_return: bool) -> Iterator[str]:
    match told:
        case TracepointFormat(fields=fields):
            yield from map(_field, fields)
        case BtfArguments(btf=btf, params=params, returns=returns):
            yield from (f"{type_name(btf, id)} {name}" for name, id in params)
            if is_return and returns:
                yield f"{type_name(btf, returns)} retval"
        case BtfIterator(btf=btf, type_id=id):
            yield from _members(btf, id)
        case DwarfArguments(function=function):
            yield from (f"{_user_type(one.type)} {one.name}" for one in function.parameters)


def _field(field: FormatField) -> str:
    """As C declares it, but for `__data_loc char[] name`, where the kernel keeps a place alone."""
    if field.c_type.startswith("__"):
        return f"{field.c_type} {field.name}"
    base, bracket, sizes = field.c_type.partition("[")
    return f"{base} {field.name}{bracket}{sizes}"


def _members(btf: Btf, id: int) -> Iterator[str]:
    """Those of a struct; pointers are the first in a union each, which gives them eight bytes on
    every machine (include/uapi/linux/bpf.h: __bpf_md_ptr)."""
    record = btf.type(id)
    if isinstance(record, Struct):
        for member in record.members:
            inner = btf.type(member.type)
            if not member.name and isinstance(inner, Union):
                member = inner.members[0]
            yield f"{type_name(btf, member.type)} {member.name}"


def _user_type(type_: dwarf.Type) -> str:
    match type_:
        case dwarf.Void():
            return "void"
        case dwarf.Integer(name=name) | dwarf.Float(name=name):
            return name
        case dwarf.Struct(kind=kind, name=name):
            return f"{kind} {name}".rstrip()
        case dwarf.Enum(name=name):
            return f"enum {name}".rstrip()
        case dwarf.Pointer(target=target):
            return f"{_user_type(target)} *"
        case dwarf.FunctionPtr():
            return "void (*)()"
        case dwarf.Array(element=element, count=count):
            return f"{_user_type(element)} [{count}]"


def _static(number: int, argument: UsdtArgument) -> str:
    kind = "int" if argument.signed else "uint"
    return f"{kind}{8 * argument.size} arg{number}  in {_place(argument.form)}"


def _place(form: Form) -> str:
    match form:
        case Constant(value=value):
            return f"the code: {value}"
        case InRegister(name=name):
            return name
        case InMemory(base=base, offset=offset, index=index, scale=scale):
            parts = [base, f"{index} * {scale}" if index else ""]
            where = " + ".join(filter(None, parts))
            return f"memory at {where} {'-' if offset < 0 else '+'} {abs(offset):#x}".lstrip()
        case AtSymbol(symbol=symbol, offset=offset):
            return f"variable {symbol}" + (f" + {offset:#x}" if offset else "")
        case Unreadable(why=why):
            return f"a place that probes cannot look at: {why}"
