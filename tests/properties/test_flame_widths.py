"""Whatever the stacks, what a flame graph draws is where and as wide as the weights say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from seismo.output.flame import flame_svg
from seismo.output.folded import Frames, Stacks

SVG = "{http://www.w3.org/2000/svg}"
WIDTH, LEFT, LEAST, ROUNDING = 1180, 10, 0.1, 0.011

stacks_of_all_kinds = st.dictionaries(
    st.lists(st.sampled_from("abcd"), max_size=6).map(tuple),
    st.integers(0, 10**6) | st.integers(0, 1 << 62),
    max_size=40,
)


def weights(stacks: Stacks) -> dict[Frames, int]:
    """How much every path from the outermost frame weighs, without the tree that is under test."""
    found: dict[Frames, int] = {}
    for frames, weight in stacks.items():
        for depth in range(len(frames) + 1):
            path = frames[:depth]
            found[path] = found.get(path, 0) + weight
    return found


def drawn(stacks: Stacks) -> Iterator[tuple[str, float, float, float]]:
    """The name, x, width and y of every frame, as they come in the file."""
    svg = ElementTree.fromstring(flame_svg(stacks, "", ""))
    for title in svg.iterfind(f".//{SVG}g/{SVG}g"):
        rect = title.find(f"{SVG}rect")
        assert rect is not None
        name = (title.findtext(f"{SVG}title") or "").split("\n")[0]
        x, width, y = [float(rect.get(name, "")) for name in ("x", "width", "y")]
        yield name, x, width, y


def starts(path: Frames, stacks: Stacks, weight_of: Mapping[Frames, int]) -> int:
    """How much weighs all that is left of a path: what its callers did themselves comes first."""
    start = 0
    for depth, frame in enumerate(path):
        before = [(*path[:depth], name) for name in "abcd" if name < frame]
        start += stacks.get(path[:depth], 0) + sum(weight_of.get(one, 0) for one in before)
    return start


@given(stacks_of_all_kinds)
def test_frames_are_where_their_weights_put_them(stacks: Stacks) -> None:
    weight_of = weights(stacks)
    total = weight_of.get((), 0)
    found = list(drawn(stacks))
    if not total:
        assert found == []
        return
    bottom = found[0][3]
    expected = {}
    for path, weight in weight_of.items():
        width = WIDTH * weight / total
        if width >= LEAST + ROUNDING:
            x = LEFT + WIDTH * starts(path, stacks, weight_of) / total
            expected[path] = (path[-1] if path else "all", x, width, bottom - 17 * len(path))
    wide = [one for one in found if one[2] >= LEAST + 2 * ROUNDING]
    for name, x, width, y in expected.values():
        same = [one for one in found if one[0] == name and one[3] == y and abs(one[1] - x) < 0.01]
        assert any(abs(one[2] - width) < ROUNDING for one in same)
    assert len(wide) <= len(expected) <= len(found)


@given(stacks_of_all_kinds)
def test_children_stay_within_their_parents(stacks: Stacks) -> None:
    rows: dict[float, list[tuple[float, float]]] = {}
    for _, x, width, y in drawn(stacks):
        rows.setdefault(y, []).append((x, x + width))
    for y, frames in rows.items():
        frames.sort()
        for (_, end), (start, _) in pairwise(frames):
            assert start >= end - 1e-6
        if y + 17 in rows:
            for start, end in frames:
                assert any(
                    left - 1e-6 <= start and end <= right + 1e-6 for left, right in rows[y + 17]
                )
