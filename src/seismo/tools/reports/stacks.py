"""A map with stacks among its keys: as text, as JSON, and as what flame graphs are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from seismo.events.value import Row
from seismo.output.folded import KERNEL, Frames, frames_of
from seismo.tools.reports.found import Found, json_line, key_members, key_texts, rows_of
from seismo.tools.tool import Stacks

__all__ = ("KERNEL_STACK", "StacksWriter")

KERNEL_STACK = "kstack"
"""The key that is a stack of the kernel's."""


class StacksWriter:
    """The heaviest last: a terminal is read from its end."""

    def __init__(self, report: Stacks) -> None:
        self._report = report

    def text(self, found: Found, top: int) -> str:
        rows = self._rows(found, top)
        texts = key_texts(found, self._report.maps, self._report.keys) if rows else []
        return "\n".join(self._block(texts, key, value) for key, value in rows)

    def json(self, found: Found, top: int) -> str:
        rows = self._rows(found, top)
        if not rows:
            return ""
        members = key_members(found, self._report.maps, self._report.keys)
        members.append((self._report.unit, str))
        return "".join(json_line(members, (*key, value)) for key, value in rows)

    def frames(self, found: Found) -> list[tuple[Frames, int]]:
        """Each with its weight. What is no stack among the keys stands outermost; the kernel's
        stack is inside the user's."""
        rows = self._rows(found, 0)
        texts = key_texts(found, self._report.maps, self._report.keys) if rows else []
        return [(self._frames(texts, key), value) for key, value in rows]

    def _frames(self, texts: Sequence[Callable[[Any], str]], key: Sequence[Any]) -> Frames:
        words: list[str] = []
        user: Frames = ()
        kernel: Frames = ()
        for one, text, part in zip(self._report.keys, texts, key, strict=True):
            if not one.is_stack:
                words.append(text(part))
            elif one.name == KERNEL_STACK:
                kernel = frames_of(part, KERNEL)
            else:
                user = frames_of(part)
        return (*words, *user, *kernel)

    def _rows(self, found: Found, top: int) -> list[tuple[tuple[Any, ...], int]]:
        """What weighs something, the heaviest last."""
        rows = [row for row in map(_weighed, rows_of(found, self._report.map)) if row[1] > 0]
        rows.sort(key=lambda row: (row[1], str(row[0])))
        return rows[-top:] if top else rows

    def _block(self, texts: Sequence[Callable[[Any], str]], key: Sequence[Any], value: int) -> str:
        """The frames, innermost first, and below them whose they are and what they weigh."""
        parts = [*zip(self._report.keys, texts, key, strict=True)]
        stacks = [part.strip("\n") for one, _, part in parts if one.is_stack]
        words = [f"{one.name} = {text(part)}" for one, text, part in parts if not one.is_stack]
        about = ", ".join([*words, f"{value} {self._report.unit}"])
        return "\n".join([*filter(None, stacks), f"    {about}"]) + "\n"


def _weighed(row: Row) -> tuple[tuple[Any, ...], int]:
    key, value = row
    return key, value if isinstance(value, int) else 0
