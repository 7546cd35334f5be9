"""What tests of the language share: signatures, a recorded kernel, one call per stage."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seismo.base.diagnostics import Diagnostic, Diagnostics
from seismo.base.errors import SourceError
from seismo.base.source import Source, Span
from seismo.lang.ast import Call, Script
from seismo.lang.check import check
from seismo.lang.config import DEFAULTS, Config
from seismo.lang.expand import expand
from seismo.lang.parse_probe import parse
from seismo.lang.script_types import script_types
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.typed import Constant, TypedScript
from seismo.lang.types import (
    BOOL,
    INT64,
    UINT32,
    UINT64,
    VOID,
    AggregateType,
    IntType,
    StringType,
    Type,
)
from seismo.views import RecordedView

__all__ = ("SIGNATURES", "VIEW", "checked", "complaints", "parsed", "said", "typed")

VIEW = RecordedView(Path(__file__).parent / "recorded" / "6.18")

_TEXT = (Param("text", ("string",), literal=True),)
_GETOPT = (
    Param("name", ("string",), literal=True),
    Param("default", ("int", "string"), literal=True),
)


def _getopt(call: Call, _: tuple[Type, ...], context: CallContext) -> Constant:
    name, default = (context.constant(one) for one in call.args)
    return context.option(str(name), default, "")


def _check_getopt(_: Call, types: tuple[Type, ...], __: CallContext) -> Type:
    return types[1]


def _check_sum(_: Call, types: tuple[Type, ...], __: CallContext) -> Type:
    is_signed = isinstance(types[0], IntType) and types[0].signed
    return AggregateType("sum", INT64 if is_signed else UINT64)


def _check_hist(call: Call, _: tuple[Type, ...], context: CallContext) -> Type:
    bits = context.constant(call.args[1]) if call.args[1:] else 0
    assert isinstance(bits, int)
    return AggregateType("hist", INT64, (bits,))


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
    Signature(
        name="exit",
        returns=VOID,
        params=(Param("code", ("int",), optional=True),),
        ends_probe=True,
    ),
    Signature(
        name="find",
        returns=BOOL,
        params=(Param("map", ("map",)), Param("key", ("key",)), Param("value", ("variable",))),
    ),
    Signature(name="getopt", returns=VOID, params=_GETOPT, check=_check_getopt, evaluate=_getopt),
    Signature(
        name="has_key",
        returns=BOOL,
        params=(Param("map", ("map",)),),
        variadic=Param("key", ("key",)),
    ),
    Signature(
        name="hist",
        returns=VOID,
        params=(Param("number", ("int",)), Param("bits", ("int",), optional=True, literal=True)),
        check=_check_hist,
        is_aggregate=True,
    ),
    Signature(
        name="is_str",
        returns=BOOL,
        params=(Param("value"),),
        evaluate=lambda _, types, __: isinstance(types[0], StringType),
    ),
    Signature(
        name="kaddr", returns=UINT64, params=_TEXT, evaluate=lambda *_: 0xFFFF_8000_0000_0000
    ),
    Signature(name="len", returns=UINT64, params=(Param("map", ("map", "array")),)),
    Signature(name="reg", returns=UINT64, params=_TEXT, needs_context=True),
    Signature(name="signal", returns=VOID, params=_TEXT, is_unsafe=True),
    Signature(
        name="sum",
        returns=VOID,
        params=(Param("n", ("int",)),),
        check=_check_sum,
        is_aggregate=True,
    ),
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


def parsed(text: str, name: str = "t") -> tuple[Script, Diagnostics]:
    """The tree of a script called `name`, and what the parser says."""
    diagnostics = Diagnostics()
    return parse(Source(name, text), diagnostics), diagnostics


def checked(
    text: str,
    *,
    config: Config = DEFAULTS,
    options: Mapping[str, str] | None = None,
    is_unsafe: bool = False,
    name: str = "t",
) -> tuple[TypedScript, Diagnostics]:
    """The types of a script, and what all stages say; parse errors raise."""
    script, diagnostics = parsed(text, name)
    diagnostics.stop_on_errors()
    answer = check(
        script,
        expand(script, VIEW, diagnostics, config),
        SIGNATURES,
        VIEW,
        script_types(script, VIEW, _no_file, diagnostics),
        config,
        options or {},
        diagnostics,
        is_unsafe=is_unsafe,
    )
    return answer, diagnostics


def typed(text: str, config: Config = DEFAULTS) -> TypedScript:
    """The types of a script about which there is nothing to say."""
    script, diagnostics = checked(text, config=config)
    assert [str(one) for one in diagnostics.found] == []
    return script


def complaints(text: str) -> list[str]:
    """`column: message (hint)` of everything that the checker says of a one-line script."""
    return [said(one) for one in checked(text)[1].found]


def said(one: Diagnostic) -> str:
    """`column: message (hint)`."""
    return f"{one.span.location.column}: {one.message}" + (f" ({one.hint})" if one.hint else "")


def _no_file(span: Span, path: str) -> str:
    raise SourceError(span, f"there is no file {path}")
