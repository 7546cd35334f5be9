"""When a run reports and ends, by the clock."""

from __future__ import annotations

import argparse
import math
import time

import pytest

from seismo.ui.cli.schedule import (
    Clock,
    Schedule,
    add_schedule_options,
    add_schedule_words,
    seconds,
    take_schedule,
)


def parsed(*arguments: str) -> Schedule:
    parser = argparse.ArgumentParser()
    add_schedule_words(parser, is_duration=False)
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
    least, count = clock.elapsed // 0.02, 0
    while clock.take_round():
        count += 1
    assert 2 <= least <= count <= clock.elapsed // 0.02
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


def test_ticks_are_waited_for_and_say_how_far_it_is() -> None:
    clock = Clock(Schedule(9.0, 3.0, 2), has_ticks=True)
    assert 0 < clock.timeout_ms() <= 1000
    assert clock.length == 6.0
    assert 0 <= clock.elapsed < clock.length
    assert Clock(Schedule(interval=1)).length == math.inf


def test_no_round_is_left_out_when_all_are_late() -> None:
    clock = Clock(Schedule(0, 0.01, 3))
    time.sleep(0.05)
    seen = [(clock.is_over(), clock.take_round()) for _ in range(2)]
    assert seen == [(False, True), (False, True)] and clock.is_over()


def test_words_say_the_same_as_options() -> None:
    assert parsed("2", "5") == parsed("-i", "2", "--count", "5")
    assert parsed("2") == parsed("-i", "2")


def test_a_word_and_its_option_are_too_much(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("2", "-i", "3")
    assert "give one" in capsys.readouterr().err
