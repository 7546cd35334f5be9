"""Flame graphs: stacks as one picture, as wide as they weigh, the outermost frames at the bottom.

Every frame is a `<g>` of a `<title>` (its name, and a line of what it weighs), a `<rect>` and, if
there is room, a `<text>`. Frames are in the order of their names, right of what their caller did
itself. Both edges of a frame are rounded to the hundredth of a pixel in the same way, so that none
leaves its caller.
"""

from __future__ import annotations

from html import escape
from typing import TypeAlias
from zlib import crc32

from seismo.base.dataclass import dataclass
from seismo.output.flame_page import (
    BASELINE,
    BOTTOM,
    CHARACTER_WIDTH,
    FRAME_HEIGHT,
    LEAST_TEXT,
    MARGIN,
    TEXT_PAD,
    TOP,
    WIDTH,
    page,
)
from seismo.output.folded import GENERATED, KERNEL, Frames, Stacks
from seismo.output.printable import printable

__all__ = ("flame_svg",)

_ALL = "all"
_SUBPIXELS = 100
_MIN_WIDTH = 10
"""A frame that is narrower, in hundredths of a pixel, is left out with all that it called."""

_IDLE = (
    "cpu_startup_entry",
    "cpuidle_",
    "default_idle",
    "do_idle",
    "intel_idle",
    "mwait_idle",
    "native_safe_halt",
    "pv_native_safe_halt",
    "swapper",
)
"""How the names of what a processor does without work begin."""

_PYTHON = "py::"
"""How the names that Python tells perf begin (`python -X perf`)."""

_Rgb: TypeAlias = tuple[int, int, int]
_ORANGE: tuple[_Rgb, _Rgb] = (232, 108, 52), (20, 48, 36)
_YELLOW: tuple[_Rgb, _Rgb] = (228, 190, 70), (24, 40, 50)
_GREEN: tuple[_Rgb, _Rgb] = (104, 192, 96), (56, 40, 48)
_GREY: tuple[_Rgb, _Rgb] = (188, 192, 200), (32, 32, 32)
"""The least of each colour, and how much a name may add to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """A frame with its edges in hundredths of a pixel, and the frames below it."""

    frame: str
    weight: int
    left: int
    right: int
    depth: int


def flame_svg(stacks: Stacks, title: str, unit: str) -> str:
    """One self-contained SVG, the same bytes for the same stacks; `unit` is what weights count.

    Colours tell code of the kernel (orange), of programs (yellow), made while it ran (green) and
    idle processors (grey); names keep their shade. In a browser a click zooms in, Ctrl-F searches.
    """
    total = sum(stacks.values())
    boxes = _boxes(stacks, total) if total else []
    depth = max([one.depth for one in boxes], default=0)
    height = TOP + (depth + 1) * FRAME_HEIGHT + BOTTOM
    colors = {frame: _color(frame) for frame in {one.frame for one in boxes}}
    drawn = [_drawn(one, total, height, unit, colors[one.frame]) for one in boxes]
    return page(_xml(printable(title)), height, "".join(drawn))


def _boxes(stacks: Stacks, total: int) -> list[_Box]:
    """What is wide enough to be seen, callers before those that they called.

    In sorted stacks frames that belong together stand together: a frame ends where the next stack
    is no longer on it.
    """
    width = (WIDTH - 2 * MARGIN) * _SUBPIXELS
    boxes: list[_Box] = []
    path: Frames = ()
    starts: list[int] = []
    end = 0
    for frames, weight in [*_rooted(stacks), ((), 0)]:
        shared = _shared(path, frames)
        while len(starts) > shared:
            start, depth = starts.pop(), len(starts)
            left = (2 * start * width + total) // (2 * total)
            right = (2 * end * width + total) // (2 * total)
            if right - left >= _MIN_WIDTH:
                box = _Box(
                    frame=path[depth], weight=end - start, left=left, right=right, depth=depth
                )
                boxes.append(box)
        starts += [end] * (len(frames) - shared)
        path, end = frames, end + weight
    return boxes[::-1]


def _rooted(stacks: Stacks) -> list[tuple[Frames, int]]:
    """The stacks in order, on a frame that stands for all."""
    return [((_ALL, *frames), weight) for frames, weight in sorted(stacks.items())]


def _shared(one: Frames, other: Frames) -> int:
    """How many outermost frames two stacks share."""
    pairs = zip(one, other, strict=False)
    return next((depth for depth, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _drawn(box: _Box, total: int, height: int, unit: str, color: str) -> str:
    name = printable(box.frame.removesuffix(KERNEL).removesuffix(GENERATED))
    left, width = MARGIN * _SUBPIXELS + box.left, box.right - box.left
    y = height - BOTTOM - (box.depth + 1) * FRAME_HEIGHT
    about = f"{box.weight:,} {unit}, {100 * box.weight / total:.2f}%"
    return (
        f"<g><title>{_xml(name)}\n{_xml(about)}</title>"
        f'<rect x="{_pixels(left)}" y="{y}" width="{_pixels(width)}" height="{FRAME_HEIGHT - 1}"'
        f' fill="{color}"/>{_label(name, left, width, y)}</g>\n'
    )


def _label(name: str, left: int, width: int, y: int) -> str:
    """As much of the name as there is room for; the page's script does the same."""
    room = int((width / _SUBPIXELS - 2 * TEXT_PAD) / CHARACTER_WIDTH)
    if room < LEAST_TEXT:
        return ""
    if len(name) > room:
        name = name[: room - 2] + ".."
    return (
        f'<text x="{_pixels(left + TEXT_PAD * _SUBPIXELS)}" y="{y + BASELINE}">{_xml(name)}</text>'
    )


def _color(frame: str) -> str:
    """A shade of its kind's colour that is the name's own."""
    least, spread = _palette(frame)
    shade = crc32(frame.encode("utf-8", "surrogateescape"))
    red, green, blue = [
        low + (more * (shade >> shift & 0xFF) >> 8)
        for low, more, shift in zip(least, spread, (0, 8, 16), strict=True)
    ]
    return f"#{red:02x}{green:02x}{blue:02x}"


def _palette(frame: str) -> tuple[_Rgb, _Rgb]:
    if frame.startswith(_IDLE):
        return _GREY
    if frame.endswith(GENERATED) or frame.startswith(_PYTHON):
        return _GREEN
    return _ORANGE if frame.endswith(KERNEL) else _YELLOW


def _pixels(hundredths: int) -> str:
    return f"{hundredths // _SUBPIXELS}.{hundredths % _SUBPIXELS:02}"


def _xml(text: str) -> str:
    return escape(text, quote=False)
