"""Built-ins of the compiler and of BCC, by the names of `BuiltinCall`.

>>> lower_builtin(call)                  # __builtin_popcount(x)
Operand(value=%9, type=int, space=kernel)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn, TypeAlias

from seismo.base.errors import CompilerBug
from seismo.c.lower.atomic_builtins import ATOMIC_BUILTINS
from seismo.c.lower.bit_builtins import BIT_BUILTINS
from seismo.c.lower.byte_builtins import BYTE_BUILTINS
from seismo.c.lower.call import LowerCall
from seismo.c.lower.packet_builtins import PACKET_BUILTINS
from seismo.c.lower.value import Operand

__all__ = ("lower_builtin",)

_Lower: TypeAlias = Callable[[LowerCall], Operand | None]


def _trap(call: LowerCall) -> None:
    """End the program; what follows is not reached."""
    call.b.ret(call.b.const(0))
    call.b.reopen()


def _unreachable(call: LowerCall) -> None:
    """A promise, of which nothing is made."""


def _refuse_static_probe(call: LowerCall) -> NoReturn:
    """Where its argument is depends on the probe: with one, this is a macro."""
    hint = "give the program its probes: BPF(text=…, usdt_contexts=[usdt])"
    raise call.error("this function belongs to no static probe", hint)


_BUILTINS: Mapping[str, _Lower] = {
    **BIT_BUILTINS,
    **BYTE_BUILTINS,
    **ATOMIC_BUILTINS,
    **PACKET_BUILTINS,
    "trap": _trap,
    "unreachable": _unreachable,
    "usdt_readarg": _refuse_static_probe,
    "usdt_readarg_p": _refuse_static_probe,
}


def lower_builtin(call: LowerCall) -> Operand | None:
    """What the built-in gives; None for one without an answer."""
    try:
        lower = _BUILTINS[call.name]
    except KeyError:
        raise CompilerBug("ir", f"no built-in is called '{call.name}'") from None
    return lower(call)
