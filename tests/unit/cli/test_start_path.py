"""What `seismo -e` may import: the standard library's light modules and our own, nothing else."""

from __future__ import annotations

import subprocess
import sys

# Start-up time is a feature: a module is added here only after measuring what it costs.
ALLOWED = """
argparse bisect collections contextlib copyreg ctypes enum errno fcntl functools gc genericpath
gettext itertools keyword locale math mmap operator os posixpath pwd re reprlib resource select
signal stat struct threading types typing warnings weakref
"""
HEAVY = ("dataclasses", "inspect", "json", "logging", "numpy", "pathlib", "subprocess", "asyncio")
LATE = {
    *("seismo.events.arrays", "seismo.objects.ring_array", "seismo.output.jsonl"),
    *("seismo.objects.sideband", "seismo.runtime.symbols.users"),
    *("seismo.tools.table", "seismo.ui.cli.doctor", "seismo.ui.cli.format", "seismo.ui.cli.list"),
    *("seismo.ui.cli.rehearsal", "seismo.ui.cli.verbs", "seismo.ui.cli.list_types"),
}
SCRIPT = """
import sys
before = set(sys.modules)
import seismo.ui.cli.main
import seismo.ui.cli.trace
new = set(sys.modules) - before
print(*sorted({name.partition('.')[0] for name in new if not name.startswith('_')}))
print(*sorted(name for name in new if name.startswith('seismo.')))
"""


def imported() -> tuple[set[str], set[str]]:
    """(top-level modules, our modules) that importing the command's entry brings in."""
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"import sys; sys.path[:0] = {sys.path!r}\n{SCRIPT}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    modules, ours = done.stdout.splitlines()
    return set(modules.split()), set(ours.split())


def test_only_listed_modules_are_imported() -> None:
    modules, _ = imported()
    assert modules - {"seismo"} <= set(ALLOWED.split())


def test_nothing_heavy_is_imported() -> None:
    modules, ours = imported()
    assert not modules & set(HEAVY)
    assert not ours & LATE
    assert not any(name.startswith("seismo.btf.") for name in ours)
