"""The file is what speedscope's own description of its format asks for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from seismo.output.folded import KERNEL, Stacks
from seismo.output.speedscope import speedscope_json

STACKS: Stacks = {("main", "read", "vfs_read" + KERNEL): 5, ("main",): 2, ("a\n", "main"): 1, (): 3}


def loaded(stacks: Stacks, name: str = "profile", unit: str = "samples") -> dict[str, Any]:
    file: dict[str, Any] = json.loads(speedscope_json(stacks, name, unit))
    return file


def named(file: dict[str, Any]) -> dict[tuple[str, ...], int]:
    """The stacks of a file by the names of their frames."""
    frames = [frame["name"] for frame in file["shared"]["frames"]]
    profile = file["profiles"][0]
    stacks = [tuple(frames[number] for number in sample) for sample in profile["samples"]]
    return dict(zip(stacks, profile["weights"], strict=True))


def test_the_whole_file() -> None:
    assert loaded({("main", "vfs_read_[k]"): 5, ("main",): 2}, "seismo profile") == {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "name": "seismo profile",
        "exporter": "seismo",
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": "main"}, {"name": "vfs_read", "file": "[kernel]"}]},
        "profiles": [
            {
                "type": "sampled",
                "name": "seismo profile",
                "unit": "none",
                "startValue": 0,
                "endValue": 7,
                "samples": [[0], [0, 1]],
                "weights": [2, 5],
            }
        ],
    }


def test_every_stack_has_its_weight() -> None:
    assert named(loaded(STACKS)) == {
        (): 3,
        ("main",): 2,
        ("main", "read", "vfs_read"): 5,
        ("a\\n", "main"): 1,
    }


def test_a_name_of_both_sides_is_two_frames() -> None:
    file = loaded({("copy", "copy" + KERNEL): 1})
    assert file["shared"]["frames"] == [{"name": "copy"}, {"name": "copy", "file": "[kernel]"}]
    assert file["profiles"][0]["samples"] == [[0, 1]]


@pytest.mark.parametrize(
    ("unit", "theirs"),
    [
        ("ns", "nanoseconds"),
        ("usecs", "microseconds"),
        ("ms", "milliseconds"),
        ("s", "seconds"),
        ("bytes", "bytes"),
        ("samples", "none"),
        ("faults", "none"),
    ],
)
def test_units_are_those_that_it_knows(unit: str, theirs: str) -> None:
    assert loaded(STACKS, unit=unit)["profiles"][0]["unit"] == theirs


def test_the_order_of_the_stacks_does_not_count() -> None:
    backwards = dict(reversed(list(STACKS.items())))
    assert speedscope_json(backwards, "p", "ns") == speedscope_json(STACKS, "p", "ns")


def test_no_stacks_are_an_empty_profile() -> None:
    assert named(loaded({})) == {}
