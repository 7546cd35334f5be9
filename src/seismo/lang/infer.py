"""`Typer`: the type of every expression of one program to be, and what each write widens.

One pass over the script. Types only widen, so `check` runs passes until one changes nothing; an
expression whose type is not known yet has none (None), and complaints count in the last pass only.
`args` is a pointer to a record in the program's context: `args.field` is a load from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from seismo.base.dataclass import dataclass, field
from seismo.base.diagnostics import Diagnostics, did_you_mean
from seismo.base.source import Span
from seismo.lang.ast import (
    Binary,
    Boolean,
    Call,
    Expr,
    Field,
    Increment,
    Index,
    MapAccess,
    Name,
    Number,
    String,
    Ternary,
    TupleExpr,
    Unary,
    Variable,
)
from seismo.lang.calls import check_argument, match_params, takes_map
from seismo.lang.expand import PLACE_NAMES
from seismo.lang.join import (
    WIDE,
    Slot,
    binary_type,
    has_sign_clash,
    is_condition,
    is_integer,
    literal_value,
    smallest_integer,
)
from seismo.lang.later import LATER_NAMES
from seismo.lang.literals import string_bytes
from seismo.lang.members import field_type, index_type
from seismo.lang.signature import Param, Signature, Signatures
from seismo.lang.symbols import MapFacts, MapTable
from seismo.lang.types import (
    BOOL,
    INT64,
    UINT64,
    VOID,
    AggregateType,
    IntType,
    PointerType,
    RecordType,
    StringType,
    TupleType,
    Type,
    VoidType,
)
from seismo.lang.walk import map_keys
from seismo.probes.kind import ProbeKind

__all__ = ("Place", "Typer")

_SIGN_MATTERS = ("<", ">", "<=", ">=", "/", "%")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a program runs: the kind of its probe, its first attach point, what `args` is."""

    kind: ProbeKind
    name: str
    args: RecordType | None


