"""The libraries are loaded without what they would import, and work for others all the same."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from seismo.c.parse_library import CParser, c_ast
heavy = ("inspect", "subprocess", "argparse", "traceback", "dataclasses", "pycparser.c_lexer")
print([name for name in heavy if name in sys.modules])
import dataclasses, inspect, io, pcpp, pycparser, subprocess
print(pycparser.CParser is CParser, type(pycparser.CParser().parse("int x;").ext[0]) is c_ast.Decl)
own = pcpp.Preprocessor()
own.parse("#define N 3\\nint x = N;")
written = io.StringIO()
own.write(written)
print(written.getvalue().split())
print(pycparser.preprocess_file("/dev/null", cpp_path="cat"), inspect.isfunction(print))
"""


def test_the_libraries_load_light_and_stay_whole() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert answer.stderr == ""
    assert answer.stdout.splitlines() == [
        "[]",
        "True True",
        "['int', 'x', '=', '3;']",
        " False",
    ]
