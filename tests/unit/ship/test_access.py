"""Names to CO-RE's accesses."""

from __future__ import annotations

import pytest

from seismo.btf.errors import BtfNotFound
from seismo.ship.access import find_trail, is_core
from seismo.spec.relocations import CoreEnumerator, CoreField, CoreType, RunValue
from ship_plans import TYPES, btf_of

BTF = btf_of(TYPES)
TASK, INNER, UNNAMED, COLOR = 7, 4, 5, 8


@pytest.mark.parametrize(
    ("path", "access", "members"),
    [
        ("pid", "0:0", ((TASK, 0),)),
        ("comm", "0:1", ((TASK, 1),)),
        ("comm[3]", "0:1:3", ((TASK, 1),)),
        ("in.b", "0:2:1", ((TASK, 2), (INNER, 1))),
        ("deep", "0:3:0", ((TASK, 3), (UNNAMED, 0))),
    ],
)
def test_fields(path: str, access: str, members: tuple[tuple[int, int], ...]) -> None:
    trail = find_trail(BTF, CoreField("struct task_struct", path))
    assert (trail.root, trail.access, trail.members) == (TASK, access, members)


def test_types_and_enumerators() -> None:
    assert find_trail(BTF, CoreType("struct inner")).access == "0"
    trail = find_trail(BTF, CoreEnumerator("enum color", "BLUE"))
    assert (trail.root, trail.access, trail.members) == (COLOR, "1", ((COLOR, 1),))


@pytest.mark.parametrize(
    ("relocation", "message"),
    [
        (CoreField("struct task_struct", "nope"), "struct task_struct has no member 'nope'"),
        (CoreField("struct task_struct", "up.a"), "has no member 'a'"),
        (CoreField("struct task_struct", "pid[1]"), r"no array at \[1\]"),
        (CoreField("struct task_struct", "pid->x"), "no path of members"),
        (CoreField("struct nope", "pid"), "no struct 'nope'"),
        (CoreType("union inner"), "no union 'inner'"),
        (CoreEnumerator("enum color", "GREN"), "enum color has no 'GREN'"),
    ],
)
def test_what_is_not_there(relocation: CoreField | CoreType, message: str) -> None:
    with pytest.raises(BtfNotFound, match=message):
        find_trail(BTF, relocation)


def test_only_what_has_a_type_by_name_is_for_core() -> None:
    assert is_core(CoreType("struct inner")) and is_core(CoreEnumerator("enum color", "RED"))
    assert not is_core(CoreEnumerator("", "RED")) and not is_core(RunValue("started_ns"))
