"""Conditions as functions of an event.

>>> wanted = predicate(parse_expression("ret < 0 and comm = cat"))
>>> [event for event in batch.events() if wanted(event)]
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from fnmatch import translate
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from operator import eq, ge, gt, le, lt, ne
from typing import TypeAlias

from seismo.audit.record.event import AuditEvent
from seismo.audit.rules.fields import ABSENT, FieldValue, field_getter
from seismo.audit.rules.model import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Constant,
    Not,
    Operator,
    Threshold,
)

__all__ = ("Predicate", "comparison_test", "is_reached", "numeric_constant", "predicate")

Predicate: TypeAlias = Callable[[AuditEvent], bool]

_ORDER: dict[Operator, Callable[[float, float], bool]] = {
    Operator.EQUAL: eq,
    Operator.UNEQUAL: ne,
    Operator.LESS: lt,
    Operator.LESS_EQUAL: le,
    Operator.GREATER: gt,
    Operator.GREATER_EQUAL: ge,
}
_TEXT: dict[Operator, Callable[[str, str], bool]] = {
    Operator.PREFIX: str.startswith,
    Operator.SUFFIX: str.endswith,
    Operator.CONTAINS: str.__contains__,
}


def predicate(condition: Condition) -> Predicate:
    """What says whether an event meets the condition."""
    match condition:
        case AllOf(parts):
            return _all([predicate(part) for part in parts])
        case AnyOf(parts):
            tests = [predicate(part) for part in parts]
            return lambda event: any(test(event) for test in tests)
        case Not(part):
            test = predicate(part)
            return lambda event: not test(event)
        case Comparison():
            get, holds = field_getter(condition.field), comparison_test(condition)
            return lambda event: holds(get(event))


def _all(tests: list[Predicate]) -> Predicate:
    return lambda event: all(test(event) for test in tests)


def is_reached(threshold: Threshold, value: float) -> bool:
    """Whether the value is what the threshold asks for."""
    return _ORDER[threshold.operator](value, threshold.value)


def numeric_constant(field: str, value: Constant) -> Constant:
    """A comparison's value as the field has it: names of errors are numbers for `ret`."""
    if field == "ret" and isinstance(value, str):
        number = getattr(errno, value.removeprefix("-"), None)
        return -number if isinstance(number, int) else value
    return value


def comparison_test(one: Comparison) -> Callable[[FieldValue], bool]:
    """What says of a field's value whether the comparison holds.

    A number is compared with a number, a text with a text; a number in a text field's comparison
    stands for its digits, and a text in a number's for nothing: the comparison is false.
    """
    values = tuple([numeric_constant(one.field, value) for value in one.values])
    match one.operator:
        case Operator.EXISTS:
            return lambda value: value is not ABSENT
        case Operator.IN:
            return _among(values)
        case Operator.NOT_IN:
            among = _among(values)
            return lambda value: value is not ABSENT and not among(value)
        case Operator.GLOB:
            matches = re.compile(translate(str(values[0]))).match
            return lambda value: value is not ABSENT and matches(str(value)) is not None
        case Operator.CIDR:
            return _in_networks([ip_network(str(value), strict=False) for value in values])
        case Operator.PREFIX | Operator.SUFFIX | Operator.CONTAINS as operator:
            test, wanted = _TEXT[operator], str(values[0])
            return lambda value: value is not ABSENT and test(str(value), wanted)
    return _ordered(one.operator, values[0])


def _among(values: tuple[Constant, ...]) -> Callable[[FieldValue], bool]:
    numbers = frozenset([value for value in values if isinstance(value, int)])
    texts = frozenset(map(str, values))
    return lambda value: value in (texts if isinstance(value, str) else numbers)


def _ordered(operator: Operator, wanted: Constant) -> Callable[[FieldValue], bool]:
    compare = _ORDER[operator]
    text = str(wanted)

    def holds(value: FieldValue) -> bool:
        if isinstance(value, int):
            if isinstance(wanted, int):
                return compare(value, wanted)
            return operator is Operator.UNEQUAL
        return value is not ABSENT and bool(compare(value, text))  # type: ignore[arg-type]

    return holds


def _in_networks(
    networks: list[IPv4Network | IPv6Network],
) -> Callable[[FieldValue], bool]:
    def holds(value: FieldValue) -> bool:
        try:
            address: IPv4Address | IPv6Address = ip_address(str(value))
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any(address in one or (mapped is not None and mapped in one) for one in networks)

    return holds
