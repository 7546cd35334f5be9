"""What the kernel refuses to attach to, by the script's `missing_probes`."""

from __future__ import annotations

import time
from io import BytesIO

import pytest

from seismo.base.dataclass import replace
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions
from seismo.compiler import compile_script
from seismo.kernel.errors import NotInKernel
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.output.text import TextSink
from seismo.session import Session
from seismo.spec.types import TracepointAttach
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

SCRIPT = "config = { missing_probes = %s } t:sched:sched_switch { } BEGIN, END { print(1) }"


def errors_of(script: str, *, is_wild: bool) -> str:
    """What is said when the script's tracepoint has gone since it was compiled."""
    kernel, errors = LiveKernel(), BytesIO()
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        options = LowerOptions(
            possible_cpus=view.possible_cpus(),
            started_ns=time.clock_gettime_ns(time.CLOCK_BOOTTIME),
            tai_offset_ns=0,
        )
        plan = compile_script(Source("case.bt", script), view, options).plan
        (one,) = plan.attachments
        gone = replace(one, at=TracepointAttach("sched", "gone"), may_fail=is_wild)
        out = BytesIO()
        sink = TextSink(out, errors, is_quiet=True)
        with Session(replace(plan, attachments=(gone,)), kernel, tracefs, sink) as session:
            session.start()
            session.finish()
    assert out.getvalue().decode().split() == ["1", "1"]
    return errors.getvalue().decode()


@pytest.mark.parametrize("is_wild", [False, True])
def test_an_error(is_wild: bool) -> None:
    with pytest.raises(NotInKernel, match="gone"):
        errors_of(SCRIPT % "error", is_wild=is_wild)


@pytest.mark.parametrize(
    ("is_wild", "told"),
    [
        (False, "warning: tracepoint:sched:sched_switch: "),
        (True, "warning: 1 of 1 places that wildcards found could not be attached to; "),
    ],
)
def test_a_warning(is_wild: bool, told: str) -> None:
    text = errors_of(SCRIPT % "warn", is_wild=is_wild)
    assert text.startswith(told)
    assert "gone" in text


@pytest.mark.parametrize("is_wild", [False, True])
def test_ignored(is_wild: bool) -> None:
    assert errors_of(SCRIPT % "ignore", is_wild=is_wild) == ""
