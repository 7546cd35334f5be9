"""Symbols of the traced program: `uaddr`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seismo.base.errors import CompilerBug
from seismo.builtin.record import Builtin, Lowered, Lowering
from seismo.elf.errors import ElfError, SymbolMissing
from seismo.elf.registers import instruction_pointer
from seismo.lang.ast import Binary as Operation
from seismo.lang.ast import Call, Cast, Expr, Number, String, TypeExpr
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.typed import Place
from seismo.lang.types import UINT64, PointerType, Type
from seismo.probes.kind import TargetError
from seismo.probes.user_file import one_binary
from seismo.spec.types import UprobeAttach

if TYPE_CHECKING:
    from seismo.elf.binary import Binary
    from seismo.elf.symbols import Symbol

__all__ = ("BUILTINS", "UADDR")

_UNKNOWN = PointerType(UINT64, "user")
_SIZES = (1, 2, 4)


def _check_uaddr(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    """The call stands for a number, or for one that is added to the instruction pointer."""
    place = context.place
    if place is None:
        return _UNKNOWN
    attach = place.backend.attach[0]
    if not isinstance(attach, UprobeAttach) or len(place.backend.attach) > 1:
        hint = "write a probe of its own for each place"
        context.error(call.span, "uaddr() takes a probe that is at one place of a program", hint)
        return _UNKNOWN
    name = str(context.constant(call.args[0]))
    try:
        binary = one_binary(attach.path, context.view)
        symbol = binary.symbols.find(name)
        address = _address(call, symbol, binary, attach, place)
    except TargetError as error:
        context.error(call.span, error.message, error.hint)
    except SymbolMissing as error:
        context.error(call.args[0].span, error.what, error.hint)
    except ElfError as error:
        context.error(call.span, error.what)
    else:
        bits = 8 * symbol.size if symbol.size in _SIZES else 64
        type_ = TypeExpr(f"uint{bits}", ("*",), call.span)
        return context.expand(call, Cast(type_, address, call.span)) or _UNKNOWN
    return _UNKNOWN


def _address(
    call: Call, symbol: Symbol, binary: Binary, attach: UprobeAttach, place: Place
) -> Expr:
    """Where the symbol is in memory: as far from this probe as in the file."""
    if binary.is_fixed:
        return Number(symbol.address, call.span)
    if place.kind.is_return:
        hint = "ask for it where the function begins, and keep it: @address[tid] = uaddr(…)"
        what = f"where {binary.path} is in memory is not known when a function returns"
        raise TargetError(what, hint)
    distance = symbol.address - binary.address_of(attach.offset)
    here = String(instruction_pointer(place.machine), call.span)
    pointer = Call("reg", (here,), call.span, call.name_span)
    operator = "+" if distance >= 0 else "-"
    return Operation(operator, pointer, Number(abs(distance), call.span), call.span)


def _lower_expanded(low: Lowering, call: Call) -> Lowered:
    """What stands for something else is never lowered."""
    raise CompilerBug("lower", f"{call.name}() stands for an address")


UADDR = Builtin(
    Signature(
        name="uaddr",
        params=(Param("symbol", ("string",), literal=True),),
        returns=_UNKNOWN,
        check=_check_uaddr,
        needs_context=True,
        probe_kinds=("uprobe", "uretprobe", "usdt"),
    ),
    "The address of a symbol of the traced program, wherever that is loaded: a pointer to an "
    "integer of the symbol's size, uint64 where that is none of 1, 2 and 4 bytes.",
    _lower_expanded,
    'uprobe:/bin/bash:readline { printf("%s\\n", str(*uaddr("ps1_prompt"))); }',
)

BUILTINS = (UADDR,)
