"""How a program reads the arguments of static probes: macros, made of what files tell of each site.

The arguments are in other places at every site, so a program is told by its attach cookie at which
one it runs; where all sites keep an argument in one place it need not ask.

>>> print(site_macros([one])["bpf_usdt_readarg(number, ctx, pointer)"])
({ *(pointer) = (typeof(*(pointer)))_usdt_argument_##number(ctx); 0; })
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from seismo.base.dataclass import dataclass, field
from seismo.elf.registers import register_names, register_offset
from seismo.elf.usdt_arguments import (
    AtSymbol,
    Constant,
    InMemory,
    InRegister,
    Unreadable,
    UsdtArgument,
)

__all__ = ("SiteShape", "argument_type", "site_macros")

_MOST_ARGUMENTS: Final = 12
_READ = "bpf_usdt_readarg(number, ctx, pointer)"
_READ_POINTER = "bpf_usdt_readarg_p(number, ctx, buffer, size)"
_ARGUMENT = "_usdt_argument_"
_U64 = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class SiteShape:
    """What sites have alike that one piece of code reads: where their arguments are. `title` is
    the probe of the first of them."""

    machine: str
    arguments: tuple[UsdtArgument, ...]
    title: str = field(default="", compare=False)


def site_macros(shapes: Sequence[SiteShape]) -> dict[str, str]:
    """Macros by name and parameters, for sites whose attach cookies are the shapes' places in the
    sequence."""
    if not shapes:
        return {}
    macros = {
        f"{_ARGUMENT}{number}(ctx)": _argument(shapes, number - 1)
        for number in range(1, _MOST_ARGUMENTS + 1)
    }
    return macros | {
        _READ: f"({{ *(pointer) = (typeof(*(pointer))){_ARGUMENT}##number(ctx); 0; }})",
        _READ_POINTER: f"bpf_probe_read_user(buffer, size, (void *){_ARGUMENT}##number(ctx))",
    }


def argument_type(argument: UsdtArgument) -> str:
    """The type of C that an argument has: `int32_t`."""
    return f"{'' if argument.signed else 'u'}int{8 * argument.size}_t"


def _argument(shapes: Sequence[SiteShape], index: int) -> str:
    """An expression of the argument as 64 bits, or one that says why it cannot be read."""
    values = [_value(one, index) for one in shapes if index < len(one.arguments)]
    if not values:
        most = max(len(one.arguments) for one in shapes)
        return _refusal(f"{shapes[0].title} has {most} arguments")
    if len(set(values)) == 1 and len(values) == len(shapes):
        return values[0]
    cases = [
        f"if (_site == {cookie}) _value = {_value(one, index)};"
        for cookie, one in enumerate(shapes)
        if index < len(one.arguments)
    ]
    choice = " else ".join(cases)
    return f"({{ u64 _site = bpf_get_attach_cookie(ctx); u64 _value = 0; {choice} _value; }})"


def _value(shape: SiteShape, index: int) -> str:
    argument, machine = shape.arguments[index], shape.machine
    type_ = f"{'s' if argument.signed else 'u'}{8 * argument.size}"
    match argument.form:
        case Constant(value):
            return f"(u64)({type_}){value & _U64:#x}ull"
        case InRegister(name):
            return f"(u64)({type_}){_register(machine, name)}"
        case InMemory(base, offset, index_register, scale):
            terms = [_register(machine, base)] if base else []
            if index_register:
                terms.append(f"{_register(machine, index_register)} * {scale}")
            return _read(type_, [*terms, f"{offset & _U64:#x}ull"])
        case AtSymbol(symbol, _):
            return _refusal(f"argument {index + 1} of {shape.title}: at '{symbol}'")
        case Unreadable(why):
            return _refusal(f"argument {index + 1} of {shape.title}: {why}")


def _read(type_: str, address: Sequence[str]) -> str:
    place = f"(void *)({' + '.join(address)})"
    read = f"bpf_probe_read_user(&_read, sizeof(_read), {place})"
    return f"({{ {type_} _read = 0; {read}; (u64)_read; }})"


def _register(machine: str, name: str) -> str:
    """The register of the context, moved so that a part of it is the lowest bits."""
    offset, _ = register_offset(machine, name)
    whole = register_names(machine)[offset // 8]
    if machine == "aarch64":
        is_numbered = whole.startswith("r")
        member = f"regs[{whole.removeprefix('r')}]" if is_numbered else whole
    else:
        member = whole
    value = f"((struct pt_regs *)(ctx))->{member}"
    return f"({value} >> {offset % 8 * 8})" if offset % 8 else value


def _refusal(why: str) -> str:
    """What stops compiling where it is used, with the reason."""
    text = why.replace("\\", "/").replace('"', "'")
    return f'({{ _Static_assert(0, "{text}"); (u64)0; }})'
