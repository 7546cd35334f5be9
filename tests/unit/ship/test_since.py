"""Which kernels a compiled script can run on, by the newest thing that it asks for."""

from __future__ import annotations

import pytest

from seismo.base.errors import SourceError
from seismo.plan import Attachment
from seismo.ship.since import check_oldest, needs
from seismo.spec.types import (
    AttachSpec,
    KprobeAttach,
    KprobeMultiAttach,
    UprobeAttach,
    UprobeMultiAttach,
)
from seismo.spec.types import TestRunAttach as OnDemand
from ship_plans import one_program, plan_of


@pytest.mark.parametrize(
    ("line", "since"),
    [
        ("r1 = r2", (4, 17)),
        ("call bpf_ktime_get_ns#5", (4, 17)),
        ("call bpf_loop#181", (5, 17)),
        ("lock *(u64 *)(r1 +0) += r2", (4, 17)),
        ("r2 = atomic64_fetch_add((u64 *)(r1 +0), r2)", (5, 12)),
        ("r2 = load_acquire((u64 *)(r1 +0))", (6, 15)),
        ("r1 = *(s8 *)(r2 +0)", (6, 6)),
        ("r1 s/= r2", (6, 6)),
        ("r1 = (s8)r2", (6, 6)),
        ("r1 = bswap64 r1", (6, 6)),
        ("r1 = be64 r1", (4, 17)),
        ("gotol pc+0", (6, 6)),
        ("may_goto pc+0", (6, 9)),
    ],
)
def test_instructions_and_helpers(line: str, since: tuple[int, int]) -> None:
    assert max(one.since for one in needs(one_program(line))) == since


@pytest.mark.parametrize(
    ("at", "since"),
    [
        (OnDemand(), (5, 10)),
        (KprobeAttach("f"), (4, 17)),
        (KprobeAttach("f", cookie=1), (5, 15)),
        (KprobeMultiAttach(("f",)), (5, 18)),
        (UprobeAttach("/bin/true", 1), (4, 17)),
        (UprobeMultiAttach("/bin/true", (1,)), (6, 6)),
    ],
)
def test_places(at: AttachSpec, since: tuple[int, int]) -> None:
    plan = one_program("r0 = 0", attachments=(Attachment("0_begin", "", at, True),))
    assert max(one.since for one in needs(plan)) == since


def test_what_came_last_is_said_where_the_script_has_it() -> None:
    plan = plan_of("BEGIN { @x = 1; for ($i : 0..9) { @x = $i; } }", is_portable=True)
    check_oldest(plan, (5, 17))
    with pytest.raises(SourceError) as caught:
        check_oldest(plan, (5, 16))
    assert str(caught.value).splitlines()[::3] == [
        "case.bt:1:30: error: the helper bpf_loop came with Linux 5.17, and the script is to run "
        "on 5.16",
        "hint: build it for newer kernels alone (--oldest), or run it from its source",
    ]


def test_maps_are_asked_for() -> None:
    found = {(one.what, one.since) for one in needs(plan_of("BEGIN { @[1] = count(); }"))}
    assert ("a map of type BPF_MAP_TYPE_PERCPU_HASH", (4, 6)) in found
