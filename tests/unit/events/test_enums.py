"""Enums in layouts, and the names that another kernel has for their values."""

from __future__ import annotations

from seismo.base.layout import U32, Array, Int, Layout, Text
from seismo.base.source import NOWHERE
from seismo.events.enums import names_in, with_names
from seismo.events.kinds import Action, EventLayout, MapView, event_layout
from seismo.plan import Plan, with_enums
from seismo.spec.types import ObjectSpec

COLORS, SIZES = ((0, "RED"), (1, "GREEN")), ((0, "SMALL"),)
NEWER = ((0, "BLUE"), (1, "RED"), (2, "GREEN"))
COLOR, SIZE = Int(4, False, "enum", COLORS), Int(4, True, "enum", SIZES)
FORM = Layout.of("x", [("a", COLOR), ("b", Array(SIZE, 2)), ("c", Text(8)), ("d", U32)])


def test_enums_are_found_at_any_depth() -> None:
    inner = Layout.of("y", [("x", FORM), ("e", COLOR)])
    assert list(names_in(inner)) == [COLORS, SIZES, COLORS]
    assert list(names_in(U32)) == []


def test_only_what_is_known_is_changed() -> None:
    changed = with_names(FORM, {COLORS: NEWER})
    assert list(names_in(changed)) == [NEWER, SIZES]
    assert [one.offset for one in changed.fields] == [one.offset for one in FORM.fields]
    assert with_names(FORM, {}) == FORM


def plan() -> Plan:
    layout = event_layout(Action.PRINT_VALUE.value, [("arg0", COLOR)], is_control=False)
    event = EventLayout(id=1, action=Action.PRINT_VALUE, layout=layout, span=NOWHERE)
    maps = (
        MapView(name="@k", key=Layout.of("key", [("0", SIZE)], "tuple"), value=COLOR),
        MapView(name="@v", key=None, value=SIZE),
    )
    return Plan(
        object=ObjectSpec(maps=(), programs=()),
        attachments=(),
        events={1: event},
        maps=maps,
        enums=(("enum color", COLORS), ("", SIZES)),
    )


def test_a_plan_shows_what_the_kernel_at_hand_has() -> None:
    fitted = with_enums(plan(), (NEWER, SIZES))
    assert list(names_in(fitted.events[1].layout)) == [NEWER]
    assert [list(names_in(one.value)) for one in fitted.maps] == [[NEWER], [SIZES]]
    assert list(names_in(fitted.maps[0].key or U32)) == [SIZES]


def test_a_plan_for_an_equal_kernel_is_the_same() -> None:
    whole = plan()
    assert with_enums(whole, (COLORS, SIZES)) is whole
