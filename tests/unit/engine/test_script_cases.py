"""Test files of scripts: what they say, how they are rewritten, and their mistakes."""

from __future__ import annotations

import pytest

from seismo.base.errors import SourceError
from seismo.base.source import Source
from seismo.engine.case import Outcome, parse_cases, updated

FILE = """A remark.

-- script
BEGIN { }
-- args
1

-- case first
-- events
# a comment
kprobe:f pid=1

kprobe:f pid=2
-- expect

a
\\-- not a section
\\\\-- with a backslash

-- case second
-- args
2
-- recording a.rec
-- expect
-- errors
oh
-- exit
3
"""


def source(text: str) -> Source:
    return Source("a.test", text)


def mistake(text: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        for case in parse_cases(source(text)):
            case.hits()
            case.expected()
    return caught.value


def test_what_a_file_says() -> None:
    first, second = parse_cases(source(FILE))
    assert (first.name, second.name) == ("first", "second")
    assert [case.text("script") for case in (first, second)] == ["BEGIN { }", "BEGIN { }"]
    assert [case.text("args") for case in (first, second)] == ["1", "2"]
    assert [(hit.at, hit.task.pid, hit.ns) for hit in first.hits()] == [
        ("kprobe:f", 1, 1000),
        ("kprobe:f", 2, 2000),
    ]
    text = "a\n-- not a section\n\\-- with a backslash"
    assert first.expected() == Outcome(output=text)
    assert second.expected() == Outcome(errors="oh", status=3)
    recording = second.find("recording")
    assert recording is not None and recording.argument == "a.rec"


def test_a_file_without_cases_is_one() -> None:
    (case,) = parse_cases(source("-- events\nkprobe:f\n-- expect\nx\n"))
    assert (case.name, len(case.hits()), case.expected().output) == ("", 1, "x")


def test_events_of_a_case_stand_for_the_recording_of_all() -> None:
    (case,) = parse_cases(source("-- recording a\n-- case x\n-- events\nkprobe:f\n-- expect\n"))
    assert case.find("recording") is None and len(case.hits()) == 1


def test_formats_of_tracepoints() -> None:
    text = """-- format sched:sched_switch
\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;
-- format irq:irq_handler_exit
field:int irq; offset:8; size:4; signed:1;
"""
    (case,) = parse_cases(source(text))
    formats = case.formats()
    assert set(formats) == {"sched:sched_switch", "irq:irq_handler_exit"}
    assert formats["sched:sched_switch"].fields[0].offset == 24


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-- format a:b\nfield: x\n", "'field: x' is no field of a tracepoint"),
        ("-- format a\n", "'a' is not CATEGORY:NAME"),
        (
            "-- format a:b\nfield:int x; offset:8; size:99999999999; signed:1;\n",
            "x is outside of a record, which has 8192 bytes at most",
        ),
    ],
)
def test_formats_that_are_none(text: str, message: str) -> None:
    (case,) = parse_cases(source(text))
    with pytest.raises(SourceError) as caught:
        case.formats()
    assert (caught.value.message, caught.value.span.location.line) == (message, 1)


def test_what_came_out_as_it_stands_changes_nothing() -> None:
    outcomes = {case.name: case.expected() for case in parse_cases(source(FILE))}
    assert updated(source(FILE), outcomes) == FILE


def test_only_what_is_new_is_written() -> None:
    new = updated(source(FILE), {"first": Outcome(output="b\n-- c\n\\-- d")})
    assert new == FILE.replace(
        "\na\n\\-- not a section\n\\\\-- with a backslash\n", "b\n\\-- c\n\\\\-- d\n"
    )
    assert parse_cases(source(new))[0].expected() == Outcome(output="b\n-- c\n\\-- d")


def test_sections_that_are_missing_are_added() -> None:
    text = "-- case x\n-- events\nkprobe:f\n\n-- case y\n-- events\nkprobe:f"
    outcomes = {"x": Outcome(output="1"), "y": Outcome(errors="oh", status=1)}
    assert updated(source(text), outcomes) == (
        "-- case x\n-- events\nkprobe:f\n-- expect\n1\n\n"
        "-- case y\n-- events\nkprobe:f\n-- errors\noh\n-- exit\n1\n"
    )


def test_what_is_no_more_is_emptied() -> None:
    new = updated(source(FILE), {"second": Outcome(output="fine")})
    assert new.endswith("-- expect\nfine\n-- errors\n-- exit\n0\n")
    assert parse_cases(source(new))[1].expected() == Outcome(output="fine")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "this file has no section"),
        ("-- case a\n-- evnts\n", 2, "there is no section 'evnts'"),
        ("-- case a\n-- case a\n", 2, "there is another case 'a'"),
        ("-- case\n", 1, "`-- case` needs what it is about"),
        ("-- case a\n-- recording\n", 2, "`-- recording` needs a file that `seismo record` made"),
        ("-- case a\n-- expect x\n", 2, "behind `-- expect` stands nothing"),
        ("-- expect\n-- case a\n", 1, "`-- expect` is a case's"),
        ("-- case a\n-- args\n-- args\n", 3, "there is another `-- args` in this case"),
        ("-- events\n-- recording a\n", 2, "a case has events or a recording, not both"),
        ("-- case a\n-- exit\nx\n", 2, "an exit status is a number"),
        ("-- case a\n-- events\n", 1, "the case expects nothing"),
        ("-- events\n\n  kprobe:f pid=x\n", 3, "pid is a number"),
    ],
)
def test_mistakes_are_shown_where_they_are(text: str, line: int, message: str) -> None:
    error = mistake(text)
    assert (error.span.location.line, error.message) == (line, message)
    assert error.hint


def test_the_nearest_section_is_named() -> None:
    assert mistake("-- evnts\n").hint == "did you mean 'events'?"
