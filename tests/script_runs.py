"""What tests of built-ins share: a script run on this machine's kernel, a script's mistakes."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import DiagnosticsError
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions
from seismo.compiler import Inputs, compile_script
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.output.text import TextSink
from seismo.plan import Plan
from seismo.session import Session
from seismo.views import LiveView, RecordedView

__all__ = ("Ran", "complaints", "output_of", "run_script", "warnings_of")

_RECORDED = RecordedView(Path(__file__).parent / "recorded" / "6.18")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a script wrote to standard output and standard error, and its exit code."""

    output: str
    errors: str
    exit_code: int


def run_script(
    script: str,
    act: Callable[[], object] = lambda: None,
    *,
    is_unsafe: bool = False,
    **options: object,
) -> Ran:
    """Compile and run a script, `act` while it is attached; `options` are those of
    `LowerOptions`."""
    kernel = LiveKernel()
    stream, errors = BytesIO(), BytesIO()
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        started = {
            "started_ns": time.clock_gettime_ns(time.CLOCK_BOOTTIME),
            "tai_offset_ns": _tai_offset_ns(),
        }
        lowering = LowerOptions(possible_cpus=view.possible_cpus(), **(started | options))
        inputs = Inputs(is_unsafe=is_unsafe)
        plan = compile_script(Source("case.bt", script), view, lowering, inputs).plan
        sink = TextSink(stream, errors, is_quiet=True)
        with Session(plan, kernel, tracefs, sink) as session:
            session.start()
            act()
            session.finish()
            code = session.exit_code
    return Ran(stream.getvalue().decode(), errors.getvalue().decode(), code)


def _tai_offset_ns() -> int:
    return time.clock_gettime_ns(time.CLOCK_TAI) - time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def output_of(body: str, **options: object) -> str:
    """What a BEGIN probe with this body prints, without the maps that are printed at the end."""
    script = f"config = {{ print_maps_on_exit = false }} BEGIN {{ {body} }}"
    return run_script(script, **options).output.strip("\n")


def complaints(body: str, *, is_unsafe: bool = False) -> list[str]:
    """`what: message (hint)` of each mistake in a BEGIN body, `what` being the text it is about."""
    try:
        _compiled(body, is_unsafe)
    except DiagnosticsError as error:
        return [_brief(one.span.text, one.message, one.hint) for one in error.diagnostics]
    return []


def warnings_of(body: str) -> list[str]:
    """The warnings about a BEGIN body, as `complaints` are written."""
    _, warnings = _compiled(body, is_unsafe=False)
    return warnings


def _compiled(body: str, is_unsafe: bool) -> tuple[Plan, list[str]]:
    source = Source("case.bt", f"BEGIN {{ {body} }}")
    inputs = Inputs(is_unsafe=is_unsafe)
    done = compile_script(source, _RECORDED, LowerOptions(possible_cpus=2), inputs)
    return done.plan, [_brief(one.span.text, one.message, one.hint) for one in done.warnings]


def _brief(text: str, message: str, hint: str) -> str:
    return f"{text}: {message}" + (f" ({hint})" if hint else "")
