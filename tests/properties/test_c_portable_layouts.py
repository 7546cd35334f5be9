"""Whatever a kernel's struct looks like, a program compiled elsewhere reads what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from c_portable import answer, built, fitted
from seismo.base.bits import align_up
from seismo.base.dataclass import dataclass
from seismo.btf.types import Int, IntEncoding, Member, Struct, Type

RECORD = 0xFFFF_8880_0000_1000
UNSIGNED = (1, 2, 4, 8)
NUMBERS: tuple[Type, ...] = (
    *[Int(f"u{size * 8}", size) for size in UNSIGNED],
    Int("int", 4, IntEncoding.SIGNED),
    Int("long", 8, IntEncoding.SIGNED),
)
IDS = {1: 1, 2: 2, 4: 3, 8: 4}
INT, LONG = 5, 6
NAMES = ("a", "b", "c", "d")
OURS = (4, 8, 2, 4)
"""The sizes that the programs were compiled with; the last one is an int, the others unsigned."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A kernel's struct: (name, bytes, gap before it) in the order of the members."""

    members: tuple[tuple[str, int, int], ...]

    def placed(self) -> dict[str, tuple[int, int]]:
        """(offset, size) by name."""
        found, at = {}, 0
        for name, size, gap in self.members:
            at = align_up(at + gap, size)
            found[name] = at, size
            at += size
        return found

    def types(self) -> tuple[Type, ...]:
        """The kernel's types."""
        placed = self.placed()
        members = tuple(
            Member(name, _type(name, size), offset * 8) for name, (offset, size) in placed.items()
        )
        end = max(offset + size for offset, size in placed.values())
        return (*NUMBERS, Struct("thing", align_up(end, 8), members))


def _type(name: str, size: int) -> int:
    if name == NAMES[-1]:
        return INT if size == 4 else LONG
    return IDS[size]


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    names = draw(st.permutations(NAMES))
    sizes = [draw(st.sampled_from((4, 8) if name == NAMES[-1] else UNSIGNED)) for name in names]
    gaps = draw(st.lists(st.integers(0, 40), min_size=4, max_size=4))
    return Layout(tuple(zip(names, sizes, gaps, strict=True)))


HERE = Layout(tuple((name, size, 0) for name, size in zip(NAMES, OURS, strict=True)))


@cache
def _reader(name: str) -> bytes:
    """A program whose answer is the low or the high half of a member, as the context says."""
    text = f"""struct thing *thing = (struct thing *)ctx->args[0];
    long value = thing->{name};
    return ctx->args[1] ? value >> 32 : value;"""
    return built(text, HERE.types())


@settings(max_examples=60)
@given(layouts(), st.lists(st.integers(0, (1 << 64) - 1), min_size=4, max_size=4))
def test_members_are_read_wherever_they_are(layout: Layout, values: Sequence[int]) -> None:
    placed = layout.placed()
    memory = bytearray(b"\xa5" * 400)
    for name, value in zip(NAMES, values, strict=True):
        offset, size = placed[name]
        memory[offset : offset + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
    for name, value, ours in zip(NAMES, values, OURS, strict=True):
        size = placed[name][1]
        expected = value & (1 << 8 * min(size, ours)) - 1
        if name == NAMES[-1] and expected >> 31:
            expected |= 0xFFFF_FFFF_0000_0000
        program = fitted(_reader(name), layout.types())
        halves = [answer(program, {RECORD: bytes(memory)}, RECORD, half) for half in (0, 1)]
        assert [half & 0xFFFF_FFFF for half in halves] == [
            expected & 0xFFFF_FFFF,
            expected >> 32,
        ]
