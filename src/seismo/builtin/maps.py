"""Functions on whole maps and their entries: `clear delete find has_key len print zero`."""

from __future__ import annotations

from seismo.base.layout import U32, FieldType
from seismo.builtin.record import Address, Builtin, Lowering, Writer, value_writer
from seismo.builtin.stacks import frame_count, is_stack
from seismo.events.kinds import Action
from seismo.ir.ops import Cond, Kind, Value
from seismo.lang.ast import Call, Expr, MapAccess, Variable
from seismo.lang.signature import CallContext, CheckCall, Param, Signature
from seismo.lang.types import (
    BOOL,
    INT64,
    VOID,
    AggregateType,
    BoolType,
    IntType,
    PointerType,
    Type,
)

__all__ = ("BUILTINS", "CLEAR", "DELETE", "FIND", "HAS_KEY", "LEN", "PRINT", "ZERO")

_BUCKETED = ("hist", "lhist", "tseries")
_U32_MAX = (1 << 32) - 1


def _target(call: Call) -> MapAccess:
    target = call.args[0]
    assert isinstance(target, MapAccess), "checked: the first argument is a map"
    return target


def _entry(call: Call) -> MapAccess:
    """The entry that `delete(@m[k])`, or in its newer form `delete(@m, k)`, means."""
    target, key = _target(call), call.args[1:]
    return MapAccess(target.name, key, target.span) if key else target


def _find(low: Lowering, access: MapAccess) -> Value:
    """A pointer to the value under a key, null where there is none."""
    key = low.map_key(access)
    return low.b.call("map_lookup_elem", low.b.map(access.name), key, kind=Kind.PTR)


