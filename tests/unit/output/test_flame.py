"""A flame graph is a picture whose frames are as wide as what they weigh."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from seismo.output.flame import flame_svg
from seismo.output.folded import GENERATED, KERNEL, Stacks

SVG = "{http://www.w3.org/2000/svg}"
STACKS: Stacks = {
    ("main", "read", "vfs_read" + KERNEL): 50,
    ("main", "read"): 10,
    ("main", "write"): 20,
    ("init",): 20,
}


def root(stacks: Stacks, title: str = "CPU", unit: str = "samples") -> ElementTree.Element:
    return ElementTree.fromstring(flame_svg(stacks, title, unit))


def groups(stacks: Stacks) -> dict[str, ElementTree.Element]:
    """The frames' elements by their names."""
    (frames,) = [one for one in root(stacks).iter(f"{SVG}g") if one.get("id") == "frames"]
    return {(one.findtext(f"{SVG}title") or "").split("\n")[0]: one for one in frames}


def rect(group: ElementTree.Element, *names: str) -> tuple[str | None, ...]:
    found = group.find(f"{SVG}rect")
    assert found is not None
    return tuple(found.get(name) for name in names)


def colors(*frames: str) -> list[tuple[int, int, int]]:
    """Red, green and blue of frames that are all there is."""
    shown = groups({(frame,): 1 for frame in frames})
    fills = [str(rect(one, "fill")[0]) for name, one in shown.items() if name != "all"]
    return [(int(one[1:3], 16), int(one[3:5], 16), int(one[5:7], 16)) for one in fills]


def text_of(name: str, weight: int, total: int) -> str | None:
    """The text in a frame of so much weight."""
    return groups({(name,): weight, ("other",): total - weight})[name].findtext(f"{SVG}text")


def test_frames_stand_on_their_callers_right_of_what_those_did_themselves() -> None:
    places = {name: rect(one, "x", "width", "y") for name, one in groups(STACKS).items()}
    assert places == {
        "all": ("10.00", "1180.00", "107"),
        "init": ("10.00", "236.00", "90"),
        "main": ("246.00", "944.00", "90"),
        "read": ("246.00", "708.00", "73"),
        "vfs_read": ("364.00", "590.00", "56"),
        "write": ("954.00", "236.00", "73"),
    }


def test_a_frame_tells_its_weight_and_share() -> None:
    titles = [one.findtext(f"{SVG}title") for one in groups({("f",): 1234, ("g",): 6}).values()]
    assert sorted(filter(None, titles)) == [
        "all\n1,240 samples, 100.00%",
        "f\n1,234 samples, 99.52%",
        "g\n6 samples, 0.48%",
    ]


def test_the_picture_is_as_high_as_the_deepest_stack() -> None:
    assert root({("f",): 1}).get("height") == str(56 + 2 * 17 + 32)
    deep = root({tuple(f"f{number}" for number in range(5000)): 1})
    assert deep.get("height") == str(56 + 5001 * 17 + 32)


def test_text_is_cut_to_its_frame() -> None:
    assert text_of("a" * 200, 1000, 1000) == "a" * 158 + ".."
    assert text_of("function", 60, 1180) == "funct.."
    assert text_of("function", 65, 1180) == "function"
    assert text_of("f", 28, 1180) == "f"
    assert text_of("f", 27, 1180) is None


def test_frames_too_narrow_to_be_seen_are_left_out_with_what_they_called() -> None:
    shown = groups({("tiny", "called"): 1, ("seen", "called"): 2, ("wide",): 20_000})
    assert sorted(shown) == ["all", "called", "seen", "wide"]
    assert rect(shown["called"], "x", "width") == ("10.00", "0.12")


def test_names_are_escaped() -> None:
    shown = groups({('vector<int> & "co"', "a\x1b\n\udcff\ufffe"): 1})
    assert sorted(shown) == ["a\\x1b\\n\\xff\\ufffe", "all", 'vector<int> & "co"']
    titles = [one.text for one in root(STACKS, "a < b & c\x00").iter(f"{SVG}text")]
    assert titles[0] == "a < b & c\\x00"


def test_colors_tell_kinds_of_code() -> None:
    ((red, green, blue),) = colors("vfs_read" + KERNEL)
    assert red > green > blue and green < 160
    ((red, green, blue),) = colors("main")
    assert red > green > blue and green > 180
    for name in ("Lfoo;::bar" + GENERATED, "py::main:/x.py"):
        ((red, green, blue),) = colors(name)
        assert green > max(red, blue)
    for name in ("swapper/0", "do_idle" + KERNEL, "cpuidle_enter" + KERNEL):
        ((red, green, blue),) = colors(name)
        assert max(red, green, blue) - min(red, green, blue) < 50


def test_a_name_has_one_color_everywhere() -> None:
    one = groups({("main", "f"): 1, ("main", "g"): 9})
    other = groups({("f",): 5, ("h", "i"): 9})
    assert rect(one["f"], "fill") == rect(other["f"], "fill")
    assert len({rect(group, "fill") for group in one.values()}) == 4


def test_the_order_of_the_stacks_does_not_count() -> None:
    backwards = dict(reversed(list(STACKS.items())))
    assert flame_svg(backwards, "CPU", "samples") == flame_svg(STACKS, "CPU", "samples")


@pytest.mark.parametrize("stacks", [{}, {("f",): 0}])
def test_nothing_is_a_picture_that_says_so(stacks: Stacks) -> None:
    svg = root(stacks)
    assert [one.text for one in svg.iter(f"{SVG}text") if one.get("id") == "details"] == [
        "nothing was recorded"
    ]
    assert not list(svg.iter(f"{SVG}title"))


def test_nothing_comes_from_elsewhere() -> None:
    svg = flame_svg(STACKS, "CPU", "samples")
    assert set(re.findall(r"\w+://[^\"' ]*", svg)) == {"http://www.w3.org/2000/svg"}
    assert "href" not in svg and "url(" not in svg and "@import" not in svg


def test_the_script_finds_what_it_looks_for(tmp_path: Path) -> None:
    svg = root(STACKS)
    script = svg.findtext(f"{SVG}script") or ""
    sought = set(re.findall(r"find\(\"(\w+)\"\)", script))
    assert sought == {"frames", "search", "reset", "details", "matched"}
    assert sought <= {one.get("id") for one in svg.iter()}
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node to read the script")
    path = tmp_path / "flame.js"
    path.write_text(script)
    subprocess.run([node, "--check", str(path)], check=True)
