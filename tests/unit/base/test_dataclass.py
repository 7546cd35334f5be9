"""`base.dataclass` against the standard library's `dataclasses`: the same class by both."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from seismo.base import dataclass as ours


def point(module: Any, **options: Any) -> Any:
    """The same class by either module's decorator."""

    @module.dataclass(**options)
    class Point:
        x: int
        y: int = 2
        tags: list[str] = module.field(default_factory=list)
        note: str = module.field(default="", repr=False, compare=False, kw_only=True)

        def total(self) -> int:
            return self.x + self.y

    return Point


OPTIONS = [
    {"frozen": True, "slots": True},
    {"frozen": True},
    {"slots": True},
    {"slots": True, "eq": False},
    {"frozen": True, "slots": True, "kw_only": True},
]


@pytest.mark.parametrize("made_before", [0, 100])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_same_as_the_standard_library(options: dict[str, bool], made_before: int) -> None:
    mine, theirs = point(ours, **options), point(dataclasses, **options)
    for number in range(made_before):
        assert mine(x=number).x == number
    for cls, module in ((mine, ours), (theirs, dataclasses)):
        value = cls(x=1, note="n")
        assert (value.x, value.y, value.tags, value.note, value.total()) == (1, 2, [], "n", 3)
        assert module.replace(value, y=5).y == 5
        assert cls(x=1).tags is not cls(x=1).tags
    assert repr(mine(x=1, note="n")) == repr(theirs(x=1, note="n"))
    assert mine.__match_args__ == theirs.__match_args__
    assert (mine(x=1) == mine(x=1, note="other")) == (theirs(x=1) == theirs(x=1, note="other"))
    assert (mine(x=1) == mine(x=2)) == (theirs(x=1) == theirs(x=2))
    assert hasattr(mine(x=1), "__dict__") == hasattr(theirs(x=1), "__dict__")


def test_positional_arguments_and_their_errors() -> None:
    for wrong in ((), (1, 2, [], "note is keyword-only")):
        cls = point(ours, frozen=True, slots=True)
        assert cls(1, 3) == cls(1, y=3)
        with pytest.raises(TypeError, match=r"Point\.__init__"):
            cls(*wrong)
        assert cls(1, 3) == cls(1, y=3)
    for wrong_name in ({"x": 2}, {"z": 2}):
        with pytest.raises(TypeError, match=r"Point\.__init__"):
            point(ours)(1, **wrong_name)


def test_frozen_objects_refuse_and_hash() -> None:
    @ours.dataclass(frozen=True, slots=True)
    class Pair:
        left: int
        right: int

    pair = Pair(1, 2)
    with pytest.raises(ours.FrozenError, match="Pair is frozen: cannot change 'left'"):
        pair.left = 3  # type: ignore[misc]
    with pytest.raises(ours.FrozenError):
        del pair.right
    assert hash(pair) == hash(Pair(1, 2))
    assert {pair: "found"}[Pair(1, 2)] == "found"
    assert pair != (1, 2)


def test_objects_that_change_have_no_hash() -> None:
    with pytest.raises(TypeError):
        hash(point(ours, slots=True)(1))


def test_identity_without_eq() -> None:
    cls = point(ours, frozen=True, slots=True, eq=False)
    one = cls(1)
    assert one == one and one != cls(1)
    assert len({one, cls(1)}) == 2


def test_class_patterns() -> None:
    match point(ours, frozen=True)(7):
        case object(x=7, y=second):
            assert second == 2
        case _:
            pytest.fail("the pattern must match")


def test_fields_cannot_be_inherited() -> None:
    base = point(ours)
    with pytest.raises(TypeError, match="cannot be inherited"):

        @ours.dataclass()
        class Derived(base):  # type: ignore[misc]
            z: int
