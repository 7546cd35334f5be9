"""What a tool's maps hold, as text, as JSON, and as stacks for flame graphs."""

from __future__ import annotations

import json

from seismo.base.layout import U32, U64, Layout, Symbolic, Text
from seismo.events.kinds import MapView
from seismo.events.value import Bucket, Histogram
from seismo.tools.reports.heat import HeatWriter
from seismo.tools.reports.histograms import HistogramsWriter
from seismo.tools.reports.stacks import StacksWriter
from seismo.tools.reports.table import TableWriter
from seismo.tools.tool import Column, Histograms, Stacks, Table, columns

BY_NAME = Layout.of("key", [("0", U32), ("1", Text(16))])
CALLS = MapView(name="@calls", key=BY_NAME, value=U64, reduction="count")
BYTES = MapView(name="@bytes", key=BY_NAME, value=U64, reduction="sum")
TABLE = Table(columns("pid comm"), (("@calls", Column("calls")), ("@bytes", Column("bytes"))))


def test_maps_with_the_same_keys_are_one_table() -> None:
    found = {
        "@calls": (CALLS, [((7, "cat"), 3), ((8, "dd"), 12)]),
        "@bytes": (BYTES, [((8, "dd"), 4096), ((9, "sh"), 1)]),
    }
    writer = TableWriter(TABLE)
    assert writer.text(found, 0) == (
        "PID  COMM  CALLS  BYTES\n"
        "  8  dd       12   4096\n"
        "  7  cat       3      0\n"
        "  9  sh        0      1\n"
    )  # fmt: skip
    assert [json.loads(line) for line in writer.json(found, 2).splitlines()] == [
        {"pid": 8, "comm": "dd", "calls": 12, "bytes": 4096},
        {"pid": 7, "comm": "cat", "calls": 3, "bytes": 0},
    ]


def test_a_map_that_is_not_there_is_all_zeros_and_none_is_nothing() -> None:
    found = {"@calls": (CALLS, [((7, "cat"), 3)])}
    assert json.loads(TableWriter(TABLE).json(found, 0))["bytes"] == 0
    assert TableWriter(TABLE).text({}, 0) == ""
    assert TableWriter(TABLE).json({"@calls": (CALLS, [])}, 0) == ""


def test_the_largest_rows_are_kept() -> None:
    found = {"@calls": (CALLS, [((pid, "x"), pid) for pid in (2, 9, 11)])}
    lines = TableWriter(TABLE).text(found, 2).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["11", "9"]


HISTOGRAM = Histogram((Bucket(None, 0, 1, "(..., 0)"), Bucket(2, 4, 5, "[2, 4)")))
LATENCY = MapView(
    name="@usecs", key=Layout.of("key", [("0", Text(8))]), value=U64, reduction="hist",
    parameters=(0,), has_buckets=True,
)  # fmt: skip
BY_DISK = Histograms("@usecs", "usecs", columns("disk"))


def test_each_histogram_stands_under_what_it_is_about() -> None:
    text = HistogramsWriter(BY_DISK).text({"@usecs": (LATENCY, [(("sda",), HISTOGRAM)])}, 0)
    assert text.splitlines()[0] == "disk = sda (usecs):"
    assert [line.split("|")[0].split()[-1] for line in text.splitlines()[1:]] == ["1", "5"]


def test_the_bounds_of_buckets_in_json_are_inclusive() -> None:
    line = HistogramsWriter(BY_DISK).json({"@usecs": (LATENCY, [(("sda",), HISTOGRAM)])}, 0)
    assert json.loads(line) == {
        "disk": "sda",
        "unit": "usecs",
        "buckets": [
            {"min": None, "max": -1, "count": 1},
            {"min": 2, "max": 3, "count": 5},
        ],
    }


def test_a_heat_map_has_a_line_for_each_histogram() -> None:
    writer = HeatWriter(BY_DISK, width=80, has_color=False)
    found = {"@usecs": (LATENCY, [(("sda",), HISTOGRAM), (("sdb",), HISTOGRAM)])}
    lines = [line for line in writer.text(found, 0).splitlines() if "|" in line]
    assert [line.split("|")[0].split()[1:] for line in lines] == [
        ["disk", "=", "sda"],
        ["disk", "=", "sdb"],
    ]
    assert all(line.endswith("| 6") for line in lines)


KERNEL = "\n        schedule+10\n        do_nanosleep+3\n"
USER = "\n        nanosleep+4\n        main+9\n"
OFF = MapView(
    name="@us",
    key=Layout.of(
        "key", [("0", Symbolic("kstack_t", 64)), ("1", Symbolic("ustack_t", 64)), ("2", Text(16))]
    ),
    value=U64,
    reduction="sum",
)
STACKS = Stacks(
    "@us",
    (Column("kstack", is_stack=True), Column("ustack", is_stack=True), Column("comm")),
    "us",
)
FOUND = {"@us": (OFF, [((KERNEL, USER, "a"), 70), (("\n", USER, "b"), 5), ((KERNEL, "", "c"), 0)])}


def test_stacks_are_written_heaviest_last_and_only_what_weighs() -> None:
    text = StacksWriter(STACKS).text(FOUND, 0)
    assert text == (
        "        nanosleep+4\n        main+9\n    comm = b, 5 us\n\n"
        "        schedule+10\n        do_nanosleep+3\n        nanosleep+4\n        main+9\n"
        "    comm = a, 70 us\n"
    )
    assert StacksWriter(STACKS).text(FOUND, 1).count("comm =") == 1


def test_frames_go_from_the_process_into_the_kernel() -> None:
    assert StacksWriter(STACKS).frames(FOUND) == [
        (("b", "main", "nanosleep"), 5),
        (("a", "main", "nanosleep", "do_nanosleep_[k]", "schedule_[k]"), 70),
    ]


def test_stacks_in_json_are_lists_innermost_first() -> None:
    *_, last = StacksWriter(STACKS).json(FOUND, 0).splitlines()
    assert json.loads(last) == {
        "kstack": ["schedule", "do_nanosleep"],
        "ustack": ["nanosleep", "main"],
        "comm": "a",
        "us": 70,
    }
