"""`seismo btf`: the kernel's types as a header that compiles, as lines, as JSON."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seismo.btf.spec import VMLINUX, Btf

pytestmark = pytest.mark.kernel

CLANGS = [name for name in ("clang-14", "clang-19", "clang") if shutil.which(name)]


def said(*arguments: str, status: int = 0) -> tuple[str, str]:
    """(standard output, standard error) of `seismo btf`."""
    command = [sys.executable, "-m", "seismo", "btf", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr


@pytest.mark.slow
def test_the_whole_kernel_compiles_as_a_header(tmp_path: Path) -> None:
    if not CLANGS:
        pytest.skip("no clang is installed")
    said("dump", "-o", str(tmp_path / "vmlinux.h"))
    source = tmp_path / "one.c"
    source.write_text('#include "vmlinux.h"\nint pid(struct task_struct *t) { return t->pid; }\n')
    for clang in CLANGS:
        command = [clang, "-target", "bpf", "-Wall", "-Werror", "-c", source, "-o", "/dev/null"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_every_type_is_listed(tmp_path: Path) -> None:
    output, _ = said("dump", "-f", "raw")
    count = len(Btf.open(VMLINUX)) - 1
    heads = [line for line in output.splitlines() if not line.startswith("\t")]
    assert [line.split()[0] for line in heads] == [f"[{id}]" for id in range(1, count + 1)]
    if bpftool := shutil.which("bpftool"):
        command = [bpftool, "btf", "dump", "file", VMLINUX]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        assert output == done.stdout


def test_types_of_a_name_are_json() -> None:
    (name,) = json.loads(said("dump", "-t", "struct list_head", "-f", "json")[0])["types"]
    assert (name["kind"], name["size"], name["vlen"]) == ("STRUCT", 16, 2)
    assert [(one["name"], one["bits_offset"]) for one in name["members"]] == [
        ("next", 0),
        ("prev", 64),
    ]


def test_a_type_of_a_name_is_c_with_places() -> None:
    assert said("dump", "-t", "list_head")[0] == (
        "struct list_head {\n"
        "\tstruct list_head *next; /* 0, 8 bytes */\n"
        "\tstruct list_head *prev; /* 8, 8 bytes */\n"
        "}; /* 16 bytes */\n"
    )


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken.btf"
    broken.write_bytes(b"no types at all, but words")
    for arguments, expected in (
        (["task_strukt", "-t", "x"], "no module 'task_strukt' with types"),
        (["-t", "task_strukt"], "did you mean 'task_struct'?"),
        (["file", str(broken)], f"{broken}: no BTF: it begins with 6e6f"),
        (["id", "4294967295"], "no BTF of id '4294967295'"),
        (["file", sys.executable], "has no section .BTF"),
        (["one", "two"], "'one two' names no types"),
    ):
        assert expected in said("dump", *arguments, status=1)[1]
