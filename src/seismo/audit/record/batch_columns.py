"""Batches as columns: by type, with the names of its fields.

>>> columns(batch, catalog)["openat"]["args.flags"].max()

Needs numpy, as `record/columns.py` does, which has the rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from seismo.audit.catalog.model import EventType
from seismo.audit.record.batch import Batch
from seismo.audit.record.columns import headers, record_dtype, rows_of
from seismo.audit.record.decode import TypeTable, event_type_of
from seismo.audit.record.sections import DamagedRecord

__all__ = ("columns",)

_REGISTERS = "args.args"  # SYSCALL's only member


def columns(batch: Batch, catalog: TypeTable) -> dict[str, dict[str, npt.NDArray[Any]]]:
    """By the name of each type in the batch its columns by name, in the order of time.

    `index` is a record's place in the batch, `program_id` and `session_id` are its handler's. The
    type's own numbers are `args.NAME` by the names of its fields, those of a system call as u64
    each. Records that no type has are left out.
    """
    if not len(batch):
        return {}
    types = headers(batch.records)["type"]
    found: dict[str, dict[str, npt.NDArray[Any]]] = {}
    for number in np.unique(types).tolist():
        try:
            type_ = event_type_of(catalog, number)
        except DamagedRecord:
            continue
        places = np.flatnonzero(types == number)
        found[type_.name] = _columns_of(type_, places, batch)
    return found


def _columns_of(
    type_: EventType, places: npt.NDArray[Any], batch: Batch
) -> dict[str, npt.NDArray[Any]]:
    dtype = record_dtype(type_)
    every = batch.records
    chosen = every if len(places) == len(every) else [every[at] for at in places.tolist()]
    short = [at for at, record in enumerate(chosen) if len(record) < dtype.itemsize]
    if short:
        places = np.delete(places, short)
        chosen = [one for one in chosen if len(one) >= dtype.itemsize]
    rows = rows_of(chosen, dtype)
    made: dict[str, npt.NDArray[Any]] = {"index": places}
    made |= {name: rows[name] for name in dtype.names or () if name != _REGISTERS}
    if type_.is_syscall:
        for field in type_.fields:
            if field.argument >= 0:
                made[f"args.{field.name}"] = rows[_REGISTERS][:, field.argument]
    made |= _owners(type_, rows["handler"], batch)
    return made


def _owners(
    type_: EventType, indices: npt.NDArray[Any], batch: Batch
) -> dict[str, npt.NDArray[Any]]:
    """Program and session ids, looked up once for each handler."""
    unique, back = np.unique(indices, return_inverse=True)
    ids = [batch.handlers.ids(index, type_.id) for index in unique.tolist()]
    table = np.array(ids, dtype=np.uint64).reshape(-1, 2)
    return {"program_id": table[back, 0], "session_id": table[back, 1]}
