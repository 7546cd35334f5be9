"""Whose the records of a batch are, as columns: a dictionary of texts and a code for each record.

>>> columns = attributed(correlator, batch)
>>> columns["exe"].values[columns["exe"].codes[0]]
'/usr/bin/curl'

Nothing is decoded: processes are found once for each (tgid, start_ns) in the batch, and once more
for each time in it at which one of them became something else. Needs numpy; imported lazily.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from seismo.audit.correlate.process import Life, Process
from seismo.audit.record.columns import headers
from seismo.audit.record.layout import HEADER
from seismo.base.dataclass import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from seismo.audit.correlate.correlator import Correlator
    from seismo.audit.record.batch import Batch

__all__ = ("COLUMNS", "Encoded", "Owners", "attributed")

_MIX = 0x9E3779B97F4A7C15


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A column: `codes` (int32) are places in `values`, one for each record."""

    codes: NDArray[Any]
    values: tuple[str, ...]


COLUMNS: dict[str, Callable[[Process], str]] = {
    "exe": lambda one: one.exe,
    "command": lambda one: one.command,
    "cwd": lambda one: one.cwd,
    "container": lambda one: one.container.id,
    "runtime": lambda one: one.runtime,
    "pod": lambda one: one.container.pod,
    "unit": lambda one: one.unit,
    "cgroup_path": lambda one: one.cgroup.path,
    "parent_exe": lambda one: one.parent.exe if one.parent is not None else "",
    "parent_command": lambda one: one.parent.command if one.parent is not None else "",
}
"""The columns that there are, and what of a process each of them is."""


def attributed(
    correlator: Correlator, batch: Batch, names: tuple[str, ...] = tuple(COLUMNS)
) -> dict[str, Encoded]:
    """The columns called `names`, for the records of a batch that `observe` or `enrich` has seen.

    Records too short to have a header have no row.
    """
    records = batch.records
    if any(len(one) < HEADER.size for one in records):
        records = [one for one in records if len(one) >= HEADER.size]
    header = headers(records)
    firsts, codes = _processes(header)
    lives = [correlator.life_of(records[int(at)]) for at in firsts]
    moments, codes = _moments(lives, codes, header["time_ns"])
    processes = [life.at(time_ns) for life, time_ns in moments]
    return {name: _encoded(COLUMNS[name], processes, codes) for name in names}


class Owners:
    """The columns `exe`, `container` (its id) and `parent` (its executable) of batches, as codes
    and texts: what files of columns take beside the records' own numbers."""

    def __init__(self, correlator: Correlator) -> None:
        self._correlator = correlator

    def __call__(self, batch: Batch) -> dict[str, tuple[NDArray[Any], tuple[str, ...]]]:
        """For each record of the batch the place of its text, and the texts."""
        columns = attributed(self._correlator, batch, tuple(_OWNERS.values()))
        return {
            name: (columns[column].codes, columns[column].values)
            for name, column in _OWNERS.items()
        }


_OWNERS = {"exe": "exe", "container": "container", "parent": "parent_exe"}


def _processes(header: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The first record of each process, and of each record the place of its process there."""
    tgid = header["tgid"].astype(np.uint64)
    start = np.ascontiguousarray(header["start_ns"])
    key = start * np.uint64(_MIX) + tgid
    # Records of one process stand in runs as a rule, and runs are fewer than records.
    begins = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1]))[: len(key)])
    _, firsts, inverse = np.unique(key[begins], return_index=True, return_inverse=True)
    firsts = begins[firsts]
    lengths = np.diff(np.append(begins, len(key)))
    codes = np.repeat(inverse.astype(np.int64), lengths)
    of_first = firsts[codes]
    if np.array_equal(tgid[of_first], tgid) and np.array_equal(start[of_first], start):
        return firsts, codes
    # Two processes with one mixed key: as good as never, and then by both numbers.
    pairs = np.stack((start, tgid), axis=1)
    _, firsts, inverse = np.unique(pairs, axis=0, return_index=True, return_inverse=True)
    return firsts, inverse.reshape(-1)


def _moments(
    lives: list[Life], codes: NDArray[Any], times: NDArray[Any]
) -> tuple[list[tuple[Life, int]], NDArray[Any]]:
    """Each process at each time from which it was something else, and the codes to match."""
    if not len(codes):
        return [], codes
    first, last = int(times.min()), int(times.max())
    moments = [(life, last) for life in lives]
    changed = [
        (at, found) for at, life in enumerate(lives) if (found := _changes(life, first, last))
    ]
    if not changed:
        return moments, codes
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(lives) + 1))
    result = codes.copy()
    for at, changes in changed:
        places = order[bounds[at] : bounds[at + 1]]
        step = np.searchsorted(np.array(changes, dtype=np.uint64), times[places], side="right")
        # What holds before the first change has the process's own place.
        moments[at] = (lives[at], changes[0] - 1)
        begin = len(moments)
        moments += [(lives[at], change) for change in changes]
        result[places] = np.where(step == 0, at, begin + step - 1)
    return moments, result


def _changes(life: Life, first: int, last: int) -> list[int]:
    """The times in between at which a process, not its parents, became something else."""
    times = {
        time
        for line in (life.images, life.cwds, life.cgroups, life.comms)
        for time in line.times()
        if first < time <= last
    }
    return sorted(times)


def _encoded(
    text: Callable[[Process], str], processes: list[Process], codes: NDArray[Any]
) -> Encoded:
    places: dict[str, int] = {}
    of_process = [places.setdefault(text(one), len(places)) for one in processes]
    return Encoded(
        codes=np.array(of_process, dtype=np.int32)[codes] if processes else codes.astype(np.int32),
        values=tuple(places),
    )
