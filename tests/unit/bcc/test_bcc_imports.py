"""What `from seismo.bcc import BPF` may not cost."""

from __future__ import annotations

import subprocess
import sys

DEAR = (
    *("argparse", "asyncio", "dataclasses", "difflib", "inspect", "json", "logging", "numpy"),
    *("seismo.btf.cprint", "seismo.elf.binary", "seismo.bcc.usdt", "seismo.compiler", "subprocess"),
)


def test_importing_bpf_imports_nothing_dear() -> None:
    script = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        "from seismo.bcc import BPF\n"
        f"print(*[one for one in {DEAR!r} if one in sys.modules])"
    )
    command = [sys.executable, "-I", "-S", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
