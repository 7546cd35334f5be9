"""One file that Python runs, of any function of the package."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from seismo.ship.bundle import runnable


def test_it_runs_with_python_alone(tmp_path: Path) -> None:
    """`json.loads` of a file in it, for there is no function of ours that does so little."""
    path = tmp_path / "x.pyz"
    path.write_bytes(runnable("seismo.base.bits", "print", {"config": b"12"}))
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        main = archive.read("__main__.py").decode()
        assert archive.read("config") == b"12"
    assert "seismo/base/bits.py" in names and "seismo/base/bits.pyc" in names
    assert not [one for one in names if one.startswith("seismo/ui")]
    assert "from seismo.base.bits import print" in main
    compile(main, "main", "exec")


def test_modules_may_be_left_out() -> None:
    whole = runnable("seismo.btf.write", "write", {})
    less = runnable("seismo.btf.write", "write", {}, without=("seismo.btf.types",))
    assert len(less) < len(whole)


def test_a_damaged_file_does_not_run(tmp_path: Path) -> None:
    data = bytearray(runnable("seismo.base.bits", "align_up", {"config": b"12"}))
    data[-3] ^= 1
    path = tmp_path / "x.pyz"
    path.write_bytes(data)
    done = subprocess.run([sys.executable, "-I", str(path)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "is damaged" in done.stderr
