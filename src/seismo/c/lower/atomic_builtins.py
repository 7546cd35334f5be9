"""Atomic built-ins on 4 or 8 bytes. What gives the old value takes Linux 5.12."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seismo.c.errors import WITH_CLANG
from seismo.c.lower.call import LowerCall
from seismo.c.lower.value import DIRECT, Address, Operand
from seismo.c.types import U32, U64
from seismo.ir.ops import Atomic, AtomicKind, BinaryKind, Value

__all__ = ("ATOMIC_BUILTINS",)

# How an operation is done atomically, and how its new value follows from the old one.
_OPERATIONS = {
    "add": (AtomicKind.ADD, BinaryKind.ADD),
    "sub": (AtomicKind.ADD, BinaryKind.SUB),
    "and": (AtomicKind.AND, BinaryKind.AND),
    "or": (AtomicKind.OR, BinaryKind.OR),
    "xor": (AtomicKind.XOR, BinaryKind.XOR),
}


def _target(call: LowerCall) -> Address:
    address = call.address(0)
    if address.space != DIRECT:
        hint = "it works on a table's leaves and on variables"
        raise call.error("only the program's own memory can be changed", hint, 0)
    return address


def _change(call: LowerCall, kind: AtomicKind, value: Value) -> Value:
    """The old value, zero-extended."""
    b, to, size = call.b, _target(call), call.args[1].type.size
    old = b.func.new_value()
    b.emit(Atomic(old, kind, to.base, to.offset, value, size, span=b.span))
    return old


def _as_result(call: LowerCall, value: Value) -> Operand:
    raw = U32 if call.args[1].type.size == U32.size else U64
    return call.low.convert(Operand(value, raw), call.type)


def _operation(op: str, *, gives_old: bool) -> Callable[[LowerCall], Operand]:
    kind, binary = _OPERATIONS[op]

    def lower(call: LowerCall) -> Operand:
        b, value = call.b, call.value(1)
        operand = b.binary(BinaryKind.SUB, b.const(0), value) if op == "sub" else value
        old = _change(call, kind, operand)
        return _as_result(call, old if gives_old else b.binary(binary, old, value))

    return lower


def _exchange(call: LowerCall) -> Operand:
    return _as_result(call, _change(call, AtomicKind.XCHG, call.value(1)))


def _refuse_compare(call: LowerCall) -> Operand:
    hint = f"__sync_lock_test_and_set() exchanges values; {WITH_CLANG}"
    raise call.error("compare and swap is not supported", hint)


def _load(call: LowerCall) -> Operand:
    return call.low.load(call.address(0), call.type)


def _store(call: LowerCall) -> None:
    call.low.store(_target(call), call.operand(1))


ATOMIC_BUILTINS: Mapping[str, Callable[[LowerCall], Operand | None]] = {
    **{f"sync_fetch_and_{op}": _operation(op, gives_old=True) for op in _OPERATIONS},
    **{f"sync_{op}_and_fetch": _operation(op, gives_old=False) for op in _OPERATIONS},
    "sync_lock_test_and_set": _exchange,
    "sync_val_compare_and_swap": _refuse_compare,
    "sync_bool_compare_and_swap": _refuse_compare,
    "atomic_load_n": _load,
    "atomic_store_n": _store,
}
