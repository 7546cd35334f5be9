"""Types as bpftool lists them: every kind, as its raw listing and its JSON have it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from seismo.btf.listing import line, listed
from seismo.btf.spec import Btf
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
from seismo.btf.write import write

TYPES: list[tuple[Type, str]] = [
    (
        Int("int", 4, IntEncoding.SIGNED),
        "INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED",
    ),
    (
        Int("_Bool", 1, IntEncoding.BOOL, bits=3, offset=2),
        "INT '_Bool' size=1 bits_offset=2 nr_bits=3 encoding=BOOL",
    ),
    (
        Int("u", 8),
        "INT 'u' size=8 bits_offset=0 nr_bits=64 encoding=(none)",
    ),
    (Ptr(1), "PTR '(anon)' type_id=1"),
    (Array(1, 3, 7), "ARRAY '(anon)' type_id=1 index_type_id=3 nr_elems=7"),
    (
        Struct("s", 8, (Member("a", 1, 0, 3), Member("", 7, 32))),
        "STRUCT 's' size=8 vlen=2\n"
        "\t'a' type_id=1 bits_offset=0 bitfield_size=3\n"
        "\t'(anon)' type_id=7 bits_offset=32",
    ),
    (
        Union("", 4, (Member("m", 1, 0),)),
        "UNION '(anon)' size=4 vlen=1\n\t'm' type_id=1 bits_offset=0",
    ),
    (
        Enum("e", 4, (Enumerator("A", -1),), signed=True),
        "ENUM 'e' encoding=SIGNED size=4 vlen=1\n\t'A' val=-1",
    ),
    (
        Enum("", 4, (Enumerator("B", 0xF0000000),)),
        "ENUM '(anon)' encoding=UNSIGNED size=4 vlen=1\n\t'B' val=4026531840",
    ),
    (
        Enum64("w", 8, (Enumerator("C", 1 << 40),)),
        "ENUM64 'w' encoding=UNSIGNED size=8 vlen=1\n\t'C' val=1099511627776ULL",
    ),
    (
        Enum64("n", 8, (Enumerator("D", -(1 << 40)),), signed=True),
        "ENUM64 'n' encoding=SIGNED size=8 vlen=1\n\t'D' val=-1099511627776LL",
    ),
    (Fwd("f"), "FWD 'f' fwd_kind=struct"),
    (Fwd("g", is_union=True), "FWD 'g' fwd_kind=union"),
    (Typedef("t", 1), "TYPEDEF 't' type_id=1"),
    (Volatile(1), "VOLATILE '(anon)' type_id=1"),
    (Const(1), "CONST '(anon)' type_id=1"),
    (Restrict(4), "RESTRICT '(anon)' type_id=4"),
    (
        FuncProto(0, (Param("x", 1), Param("", 0))),
        "FUNC_PROTO '(anon)' ret_type_id=0 vlen=2\n\t'x' type_id=1\n\t'(anon)' type_id=0",
    ),
    (Func("call", 18, FuncLinkage.GLOBAL), "FUNC 'call' type_id=18 linkage=global"),
    (Var("v", 1, VarLinkage.STATIC), "VAR 'v' type_id=1, linkage=static"),
    (
        Datasec(".bss", 4, (Placement(20, 0, 4),)),
        "DATASEC '.bss' size=4 vlen=1\n\ttype_id=20 offset=0 size=4 (VAR 'v')",
    ),
    (Float("double", 8), "FLOAT 'double' size=8"),
    (DeclTag("tag", 6, 1), "DECL_TAG 'tag' type_id=6 component_idx=1"),
    (TypeTag("user", 1), "TYPE_TAG 'user' type_id=1"),
]


@pytest.fixture
def btf() -> Btf:
    return Btf(write([one for one, _ in TYPES]))


def test_every_kind_has_its_line(btf: Btf) -> None:
    lines = [line(btf, id) for id in range(1, len(btf))]
    assert lines == [f"[{id}] {text}" for id, (_, text) in enumerate(TYPES, 1)]


def test_a_record_has_the_parts_as_records() -> None:
    struct = Struct("s", 8, (Member("a", 1, 0, 3), Member("b", 2, 32)))
    assert listed(6, struct) == {
        "id": 6,
        "kind": "STRUCT",
        "name": "s",
        "size": 8,
        "vlen": 2,
        "members": [
            {"name": "a", "type_id": 1, "bits_offset": 0, "bitfield_size": 3},
            {"name": "b", "type_id": 2, "bits_offset": 32},
        ],
    }


@pytest.mark.skipif(not shutil.which("bpftool"), reason="bpftool is not installed")
def test_bpftool_lists_the_same(btf: Btf, tmp_path: Path) -> None:
    file = tmp_path / "types"
    file.write_bytes(write([one for one, _ in TYPES]))
    command = ["bpftool", "btf", "dump", "file", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert (
        done.stdout.splitlines()
        == "\n".join(line(btf, id) for id in range(1, len(btf))).splitlines()
    )
