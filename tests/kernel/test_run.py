"""A whole run on the running kernel: the order of what is printed, what is lost, what is told."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest

from seismo.base.source import Source
from seismo.builtin.options import LowerOptions
from seismo.compiler import Inputs, compile_script
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.output.capture import CaptureSink
from seismo.output.jsonl import JsonSink
from seismo.output.sink import Sink
from seismo.output.text import TextSink
from seismo.session import Session
from seismo.views import LiveView

pytestmark = pytest.mark.kernel


def run(
    script: str,
    sink: Sink,
    *,
    ring_bytes: int = 1 << 16,
    mode: str = "",
    step: Callable[[Session], object] | None = None,
) -> Session:
    """Run a script's BEGIN and END, or what `step` does."""
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        options = LowerOptions(possible_cpus=view.possible_cpus(), ring_bytes=ring_bytes)
        inputs = Inputs(is_unsafe=True, mode=mode)
        plan = compile_script(Source("case.bt", script), view, options, inputs).plan
        with Session(plan, kernel, tracefs, sink) as session:
            if step:
                step(session)
            else:
                session.start()
                session.finish()
    return session


def texts(script: str, *, ring_bytes: int = 1 << 16) -> tuple[str, str]:
    """(standard output, standard error)."""
    out, err = io.BytesIO(), io.BytesIO()
    run(script, TextSink(out, err, is_quiet=True), ring_bytes=ring_bytes)
    return out.getvalue().decode(), err.getvalue().decode()


def lines(script: str) -> list[dict[str, object]]:
    """The objects of -f json."""
    out = io.BytesIO()
    run(script, JsonSink(out))
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_everything_comes_in_the_order_of_the_script() -> None:
    """Maps are printed as they are when it is their turn, which is after BEGIN has run."""
    out, _ = texts(
        """BEGIN {
            @m[1] = 1; printf("one\\n"); print(@m); printf("two\\n"); zero(@m); print(@m);
            time("three\\n"); clear(@m); print(@m); print("four"); print(@c); exit(); @c = 1;
        }
        END { @c = 2; printf("end\\n"); }"""
    )
    assert out == "one\n@m[1]: 1\ntwo\n@m[1]: 0\nthree\nfour\n@c: 0\nend\n\n\n@c: 2\n"


def test_a_flood_of_output_pushes_out_no_action() -> None:
    """The ring of output holds some 100 records of 10,000; what is not there is counted."""
    sink = CaptureSink()
    session = run(
        """BEGIN {
            @m[1] = 5;
            for $i : 0..10000 { printf("%d\\n", $i); }
            print(@m); clear(@m); printf("last\\n"); exit(7);
        }""",
        sink,
        ring_bytes=4096,
    )
    assert sink.lines == [str(number) for number in range(len(sink.lines))]
    assert session.received == len(sink.lines) > 100
    assert session.received + sink.lost_events == 10_001
    assert sink.maps == {"@m": [((1,), 5)]}
    assert session.exit_code == 7
    assert sink.warnings == [f"events lost in all: {sink.lost_events}"]


def test_more_records_than_one_portion_are_passed_on_in_order() -> None:
    sink = CaptureSink()
    run(
        """BEGIN {
            for $i : 0..25000 { printf("%d\\n", $i); }
            print(@m); @m = 3; printf("after\\n");
        }""",
        sink,
        ring_bytes=1 << 20,
    )
    assert sink.lines == [*map(str, range(25_000)), "after"]
    assert sink.maps == {"@m": [((), 3)]}


def test_refused_updates_are_told_by_place_and_map() -> None:
    script = "let @m = hash(3); BEGIN { for $i : 0..10 { @m[$i] = 1; } }"
    out, err = texts(script)
    assert sorted(out.split("\n")) == ["", "", "", "@m[0]: 1", "@m[1]: 1", "@m[2]: 1"]
    column = script.index("@m[$i]") + 1
    expected = f"case.bt:1:{column}: 7 updates of @m refused: the map is full (max_map_keys=3)\n"
    assert err == expected


def test_what_cannot_be_read_is_told_by_place() -> None:
    script = 'BEGIN { printf("%d\\n", strlen(str(4096)) > 0); $p = (uint64*)8192; print(*$p); }'
    out, err = texts(script)
    assert out.splitlines()[1] == "0"
    first, second = err.splitlines()
    assert first.startswith("case.bt:1:") and ": 1 string could not be read: " in first
    assert second.startswith("case.bt:1:") and ": 1 read of memory failed and gave 0: " in second


def test_messages_of_the_script() -> None:
    script = 'BEGIN { errorf("bad %d\\n", 5); warnf("hm"); $z = 0; print(7 / $z); }'
    out, err = texts(script)
    assert out == "1\n\n\n"
    errorf, warnf, division, *_ = err.splitlines()
    assert errorf == "case.bt:1:9: ERROR: bad 5"
    assert warnf == f"case.bt:1:{script.index('warnf') + 1}: WARNING: hm"
    assert division.startswith(f"case.bt:1:{script.index('7 /') + 1}: warning: ")


