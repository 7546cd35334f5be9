"""Assignments: what is written widens the variable or the map."""

from __future__ import annotations

from seismo.base.dataclass import replace
from seismo.lang.addresses import address_space
from seismo.lang.ast import Expr, MapAccess, Variable
from seismo.lang.infer_maps import check_keys
from seismo.lang.join import has_sign_clash, has_space_clash, is_integer
from seismo.lang.slot import WIDE, Slot
from seismo.lang.typed import Constant
from seismo.lang.typer import Typer
from seismo.lang.types import (
    INT64,
    UINT64,
    AggregateType,
    BoolType,
    IntType,
    PointerType,
    StringType,
    Type,
)

__all__ = ("assign", "misfit", "slot_of", "step", "update", "written_type")


def slot_of(t: Typer, target: Variable | MapAccess) -> Slot | None:
    """Where a write to the target goes; None for a variable that is not there."""
    if isinstance(target, Variable):
        return t.local(target)
    facts = t.env.maps.of(target)
    check_keys(t, facts, target.keys, target.span)
    facts.set_written(target.span)
    return facts.value


def written_type(t: Typer, target: Variable | MapAccess, slot: Slot) -> Type | None:
    """Note the type of what was written to."""
    type_ = t.read(slot)
    if type_ is not None:
        t.types[target] = type_
    return type_


def assign(t: Typer, target: Variable | MapAccess, value: Expr, type_: Type | None) -> None:
    """`target = value`, whose type is known."""
    slot = slot_of(t, target)
    if slot is None:
        return
    if type_ is not None and not _give(t, slot, value, type_, target.name):
        _report(t, target, slot, value, type_)
    if isinstance(type_, IntType) and type_.bits == 64:
        slot.came_from(address_space(t, value))
    written_type(t, target, slot)


def _give(t: Typer, slot: Slot, value: Expr, type_: Type, name: str) -> bool:
    """Widen a slot for a value; False when it cannot hold it. What else is odd is told."""
    before, literal = slot.type, t.literal(value)
    constant = t.constants.get(value)
    if slot.declared and type(constant) is int and isinstance(type_, IntType):
        literal = constant
    if isinstance(type_, PointerType) and constant == 0:
        type_ = replace(type_, space="")
        if isinstance(before, PointerType):
            type_ = replace(before, space="")
    if before is not None:
        if has_space_clash(before, type_) and isinstance(before, PointerType):
            message = f"{name} points to {before.space} memory, this to other"
            t.warning(value.span, message, "it is read as what it was first")
        if literal is None and slot.literal is None and _loses_sign(slot, before, type_):
            hint = f"cast it: ({before})…"
            t.warning(value.span, f"{name} is {before}, this is {type_}: the signs differ", hint)
    return slot.write(type_, literal)


def _loses_sign(slot: Slot, before: Type, type_: Type) -> bool:
    if has_sign_clash(before, type_):
        return True
    if not slot.declared or not isinstance(before, IntType) or not isinstance(type_, IntType):
        return False
    return before.signed != type_.signed and (type_.signed or type_.bits == before.bits)


def _report(t: Typer, target: Variable | MapAccess, slot: Slot, value: Expr, type_: Type) -> None:
    before, name = slot.type, target.name
    if slot.declared:
        what, hint = misfit(before, t.constants.get(value), type_)
        t.error(value.span, f"{name} is declared as {before}, {what}", hint)
        return
    first = ""
    if isinstance(target, MapAccess):
        at = t.env.maps.of(target).written_at
        first = f" (since {at.location})" if at is not None else ""
    match before, type_:
        case AggregateType(), AggregateType() if before.function == type_.function:
            hint = "a map has one set of parameters: use another map"
            shown, here = _shown(before), _shown(type_)
        case _:
            hint, shown, here = _hint(before, type_), str(before), str(type_)
    t.error(value.span, f"{name} is {shown}{first}, but this is {here}", hint)


def misfit(declared: Type | None, constant: Constant | None, type_: Type) -> tuple[str, str]:
    """What is wrong with a value that a declared type does not take, and what to do."""
    if not isinstance(declared, IntType) or not isinstance(type_, IntType):
        is_cast = isinstance(declared, (IntType, BoolType)) and is_integer(type_)
        is_cast = is_cast or type(declared) is type(type_) is PointerType
        return f"this is {type_}", f"cast it: ({declared})…" if is_cast else f"it takes {declared}"
    if type(constant) is not int:
        return f"this is {type_}", f"cast it: ({declared})…"
    lowest = -(1 << (declared.bits - 1)) if declared.signed else 0
    highest = (1 << (declared.bits - declared.signed)) - 1
    return f"{constant} is out of range", f"{declared} holds {lowest} to {highest}"


def _shown(type_: AggregateType) -> str:
    return f"{type_.function}({', '.join(['…', *map(str, type_.parameters)])})"


def _hint(before: Type | None, type_: Type) -> str:
    match before, type_:
        case AggregateType(), AggregateType():
            return "a map holds one aggregation: use another map"
        case (AggregateType(), _) | (_, AggregateType()):
            return "a map holds either an aggregation or values: use another map"
        case StringType(), PointerType():
            return "str() reads the string at a pointer"
        case _:
            return "use another name for it"


def update(t: Typer, target: Variable | MapAccess, op: str, value: Expr) -> None:
    """`target op= value`."""
    type_ = t.value(value)
    slot = slot_of(t, target)
    if slot is None or type_ is None:
        return
    current = slot.type
    if isinstance(current, PointerType) and op in ("+", "-") and is_integer(type_):
        written_type(t, target, slot)
        return
    if not is_integer(type_) or not (current is None or is_integer(current)):
        shown = current or f"the number {target.name}"
        hint = "only numbers are computed with: use another name"
        t.error(value.span, f"'{op}=' cannot combine {shown} and {type_}", hint)
        return
    if not slot.declared:
        _widen(t, slot, op, value, type_, target.name)
    written_type(t, target, slot)


def _widen(t: Typer, slot: Slot, op: str, value: Expr, type_: Type, name: str) -> None:
    current = slot.type
    if op != "-" and t.literal(value) is None and type_ == UINT64:
        if current is not None and slot.literal is None and has_sign_clash(current, type_):
            hint = f"cast it: ({current})…"
            t.warning(value.span, f"{name} is {current}, this is {type_}: the signs differ", hint)
        slot.write(UINT64)
    step(slot, op)


def step(slot: Slot, op: str) -> None:
    """Make room for what `op=` gives: 64 bits, and for `-` a sign."""
    if slot.declared:
        return
    if op == "-" and slot.type != UINT64:
        slot.write(INT64)
    else:
        slot.write(INT64, WIDE)
