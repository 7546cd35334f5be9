"""Functions on whole maps and their entries: `clear delete has_key print zero`."""

from __future__ import annotations

from seismo.base.diagnostics import Diagnostics
from seismo.builtin.record import Builtin, Lowering
from seismo.events.kinds import Action
from seismo.ir.ops import Cond, Kind, Value
from seismo.lang.ast import Call, MapAccess
from seismo.lang.signature import Param, Signature
from seismo.lang.types import BOOL, VOID, Type
from seismo.lang.walk import map_keys

__all__ = ("BUILTINS", "CLEAR", "DELETE", "HAS_KEY", "PRINT", "ZERO")


def _entry(call: Call) -> MapAccess:
    """The entry that `delete(@m[k])`, or in its newer form `delete(@m, k)`, means."""
    target = _target(call)
    keys = map_keys(call.args[1:])
    return MapAccess(target.name, keys, target.span) if keys else target


def _target(call: Call) -> MapAccess:
    target = call.args[0]
    assert isinstance(target, MapAccess), "checked: the first argument is a map"
    return target


def _check_entry(call: Call, types: tuple[Type, ...], diagnostics: Diagnostics) -> Type:
    target = call.args[0]
    if isinstance(target, MapAccess) and target.keys and call.args[1:]:
        diagnostics.error(
            call.args[1].span,
            f"{call.name}() has two keys",
            hint=f"write {call.name}({target.name}[key]) or {call.name}({target.name}, key)",
        )
    return BOOL


def _check_whole_map(call: Call, types: tuple[Type, ...], diagnostics: Diagnostics) -> Type:
    target = call.args[0]
    if isinstance(target, MapAccess) and target.keys:
        diagnostics.error(
            target.span,
            f"{call.name}() takes a whole map, not one entry",
            hint=f"for one entry write delete({target.name}[…])",
        )
    return VOID


def _lower_delete(low: Lowering, call: Call) -> Value:
    access = _entry(call)
    key = low.map_key(access)
    failed = low.b.call("map_delete_elem", low.b.map(access.name), key)
    return low.b.compare(Cond.EQ, failed, low.b.const(0))


def _lower_has_key(low: Lowering, call: Call) -> Value:
    access = _entry(call)
    key = low.map_key(access)
    value = low.b.call("map_lookup_elem", low.b.map(access.name), key, kind=Kind.PTR)
    return low.b.compare(Cond.NE, value, low.b.const(0))


def _lower_print(low: Lowering, call: Call) -> None:
    target = call.args[0]
    if isinstance(target, MapAccess) and not target.keys:
        low.event(Action.PRINT_MAP, target.name, [], call.span)
        return
    field_type = low.field_type(low.type_of(target))
    low.event(Action.PRINT_VALUE, "", [(field_type, low.writer(target))], call.span)


def _lower_clear(low: Lowering, call: Call) -> None:
    low.event(Action.CLEAR, _target(call).name, [], call.span)


def _lower_zero(low: Lowering, call: Call) -> None:
    low.event(Action.ZERO, _target(call).name, [], call.span)


DELETE = Builtin(
    Signature(
        name="delete",
        params=(Param("map", ("map",)),),
        variadic=Param("key", ("key",)),
        returns=BOOL,
        check=_check_entry,
    ),
    "Removes an entry: `delete(@m[key])` or `delete(@m, key)`. True if it was there.",
    _lower_delete,
)
HAS_KEY = Builtin(
    Signature(
        name="has_key",
        params=(Param("map", ("map",)),),
        variadic=Param("key", ("key",)),
        returns=BOOL,
        check=_check_entry,
    ),
    "Whether a map has an entry: `has_key(@m, key)`.",
    _lower_has_key,
)
PRINT = Builtin(
    Signature(
        name="print",
        params=(Param("value", ("map", "any")),),
        returns=VOID,
        is_statement=True,
    ),
    "Prints a whole map, or one value with its type's default form.",
    _lower_print,
)
CLEAR = Builtin(
    Signature(
        name="clear",
        params=(Param("map", ("map",)),),
        returns=VOID,
        check=_check_whole_map,
        is_statement=True,
    ),
    "Removes every entry of a map.",
    _lower_clear,
)
ZERO = Builtin(
    Signature(
        name="zero",
        params=(Param("map", ("map",)),),
        returns=VOID,
        check=_check_whole_map,
        is_statement=True,
    ),
    "Sets every value of a map to zero, the keys stay.",
    _lower_zero,
)

BUILTINS = (DELETE, HAS_KEY, PRINT, CLEAR, ZERO)