def _check_entry(returns: Type) -> CheckCall:
    def check(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
        target = _target(call)
        if target.keys and call.args[1:]:
            context.error(
                call.args[1].span,
                f"{call.name}() has two keys",
                hint=f"write {call.name}({target.name}, key)",
            )
        if isinstance(types[0], AggregateType) and types[0].function in _BUCKETED:
            context.error(
                target.span,
                f"{call.name}() cannot take one {types[0].function} of {target.name}: it is many "
                "entries",
                hint=f"clear({target.name}) removes all",
            )
        return returns

    return check


def _check_whole_map(returns: Type) -> CheckCall:
    def check(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
        target = _target(call)
        if target.keys:
            context.error(
                target.span,
                f"{call.name}() takes a whole map, not one entry",
                hint=f"write {call.name}({target.name})",
            )
        return returns

    return check


def _lower_delete(low: Lowering, call: Call) -> Value:
    access = _entry(call)
    key = low.map_key(access)
    failed = low.b.call("map_delete_elem", low.b.map(access.name), key)
    return low.b.compare(Cond.EQ, failed, low.b.const(0))


def _lower_has_key(low: Lowering, call: Call) -> Value:
    return low.b.compare(Cond.NE, _find(low, _entry(call)), low.b.const(0))


def _check_find(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    target = _target(call)
    if target.keys:
        context.error(target.span, "find() has two keys", f"write find({target.name}, key, $value)")
    return BOOL


def _lower_find(low: Lowering, call: Call) -> Value:
    target, variable = _target(call), call.args[2]
    assert isinstance(variable, Variable), "checked: the last argument is a variable"
    entry = MapAccess(target.name, call.args[1:2], target.span)
    value = low.map_symbol(target.name).value
    found = _find(low, entry)

    def set_variable() -> None:
        is_shared = isinstance(value, AggregateType)
        low.set_variable(variable, low.scalar(entry) if is_shared else _loaded(low, found, value))

    low.b.when_set(found, set_variable)
    return low.b.compare(Cond.NE, found, low.b.const(0))


def _loaded(low: Lowering, pointer: Value, type_: Type) -> Value | Writer:
    """The value that a map keeps at a pointer; its integers have 8 bytes."""
    b = low.b
    if isinstance(type_, IntType | PointerType):
        return b.load(pointer, 0, 8)
    if isinstance(type_, BoolType):
        return b.load(pointer, 0, 1)
    size = low.field_type(type_).size

    def write(to: Address) -> Value:
        b.copy((to.base, to.offset), (pointer, 0), size)
        return b.const(size)

    return write


def _check_len(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    target, type_ = call.args[0], types[0]
    if not (_is_whole_map(target) or is_stack(type_)):
        hint = "strlen() counts the characters of a string"
        context.error(
            target.span,
            f"len() takes a map or a stack, not {type_}",
            f"write len({target.name})" if isinstance(target, MapAccess) else hint,
        )
    return INT64


def _lower_len(low: Lowering, call: Call) -> Value:
    target = call.args[0]
    if _is_whole_map(target):
        return low.map_length(_target(call))
    return frame_count(low, low.memory(target))


def _check_print(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    target, limits = call.args[0], call.args[1:]
    if limits and not _is_whole_map(target):
        context.error(
            limits[0].span,
            "only a whole map is printed with a number of entries and a divisor",
            hint="write print(@name, top, div)",
        )
    for name, limit in zip(("number of entries", "divisor"), limits, strict=False):
        if context.is_constant(limit) and not 0 <= int(context.constant(limit)) <= _U32_MAX:
            context.error(limit.span, f"the {name} must be 0 to {_U32_MAX}")
    return VOID


def _is_whole_map(target: Expr) -> bool:
    return isinstance(target, MapAccess) and not target.keys


def _lower_print(low: Lowering, call: Call) -> None:
    target = call.args[0]
    if isinstance(target, MapAccess) and not target.keys:
        top, div = (*(int(low.constant(one)) for one in call.args[1:]), 0, 0)[:2]
        fields = [_number_field(low, top), _number_field(low, div)]
        low.event(Action.PRINT_MAP, target.name, fields, call.span)
        return
    field_type = low.field_type(low.type_of(target))
    low.event(Action.PRINT_VALUE, "", [(field_type, low.writer(target))], call.span)


def _number_field(low: Lowering, number: int) -> tuple[FieldType, Writer]:
    return U32, value_writer(low, low.b.const(number), U32.size)


def _lower_clear(low: Lowering, call: Call) -> None:
    low.event(Action.CLEAR, _target(call).name, [], call.span)


def _lower_zero(low: Lowering, call: Call) -> None:
    low.event(Action.ZERO, _target(call).name, [], call.span)


_MAP = Param("map", ("map",))
_KEY = Param("key", ("key",))

DELETE = Builtin(
    Signature(
        name="delete",
        params=(_MAP,),
        variadic=_KEY,
        returns=BOOL,
        check=_check_entry(BOOL),
    ),
    "Removes an entry: `delete(@m, key)`, `delete(@m, (key1, key2))`, or `delete(@m)` of a map "
    "without keys; `delete(@m[key])` means the same. True if it was there.",
    _lower_delete,
    "tracepoint:raw_syscalls:sys_enter { @start[tid] = nsecs; }\n"
    "tracepoint:sched:sched_process_exit { delete(@start, tid); }",
)
HAS_KEY = Builtin(
    Signature(
        name="has_key",
        params=(_MAP,),
        variadic=_KEY,
        returns=BOOL,
        check=_check_entry(BOOL),
    ),
    "Whether a map has an entry: `has_key(@m, key)`, `has_key(@m, (key1, key2))`.",
    _lower_has_key,
    'BEGIN { @m[1] = 0; if (has_key(@m, 1)) { printf("there\\n"); } }',
)
FIND = Builtin(
    Signature(
        name="find",
        params=(_MAP, _KEY, Param("value", ("variable",))),
        returns=BOOL,
        check=_check_find,
    ),
    "Whether a map has an entry, which the variable is then set to: `find(@m, key, $value)`. One "
    "look-up where has_key() and reading take two.",
    _lower_find,
    'BEGIN { @m[1] = "one"; let $v; if (find(@m, 1, $v)) { print($v); } }',
)
LEN = Builtin(
    Signature(name="len", params=(Param("map", ("map", "any")),), returns=INT64, check=_check_len),
    "How many entries a map has; the kernel walks through them. Since Linux 5.13 "
    "(`bpf_for_each_map_elem`). Of a stack, how many frames.",
    _lower_len,
    "BEGIN { @m[1] = 1; @m[2] = 1; print(len(@m)); }",
)
PRINT = Builtin(
    Signature(
        name="print",
        params=(
            Param("value", ("map", "any")),
            Param("top", ("int",), optional=True, literal=True),
            Param("div", ("int",), optional=True, literal=True),
        ),
        returns=VOID,
        check=_check_print,
        is_statement=True,
    ),
    "Prints a whole map as it is when user space comes to it, with `print(@m, top, div)` only the "
    "`top` greatest entries, divided by `div`; or one value, as it is now, in its type's default "
    "form.",
    _lower_print,
    "tracepoint:raw_syscalls:sys_enter { @calls[comm] = count(); }\n"
    "interval:s:1 { print(@calls, 5); clear(@calls); }",
)
CLEAR = Builtin(
    Signature(
        name="clear",
        params=(_MAP,),
        returns=VOID,
        check=_check_whole_map(VOID),
        is_statement=True,
    ),
    "Removes every entry of a map, when user space comes to it.",
    _lower_clear,
    "tracepoint:raw_syscalls:sys_enter { @calls[comm] = count(); }\n"
    "interval:s:1 { print(@calls); clear(@calls); }",
)
ZERO = Builtin(
    Signature(
        name="zero",
        params=(_MAP,),
        returns=VOID,
        check=_check_whole_map(VOID),
        is_statement=True,
    ),
    "Sets every value of a map to zero, when user space comes to it; the keys stay.",
    _lower_zero,
    "tracepoint:raw_syscalls:sys_enter { @calls[cpu] = count(); }\n"
    "interval:s:1 { print(@calls); zero(@calls); }",
)

BUILTINS = (DELETE, HAS_KEY, FIND, LEN, PRINT, CLEAR, ZERO)
