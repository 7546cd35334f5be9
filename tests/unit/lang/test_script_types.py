"""What is read for a script's types, and what is not."""

from __future__ import annotations

import subprocess
import sys

from c_cases import RECORDED, read_c, types_of
from seismo.btf.spec import Btf
from seismo.lang.types import RecordType
from seismo.views import RecordedView

LOADED = """
import sys
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.lang.ast import Script
from seismo.lang.script_types import script_types
from seismo.views import RecordedView
types = script_types(Script(Source("t", ""), ()), RecordedView(sys.argv[1]), None, Diagnostics())
types.find("uint64_t")
print(*[name for name in sys.modules if name.startswith(("seismo.btf", "seismo.lang.c"))])
"""


def test_a_script_without_c_and_casts_imports_nothing_for_them() -> None:
    command = [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{LOADED}"]
    done = subprocess.run([*command, RECORDED], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"seismo.lang.c_names", "seismo.lang.clayout"}


class Watched(RecordedView):
    """Counts how often its types are asked for."""

    def __init__(self) -> None:
        super().__init__(RECORDED)
        self.asked = 0

    def btf(self) -> Btf:
        self.asked += 1
        return super().btf()


def test_the_kernels_types_are_opened_once_and_only_when_needed() -> None:
    view = Watched()
    text = "#define N 2\n#ifdef __x86_64__\nstruct s { u32 x[N]; struct task_struct *t; };\n#endif"
    types, diagnostics = read_c(text, view=view)
    assert diagnostics.found == []
    assert types.complete(RecordType("struct s", None, 0)).size == 16
    assert view.asked == 0
    types.find("struct task_struct")
    types.find("struct path")
    assert types.enumerator("TCP_LISTEN")[0] == 10
    assert view.asked == 1


def test_files_are_included() -> None:
    types = types_of('#include "n.h"\nstruct s { int x[N]; };', {"n.h": "#define N 3\n"})
    assert types.complete(RecordType("struct s", None, 0)).size == 12
    assert types.macro("N") == "3"


def test_near_names() -> None:
    types = types_of("struct mine { int x; }; enum { FIRST }; typedef int mine_t;\n#define LAST 2")
    assert {"struct mine", "FIRST", "mine_t", "LAST", "uint64_t"} <= set(types.near("x"))
    assert "struct path" in list(types.near("struct paht"))
