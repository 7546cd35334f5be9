"""The list of all built-ins: a new one is a record in its family's module and stands here by it."""

from __future__ import annotations

from seismo.builtin import aggregate, control, maps, output, process, strings, time
from seismo.builtin.record import Aggregate, Builtin
from seismo.lang.signature import Signature

__all__ = ("AGGREGATES", "BUILTINS", "SIGNATURES")

BUILTINS: dict[str, Builtin] = {
    one.name: one
    for family in (process, time, strings, maps, output, control)
    for one in family.BUILTINS
}
AGGREGATES: dict[str, Aggregate] = {one.name: one for one in aggregate.AGGREGATES}
SIGNATURES: dict[str, Signature] = {
    name: one.signature for table in (BUILTINS, AGGREGATES) for name, one in table.items()
}
