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
from tool_records import RECORDS, keep, kept_text

pytestmark = pytest.mark.kernel

SERIES = ".".join(os.uname().release.split(".")[:2])
PARTS = 8
"""An emulated guest takes more than the two minutes of a test to compile all of them."""
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


@pytest.mark.parametrize("part", range(PARTS))
def test_each_tool_runs_with_the_script_that_is_recorded(part: int) -> None:
    names = sorted(NAMES)[part::PARTS]
    if "SEISMO_LAB_KERNEL" in os.environ:
        load_modules("crc32c_generic", "ext4", "xfs")  # whose functions are looked for
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        found = {name: chosen(find_tool(name), view) for name in names}
    kept = json.loads(kept_text(f"{SERIES}.json") or "{}") | found
    keep(f"{SERIES}.json", json.dumps(kept, indent=1, sort_keys=True) + "\n")
    assert RECORDS.exists() or RECORDED.exists(), f"nothing is recorded of Linux {SERIES}"
    if RECORDED.exists():
        recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
        assert found == {name: script for name, script in recorded.items() if name in names}
