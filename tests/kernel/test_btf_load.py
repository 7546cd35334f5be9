"""BTF that we write, as others read it: the kernel's own checker, and bpftool."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from seismo.base.errors import SyscallError
from seismo.btf.types import (
    Array,
    Const,
    Datasec,
    DeclTag,
    Enum,
    Enum64,
    Enumerator,
    Float,
    Func,
    FuncLinkage,
    FuncProto,
    Fwd,
    Int,
    IntEncoding,
    Member,
    Param,
    Placement,
    Ptr,
    Restrict,
    Struct,
    Type,
    Typedef,
    TypeTag,
    Union,
    Var,
    VarLinkage,
    Volatile,
)
from seismo.btf.write import StringTable, write
from seismo.kernel.bpf import btf_load
from seismo.kernel.live import LiveKernel

pytestmark = pytest.mark.kernel

EVERY_KIND: list[Type] = [
    Int("int", 4, IntEncoding.SIGNED),
    Int("bool", 1, IntEncoding.BOOL),
    Ptr(4),
    Struct("task", 32, (Member("next", 3, 0), Member("", 6, 64), Member("bits", 1, 160, 5))),
    Array(1, 1, 2),
    Union("", 8, (Member("pair", 5, 0), Member("parent", 19, 0))),
    Enum("state", 4, (Enumerator("RUNNING", 0), Enumerator("DEAD", -1)), signed=True),
    Enum64("flags", 8, (Enumerator("HIGH", 1 << 40),)),
    Fwd("sock"),
    Typedef("state_t", 7),
    Const(10),
    Volatile(11),
    Restrict(3),
    FuncProto(1, (Param("task", 13), Param("state", 12))),
    Func("wake_up", 14, FuncLinkage.GLOBAL),
    Float("double", 8),
    DeclTag("tagged", 15, 1),
    TypeTag("user", 1),
    Ptr(18),
    Var("current_task", 4, VarLinkage.GLOBAL),
    Datasec(".data", 32, (Placement(20, 0, 32),)),
]


def test_the_kernel_takes_every_kind(kernel: LiveKernel) -> None:
    kernel.close(btf_load(kernel, write(EVERY_KIND)))


@pytest.mark.parametrize(
    "broken",
    [
        Struct("task", 20, EVERY_KIND[3].members),  # type: ignore[union-attr]
        Struct("task", 32, (Member("next", 99, 0),)),
    ],
)
def test_the_kernel_does_check(kernel: LiveKernel, broken: Type) -> None:
    with pytest.raises(SyscallError) as caught:
        btf_load(kernel, write([*EVERY_KIND[:3], broken, *EVERY_KIND[4:]]))
    assert caught.value.errno_name == "EINVAL"


def dump(*arguments: str | Path) -> list[dict[str, Any]]:
    shown = subprocess.run(
        ["bpftool", "-j", *arguments[:-1], "btf", "dump", "file", arguments[-1]],
        capture_output=True,
        check=True,
    )
    types: list[dict[str, Any]] = json.loads(shown.stdout)["types"]
    return types


@pytest.mark.skipif(shutil.which("bpftool") is None, reason="needs bpftool")
def test_bpftool_reads_split_btf(tmp_path: Path) -> None:
    base, split = tmp_path / "base", tmp_path / "split"
    strings = StringTable()
    base.write_bytes(write(EVERY_KIND, strings))
    own: list[Type] = [Ptr(4), Struct("module", 8, (Member("task", 22, 0),))]
    split.write_bytes(write(own, StringTable(start=len(bytes(strings)))))
    assert [one["name"] for one in dump(base)][:4] == ["int", "bool", "(anon)", "task"]
    assert dump("-B", base, split) == [
        {"id": 22, "kind": "PTR", "name": "(anon)", "type_id": 4},
        {
            "id": 23,
            "kind": "STRUCT",
            "name": "module",
            "size": 8,
            "vlen": 1,
            "members": [{"name": "task", "type_id": 22, "bits_offset": 0}],
        },
    ]
