"""`base.enum` against the standard library's `enum`: the same classes by both."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from seismo.base import enum as ours

MODULES = pytest.mark.parametrize("module", [ours, enum], ids=["ours", "the standard library's"])


def color(module: Any) -> Any:
    class Color(module.Enum):  # type: ignore[misc]
        """Of lights."""

        RED = "red"
        GREEN = "green"
        GO = "green"

        @property
        def initial(self) -> str:
            return str(self.value[0])

    return Color


def level(module: Any) -> Any:
    class Level(module.IntEnum):  # type: ignore[misc]
        LOW = 1
        HIGH = 2
        TOP = 2

    return Level


@MODULES
def test_members(module: Any) -> None:
    cls = color(module)
    assert [(one.name, one.value, one.initial) for one in cls] == [
        ("RED", "red", "r"),
        ("GREEN", "green", "g"),
    ]
    assert cls("green") is cls["GO"] is cls.GO is cls.GREEN
    assert isinstance(cls.RED, cls) and len(cls) == 2
    assert list(cls.__members__) == ["RED", "GREEN", "GO"]
    assert cls.RED in cls and {cls.RED: 1}[cls.RED] == 1
    assert cls.RED != "red" and cls.RED != color(module).RED
    assert cls.__doc__ == "Of lights."


@MODULES
def test_how_members_are_written(module: Any) -> None:
    one, two = color(module).RED, level(module).HIGH
    assert f"{one} {two}" == f"{type(one).__name__}.RED 2"
    assert str(two) == "2" and f"{two:#04x}" == "0x02"
    assert repr(one).endswith("Color.RED: 'red'>") and repr(two).endswith("Level.HIGH: 2>")


@MODULES
def test_integers(module: Any) -> None:
    cls = level(module)
    assert isinstance(cls.LOW, int) and isinstance(cls.LOW, module.Enum)
    assert cls.HIGH == 2 and hash(cls.HIGH) == hash(2) and cls.LOW < cls.HIGH
    assert cls(2) is cls.TOP is cls.HIGH and cls["TOP"].name == "HIGH"
    assert cls.LOW | cls.HIGH == 3 and (7).to_bytes(cls.HIGH, "big") == b"\0\7"


@MODULES
def test_what_is_no_member(module: Any) -> None:
    with pytest.raises(ValueError, match=r"'blue' is not a valid .*Color"):
        color(module)("blue")
    with pytest.raises(KeyError):
        color(module)["BLUE"]
    with pytest.raises(ValueError, match=r"3 is not a valid .*Level"):
        level(module)(3)
    with pytest.raises(AttributeError):
        color(module).RED = "other"


@MODULES
def test_patterns(module: Any) -> None:
    cls = color(module)
    match cls("red"):
        case cls.GREEN:
            pytest.fail("green is not red")
        case cls.RED:
            pass
        case _:
            pytest.fail("red is red")
