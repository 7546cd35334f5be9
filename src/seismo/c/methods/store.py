"""Methods of tables that hold values: look up, store, delete, count."""

from __future__ import annotations

from seismo.c.lower.call import LowerCall
from seismo.c.lower.int_answers import answer_of
from seismo.c.lower.value import DIRECT, Operand
from seismo.c.methods.method import Method, Parameter, ParameterKind
from seismo.c.methods.signature import (
    KEY,
    KEY_POINTER,
    LEAF_POINTER,
    OPTIONAL_FLAGS,
    SOCKETS,
    STORES,
    any_pointer,
    leaf_pointer,
    long,
    void,
)
from seismo.c.tables import map_type
from seismo.c.types import Enumeration, Integer
from seismo.ir.ops import Cond, Kind, Value
from seismo.isa.map_types import MapType

__all__ = ("STORE_METHODS",)

_ANY, _NOEXIST = 0, 1  # include/uapi/linux/bpf.h: flags of BPF_MAP_UPDATE_ELEM
_ATOMIC_SIZES = (4, 8)
_LEAF_ALIGNMENT = 8
_AMOUNT = Parameter("n", ParameterKind.INTEGER, is_optional=True)
_OF_MAPS = frozenset(("array_of_maps", "hash_of_maps"))


def _key(call: LowerCall) -> Value:
    return call.readable(0, call.decl.key.size)


def _find(call: LowerCall, key: Value) -> Value:
    """The address of the leaf under the key, null where there is none."""
    return call.b.call("map_lookup_elem", call.map, key, kind=Kind.PTR)


def _leaf(call: LowerCall, address: Value) -> Operand:
    return Operand(address, call.type, DIRECT, _LEAF_ALIGNMENT)


def _lookup(call: LowerCall) -> Operand:
    return _leaf(call, _find(call, _key(call)))


def _lookup_or_try_init(call: LowerCall) -> Operand:
    """Another CPU may store the same key in between, or the table be full: what counts is what is
    there afterwards."""
    b, key = call.b, _key(call)
    leaf = call.readable(1, call.decl.leaf.size)
    found = _find(call, key)

    def made() -> Operand:
        b.call("map_update_elem", call.map, key, leaf, b.const(_NOEXIST))
        return _leaf(call, _find(call, key))

    return call.low.fork(
        lambda there, absent: b.branch_if(found, there, absent),
        lambda: _leaf(call, found),
        made,
        call.type,
    )


def _lookup_or_init(call: LowerCall) -> Operand:
    """As BCC has it, the function that calls ends where there is no leaf even then."""
    found = _lookup_or_try_init(call)
    call.b.when(Cond.EQ, found.value, call.b.const(0), lambda: call.low.give(None))
    return found


def _store(call: LowerCall, flags: Value) -> Operand:
    key, leaf = _key(call), call.readable(1, call.decl.leaf.size)
    return call.result(answer_of(call.b, "map_update_elem", call.map, key, leaf, flags))


def _update(call: LowerCall) -> Operand:
    flags = call.value(2) if len(call.args) > 2 else call.b.const(_ANY)
    return _store(call, flags)


def _insert(call: LowerCall) -> Operand:
    return _store(call, call.b.const(_NOEXIST))


def _delete(call: LowerCall) -> Operand:
    return call.result(answer_of(call.b, "map_delete_elem", call.map, _key(call)))


def _count(call: LowerCall, *, is_atomic: bool) -> None:
    """Add to the leaf under a key; only a plain hash gets a new one, as BCC has it."""
    b, leaf_type = call.b, call.decl.leaf
    if not isinstance(leaf_type, (Integer, Enumeration)) or leaf_type.size > 8:
        raise call.error(f"{call.name}() counts in integers, not in {leaf_type}")
    if is_atomic and leaf_type.size not in _ATOMIC_SIZES:
        hint = "make the leaf a u32 or u64"
        raise call.error(f"no atomic addition has {leaf_type.size} bytes", hint)
    key = call.memory(0)
    amount = call.value(1) if len(call.args) > 1 else b.const(1)
    found = _find(call, key)
    size = leaf_type.size

    def add() -> None:
        if is_atomic:
            b.atomic_add(found, 0, amount, size)
        else:
            b.store(found, 0, b.add(b.load(found, 0, size), amount), size)

    def create() -> None:
        new = call.low.temporary("count", size)
        b.store(new.base, new.offset, amount, size)
        leaf = call.low.readable(new, size)
        b.call("map_update_elem", call.map, key, leaf, b.const(_NOEXIST))

    b.when_set(found, add, create if map_type(call.decl) is MapType.HASH else None)


def _increment(call: LowerCall) -> None:
    _count(call, is_atomic=False)


def _atomic_increment(call: LowerCall) -> None:
    _count(call, is_atomic=True)


STORE_METHODS = (
    Method("lookup", STORES, (KEY_POINTER,), leaf_pointer, _lookup),
    Method("lookup", _OF_MAPS | SOCKETS, (KEY_POINTER,), any_pointer, _lookup),
    Method(
        "lookup_or_try_init",
        STORES,
        (KEY_POINTER, LEAF_POINTER),
        leaf_pointer,
        _lookup_or_try_init,
    ),
    Method("lookup_or_init", STORES, (KEY_POINTER, LEAF_POINTER), leaf_pointer, _lookup_or_init),
    Method("update", STORES | SOCKETS, (KEY_POINTER, LEAF_POINTER, OPTIONAL_FLAGS), long, _update),
    Method("insert", STORES, (KEY_POINTER, LEAF_POINTER), long, _insert),
    Method("delete", STORES | SOCKETS, (KEY_POINTER,), long, _delete),
    Method("increment", STORES, (KEY, _AMOUNT), void, _increment),
    Method("atomic_increment", STORES, (KEY, _AMOUNT), void, _atomic_increment),
)
