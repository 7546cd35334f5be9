"""Parallel moves: whatever the moves, all values arrive."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from seismo.codegen.moves import ASIDE, BORROWED, Move, Source, Target, sequence
from seismo.codegen.places import Home, Immediate
from seismo.ir.ops import Slot

HOMES = tuple(Home(Slot(f"home{number}", 8)) for number in range(4))
NONE, ALL = 0, 0b11_1111_1111
LOCATIONS = st.one_of(st.integers(0, 9), st.sampled_from(HOMES))
SOURCES = st.one_of(LOCATIONS, st.builds(Immediate, st.sampled_from((0, -1, 1 << 40))))


def perform(moves: Sequence[Move], before: dict[Source, object]) -> dict[Source, object]:
    """What every location holds afterwards; a register that was never written cannot be read."""
    held = dict(before)
    for target, source in moves:
        if isinstance(source, Immediate):
            assert isinstance(target, int) or source.fits(64)
            held[target] = source.value
        else:
            assert isinstance(target, int) or isinstance(source, int), "no move within memory"
            held[target] = held[source]
    return held


@given(st.dictionaries(LOCATIONS, SOURCES), st.integers(0, ALL))
def test_all_values_arrive(moves: dict[Target, Source], free: int) -> None:
    involved = {place for move in moves.items() for place in move if isinstance(place, int)}
    read = {source for source in moves.values() if isinstance(source, int)}
    untouched = [one for one in range(10) if not free >> one & 1 and one not in involved]
    before: dict[Source, object] = {home: home for home in HOMES}
    before |= {register: f"r{register}" for register in {*read, *untouched}}
    before |= {one: f"r{one}" for one in involved if not free >> one & 1}
    after = perform(sequence(moves.items(), free), before)
    for target, source in moves.items():
        assert after[target] == (source.value if isinstance(source, Immediate) else before[source])
    for register in untouched:
        assert after[register] == f"r{register}"
    for home in HOMES:
        if home not in moves:
            assert after[home] == home


def test_a_chain_needs_nothing_more() -> None:
    assert sequence([(1, 2), (2, 3), (3, Immediate(7))], NONE) == (
        (1, 2),
        (2, 3),
        (3, Immediate(7)),
    )


def test_what_stays_is_no_move() -> None:
    assert sequence([(1, 1), (HOMES[0], HOMES[0])], ALL) == ()


def test_a_cycle_steps_aside_to_a_free_register() -> None:
    assert sequence([(1, 2), (2, 1)], 1 << 7) == ((7, 1), (1, 2), (2, 7))


def test_a_cycle_steps_aside_to_the_stack() -> None:
    assert sequence([(1, 2), (2, 1)], NONE) == ((ASIDE, 1), (1, 2), (2, ASIDE))


def test_from_home_to_home_by_a_free_register() -> None:
    assert sequence([(HOMES[0], HOMES[1])], 1 << 3) == ((3, HOMES[1]), (HOMES[0], 3))


def test_from_home_to_home_by_a_borrowed_register() -> None:
    assert sequence([(HOMES[0], HOMES[1])], NONE) == (
        (BORROWED, 0),
        (0, HOMES[1]),
        (HOMES[0], 0),
        (0, BORROWED),
    )


def test_a_register_that_stays_carries_nothing() -> None:
    moves = sequence([(3, 3), (HOMES[0], HOMES[1])], 1 << 3 | 1 << 4)
    assert moves == ((4, HOMES[1]), (HOMES[0], 4))
