"""`Plan`: the compiler's whole answer. Pure data; loading, attaching and printing need no more."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass, field, replace
from seismo.events.enums import Names, with_names
from seismo.events.kinds import EventLayout, FaultSite, MapView
from seismo.spec.relocations import Relocation
from seismo.spec.types import AttachSpec, ObjectSpec

__all__ = ("DEFAULT_SETTINGS", "Attachment", "Plan", "RunSettings", "with_enums")


@dataclass(frozen=True, slots=True)
class Attachment:
    """Program `program` runs at `at`; `probe` is the attach point as the script's user knows it,
    '' where it does no harm when the kernel misses a run.
    `may_fail`: a wildcard found it, and the rest of the script goes on without."""

    program: str
    probe: str
    at: AttachSpec
    may_fail: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What the script's configuration says about its output; sizes in bytes. `cpp_demangle`: names
    of C++ and Rust are shown as they are written there. `missing_probes`: what a place is where the
    kernel lets nobody attach: `error`, `warn` or `ignore`."""

    print_maps_on_exit: bool = True
    max_cat_bytes: int = 10_240
    str_trunc_trailer: str = ".."
    cpp_demangle: bool = True
    missing_probes: str = "error"


DEFAULT_SETTINGS = RunSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to load, where to attach it, and what its records and maps mean.

    `presets` are (map, key, value) entries to put before anything is attached. `begin` and `end`
    name the programs that run once, in script order; `probe_count` is how many attach points the
    script has. `events_map`, `control_map` and `lost_map` name the two rings and the array whose
    only value is the loss counters (u64 each): the first two count records that found no room in
    the events and the control ring, the third tasks that `--tree` had no room for, `faults` tells
    what the others count, in their order.
    `tests` and `benches` are the (name, program) of probes of these kinds; `tables` are (map,
    rows) of constant arrays to fill in. `notes` say by which means the probes are served.
    `packets` are the files that network packets go to, by way of `packets_map` if there are any;
    `cgroups` are the directories that `cgroups_map`, if there are any, holds in this order.
    `assumptions` are what a portable script takes for granted of the kernel that runs it: it must
    be refused where one of them has another value. `enums` are the kernel's whose constants' names
    it shows, each with its name (`enum pid_type`, '' if it has none) as it was compiled.
    """

    object: ObjectSpec
    attachments: tuple[Attachment, ...]
    begin: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    probe_count: int = 0
    events: Mapping[int, EventLayout] = field(default_factory=dict)
    maps: tuple[MapView, ...] = ()
    presets: tuple[tuple[str, bytes, bytes], ...] = ()
    tables: tuple[tuple[str, tuple[bytes, ...]], ...] = ()
    packets: tuple[str, ...] = ()
    faults: tuple[FaultSite, ...] = ()
    tests: tuple[tuple[str, str], ...] = ()
    benches: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    cgroups: tuple[str, ...] = ()
    assumptions: tuple[tuple[Relocation, int], ...] = ()
    enums: tuple[tuple[str, Names], ...] = ()
    settings: RunSettings = DEFAULT_SETTINGS
    events_map: str = "events"
    control_map: str = "control"
    lost_map: str = "lost"
    packets_map: str = "packets"
    cgroups_map: str = "cgroups"


def with_enums(plan: Plan, enums: tuple[Names, ...]) -> Plan:
    """The plan for a kernel whose enums have these constants, in the order of `Plan.enums`."""
    changed = {old: new for (_, old), new in zip(plan.enums, enums, strict=True) if old != new}
    if not changed:
        return plan
    events = {
        number: replace(one, layout=with_names(one.layout, changed))
        for number, one in plan.events.items()
    }
    maps = [
        replace(
            one,
            key=None if one.key is None else with_names(one.key, changed),
            value=with_names(one.value, changed),
        )
        for one in plan.maps
    ]
    return replace(plan, events=events, maps=tuple(maps))
