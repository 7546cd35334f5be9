"""`test:` and `bench:` probes: programs that the kernel runs on demand, on a packet of no meaning.

>>> trials = Trials(programs, perform)
>>> trials.run_tests([("adds", "test_0")], sink)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.kernel.bpf import TestRun
from seismo.objects.program import Program
from seismo.output.sink import Outcome, Sink, Timing
from seismo.output.trial import TrialSink

__all__ = ("Perform", "Trials")

_PACKET = bytes(14)
"""The kernel runs an XDP program on an Ethernet header at least (net/bpf/test_run.c)."""

_LONG_ENOUGH_NS = 1_000_000
_NEARLY_NS = 100_000

Perform: TypeAlias = Callable[[Callable[[], TestRun], TrialSink], tuple[TestRun, int]]
"""Runs, with all that is printed meanwhile going to the sink; the run and the code of exit()."""


@dataclass(frozen=True, slots=True)
class Trials:
    """Runs tests and benchmarks, given as (name, program)."""

    programs: Mapping[str, Program]
    perform: Perform

    def run_tests(self, tests: Sequence[tuple[str, str]], sink: Sink) -> bool:
        """Run every test and say how it did; whether all passed.

        A test fails when it returns another value than 0, calls exit() with one, or has an error.
        """
        sink.tests([name for name, _ in tests])
        outcomes: list[Outcome] = []
        for name, program in tests:
            run, code, trial = self._try(program, 1)
            outcome = Outcome(
                name=name,
                passed=run.retval == 0 and code == 0 and trial.errors == 0,
                duration_ns=run.duration_ns,
                output=trial.text,
            )
            outcomes.append(outcome)
            sink.outcome(outcome)
            sink.flush()
        sink.summary(outcomes)
        return all(one.passed for one in outcomes)

    def run_benches(self, benches: Sequence[tuple[str, str]], sink: Sink) -> bool:
        """Time every benchmark, but those that return another value than 0; whether none failed."""
        sink.benches([name for name, _ in benches])
        failed = [name for name, program in benches if not self._run_bench(name, program, sink)]
        return not failed

    def _run_bench(self, name: str, program: str, sink: Sink) -> bool:
        """Repeat until it has taken a millisecond."""
        iterations = 1
        while True:
            run, code, trial = self._try(program, iterations)
            if code or trial.errors:
                sink.warning(f"the benchmark '{name}' failed")
                return False
            if run.retval:
                return True
            total = run.duration_ns * iterations
            if total >= _LONG_ENOUGH_NS:
                sink.timing(Timing(name=name, average_ns=run.duration_ns, iterations=iterations))
                sink.flush()
                return True
            iterations *= 2 if total >= _NEARLY_NS else 10

    def _try(self, program: str, repeat: int) -> tuple[TestRun, int, TrialSink]:
        trial = TrialSink()
        loaded = self.programs[program]
        run, code = self.perform(lambda: loaded.test_run(_PACKET, repeat=repeat), trial)
        return run, code, trial
