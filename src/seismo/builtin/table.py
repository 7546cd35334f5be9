"""The list of all built-ins: a new one is a record in its family's module and stands here by it."""

from __future__ import annotations

from seismo.builtin import (
    aggregate,
    arguments,
    buffers,
    container,
    control,
    histogram,
    join,
    kernel_only,
    maps,
    memory,
    meta,
    names,
    network,
    output,
    packets,
    paths,
    process,
    search,
    signals,
    stacks,
    strings,
    symbols,
    time,
    traced,
    tseries,
    user,
    words,
)
from seismo.builtin.record import Aggregate, Builtin
from seismo.lang.signature import Signature

__all__ = ("AGGREGATES", "BUILTINS", "SIGNATURES")

BUILTINS: dict[str, Builtin] = {
    one.name: one
    for family in (
        *(process, time, strings, search, buffers, memory, network, symbols, stacks),
        *(user, arguments, kernel_only, packets, names, maps, output, join, control, signals, meta),
        *(traced, paths, words, container),
    )
    for one in family.BUILTINS
}
AGGREGATES: dict[str, Aggregate] = {
    one.name: one for family in (aggregate, histogram, tseries) for one in family.AGGREGATES
}
SIGNATURES: dict[str, Signature] = {
    name: one.signature for table in (BUILTINS, AGGREGATES) for name, one in table.items()
}
