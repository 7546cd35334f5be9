"""Telling a tracer from a rootkit by what it can do."""

from __future__ import annotations

from collections.abc import Iterator

from seismo.attacks.attack import Act, Attack, Quadrant, Scene
from seismo.attacks.inventory import ALARMING, inventory
from seismo.attacks.listing import Specimen
from seismo.isa.map_types import MapType
from seismo.spec.types import MapSpec

__all__ = ("ATTACK",)

_COUNTS = MapSpec(name="counts", type=MapType.HASH, key_size=4, value_size=8, max_entries=64)

_COUNTER = Specimen(
    "rootkit_for_sure",
    """
call bpf_get_current_pid_tgid#14
*(u32 *)(r10 -4) = r0
*(u64 *)(r10 -16) = 1
r1 = map counts
r2 = r10
r2 += -4
r3 = r10
r3 += -16
r4 = 0
call bpf_map_update_elem#2
r0 = 0
exit
""",
    (_COUNTS,),
)

_READER = Specimen(
    "path_printer",
    """
r3 = *(u64 *)(r1 +0)
r1 = r10
r1 += -64
r2 = 64
call bpf_probe_read_user_str#114
r0 = 0
exit
""",
)

_WRITER = Specimen(
    "harmless_metrics",
    """
r1 = *(u64 *)(r1 +0)
*(u64 *)(r10 -8) = 0
r2 = r10
r2 += -8
r3 = 8
call bpf_probe_write_user#36
r0 = 0
exit
""",
)

_KILLER = Specimen(
    "cleanup",
    """
r1 = 9
call bpf_send_signal#109
r0 = 0
exit
""",
)

_LOADED = (
    (_COUNTER, "tracepoint:raw_syscalls:sys_enter"),
    (_READER, "tracepoint:syscalls:sys_enter_openat"),
    (_WRITER, "kprobe:do_nanosleep"),
    (_WRITER, "tracepoint:syscalls:sys_enter_execve"),
    (_KILLER, "tracepoint:syscalls:sys_enter_bpf"),
)


def _lines() -> Iterator[str]:
    for one, at in _LOADED:
        yield f"{one.name} at {at}"
        yield f"  {inventory(one.program, at)}"


def _flagged() -> Scene:
    alarming = [inventory(one.program, at).is_alarming for one, at in _LOADED]
    return Scene(tuple(_lines()), alarming == [False, False, True, True, True])


def _placed() -> Scene:
    risks = {at: inventory(_WRITER.program, at).risk for one, at in _LOADED if one is _WRITER}
    lines = tuple(f"{at}: risk {risk}" for at, risk in risks.items())
    elsewhere, where_it_lies = risks.values()
    return Scene(lines, where_it_lies > elsewhere >= ALARMING)


ATTACK = Attack(
    name="tracer-inventory",
    title="who can do what, among the programs that are loaded",
    quadrant=Quadrant.DEFENDING,
    story=(
        "Names lie, and rootkits rename themselves with every version. What a program can do "
        "follows from the helpers that it calls and from where it is attached: writing into "
        "processes, killing them, deciding what functions return. An inventory of all programs "
        "that are loaded, by these properties, finds a rewriter that nobody has seen before, and "
        "leaves alone a counter that is called like one. The instructions of what is in the kernel "
        "are had by `seismo prog dump`."
    ),
    programs=(_COUNTER, _READER, _WRITER, _KILLER),
    acts=(
        Act(f"properties tell: a risk of {ALARMING} and more is alarming", _flagged),
        Act("the same program weighs more where it can falsify", _placed),
    ),
)
