"""Which script each tool runs with on this kernel: what `docs/tools.md` says."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from disk_setup import load_modules
from seismo.base.errors import BpfError
from seismo.builtin.options import LowerOptions
from seismo.compiler import Inputs, compile_script
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.tools.table import NAMES, find_tool
from seismo.tools.tool import Tool
from seismo.views import LiveView
from tool_records import RECORDS, keep

pytestmark = pytest.mark.kernel

SERIES = ".".join(os.uname().release.split(".")[:2])
RECORDED = Path(__file__).parents[1] / "recorded" / "tools" / f"{SERIES}.json"


def chosen(tool: Tool, view: LiveView) -> str:
    """The first of the tool's scripts that compiles, '' if none does."""
    options = LowerOptions(possible_cpus=view.possible_cpus(), command_pid=os.getpid())
    given = {one.name: tool.usual.get(one.name) for one in tool.options}
    names = tool.scripts or (tool.name,)
    for name, source in zip(names, tool.sources(given), strict=False):
        inputs = Inputs(named=tool.parameters(given), is_unsafe=tool.is_unsafe)
        try:
            compile_script(source, view, options, inputs)
        except BpfError:
            continue
        return name
    return ""


def test_each_tool_runs_with_the_script_that_is_recorded() -> None:
    if "SEISMO_LAB_KERNEL" in os.environ:
        load_modules("crc32c_generic", "ext4", "xfs")  # whose functions are looked for
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        found = {name: chosen(find_tool(name), view) for name in sorted(NAMES)}
    text = json.dumps(found, indent=1) + "\n"
    keep(f"{SERIES}.json", text)
    assert RECORDS.exists() or RECORDED.exists(), f"nothing is recorded of Linux {SERIES}"
    if RECORDED.exists():
        assert found == json.loads(RECORDED.read_text(encoding="utf-8"))
