"""`where` of a rule: a text in the language of expression.py, a mapping, or a list of such.

A mapping's entries must all be met: `{comm: cat, ret: {"<": 0}, path: {prefix: [/etc, /usr]}}`; a
list of values is `in`, or, behind an operator, any of them. `any`, `all` and `not` take conditions.
A list of conditions must all be met.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from seismo.audit.rules.conditions import numeric_constant
from seismo.audit.rules.expression import ALONE, ExpressionError, parse_expression
from seismo.audit.rules.fields import NUMBERS
from seismo.audit.rules.mistakes import Place, Reading
from seismo.audit.rules.model import AllOf, AnyOf, Comparison, Condition, Constant, Not, Operator
from seismo.base.diagnostics import did_you_mean

__all__ = ("comparisons", "read_condition")

_ALWAYS = AllOf(())
_BY_NAME = {one.value: one for one in Operator} | {"==": Operator.EQUAL}
_WITH_MANY = (Operator.IN, Operator.NOT_IN, Operator.CIDR)
_OF_NUMBERS = (
    *(Operator.EQUAL, Operator.UNEQUAL, Operator.LESS, Operator.LESS_EQUAL),
    *(Operator.GREATER, Operator.GREATER_EQUAL, Operator.IN, Operator.NOT_IN),
)


def read_condition(reading: Reading, value: Any, place: Place) -> Condition:
    """The condition; what is wrong with it is noted, and stands for 'always'."""
    match value:
        case str():
            return _expression(reading, value, place)
        case list() | tuple():
            parts = [read_condition(reading, one, (*place, at)) for at, one in enumerate(value)]
            return AllOf(tuple(parts))
        case Mapping():
            return _joined(list(_entries(reading, value, place)))
    reading.wrong(place, "a condition is a text, a mapping of fields, or a list of conditions")
    return _ALWAYS


def comparisons(condition: Condition) -> Iterator[Comparison]:
    """Every comparison in it."""
    match condition:
        case Comparison():
            yield condition
        case Not(part):
            yield from comparisons(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from comparisons(part)


def _joined(parts: list[Condition]) -> Condition:
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _expression(reading: Reading, text: str, place: Place) -> Condition:
    try:
        condition = parse_expression(text)
    except ExpressionError as error:
        picture = str(error).removesuffix(f"\nhint: {error.hint}")
        reading.wrong(place, picture, error.hint)
        return _ALWAYS
    for one in comparisons(condition):
        _check_values(reading, one, place)
    return condition


def _entries(reading: Reading, given: Mapping[str, Any], place: Place) -> Iterator[Condition]:
    for key, value in given.items():
        inside = (*place, key)
        match key:
            case "any" | "all" if isinstance(value, (list, tuple)):
                parts = [
                    read_condition(reading, one, (*inside, at)) for at, one in enumerate(value)
                ]
                yield AnyOf(tuple(parts)) if key == "any" else AllOf(tuple(parts))
            case "any" | "all":
                reading.wrong(inside, f"'{key}' takes a list of conditions")
            case "not":
                yield Not(read_condition(reading, value, inside))
            case _:
                yield from _field(reading, str(key), value, inside)


def _field(reading: Reading, field: str, value: Any, place: Place) -> Iterator[Condition]:
    match value:
        case Mapping():
            for name, operand in value.items():
                yield from _operation(reading, field, str(name), operand, (*place, name))
        case list() | tuple():
            yield _checked(reading, field, Operator.IN, value, place)
        case _:
            yield _checked(reading, field, Operator.EQUAL, [value], place)


def _operation(
    reading: Reading, field: str, name: str, operand: Any, place: Place
) -> Iterator[Condition]:
    operator = _BY_NAME.get(name)
    if operator is None:
        hint = did_you_mean(name, _BY_NAME) or f"one of {', '.join(_BY_NAME)}"
        reading.wrong(place, f"'{name}' is no operator", hint)
        return
    if operator is Operator.EXISTS:
        exists = Comparison(field, operator)
        yield Not(exists) if operand is False else exists
        return
    operands = list(operand) if isinstance(operand, (list, tuple)) else [operand]
    one = _checked(reading, field, operator, operands, place)
    if operator in _WITH_MANY:
        yield one
        return
    parts = [Comparison(field, operator, (value,)) for value in one.values]
    yield parts[0] if len(parts) == 1 else AnyOf(tuple(parts))


def _checked(
    reading: Reading, field: str, operator: Operator, operands: Any, place: Place
) -> Comparison:
    one = Comparison(field, operator, _constants(reading, operands, place))
    _check_values(reading, one, place)
    return one


def _constants(reading: Reading, values: Any, place: Place) -> tuple[Constant, ...]:
    found: list[Constant] = []
    for value in values:
        if isinstance(value, bool):
            found.append(int(value))
        elif isinstance(value, (int, str)):
            found.append(value)
        else:
            reading.wrong(place, "a value is a text, a whole number, or true or false")
            found.append(0)
    if not found:
        reading.wrong(place, "a list without values: nothing would ever be in it")
        found.append(0)
    return tuple(found)


def _check_values(reading: Reading, one: Comparison, place: Place) -> None:
    """Note what a value can never be: no event would meet the condition, and nobody be told why."""
    if one.operator is Operator.CIDR:
        _check_networks(reading, one, place)
    elif one.field in NUMBERS and one.operator in _OF_NUMBERS and one.values != ALONE:
        for value in one.values:
            if isinstance(numeric_constant(one.field, value), str):
                hint = "ENOENT" if one.field == "ret" else "5ms or 4KiB"
                message = f"{one.field} is a number, and never the text '{value}'"
                reading.wrong(place, message, f"such as 100, {hint}, without quotes")


def _check_networks(reading: Reading, one: Comparison, place: Place) -> None:
    for value in one.values:
        try:
            ip_network(str(value), strict=False)
        except ValueError:
            hint = "such as 10.0.0.0/8, 192.168.1.7 or fe80::/10"
            reading.wrong(place, f"'{value}' is no network", hint)
