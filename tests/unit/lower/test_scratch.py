"""Who has which bytes of a program's scratch memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seismo.lower.scratch import MOST_SCRATCH_BYTES, Arena, ScratchSpace


def test_what_was_released_is_handed_out_again() -> None:
    space = ScratchSpace()
    arena = Arena(space)
    kept = arena.keep(16)
    mark = arena.mark()
    assert [arena.take(100), arena.take(8)] == [16, 120]
    arena.release(mark)
    assert arena.take(112) == 16, "neighbours that are free are one piece"
    assert kept == 0
    assert space.size == 128


def test_what_is_kept_is_never_handed_out_again() -> None:
    arena = Arena(ScratchSpace())
    mark = arena.mark()
    arena.take(24)
    arena.release(mark)
    assert arena.keep(8) == 0
    assert arena.take(16) == 8
    assert arena.take(8) == 24


def test_there_is_room_in_what_is_free_or_not_yet_there() -> None:
    arena = Arena(ScratchSpace())
    assert arena.has_room(MOST_SCRATCH_BYTES)
    assert not arena.has_room(MOST_SCRATCH_BYTES + 1)
    mark = arena.mark()
    arena.take(MOST_SCRATCH_BYTES)
    assert not arena.has_room(1)
    arena.release(mark)
    arena.keep(8)
    assert arena.has_room(MOST_SCRATCH_BYTES - 8)
    assert not arena.has_room(MOST_SCRATCH_BYTES - 7)


def test_arenas_of_one_space_share_nothing() -> None:
    space = ScratchSpace()
    one, other = Arena(space), Arena(space)
    mark = one.mark()
    assert one.take(8) == 0
    one.release(mark)
    assert other.take(8) == 8


@given(
    st.lists(
        st.one_of(st.integers(0, 300), st.sampled_from(["mark", "release"])),
        min_size=1,
        max_size=60,
    )
)
def test_no_two_that_live_overlap(steps: list[int | str]) -> None:
    arena = Arena(ScratchSpace())
    marks: list[tuple[int, int]] = []
    live: list[tuple[int, int]] = []
    for step in steps:
        if step == "mark":
            marks.append((arena.mark(), len(live)))
        elif step == "release":
            if marks:
                mark, count = marks.pop()
                arena.release(mark)
                del live[count:]
        else:
            size = int(step)
            offset = arena.take(size)
            assert offset % 8 == 0
            assert all(offset >= end or offset + size <= start for start, end in live)
            live.append((offset, offset + max(size, 1)))
