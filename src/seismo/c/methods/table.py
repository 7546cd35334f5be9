"""`METHODS`: every method of tables, by name.

>>> find_method("lookup", "hash").result(table)
Pointer(target=…)
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.c.methods.kernel import KERNEL_METHODS
from seismo.c.methods.method import Method
from seismo.c.methods.send import SEND_METHODS
from seismo.c.methods.store import STORE_METHODS

__all__ = ("METHODS", "find_method", "method_names")


def _by_name() -> dict[str, tuple[Method, ...]]:
    methods: dict[str, tuple[Method, ...]] = {}
    for one in (*STORE_METHODS, *SEND_METHODS, *KERNEL_METHODS):
        methods[one.name] = (*methods.get(one.name, ()), one)
    return methods


METHODS: Mapping[str, tuple[Method, ...]] = _by_name()


def find_method(name: str, kind: str) -> Method:
    """The method of that name that tables of a kind have; KeyError."""
    for one in METHODS[name]:
        if kind in one.kinds:
            return one
    raise KeyError(name)


def method_names(kind: str) -> tuple[str, ...]:
    """What tables of a kind have."""
    return tuple(name for name, ways in METHODS.items() if any(kind in one.kinds for one in ways))
