"""docs/vm.md shows what its commands print."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BLOCKS = re.findall(
    r"```console\n(.*?)```", (ROOT / "docs/vm.md").read_text(encoding="utf-8"), re.DOTALL
)
# A command, the lines of its standard input, and what it prints.
COMMANDS = re.compile(r"^\$ (.*\n(?:> .*\n)*)((?:(?!\$ ).*\n)*)", re.MULTILINE)
COMPILER = "clang-19"  # whose instructions the page shows


@pytest.mark.parametrize("block", BLOCKS, ids=lambda text: text[2:40])
def test_the_page_shows_what_is_printed(block: str, tmp_path: Path) -> None:
    if ".bpf." in block and shutil.which(COMPILER) is None:
        pytest.skip(f"needs {COMPILER}")
    source = "port_filter.bpf.c"
    (tmp_path / source).write_text((ROOT / "examples" / source).read_text(encoding="utf-8"))
    shell = f'seismo() {{ "{sys.executable}" -m seismo "$@"; }}\n'
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    compiled = ["sh", "-c", f"{shell}seismo cc --clang {COMPILER} {source}"]
    if ".bpf." in block:
        subprocess.run(compiled, cwd=tmp_path, env=environment, check=True)
    found = COMMANDS.findall(block)
    assert found
    for command, shown in found:
        run = subprocess.run(
            ["sh", "-c", shell + command.replace("\n> ", "\n")],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.stdout + run.stderr == shown
        assert run.returncode == ("error:" in shown)
