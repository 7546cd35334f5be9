"""Calls against signatures: how many arguments, and of which kinds."""

from __future__ import annotations

from seismo.base.diagnostics import Diagnostics
from seismo.lang.ast import Boolean, Call, Expr, MapAccess, Number, String, Unary
from seismo.lang.join import is_integer
from seismo.lang.signature import Param, Signature
from seismo.lang.types import PointerType, StringType, TupleType, Type

__all__ = ("check_argument", "match_params", "takes_map")

_KINDS = {
    "any": "a value",
    "int": "a number",
    "key": "a key",
    "map": "a map",
    "pointer": "a pointer",
    "string": "a string",
    "tuple": "a tuple",
}


def match_params(
    call: Call, signature: Signature, diagnostics: Diagnostics
) -> tuple[Param, ...] | None:
    """The parameter of each argument, None when there are too many or too few."""
    params, given = signature.params, len(call.args)
    required = sum(not one.optional for one in params)
    if given < required or (given > len(params) and signature.variadic is None):
        diagnostics.error(
            call.span, f"{call.name}() takes {_count(signature, required)}, not {given}"
        )
        return None
    rest = (signature.variadic,) * (given - len(params)) if signature.variadic else ()
    return params[:given] + rest


def _count(signature: Signature, required: int) -> str:
    most = len(signature.params)
    if signature.variadic is not None:
        return f"at least {required} argument{'' if required == 1 else 's'}"
    if most == 0:
        return "no arguments"
    limit = "" if required == most else "at most " if required == 0 else f"{required} to "
    return f"{limit}{most} argument{'' if most == 1 else 's'}"


def takes_map(param: Param, argument: Expr) -> bool:
    """Whether the argument is the map itself and not the value in it."""
    if not isinstance(argument, MapAccess) or "map" not in param.accepts:
        return False
    return not argument.keys or param.accepts == ("map",)


def check_argument(
    call: Call, param: Param, argument: Expr, type_: Type, diagnostics: Diagnostics
) -> bool:
    """Whether an argument suits its parameter; says so if it does not."""
    what = f"{param.name} of {call.name}()"
    if param.literal and not _is_literal(argument):
        diagnostics.error(argument.span, f"the {what} must be a literal")
        return False
    if takes_map(param, argument) or any(_is_kind(type_, kind) for kind in param.accepts):
        return True
    wanted = " or ".join(_KINDS[one] for one in param.accepts)
    hint = "str() reads the string at a pointer" if _wants_str(param, type_) else ""
    diagnostics.error(argument.span, f"the {what} must be {wanted}, not {type_}", hint)
    return False


def _is_literal(argument: Expr) -> bool:
    if isinstance(argument, Unary) and argument.op == "-":
        argument = argument.operand
    return isinstance(argument, (Number, Boolean, String))


def _is_kind(type_: Type, kind: str) -> bool:
    match kind:
        case "any" | "key":
            return True
        case "int":
            return is_integer(type_)
        case "string":
            return isinstance(type_, StringType)
        case "pointer":
            return isinstance(type_, PointerType)
        case "tuple":
            return isinstance(type_, TupleType)
        case _:
            return False


def _wants_str(param: Param, type_: Type) -> bool:
    return "string" in param.accepts and isinstance(type_, PointerType)
