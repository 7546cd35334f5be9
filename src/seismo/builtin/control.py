"""Ending: `exit`."""

from __future__ import annotations

from seismo.base.layout import S32
from seismo.builtin.record import Builtin, Lowering, value_writer
from seismo.events.kinds import Action
from seismo.lang.ast import Call
from seismo.lang.signature import Param, Signature
from seismo.lang.types import VOID

__all__ = ("BUILTINS", "EXIT")


def _lower_exit(low: Lowering, call: Call) -> None:
    code = low.scalar(call.args[0]) if call.args else low.b.const(0)
    low.event(Action.EXIT, "", [(S32, value_writer(low, code, S32.size))], call.span)
    low.leave()


EXIT = Builtin(
    Signature(
        name="exit",
        params=(Param("code", ("int",), optional=True),),
        returns=VOID,
        is_statement=True,
        ends_probe=True,
    ),
    "Ends the script: this probe stops here, END probes run, maps are printed; seismo's exit "
    "status is `code` (0; its low 8 bits).",
    _lower_exit,
    "interval:s:10 { exit(); }",
)

BUILTINS = (EXIT,)
