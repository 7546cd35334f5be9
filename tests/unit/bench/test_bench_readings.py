"""What is read from the kernel and from the tools: fdinfo, cpuinfo, losses; and the accounts."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest

from bench.calls import make_calls
from bench.errors import BenchError
from bench.launch import launch
from bench.machine import cpu_model
from bench.options import PARTS, parse_options
from bench.printing import Printed
from bench.producer import Made, Producer, build_producer
from bench.programs import Runs, cost_ns, deviation, parse_fdinfo, runs_between
from bench.reader import Received
from bench.ring_program import RECORD, ring_object
from bench.tracer import lost_events

CALLS = Path(__file__).parents[3] / "bench" / "calls.py"

PROGRAM = """pos:\t0
flags:\t02000002
prog_type:\t5
prog_jited:\t1
prog_tag:\t560e29b6a168615e
memlock:\t4096
prog_id:\t730
run_time_ns:\t81000
run_cnt:\t1000
recursion_misses:\t0
"""
LINK = "pos:\t0\nlink_type:\tperf\nlink_id:\t9\nprog_tag:\t560e29b6a168615e\nprog_id:\t730\n"


def test_a_program_is_read_from_fdinfo() -> None:
    assert parse_fdinfo(PROGRAM) == {730: Runs(1000, 81000)}


@pytest.mark.parametrize("text", ["", "pos:\t0\nflags:\t02\n", LINK])
def test_other_files_are_no_programs(text: str) -> None:
    assert parse_fdinfo(text) == {}


def test_the_cost_is_the_sum_over_programs() -> None:
    before = {1: Runs(10, 1000), 2: Runs(0, 0)}
    after = {1: Runs(110, 9000), 2: Runs(50, 1000)}
    runs = runs_between(before, after)
    assert runs == [Runs(100, 8000), Runs(50, 1000)]
    assert cost_ns(runs) == 80 + 20


@pytest.mark.parametrize(
    ("counts", "expected"), [((100, 100), 0), ((100, 150), 0.5), ((75, 101), 0.25)]
)
def test_runs_that_are_not_the_producers_show(counts: tuple[int, ...], expected: float) -> None:
    assert deviation([Runs(count, 0) for count in counts], 100) == expected


def test_the_processor_has_its_own_name() -> None:
    cpuinfo = "processor\t: 0\nmodel\t\t: 2\nmodel name\t: AMD  EPYC 9B45\nflags\t\t: fpu\n"
    assert cpu_model(cpuinfo) == "AMD EPYC 9B45"
    assert cpu_model("processor : 0\nCPU part : 0xd40\n") == "unknown CPU"


def test_losses_are_added_up() -> None:
    said = "Attaching 1 probe...\nLost 12 events\ncall 7 Lost 5 events\nLost 30 events\n"
    assert lost_events(said) == 42
    assert lost_events("nothing lost") == 0


def test_every_record_is_accounted_for() -> None:
    received = Received(produced=100, received=90, lost=7, seconds=0.5)
    assert (received.rate, received.unaccounted) == (180.0, 3)
    made = Made(count=500, start_ns=1_000_000, end_ns=3_000_000)
    assert made.rate == 250_000.0
    printed = Printed(made=made, lines=60, lost=430, seconds=2.0)
    assert (printed.rate, printed.unaccounted) == (30.0, 10)


def test_records_have_48_bytes_and_no_holes() -> None:
    assert (RECORD.size, RECORD.padding()) == (48, ())
    program = ring_object(4711, 1 << 20).program("record")
    assert [name for _, name in program.map_refs] == ["events", "lost"]
    assert any("0x1267" in str(insn) for insn in program.insns)


@pytest.mark.parametrize(("count", "burst"), [(0, 0), (1, 0), (7, 0), (7, 3), (6, 3), (2, 3)])
def test_python_makes_exactly_the_calls(count: int, burst: int) -> None:
    counter = itertools.count()
    start, end = make_calls(lambda: next(counter), count, burst)
    assert next(counter) == count
    sleeps = count // burst if burst else 0
    assert end - start >= sleeps * 1_000_000


@pytest.mark.parametrize("call", ["getppid", "statfs"])
@pytest.mark.parametrize("is_built", [True, False])
def test_a_producer_answers_orders(call: str, is_built: bool, tmp_path: Path) -> None:
    python = (sys.executable, "-I", "-S", str(CALLS))
    with Producer(build_producer(tmp_path) if is_built else python, call) as producer:
        first, second = producer.make(10), producer.make(5, burst=2)
    assert (first.count, second.count) == (10, 5)
    assert first.start_ns < first.end_ns <= second.start_ns
    # two sleeps of a millisecond
    assert second.end_ns - second.start_ns >= 2_000_000


def test_a_producer_that_ends_is_reported() -> None:
    with (
        Producer((sys.executable, "-c", ""), "getppid") as producer,
        pytest.raises((BenchError, BrokenPipeError)),
    ):
        producer.make(1)


def test_a_launch_is_timed_and_weighed() -> None:
    napping = [sys.executable, "-c", "import time; time.sleep(0.1); exit(3)"]
    wall_ns, cpu_ns, peak_kib, status = launch(napping)
    assert wall_ns > 100_000_000
    assert 0 < cpu_ns < wall_ns + 10_000_000
    assert peak_kib > 5_000
    assert status == 3


def test_options_choose_parts_and_rounds() -> None:
    everything = parse_options([])
    assert everything.parts == PARTS
    assert everything.effort.reader_calls == 3_000_000
    assert not everything.write
    some = parse_options(["--only", "kernel", "--rounds", "2", "--quick", "--write"])
    assert (some.parts, some.write) == (("kernel",), True)
    assert (some.effort.start_rounds, some.effort.kernel_rounds) == (2, 2)
    assert some.effort.reader_calls == 300_000


@pytest.mark.parametrize("rounds", ["0", "-1", "x"])
def test_rounds_must_be_positive(rounds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_options([f"--rounds={rounds}"])
    assert "is not a positive number" in capsys.readouterr().err
