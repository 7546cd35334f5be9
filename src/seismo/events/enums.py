"""The enums whose constants' names values are shown by: found in layouts, and put there anew.

>>> with_names(form, {((0, "OLD"),): ((1, "OLD"),)})
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias, TypeVar

from seismo.base.dataclass import replace
from seismo.base.layout import Array, FieldType, Int, Layout

__all__ = ("Names", "names_in", "with_names")

Names: TypeAlias = tuple[tuple[int, str], ...]
"""The (value, constant) pairs of an enum, as `Int` has them."""

Form = TypeVar("Form", bound=FieldType)


def names_in(form: FieldType) -> Iterator[Names]:
    """The pairs of every enum in a value of this form."""
    match form:
        case Int() if form.names:
            yield form.names
        case Array():
            yield from names_in(form.element)
        case Layout():
            for field in form.fields:
                yield from names_in(field.type)
        case _:
            pass


def with_names(form: Form, names: Mapping[Names, Names]) -> Form:
    """The form with the pairs that `names` knows in their place."""
    match form:
        case Int():
            return replace(form, names=names.get(form.names, form.names))
        case Array():
            return replace(form, element=with_names(form.element, names))
        case Layout():
            fields = [replace(one, type=with_names(one.type, names)) for one in form.fields]
            return replace(form, fields=tuple(fields))
        case _:
            return form
