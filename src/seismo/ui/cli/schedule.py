"""When a run reports and when it ends, by the clock: `--interval`, `--count`, `--duration`."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import MutableMapping
from typing import Any

from seismo.base.dataclass import dataclass

__all__ = (
    "OPEN_END",
    "Clock",
    "Schedule",
    "add_schedule_options",
    "add_schedule_words",
    "seconds",
    "take_schedule",
)

_LONGEST = 10 * 365 * 86_400


@dataclass(frozen=True, slots=True)
class Schedule:
    """In seconds, 0: never. `maps` are reported every `interval`, no more than `rounds` times."""

    duration: float = 0
    interval: float = 0
    rounds: int = 0
    maps: tuple[str, ...] = ()


OPEN_END = Schedule()


class Clock:
    """A schedule that began when this was made. With `has_ticks` every second is waited for."""

    def __init__(self, schedule: Schedule, *, has_ticks: bool = False) -> None:
        self._start = time.monotonic()
        self._schedule = schedule
        self._has_ticks = has_ticks
        self._done = 0

    @property
    def elapsed(self) -> float:
        """The seconds that have passed."""
        return time.monotonic() - self._start

    @property
    def length(self) -> float:
        """The seconds that there will have been in the end, perhaps infinitely many."""
        one = self._schedule
        lengths = [length for length in (one.duration, one.interval * one.rounds) if length]
        return min(lengths, default=math.inf)

    def timeout_ms(self) -> int:
        """How long to wait for what is next, rounded up; -1: for ever."""
        at = min(self._end(), self._next(), self._tick())
        return -1 if math.isinf(at) else max(0, math.ceil((at - time.monotonic()) * 1000))

    def is_over(self) -> bool:
        """Whether the time has come to end, which is the last report; with `rounds` none before
        it is left out, however late it is."""
        one, elapsed = self._schedule, self.elapsed
        if one.duration and elapsed >= one.duration:
            return True
        return 0 < one.rounds <= self._done + 1 and elapsed >= one.interval * one.rounds

    def take_round(self) -> bool:
        """Whether a report is due, which is then counted as made."""
        if time.monotonic() < self._next():
            return False
        self._done += 1
        return True

    def _next(self) -> float:
        interval = self._schedule.interval
        return self._start + (self._done + 1) * interval if interval else math.inf

    def _tick(self) -> float:
        return self._start + math.floor(self.elapsed) + 1 if self._has_ticks else math.inf

    def _end(self) -> float:
        return self._start + self.length


def add_schedule_options(parser: argparse.ArgumentParser, *, has_maps: bool) -> None:
    """When it ends; and where it has maps to report, when it does."""
    add = parser.add_argument_group("when").add_argument
    text = "end after so many seconds"
    add("--duration", type=seconds, default=0.0, metavar="SECONDS", help=text)
    if has_maps:
        text = "report, and begin anew, every so many seconds"
        add("-i", "--interval", type=seconds, default=0.0, metavar="SECONDS", help=text)
        text = "with -i: end after so many reports"
        add("--count", dest="rounds", type=_count, default=0, metavar="N", help=text)


def add_schedule_words(parser: argparse.ArgumentParser, *, is_duration: bool) -> None:
    """The same without dashes, as BCC's tools have it: `profile 5`, `runqlat 1 10`."""
    if is_duration:
        text = "the same as --duration"
        parser.add_argument("seconds", nargs="?", type=seconds, metavar="SECONDS", help=text)
        return
    text = "the same as -i, and behind it --count"
    parser.add_argument("every", nargs="?", type=seconds, metavar="INTERVAL", help=text)
    parser.add_argument("times", nargs="?", type=_count, metavar="COUNT", help="see INTERVAL")


def take_schedule(
    parser: argparse.ArgumentParser, given: MutableMapping[str, Any], maps: tuple[str, ...]
) -> Schedule:
    """Take what the two functions above added out of what the parser read."""
    found = [
        _only(parser, given, option, word)
        for option, word in (("duration", "seconds"), ("interval", "every"), ("rounds", "times"))
    ]
    duration, interval, rounds = found
    if rounds and not interval:
        parser.error("--count counts the reports of -i: give both")
    return Schedule(duration, interval, int(rounds), maps)


def _only(
    parser: argparse.ArgumentParser, given: MutableMapping[str, Any], option: str, word: str
) -> float:
    """What was given by an option or by a word; both are too much."""
    values: list[float] = [value for name in (option, word) if (value := given.pop(name, None))]
    if len(values) > 1:
        parser.error(f"{values[1]:g} is the same as the {values[0]:g} of the option: give one")
    return values[0] if values else 0


def seconds(text: str) -> float:
    """A length of time of the command line: `10`, `0.5`."""
    try:
        length = float(text)
    except ValueError:
        length = math.nan
    if not 0 < length <= _LONGEST:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds")
    return length


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _LONGEST:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of reports")
    return int(text)
