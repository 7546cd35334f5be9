"""What the tracing command does with a script instead of running it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from seismo.compiler import compile_script
from seismo.kernel.listening import ListeningKernel
from seismo.lang.typed import Constant, OptionSymbol
from seismo.objects.load import load
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.loop import refusals
from seismo.ui.cli.notes import Notes
from seismo.ui.cli.run import Job, Prepared, prepared
from seismo.ui.cli.stages import VERIFIER, stage_printer

__all__ = ("compile_only", "load_only", "show_options", "show_stages", "time_compiler")

_BENCH_SECONDS = 1.0
_NAME_WIDTH, _NUMBER_WIDTH = 24, 14


def show_stages(job: Job, stages: Sequence[str]) -> int:
    """Print stages of the compilation to standard output; the exit status."""
    tell = stage_printer(stages, sys.stdout)
    is_loaded = VERIFIER in stages
    if is_loaded and job.engine == "user":
        raise InputError("-d verifier asks the kernel's\nhint: leave --engine user away")
    with prepared(job, tell, is_loaded=is_loaded) as ready:
        if is_loaded:
            logs: list[str] = []
            kernel = ListeningKernel(lambda name, log: logs.append(f"{name}:\n{log}"))
            try:
                with refusals(Notes(is_on=False)):
                    load(ready.compiled.plan.object, kernel).close()
            finally:
                tell(VERIFIER, lambda: "\n".join(logs).rstrip())
    return 0


def load_only(job: Job) -> int:
    """Load, to see whether the kernel's verifier takes it; the exit status.

    Nothing is attached: to detach takes the kernel some 40 ms for every tracepoint.
    """
    with prepared(job, is_loaded=True) as ready:
        notes = Notes(is_on=job.is_verbose)
        plan = ready.compiled.plan
        notes.say_plan(plan)
        with refusals(notes):
            load(plan.object, ready.engine.kernel).close()
    return 0


def compile_only(job: Job) -> int:
    """Compile and say what is wrong with the script; the exit status."""
    with prepared(job) as ready:
        Notes(is_on=job.is_verbose).say_plan(ready.compiled.plan)
    return 0


def show_options(job: Job) -> int:
    """Print what the script takes behind `--`, as its getopt() calls tell; the exit status."""
    with prepared(job) as ready:
        options = ready.compiled.options.values()
    print(f"usage: seismo {_script(job)} [PARAMETER ...] [-- --NAME[=VALUE] ...]")
    print("\noptions of the script:" if options else "\nThe script has no options.")
    width = max((len(_form(one)) for one in options), default=0)
    for one in options:
        default = "" if one.default is False else f"(default: {_shown(one.default)})"
        print(f"  {_form(one):{width}}  {' '.join(filter(None, (one.doc, default)))}".rstrip())
    return 0


def time_compiler(job: Job) -> int:
    """Compile again and again, and print how long each stage takes; the exit status."""
    spent: dict[str, int] = {}
    with prepared(job) as ready:
        count, deadline = 0, time.monotonic() + _BENCH_SECONDS
        while time.monotonic() < deadline or not count:
            _compile_once(job, ready, spent)
            count += 1
    print(f"{'Stage':<{_NAME_WIDTH}}{'Time(ns)':<{_NUMBER_WIDTH}}Iterations")
    for stage, total_ns in (*spent.items(), ("all", sum(spent.values()))):
        print(f"{stage:<{_NAME_WIDTH}}{total_ns // count:<{_NUMBER_WIDTH}}{count}")
    return 0


def _compile_once(job: Job, ready: Prepared, spent: dict[str, int]) -> None:
    last_ns = time.perf_counter_ns()

    def on_stage(name: str, text: Callable[[], str]) -> None:
        nonlocal last_ns
        now_ns = time.perf_counter_ns()
        spent[name] = spent.get(name, 0) + now_ns - last_ns
        last_ns = now_ns

    compile_script(job.source, ready.engine.view, ready.engine.options, job.inputs, on_stage)


def _script(job: Job) -> str:
    return "-e PROGRAM" if job.source.name == "stdin" else job.source.name


def _form(option: OptionSymbol) -> str:
    match option.default:
        case bool():
            return f"--{option.name}"
        case int():
            return f"--{option.name}=NUMBER"
        case _:
            return f"--{option.name}=TEXT"


def _shown(value: Constant) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()
