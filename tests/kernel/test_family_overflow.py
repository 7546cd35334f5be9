"""A family that is too large for its map: what is not followed is counted."""

from __future__ import annotations

import os
import subprocess
import sys
from io import BytesIO

import pytest

from seismo.base.dataclass import replace
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions, TaskFilter
from seismo.compiler import compile_script
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.output.text import TextSink
from seismo.plan import Plan
from seismo.session import Session
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

_CHILDREN = 5
_ROOM = 2
_FOUNDER = f"""
import subprocess
input()
children = [subprocess.Popen("/bin/cat", stdin=subprocess.PIPE) for _ in range({_CHILDREN})]
print("all there", flush=True)
input()
for one in children:
    one.communicate(b"")
"""


def _with_room(plan: Plan, count: int) -> Plan:
    maps = [
        replace(one, max_entries=count) if one.name == "tree" else one for one in plan.object.maps
    ]
    return replace(plan, object=replace(plan.object, maps=tuple(maps)))


def test_what_is_not_followed_is_counted() -> None:
    kernel, errors = LiveKernel(), BytesIO()
    command = [sys.executable, "-c", _FOUNDER]
    with (
        Tracefs(kernel) as tracefs,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as founder,
    ):
        options = LowerOptions(
            possible_cpus=os.cpu_count() or 1,
            filter=TaskFilter(founder.pid, and_children=True),
        )
        script = "tracepoint:sched:sched_process_exec { @[pid] = count(); }"
        view = LiveView(kernel, tracefs)
        plan = compile_script(Source("case.bt", script), view, options).plan
        sink = TextSink(BytesIO(), errors, is_quiet=True)
        with Session(_with_room(plan, _ROOM), kernel, tracefs, sink) as session:
            session.start()
            assert founder.stdin is not None and founder.stdout is not None
            print(file=founder.stdin, flush=True)
            assert founder.stdout.readline() == "all there\n"
            print(file=founder.stdin, flush=True)
            assert founder.wait() == 0
            session.finish()
    missing = _CHILDREN - (_ROOM - 1)
    assert f"{missing} processes of the family not followed" in errors.getvalue().decode()
