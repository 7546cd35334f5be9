"""When a run reports and ends, by the clock."""

from __future__ import annotations

import argparse
import time

import pytest

from seismo.ui.cli.schedule import Clock, Schedule, add_schedule_options, seconds, take_schedule


def parsed(*arguments: str) -> Schedule:
    parser = argparse.ArgumentParser()
    add_schedule_options(parser, has_maps=True)
    return take_schedule(parser, vars(parser.parse_args(list(arguments))), ("@",))


def test_without_a_schedule_nothing_is_ever_due() -> None:
    clock = Clock(Schedule())
    assert (clock.timeout_ms(), clock.is_over(), clock.take_round()) == (-1, False, False)


def test_options_make_the_schedule() -> None:
    assert parsed("-i", "0.5", "--count", "3", "--duration", "9") == Schedule(9.0, 0.5, 3, ("@",))


def test_the_end_is_the_earlier_of_duration_and_rounds() -> None:
    assert 2900 < Clock(Schedule(9.0, 3.0, 1)).timeout_ms() <= 3000
    assert 1900 < Clock(Schedule(2.0, 3.0, 9)).timeout_ms() <= 2000


def test_rounds_do_not_drift_and_none_is_left_out() -> None:
    clock = Clock(Schedule(0, 0.02))
    time.sleep(0.05)
    assert [clock.take_round() for _ in range(3)] == [True, True, False]
    assert clock.timeout_ms() <= 20


def test_it_is_over_when_the_time_has_come() -> None:
    clock = Clock(Schedule(0.01))
    time.sleep(0.02)
    assert clock.is_over() and clock.timeout_ms() == 0


@pytest.mark.parametrize("text", ["0", "-1", "x", "nan", "inf", ""])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="not a number of seconds"):
        seconds(text)


def test_a_count_needs_an_interval(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--count", "3")
    assert "--count counts the reports of -i" in capsys.readouterr().err