@dataclass(slots=True, kw_only=True)
class Typer:
    """`types` is the answer; `locals` and `maps` outlive the pass."""

    place: Place
    signatures: Signatures
    maps: MapTable
    storage: Mapping[Variable, str]
    locals: dict[str, Slot]
    diagnostics: Diagnostics
    types: dict[Expr, Type] = field(default_factory=dict)

    def error(self, span: Span, message: str, hint: str = "") -> None:
        self.diagnostics.error(span, message, hint)

    def expr(self, node: Expr) -> Type | None:
        """The type of an expression that may be a statement: void is one."""
        type_ = self._infer(node)
        if type_ is not None:
            self.types[node] = type_
        return type_

    def value(self, node: Expr) -> Type | None:
        """The type of an expression as a value: an aggregation reads as a number."""
        return self._as_value(node, self.expr(node))

    def condition(self, node: Expr) -> None:
        """The type of what `if`, `? :` or a predicate decides by."""
        type_ = self.value(node)
        if type_ is not None and not is_condition(type_):
            self.error(node.span, f"a condition must be a number or a pointer, not {type_}")

    def call(self, node: Call, *, aggregates: bool = False) -> Type | None:
        """The type of a call, which `aggregates` when it is assigned to a map."""
        signature = self._signature(node)
        if signature is None:
            for argument in node.args:
                self.expr(argument)
            return None
        if signature.is_aggregate and not aggregates:
            hint = f"write @name = {node.name}(…)"
            self.error(node.span, f"{node.name}() can only be assigned to a map", hint)
        params = match_params(node, signature, self.diagnostics)
        if params is None:
            return None
        types: list[Type] = []
        for param, argument in zip(params, node.args, strict=True):
            type_ = self._argument(node, param, argument)
            if type_ is not None:
                types.append(type_)
        self._key_arguments(node, signature)
        if signature.check is None:
            return signature.returns
        if len(types) < len(params):
            return None
        return signature.check(node, tuple(types), self.diagnostics)

    def assign(self, target: Variable | MapAccess, value: Expr, type_: Type | None) -> None:
        """Widen what is assigned to for a value of this type."""
        slot = self._slot(target)
        if slot is None or type_ is None:
            return
        before, literal = slot.type, self._literal(value)
        if literal is None and before is not None and has_sign_clash(before, type_):
            self._warn_of_sign(value.span, f"{target.name} is {before}, this is {type_}")
        if not slot.write(type_, literal):
            first = self._written_at(target)
            self.error(value.span, f"{target.name} is {before}{first}, but this is {type_}")
        self._record(target, slot)

    def update(self, target: Variable | MapAccess, op: str, value: Expr) -> None:
        """`target op= value`."""
        type_ = self.value(value)
        slot = self._slot(target)
        if slot is None or type_ is None:
            return
        current = slot.type
        if isinstance(current, PointerType) and op in ("+", "-") and is_integer(type_):
            self._record(target, slot)
            return
        if not is_integer(type_) or not (current is None or is_integer(current)):
            shown = current or f"the number {target.name}"
            self.error(value.span, f"'{op}=' cannot combine {shown} and {type_}")
            return
        if op != "-" and self._literal(value) is None and type_ == UINT64:
            if current is not None and has_sign_clash(current, type_):
                self._warn_of_sign(value.span, f"{target.name} is {current}, this is {type_}")
            slot.write(UINT64)
        slot.write(INT64, WIDE)
        self._record(target, slot)

    def _infer(self, node: Expr) -> Type | None:
        match node:
            case Number():
                return smallest_integer(node.value, unsigned=node.unsigned)
            case Boolean():
                return BOOL
            case String():
                return StringType(len(string_bytes(node.value)) + 1)
            case Name():
                return self._name(node)
            case Variable():
                return self._variable(node)
            case MapAccess():
                return self._entry(node)
            case Call():
                return self.call(node)
            case Field():
                return field_type(node, self.expr(node.base), self.diagnostics)
            case Binary():
                return self._binary(node)
            case Unary():
                return self._unary(node)
            case Ternary():
                return self._ternary(node)
            case Increment():
                return self._increment(node)
            case Index():
                types = self.value(node.base), self.value(node.index)
                return index_type(node, *types, self.diagnostics)
            case TupleExpr():
                return self._tuple(node)
            case _:
                assert_never(node)

    def _as_value(self, node: Expr, type_: Type | None) -> Type | None:
        match type_:
            case VoidType():
                self.error(node.span, f"{node.span.text} gives no value")
                return None
            case AggregateType():
                return type_.value
            case PointerType(space="ctx"):
                self.error(node.span, "args is no value of its own", "write args.field")
                return None
            case _:
                return type_

    def _name(self, node: Name) -> Type | None:
        match node.name:
            case "args" if self.place.args is None:
                self.error(
                    node.span, f"there are no args in a probe of kind {self.place.kind.name}"
                )
                return None
            case "args":
                return PointerType(self.place.args, "ctx")
            case "probe":
                return StringType(len(self.place.name) + 1)
            case _:
                call = Call(node.name, (), node.span, node.span)
                signature = self._signature(call)
                if signature is None:
                    return None
                if signature.is_variable:
                    return self.call(call)
                self.error(node.span, f"{node.name} is a function", f"write {node.name}(…)")
                return None

    def _signature(self, node: Call) -> Signature | None:
        signature = self.signatures.get(node.name)
        if signature is None:
            is_function = node.span != node.name_span
            what = f"{node.name}()" if is_function else node.name
            if node.name in LATER_NAMES:
                self.error(node.name_span, f"{what} is not supported yet")
            else:
                hint = did_you_mean(node.name, (*self.signatures, *PLACE_NAMES))
                kind = "function" if is_function else "name"
                self.error(node.name_span, f"unknown {kind} '{node.name}'", hint)
            return None
        if signature.probe_kinds and self.place.kind.name not in signature.probe_kinds:
            kinds = ", ".join(signature.probe_kinds)
            message = f"{node.name} does not exist in a probe of kind {self.place.kind.name}"
            self.error(node.name_span, message, f"it does in: {kinds}")
            return None
        return signature

    def _argument(self, call: Call, param: Param, node: Expr) -> Type | None:
        if isinstance(node, MapAccess) and takes_map(param, node):
            type_ = self._whole_map(node)
        else:
            type_ = self.value(node)
        if type_ is not None and not check_argument(call, param, node, type_, self.diagnostics):
            return None
        return type_

    def _whole_map(self, node: MapAccess) -> Type | None:
        facts = self.maps.of(node)
        if node.keys:
            self._keys(facts, node.keys, node.span)
        type_ = self._written(facts, node.span)
        if type_ is not None:
            self.types[node] = type_
        return type_

    def _key_arguments(self, call: Call, signature: Signature) -> None:
        """`delete(@m[k])`, `delete(@m, k)`: both mean the entry k of @m."""
        rest, target = signature.variadic, call.args[0] if call.args else None
        if rest is None or rest.accepts != ("key",) or not isinstance(target, MapAccess):
            return
        keys = map_keys(call.args[len(signature.params) :])
        if keys or not target.keys:
            self._keys(self.maps.of(target), keys, call.span)

    def _entry(self, node: MapAccess) -> Type | None:
        facts = self.maps.of(node)
        self._keys(facts, node.keys, node.span)
        return self._written(facts, node.span)

    def _keys(self, facts: MapFacts, keys: tuple[Expr, ...], span: Span) -> None:
        types = [self.value(key) for key in keys]
        if facts.keyed_at is None:
            facts.keyed_at = span
            facts.keys = tuple(Slot() for _ in keys)
        if len(keys) != len(facts.keys):
            here, there = _key_count(len(keys)), _key_count(len(facts.keys))
            where = facts.keyed_at.location
            self.error(span, f"{facts.name} has {here} here, but {there} at {where}")
            return
        for slot, key, type_ in zip(facts.keys, keys, types, strict=True):
            before = slot.type
            if type_ is not None and not slot.write(type_, self._literal(key)):
                where = facts.keyed_at.location
                message = f"this key of {facts.name} is {before} at {where}, but {type_} here"
                self.error(key.span, message)

    def _written(self, facts: MapFacts, span: Span) -> Type | None:
        """The type of a map's value, where something is put into the map at all."""
        type_ = facts.value.type
        if facts.written_at is None:
            hint = did_you_mean(facts.name, self.maps.written()) or "nothing is ever put into it"
            self.error(span, f"undefined map: {facts.name}", hint)
        elif type_ is None:
            self._not_inferred(facts.name, span)
        return type_

    def _variable(self, node: Variable) -> Type | None:
        if node not in self.storage:
            return None
        type_ = self.locals[self.storage[node]].type
        if type_ is None:
            self._not_inferred(node.name, node.span)
        return type_

    def _not_inferred(self, name: str, span: Span) -> None:
        if not self.diagnostics.errors:
            self.error(span, f"nothing tells the type of {name}", "set it to a value first")

    def _slot(self, target: Variable | MapAccess) -> Slot | None:
        """Where a write to the target goes; None for a variable that is not there."""
        if isinstance(target, Variable):
            return self.locals[self.storage[target]] if target in self.storage else None
        facts = self.maps.of(target)
        self._keys(facts, target.keys, target.span)
        facts.written_at = facts.written_at or target.span
        return facts.value

    def _literal(self, node: Expr) -> int | None:
        """The literal that a value amounts to: it is written as one, or nothing else is stored
        where it is read from."""
        match node:
            case Variable() if node in self.storage:
                return self.locals[self.storage[node]].literal
            case MapAccess():
                return self.maps.of(node).value.literal
            case _:
                return literal_value(node)

    def _record(self, target: Variable | MapAccess, slot: Slot) -> None:
        if slot.type is not None:
            self.types[target] = slot.type

    def _written_at(self, target: Variable | MapAccess) -> str:
        if isinstance(target, Variable):
            return ""
        at = self.maps.of(target).written_at
        return f" (since {at.location})" if at is not None else ""

    def _warn_of_sign(self, span: Span, message: str) -> None:
        self.diagnostics.warning(span, f"{message}: the signs differ")

    def _increment(self, node: Increment) -> Type | None:
        slot = self._slot(node.target)
        if slot is None:
            return None
        current = slot.type
        if not isinstance(current, PointerType):
            if current is not None and not is_integer(current):
                self.error(node.span, f"'{node.op}' needs a number, not {current}")
                return None
            slot.write(INT64, WIDE)
        self._record(node.target, slot)
        return slot.type

    def _fit(self, node: Expr, type_: Type, other: Type) -> Type:
        """A literal beside an unsigned integer is unsigned, too."""
        literal = literal_value(node)
        if literal is not None and isinstance(other, IntType) and not other.signed:
            type_ = self.types[node] = smallest_integer(literal, unsigned=True)
        return type_

    def _binary(self, node: Binary) -> Type | None:
        left, right = self.value(node.left), self.value(node.right)
        if left is None or right is None:
            # So that `@n = @n + 1` tells the type of @n.
            known = left or right or BOOL
            return binary_type(node.op, known, known)
        left = self._fit(node.left, left, right)
        right = self._fit(node.right, right, left)
        type_ = binary_type(node.op, left, right)
        if type_ is None:
            pair = {type(left), type(right)}
            hint = (
                "str() reads the string at a pointer" if pair == {StringType, PointerType} else ""
            )
            self.error(node.span, f"'{node.op}' cannot combine {left} and {right}", hint)
        elif node.op in _SIGN_MATTERS and has_sign_clash(left, right):
            self._warn_of_sign(node.span, f"{left} {node.op} {right} is computed as uint64")
        return type_

    def _unary(self, node: Unary) -> Type | None:
        operand = self.value(node.operand)
        if operand is None:
            return None
        match node.op:
            case "!" if is_condition(operand):
                return BOOL
            case "-" if isinstance(node.operand, Number):
                return smallest_integer(-node.operand.value)
            case "-" if is_integer(operand):
                return INT64
            case "~" if is_integer(operand):
                return IntType(64, not isinstance(operand, IntType) or operand.signed)
            case "*" if isinstance(operand, PointerType) and operand.target is not None:
                return operand.target
            case _:
                self.error(node.span, f"'{node.op}' does not apply to {operand}")
                return None

    def _ternary(self, node: Ternary) -> Type | None:
        self.condition(node.condition)
        arms = (node.then, node.other)
        types = [self.expr(arm) for arm in arms]
        if types == [VOID, VOID]:
            return VOID
        slot = Slot()
        for arm, type_ in zip(arms, types, strict=True):
            type_ = self._as_value(arm, type_)
            before = slot.type
            if type_ is not None and not slot.write(type_, self._literal(arm)):
                message = f"the two values of '?' differ: {before} and {type_}"
                self.error(node.span, message)
                return None
        return slot.type

    def _tuple(self, node: TupleExpr) -> Type | None:
        types = [self.value(element) for element in node.elements]
        known = tuple(type_ for type_ in types if type_ is not None)
        return TupleType(known) if len(known) == len(types) else None


def _key_count(count: int) -> str:
    return {0: "no key", 1: "1 key"}.get(count, f"{count} keys")
