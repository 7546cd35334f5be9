"""What C means where pointers lead out of the program: the same as gcc says, read by helpers."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from struct import pack

import pytest

from c_runs import c_loaded
from seismo.kernel.live import LiveKernel
from seismo.objects.load import Loaded

pytestmark = pytest.mark.kernel

DIRECTORY = Path(__file__).parent / "c_memory"


def bodies() -> list[str]:
    """Of the cases, each in one line."""
    text = (DIRECTORY / "cases.c").read_text(encoding="utf-8").partition("*/\n")[2]
    return text.replace("\n    ", " ").splitlines()


BODIES = bodies()


@dataclass
class Cases:
    loaded: Loaded
    native: ctypes.CDLL
    start: int

    def said_by_gcc(self, index: int) -> int:
        function: Callable[[ctypes.c_void_p], int] = self.native[f"f{index}"]
        function.restype = ctypes.c_ulong  # type: ignore[attr-defined]
        return function(ctypes.c_void_p(self.start))

    def said_here(self, index: int) -> int:
        self.loaded.programs[f"f{index}"].test_run(ctx=pack("<Q", self.start))
        return int.from_bytes(self.loaded.maps["out"].get(bytes(4)), "little")


def native_library(directory: Path) -> ctypes.CDLL:
    source, library = directory / "cases.c", directory / "cases.so"
    functions = [
        f"long f{index}(struct node *n) {{ {body} }}\n" for index, body in enumerate(BODIES)
    ]
    source.write_text('#include "objects.c"\n' + "".join(functions), encoding="utf-8")
    flags = ["-O0", "-w", "-fwrapv", "-shared", "-fPIC", "-I", str(DIRECTORY)]
    subprocess.run(["gcc", *flags, "-o", library, source], check=True)
    return ctypes.CDLL(str(library))


def program_text() -> str:
    functions = [
        f"static inline long g{index}(struct node *n) {{ {body} }}\n"
        f"int f{index}(struct bpf_raw_tracepoint_args *ctx)\n"
        f"{{ int zero = 0; u64 answer = g{index}((struct node *)ctx->args[0]);\n"
        "  out.update(&zero, &answer); return 0; }\n"
        for index, body in enumerate(BODIES)
    ]
    records = (DIRECTORY / "records.h").read_text(encoding="utf-8")
    return f"{records}\nBPF_ARRAY(out, u64, 1);\n{''.join(functions)}"


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    native = native_library(tmp_path_factory.mktemp("native"))
    native.start.restype = ctypes.c_ulong
    with c_loaded(program_text(), LiveKernel()) as (loaded, _):
        yield Cases(loaded, native, native.start())


@pytest.mark.parametrize("index", range(len(BODIES)), ids=BODIES)
def test_it_means_what_gcc_says(index: int, cases: Cases) -> None:
    # gcc's function comes first: it brings in the pages, which helpers do not.
    want = cases.said_by_gcc(index)
    assert cases.said_here(index) == want
