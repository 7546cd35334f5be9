"""What tests of the language share: signatures, a recorded kernel, one call per stage."""

from __future__ import annotations

from pathlib import Path

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.lang.ast import Script
from seismo.lang.check import check
from seismo.lang.expand import expand
from seismo.lang.parse_probe import parse
from seismo.lang.signature import Param, Signature
from seismo.lang.typed import TypedScript
from seismo.lang.types import BOOL, UINT32, UINT64, VOID, AggregateType, StringType
from seismo.views import RecordedView

__all__ = ("SIGNATURES", "VIEW", "checked", "complaints", "parsed", "typed")

VIEW = RecordedView(Path(__file__).parent / "recorded" / "6.18")

_SIGNATURES = (
    Signature(name="comm", returns=StringType(16), is_variable=True),
    Signature(name="nsecs", returns=UINT64, is_variable=True),
    Signature(name="pid", returns=UINT32, is_variable=True),
    Signature(name="retval", returns=UINT64, is_variable=True, probe_kinds=("interval",)),
    Signature(name="count", returns=AggregateType("count", UINT64), is_aggregate=True),
    Signature(name="clear", returns=VOID, params=(Param("map", ("map",)),), is_statement=True),
    Signature(
        name="delete",
        returns=BOOL,
        params=(Param("map", ("map",)),),
        variadic=Param("key", ("key",)),
    ),
    Signature(name="exit", returns=VOID, params=(Param("code", ("int",), optional=True),)),
    Signature(name="print", returns=VOID, params=(Param("value", ("map", "any")),)),
    Signature(
        name="printf",
        returns=VOID,
        params=(Param("format", ("string",), literal=True),),
        variadic=Param("value"),
        is_statement=True,
    ),
    Signature(
        name="str",
        returns=StringType(64),
        params=(
            Param("pointer", ("pointer", "int")),
            Param("length", ("int",), optional=True, literal=True),
        ),
    ),
)
SIGNATURES = {one.name: one for one in _SIGNATURES}


def parsed(text: str) -> tuple[Script, Diagnostics]:
    """The tree of a script called `t`, and what the parser says."""
    diagnostics = Diagnostics()
    return parse(Source("t", text), diagnostics), diagnostics


def checked(text: str) -> tuple[TypedScript, Diagnostics]:
    """The types of a script, and what all stages say; parse errors raise."""
    script, diagnostics = parsed(text)
    diagnostics.stop_on_errors()
    instances = expand(script, VIEW, diagnostics)
    return check(script, instances, SIGNATURES, VIEW, diagnostics), diagnostics


def typed(text: str) -> TypedScript:
    """The types of a script about which there is nothing to say."""
    script, diagnostics = checked(text)
    assert [str(one) for one in diagnostics.found] == []
    return script


def complaints(text: str) -> list[str]:
    """`column: message (hint)` of everything that the checker says of a one-line script."""
    return [
        _brief(one.span.location.column, one.message, one.hint) for one in checked(text)[1].found
    ]


def _brief(column: int, message: str, hint: str) -> str:
    return f"{column}: {message}" + (f" ({hint})" if hint else "")
