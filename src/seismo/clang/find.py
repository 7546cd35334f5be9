"""Which compiler makes code for eBPF out of C: clang, or the one in the wheel `ziglang`.

>>> find_compiler()
Compiler(command=('/usr/bin/clang',), target='bpf')
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from importlib.util import find_spec

from seismo.base.dataclass import dataclass
from seismo.clang.errors import ClangError

__all__ = ("Compiler", "find_compiler")

_NO_COMPILER = """\
there is no C compiler for eBPF
hint: install clang (apt-get install clang, dnf install clang), or `pip install 'seismo[c]'`"""


@dataclass(frozen=True, slots=True)
class Compiler:
    """The words that call a compiler, and what it calls the machine that is compiled for."""

    command: tuple[str, ...]
    target: str


def find_compiler(named: str = "") -> Compiler:
    """The compiler that was named, or clang, or the newest `clang-N`, or that of the extra `c`;
    ClangError, with what to install, when there is none."""
    if named:
        return Compiler(tuple(shlex.split(named)), "bpf")
    if path := shutil.which("clang"):
        return Compiler((path,), "bpf")
    if path := _newest_clang():
        return Compiler((path,), "bpf")
    if find_spec("ziglang"):
        order = "el" if sys.byteorder == "little" else "eb"
        command = (sys.executable, "-m", "ziglang", "cc")
        return Compiler(command, f"bpf{order}-freestanding")
    raise ClangError(_NO_COMPILER)


def _newest_clang() -> str:
    """The `clang-N` on PATH of the greatest N; '' for none."""
    found: dict[int, str] = {}
    for directory in os.get_exec_path():
        if os.path.isdir(directory) and os.access(directory, os.R_OK):
            for name in os.listdir(directory):
                if match := re.fullmatch(r"clang-(\d+)", name):
                    found.setdefault(int(match[1]), os.path.join(directory, name))
    return found[max(found)] if found else ""
