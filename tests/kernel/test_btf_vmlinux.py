"""The running kernel's BTF against two other opinions: bpftool's dump, and GCC's own BTF."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seismo.base.bits import sign_extend
from seismo.btf.layout import size_of, visible_members
from seismo.btf.spec import VMLINUX, Btf
from seismo.btf.types import (
    Array,
    Datasec,
    DeclTag,
    Enum,
    Enum64,
    Float,
    Func,
    FuncProto,
    Fwd,
    Int,
    IntEncoding,
    Kind,
    Member,
    Struct,
    Type,
    Union,
    Var,
    Void,
)

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not Path(VMLINUX).exists(), reason="needs a kernel with BTF (5.4)"),
]

needs_bpftool = pytest.mark.skipif(shutil.which("bpftool") is None, reason="needs bpftool")
needs_gcc = pytest.mark.skipif(
    shutil.which("gcc") is None or shutil.which("objcopy") is None, reason="needs gcc and objcopy"
)

ENCODINGS = {
    IntEncoding.UNSIGNED: "(none)",
    IntEncoding.SIGNED: "SIGNED",
    IntEncoding.CHAR: "CHAR",
    IntEncoding.BOOL: "BOOL",
}


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An index directory of these tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        directory = tmp_path_factory.mktemp("cache", numbered=True)
        directory.chmod(0o700)
        patch.setenv("XDG_CACHE_HOME", str(directory))
        yield directory


@pytest.fixture(scope="module")
def vmlinux(cache: Path) -> Btf:
    return Btf.open(VMLINUX)


def as_bpftool_says(id: int, type_: Type) -> dict[str, Any]:
    """The type as a record of `bpftool -j btf dump`."""
    record: dict[str, Any] = {"id": id, "kind": type_.kind.name, "name": type_.name or "(anon)"}
    return record | details(type_)


def details(type_: Type) -> dict[str, Any]:
    match type_:
        case Int():
            return {
                "size": type_.size,
                "bits_offset": type_.offset,
                "nr_bits": type_.bits or type_.size * 8,
                "encoding": ENCODINGS[type_.encoding],
            }
        case Struct() | Union():
            members = [as_member(one) for one in type_.members]
            return {"size": type_.size, "vlen": len(members), "members": members}
        case Enum() | Enum64():
            encoding = "SIGNED" if type_.signed else "UNSIGNED"
            values = [{"name": one.name, "val": as_value(type_, one.value)} for one in type_.values]
            return {
                "encoding": encoding,
                "size": type_.size,
                "vlen": len(values),
                "values": values,
            }
        case Array():
            return {
                "type_id": type_.type,
                "index_type_id": type_.index,
                "nr_elems": type_.count,
            }
        case FuncProto():
            params = [{"name": one.name or "(anon)", "type_id": one.type} for one in type_.params]
            return {"ret_type_id": type_.returns, "vlen": len(params), "params": params}
        case Datasec():
            variables = [
                {"type_id": one.type, "offset": one.offset, "size": one.size}
                for one in type_.variables
            ]
            return {"size": type_.size, "vlen": len(variables), "vars": variables}
        case Fwd():
            return {"fwd_kind": "union" if type_.is_union else "struct"}
        case Float():
            return {"size": type_.size}
        case Func() | Var():
            return {"type_id": type_.type, "linkage": type_.linkage.name.lower()}
        case DeclTag():
            return {"type_id": type_.type, "component_idx": type_.component}
        case Void():
            return {}
        case _:
            return {"type_id": type_.type}


def as_value(type_: Enum | Enum64, value: int) -> int:
    """bpftool 7.1 sign-extends the 32 bits of an unsigned enum too."""
    is_extended = isinstance(type_, Enum) and not type_.signed
    return sign_extend(value, 32) if is_extended else value


def as_member(member: Member) -> dict[str, Any]:
    record = {
        "name": member.name or "(anon)",
        "type_id": member.type,
        "bits_offset": member.bit_offset,
    }
    return record | ({"bitfield_size": member.bit_size} if member.bit_size else {})


@pytest.mark.slow
@needs_bpftool
def test_every_type_is_what_bpftool_says(vmlinux: Btf) -> None:
    dump = subprocess.run(
        ["bpftool", "-j", "btf", "dump", "file", VMLINUX], capture_output=True, check=True
    )
    theirs = json.loads(dump.stdout)["types"]
    assert [one["id"] for one in theirs] == list(vmlinux.ids)
    different = [
        (one, mine)
        for one in theirs
        if one != (mine := as_bpftool_says(one["id"], vmlinux.type(one["id"])))
    ]
    assert different[:3] == []


def test_every_name_is_found(vmlinux: Btf) -> None:
    names = list(vmlinux.names())
    assert len(names) > 10_000
    assert all(id in vmlinux.find_all(name) for id, name in names)


def test_every_size_and_path_is_consistent(vmlinux: Btf) -> None:
    """No member ends outside its struct."""
    for id in vmlinux.ids:
        type_ = vmlinux.type(id)
        if isinstance(type_, Struct | Union):
            for member in visible_members(vmlinux, id):
                bits = member.bit_size or size_of(vmlinux, member.type) * 8
                assert member.bit_offset + bits <= type_.size * 8


def test_a_path_through_a_pointer(vmlinux: Btf) -> None:
    task = vmlinux.struct("task_struct")
    offsets = {member.name: member.offset for member in task.members}
    place = vmlinux.resolve("task_struct: real_parent->comm")
    assert place.offsets == (offsets["real_parent"], offsets["comm"])
    assert size_of(vmlinux, place.type) == vmlinux.enum_value("TASK_COMM_LEN") == 16


@pytest.mark.slow
@needs_gcc
def test_gcc_lays_every_struct_out_as_the_kernel_does(vmlinux: Btf, tmp_path: Path) -> None:
    """The header compiles without a warning, and GCC's BTF of it has the same offsets."""
    source, compiled, section = (tmp_path / name for name in ("v.c", "v.o", "v.btf"))
    source.write_text(str(vmlinux))
    options = ["-std=gnu11", "-Wall", "-Werror", "-Wno-attributes"]
    debug = ["-gbtf", "-fno-eliminate-unused-debug-types"]
    subprocess.run(["gcc", *options, *debug, "-c", "-o", compiled, source], check=True)
    extract = ["objcopy", "-O", "binary", "--only-section=.BTF"]
    subprocess.run([*extract, "--set-section-flags", ".BTF=alloc", compiled, section], check=True)
    gcc = Btf.open(str(section))
    compared = 0
    for id, name in [*vmlinux.names(Kind.STRUCT), *vmlinux.names(Kind.UNION)]:
        type_ = vmlinux.type(id)
        theirs = gcc.find_all(name, type_.kind)
        # The second type with a tag has another one in the header. A first member behind an unnamed
        # bit-field is at bit 0 in the BTF of GCC 12, though not in its code.
        if tagged(vmlinux, name) != [id] or starts_late(type_):
            continue
        assert theirs, name
        assert all(places(gcc, one) == places(vmlinux, id) for one in theirs), name
        compared += 1
    assert compared > 5_000


