"""Calls: of built-ins against their signatures, of the script's functions against their heads."""

from __future__ import annotations

from seismo.base.diagnostics import did_you_mean
from seismo.lang.ast import Call, Expr, MapAccess, Name, TypeArgument, Variable
from seismo.lang.environment import FunctionHead
from seismo.lang.infer_maps import check_keys, whole_map
from seismo.lang.join import has_space_clash, is_integer
from seismo.lang.signature import Param, Signature
from seismo.lang.slot import fits
from seismo.lang.typer import Typer
from seismo.lang.types import (
    VOID,
    ArrayType,
    BufferType,
    IntType,
    PointerType,
    RecordType,
    StringType,
    SymbolicType,
    TupleType,
    Type,
)
from seismo.lang.walk import map_keys
from seismo.lang.writes import misfit, written_type

__all__ = ("call_signature", "check_call")

_KINDS = {
    "any": "a value",
    "array": "an array",
    "buffer": "a buffer",
    "int": "a number",
    "key": "a key",
    "map": "a map",
    "pointer": "a pointer",
    "record": "a record",
    "string": "a string",
    "symbolic": "a value of the kernel's",
    "tuple": "a tuple",
    "type": "a type",
    "variable": "a variable",
    "word": "a word",
}
_CLASSES: dict[str, type[Type]] = {
    "array": ArrayType,
    "buffer": BufferType,
    "pointer": PointerType,
    "record": RecordType,
    "string": StringType,
    "symbolic": SymbolicType,
    "tuple": TupleType,
}


def check_call(t: Typer, node: Call, *, aggregates: bool = False) -> Type | None:
    """The type of a call, which `aggregates` when it is assigned to a map."""
    head = t.env.functions.get(node.name)
    if head is not None:
        return _call_function(t, node, head)
    signature = t.env.signatures.get(node.name)
    if signature is None:
        _report_unknown(t, node)
        for argument in node.args:
            if not isinstance(argument, (Name, TypeArgument, MapAccess)):
                t.expr(argument)
        return None
    return call_signature(t, node, signature, node, aggregates=aggregates)


def call_signature(
    t: Typer, call: Call, signature: Signature, node: Expr, *, aggregates: bool = False
) -> Type | None:
    """The type of a call of a built-in; `node` is the expression that it stands for."""
    if signature.is_aggregate and not aggregates:
        hint = f"write @name = {call.name}(…)"
        t.error(node.span, f"{call.name}() can only be assigned to a map", hint)
        return None
    if not _is_allowed(t, call, signature):
        return None
    params = _match(t, call, signature)
    if params is None:
        return None
    before = t.errors
    types = _arguments(t, call, params) if params else ()
    if types is None or t.errors != before:
        return signature.returns if signature.check is None else None
    t.call_span = node.span
    type_ = signature.returns if signature.check is None else signature.check(call, types, t)
    if signature.evaluate is not None and t.errors == before:
        t.constants[node] = signature.evaluate(call, types, t)
    return type_


def _report_unknown(t: Typer, node: Call) -> None:
    near = did_you_mean(node.name, (*t.env.signatures, *t.env.functions))
    hint = near or f"a function of your own is: fn {node.name}(…) {{ … }}"
    t.error(node.name_span, f"unknown function '{node.name}'", hint)


def _is_allowed(t: Typer, call: Call, signature: Signature) -> bool:
    """Whether this built-in may be used here; says so if it may not."""
    name, place = signature.name, t.body.place
    if signature.is_unsafe and not t.env.is_unsafe:
        message = f"{name}() may change what it traces, or the system"
        t.error(call.name_span, message, "allow it with --unsafe")
        return False
    if place is None and (signature.needs_context or signature.probe_kinds):
        hint = "hand it to the function as a parameter"
        t.error(call.name_span, f"a function has no {name}: it belongs to a probe", hint)
        return False
    if signature.probe_kinds and place and place.kind.name not in signature.probe_kinds:
        message = f"{name} does not exist in a probe of kind {place.kind.name}"
        t.error(call.name_span, message, f"it does in: {', '.join(signature.probe_kinds)}")
        return False
    if signature.needs_context and t.callbacks:
        hint = f"set a variable before the loop: $x = {call.span.text}"
        t.error(call.name_span, f"{name} cannot be used in the body of a for loop", hint)
        return False
    return True


def _match(t: Typer, call: Call, signature: Signature) -> tuple[Param, ...] | None:
    """The parameter of each argument, None when there are too many or too few."""
    params, given = signature.params, len(call.args)
    if given == 0 and not params:
        return ()
    required = sum([not one.optional for one in params])
    if given < required or (given > len(params) and signature.variadic is None):
        message = f"{call.name}() takes {_count(signature, required)}, not {given}"
        t.error(call.span, message, f"write {_usage(signature)}")
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


def _usage(signature: Signature) -> str:
    """`str(pointer[, length])`."""
    if not signature.params and signature.variadic is None:
        return signature.name
    shown = ", ".join([one.name for one in signature.params if not one.optional])
    for one in signature.params:
        if one.optional:
            shown += f"[, {one.name}]" if shown else f"[{one.name}]"
    if signature.variadic is not None:
        shown += ", …" if shown else "…"
    return f"{signature.name}({shown})"