def test_commands_and_files() -> None:
    script = """BEGIN {
        printf("a\\n"); system("echo %s %d", "b", 3); cat("/proc/sys/kernel/%s", "ostype");
        cat("/no/such/file"); printf("c\\n");
    }"""
    out, err = texts(script)
    assert out == "a\nb 3\nLinux\nc\n\n\n"
    assert "cat: cannot read '/no/such/file': No such file or directory" in err


def test_settings_of_the_script() -> None:
    out, _ = texts(
        """config = { print_maps_on_exit = false; max_cat_bytes = 3 }
        BEGIN { @m = 1; cat("/proc/sys/kernel/ostype"); }"""
    )
    assert out == "Lin\n\n"


def test_json_of_a_run() -> None:
    found = lines(
        """BEGIN {
            printf("%d\\n", 1); @h = hist(5); @h = hist(-1); @s[1, "x"] = stats(-7);
            @a = avg(6); system("echo hi"); print((1, "a")); errorf("bad"); exit();
        }"""
    )
    assert [line["type"] for line in found] == [
        "attached_probes", "printf", "syscall", "value", "errorf", "stats", "hist", "stats",
    ]  # fmt: skip
    assert [line.get("data") for line in found[1:4]] == ["1\n", "hi\n", [1, "a"]]
    assert found[5]["data"] == {"@a": 6}
    buckets = found[6]["data"]
    assert isinstance(buckets, dict)
    assert [one for one in buckets["@h"] if one["count"]] == [
        {"max": -1, "count": 1},
        {"min": 4, "max": 7, "count": 1},
    ]
    assert found[7]["data"] == {"@s": {"1,x": {"count": 1, "average": -7, "total": -7}}}


def test_maps_of_every_reduction() -> None:
    out, _ = texts(
        """BEGIN {
            @count = count(); @sum = sum(-5); @sum = sum(2); @min = min(3); @min = min(-3);
            @max = max(-9); @max = max(-8); @avg = avg(5); @avg = avg(-8); @stats = stats(6);
            @lhist[1] = lhist(5, 0, 10, 5); print(@sum, 0, 2); print(@avg); clear(@stats);
            print(@stats);
        }"""
    )
    assert out.split("\n") == [
        "@sum: -1",
        "@avg: -1",
        "@stats: { .count = 0, .average = 0, .total = 0 }",
        "",
        "",
        "@avg: -1",
        "@count: 1",
        "@lhist[1]:",
        f"[5, 10)                1 |{'@' * 52}|",
        "",
        "@max: -8",
        "@min: -3",
        "@sum: -3",
        "",
    ]


def test_print_and_clear_loses_nothing() -> None:
    sink = CaptureSink()
    run("BEGIN { @c[1] = count(); @c[2] = count(); print(@c); clear(@c); print(@c); }", sink)
    assert sink.maps == {"@c": []}


TESTS = """
    test:passes { printf("unseen\\n"); }
    test:returns { return 1; }
    test:reports { printf("one\\n"); errorf("bad"); }
    test:leaves { exit(2); }
"""


def test_the_tests_of_a_script() -> None:
    sink = CaptureSink()
    session = run(TESTS, sink, mode="test", step=lambda session: session.run_tests())
    assert [(one.name, one.passed) for one in sink.outcomes] == [
        ("passes", True),
        ("returns", False),
        ("reports", False),
        ("leaves", False),
    ]
    assert sink.outcomes[0].output == "unseen\n"
    assert sink.outcomes[2].output.splitlines()[0] == "one"
    assert sink.outcomes[2].output.splitlines()[1].endswith(": ERROR: bad")
    assert sink.lines == []
    assert (session.exit_requested, session.exit_code) == (False, 0)


def test_whether_all_tests_passed() -> None:
    answers: list[bool] = []
    for body in ("", "return 1;"):
        step = lambda session: answers.append(session.run_tests())  # noqa: E731
        run(f"test:one {{ {body} }}", CaptureSink(), mode="test", step=step)
    assert answers == [True, False]


def test_the_benchmarks_of_a_script() -> None:
    sink = CaptureSink()
    answers: list[bool] = []
    run(
        """bench:counts { @ = count(); } bench:skipped { return 1; }
           bench:broken { errorf("no"); }""",
        sink,
        mode="bench",
        step=lambda session: answers.append(session.run_benches()),
    )
    (timing,) = sink.timings
    assert timing.name == "counts"
    assert timing.average_ns * timing.iterations >= 1_000_000
    assert sink.warnings == ["the benchmark 'broken' failed"]
    assert answers == [False]