def starts_late(type_: Type) -> bool:
    return isinstance(type_, Struct) and bool(type_.members) and type_.members[0].bit_offset > 0


def places(btf: Btf, id: int) -> tuple[int, list[tuple[str, int, int]]]:
    members = visible_members(btf, id)
    return size_of(btf, id), [(one.name, one.bit_offset, one.bit_size) for one in members]


@pytest.mark.slow
@needs_gcc
def test_enums_and_pointers_have_the_kernels_sizes(vmlinux: Btf, tmp_path: Path) -> None:
    lines = [str(vmlinux)]
    for id, name in [*vmlinux.names(Kind.ENUM), *vmlinux.names(Kind.ENUM64)]:
        type_ = vmlinux.type(id)
        if isinstance(type_, Enum | Enum64) and type_.values and tagged(vmlinux, name) == [id]:
            lines.append(f'_Static_assert(sizeof(enum {name}) == {type_.size}, "{name}");')
    lines.append(f'_Static_assert(sizeof(void *) == {vmlinux.pointer_size}, "pointer");')
    assert len(lines) > 500
    source = tmp_path / "enums.c"
    source.write_text("\n".join(lines))
    subprocess.run(["gcc", "-fsyntax-only", "-Wno-attributes", source], check=True)


def tagged(btf: Btf, name: str) -> list[int]:
    """The types that share this tag in C."""
    kinds = (Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64)
    return [id for kind in kinds for id in btf.find_all(name, kind)]


def test_an_index_is_kept_and_made_anew(vmlinux: Btf, cache: Path) -> None:
    def index_files() -> dict[Path, int]:
        return {one: one.stat().st_mtime_ns for one in (cache / "seismo").iterdir()}

    before = index_files()
    assert Btf.open(VMLINUX).struct("task_struct").size > 1000
    assert index_files() == before
    for one in before:
        one.unlink()
    assert Btf.open(VMLINUX).struct("task_struct").size > 1000
    (made,) = index_files()
    assert made in before