def _arguments(t: Typer, call: Call, params: tuple[Param, ...]) -> tuple[Type, ...] | None:
    """The types of the arguments, VOID for those that are no values; None while one is unknown."""
    if "map" in params[0].accepts:
        _check_key(t, call, params)
    types: list[Type] = []
    for param, argument in zip(params, call.args, strict=True):
        if "key" in param.accepts:
            types.append(t.types.get(argument, VOID))
            continue
        type_ = _argument(t, call, param, argument)
        if type_ is not None:
            types.append(type_)
    return tuple(types) if len(types) == len(params) else None


def _check_key(t: Typer, call: Call, params: tuple[Param, ...]) -> None:
    """`delete(@m[k])`, `delete(@m, k)`: both mean the entry k of @m."""
    target = call.args[0]
    if not isinstance(target, MapAccess) or not _takes_map(params[0], target):
        return
    given = zip(params, call.args, strict=True)
    keys = map_keys(tuple([argument for param, argument in given if "key" in param.accepts]))
    signature = t.env.signatures[call.name]
    rest = signature.variadic
    wants_key = "key" in rest.accepts if rest is not None else bool(keys)
    if wants_key and (keys or not target.keys):
        check_keys(t, t.env.maps.of(target), keys, call.span)


def _takes_map(param: Param, argument: Expr) -> bool:
    """Whether the argument is the map itself and not the value in it."""
    if not isinstance(argument, MapAccess) or "map" not in param.accepts:
        return False
    return not argument.keys or param.accepts == ("map",)


def _argument(t: Typer, call: Call, param: Param, node: Expr) -> Type | None:
    """The type of one argument; None, and the complaint, where it does not suit."""
    accepts = param.accepts
    match node:
        case MapAccess() if _takes_map(param, node):
            return whole_map(t, node)
        case Name() if "word" in accepts:
            return VOID
        case TypeArgument() if "type" in accepts:
            return t.written(node.type) and VOID
        case Variable() if "variable" in accepts:
            return _written(t, call, node)
    type_ = t.value(node)
    if type_ is None:
        return None
    what = f"{param.name} of {call.name}()"
    if not any(_is_kind(type_, kind) for kind in accepts):
        wanted = " or ".join([_KINDS[one] for one in accepts])
        hint = _hint(accepts, type_) or f"write {_usage(t.env.signatures[call.name])}"
        message = f"the {what} must be {wanted}, not {type_}"
        if accepts == ("map",):
            message = f"{call.name}() takes a map, not {type_}"
        t.error(node.span, message, hint)
        return None
    if param.literal and node not in t.constants:
        hint = "what is known only when the script runs cannot stand here"
        t.error(node.span, f"the {what} must be a literal", hint)
        return None
    return type_


def _is_kind(type_: Type, kind: str) -> bool:
    if kind == "any":
        return True
    if kind == "int":
        return is_integer(type_)
    wanted = _CLASSES.get(kind)
    return wanted is not None and isinstance(type_, wanted)


def _hint(accepts: tuple[str, ...], type_: Type) -> str:
    if "string" in accepts and isinstance(type_, PointerType):
        return "str() reads the string at a pointer"
    if "map" in accepts:
        return "a map is @name"
    if "pointer" in accepts and is_integer(type_):
        return "cast it: (void *)…"
    return ""


def _written(t: Typer, call: Call, node: Variable) -> Type | None:
    """A variable that the call may write: it takes what the map before it holds."""
    slot = t.local(node)
    if slot is None:
        return None
    target = call.args[0]
    if isinstance(target, MapAccess):
        held = t.env.maps.of(target).value
        type_ = t.as_value(target, t.read(held))
        if type_ is not None and not slot.write(type_, held.literal):
            hint = "use a variable of its own"
            t.error(node.span, f"{node.name} is {slot.type}, {target.name} holds {type_}", hint)
    return written_type(t, node, slot)


def _call_function(t: Typer, node: Call, head: FunctionHead) -> Type | None:
    """A call of a function of the script."""
    t.body.calls.setdefault(node.name, node.name_span)
    types = [t.value(argument) for argument in node.args]
    params = head.node.params
    if len(node.args) != len(params):
        count = f"{len(params)} argument{'' if len(params) == 1 else 's'}"
        message = f"{node.name}() takes {count if params else 'no arguments'}, not {len(types)}"
        t.error(node.span, message, _signature(head))
        return head.returns
    for argument, (param, _), wanted, type_ in zip(
        node.args, params, head.params, types, strict=True
    ):
        if type_ is None:
            continue
        literal = t.constants.get(argument) if isinstance(wanted, IntType) else None
        what = f"{param.name} of {node.name}()"
        if not fits(wanted, type_, literal if type(literal) is int else None):
            why, hint = misfit(wanted, t.constants.get(argument), type_)
            t.error(argument.span, f"the {what} is declared as {wanted}, {why}", hint)
        elif has_space_clash(wanted, type_):
            hint = "read what it points to before the call"
            t.warning(
                argument.span, f"the {what} points to the kernel's memory, this to user", hint
            )
    return head.returns


def _signature(head: FunctionHead) -> str:
    node = head.node
    shown = ", ".join([f"{one.name}: {type_.span.text}" for one, type_ in node.params])
    return f"it is fn {node.name}({shown})"
