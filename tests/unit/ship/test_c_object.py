"""Object files of C programs: where everything stands, and what loaders are told."""

from __future__ import annotations

import pytest

from c_kernels import RECORDED, KernelOf
from c_portable import built, fitted_object
from seismo.base.dataclass import replace
from seismo.base.errors import SourceError
from seismo.base.source import Source
from seismo.btf.errors import BtfNotFound
from seismo.btf.layout import size_of
from seismo.btf.types import Fwd, Int, IntEncoding, Kind, Member, Ptr, Struct, Type
from seismo.c.compile import COptions, build_program, compile_c, map_specs
from seismo.c.flavour import RAW_TRACEPOINT
from seismo.elf.file import ElfFile
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import AttachType, ProgType
from seismo.objfile.read import read_object
from seismo.ship.c_object import c_object, unit_object
from seismo.spec.types import (
    KprobeAttach,
    ObjectSpec,
    RawTracepointAttach,
    TracepointAttach,
)

TYPES: tuple[Type, ...] = (
    Int("int", 4, IntEncoding.SIGNED),
    Struct("sock", 16, (Member("state", 1, 0), Member("other", 1, 64))),
    Struct("trace_event_raw_x", 16, (Member("pid", 1, 64),)),
)
TEXT = """
struct sock___old { struct sock *next; int gone : 3; } __attribute__((preserve_access_index));
struct key { u32 tgid; char comm[16]; union { u64 a; u8 b[4]; }; struct key *next; };
BPF_HASH(counts, struct key, u64, 512);
BPF_PERCPU_ARRAY(scratch, u32, 2);
BPF_RINGBUF_OUTPUT(events, 4);
BPF_PROG_ARRAY(stages, 8);

int raw_tracepoint__sys_enter(struct bpf_raw_tracepoint_args *ctx) {
    struct sock___old *sk = (struct sock___old *)ctx->args[0];
    u32 n = bpf_core_field_exists(sk->gone) ? sk->gone : 0;
    events.ringbuf_output(&n, sizeof(n), 0);
    return 0;
}
int kprobe__tcp_close(struct pt_regs *ctx, struct sock *sk) { return sk->state; }
int kretprobe__tcp_close(struct pt_regs *ctx) { return 0; }
int kfunc__tcp_close(unsigned long long *ctx, struct sock *sk) { return 0; }
int lsm__file_open(unsigned long long *ctx) { return 0; }
SEC("tracepoint/x/y") int at_y(struct trace_event_raw_x *ctx) { return ctx->pid; }
SEC("xdp") int drop(struct xdp_md *ctx) { return XDP_DROP; }
"""
XDP = Struct("xdp_md", 24, tuple([Member(name, 1, 32 * at) for at, name in enumerate("abcdef")]))


@pytest.fixture(scope="module")
def data() -> bytes:
    return c_object(Source("t.c", TEXT), KernelOf((*TYPES, XDP)))[0]


def test_programs_stand_in_sections_by_their_places(data: bytes) -> None:
    file = read_object(data, "t.bpf.o")
    found = {one.name: one for one in file.programs}
    assert {name: one.section for name, one in found.items()} == {
        "raw_tracepoint__sys_enter": "raw_tp/sys_enter",
        "kprobe__tcp_close": "kprobe/tcp_close",
        "kretprobe__tcp_close": "kretprobe/tcp_close",
        "kfunc__tcp_close": "fentry/tcp_close",
        "lsm__file_open": "lsm/file_open",
        "at_y": "tracepoint/x/y",
        "drop": "xdp",
    }
    kinds = {name: one.kind for name, one in found.items()}
    at = {name: one.at for name, one in kinds.items() if one is not None}
    assert at["raw_tracepoint__sys_enter"] == RawTracepointAttach("sys_enter")
    assert at["kretprobe__tcp_close"] == KprobeAttach(function="tcp_close", is_return=True)
    assert at["at_y"] == TracepointAttach("x", "y")
    assert file.license == "GPL"


def test_programs_have_the_types_of_their_sections(data: bytes) -> None:
    spec = fitted_object(data, (*TYPES, XDP))
    found = {one.name: one for one in spec.programs}
    assert found["drop"].type is ProgType.XDP
    assert found["lsm__file_open"].type is ProgType.LSM
    assert found["lsm__file_open"].expected_attach_type is AttachType.LSM_MAC
    assert found["kfunc__tcp_close"].expected_attach_type is AttachType.TRACE_FENTRY
    assert all(one.func_infos and one.line_infos for one in found.values())


def test_maps_are_as_they_were_declared(data: bytes) -> None:
    maps = {one.name: one for one in read_object(data, "t.bpf.o").maps}
    counts = maps["counts"]
    assert (counts.type, counts.key_size, counts.value_size) == (MapType.HASH, 40, 8)
    assert counts.max_entries == 512
    assert (maps["scratch"].type, maps["scratch"].max_entries) == (MapType.PERCPU_ARRAY, 2)
    assert (maps["events"].type, maps["events"].max_entries) == (MapType.RINGBUF, 4 * 4096)
    assert (maps["stages"].type, maps["stages"].key_size) == (MapType.PROG_ARRAY, 4)


def test_maps_tell_the_types_of_keys_and_values(data: bytes) -> None:
    file = read_object(data, "t.bpf.o")
    counts = next(one for one in file.maps if one.name == "counts")
    key = file.btf.type(counts.key_type)
    assert isinstance(key, Struct) and key.name == "key"
    assert [one.name for one in key.members] == ["tgid", "comm", "", "next"]
    assert size_of(file.btf, counts.key_type) == 40
    pointer = file.btf.type(key.members[3].type)
    assert isinstance(pointer, Ptr)
    assert file.btf.type(pointer.type) == Fwd("key")
    value = file.btf.type(counts.value_type)
    assert isinstance(value, Int) and value.size == 8


def test_flavours_are_there_with_their_bit_fields(data: bytes) -> None:
    btf = read_object(data, "t.bpf.o").btf
    record = btf.type(btf.find("sock___old", Kind.STRUCT))
    assert isinstance(record, Struct)
    assert [(one.name, one.bit_offset, one.bit_size) for one in record.members] == [
        ("next", 0, 0),
        ("gone", 64, 3),
    ]
    kernels = btf.type(btf.find("sock", Kind.STRUCT))
    assert isinstance(kernels, Struct)
    assert [one.name for one in kernels.members] == ["state"]


def test_a_map_of_programs_has_them_from_the_start() -> None:
    text = """BPF_PROG_ARRAY(stages, 8);
    int raw_tracepoint__a(struct bpf_raw_tracepoint_args *ctx) { return 1; }
    int raw_tracepoint__b(struct bpf_raw_tracepoint_args *ctx) { return 2; }"""
    unit = compile_c(Source("t.c", text), RECORDED, COptions(is_portable=True))
    programs = [build_program(unit, one, RAW_TRACEPOINT, RECORDED) for one in unit.functions]
    slots = ((0, "raw_tracepoint__b"), (5, "raw_tracepoint__a"))
    maps = tuple([replace(one, program_slots=slots) for one in map_specs(unit)])
    spec = ObjectSpec(maps=maps, programs=tuple(programs))
    sections = {one.name: f"raw_tp/{one.name[-1]}" for one in programs}
    written = unit_object(unit, spec, sections, RECORDED.btf())
    (read,) = read_object(written, "t.bpf.o").maps
    assert read.program_slots == slots
    assert (read.max_entries, read.value_size) == (8, 4)


def test_maps_of_maps_have_their_pattern() -> None:
    text = """BPF_HASH(inner, u32, u64, 7);
    BPF_ARRAY_OF_MAPS(outer, "inner", 3);
    int raw_tracepoint__test(struct bpf_raw_tracepoint_args *ctx) { return 1; }"""
    maps = {one.name: one for one in read_object(built(text, TYPES), "t.bpf.o").maps}
    pattern = maps["outer"].inner
    assert pattern is not None
    assert (pattern.type, pattern.key_size, pattern.value_size) == (MapType.HASH, 4, 8)
    assert pattern.max_entries == 7


def test_lines_are_those_of_the_text(data: bytes) -> None:
    lines = {
        one.text.strip() for function in read_object(data, "t.bpf.o").functions
        for one in function.line_infos
    }  # fmt: skip
    assert "events.ringbuf_output(&n, sizeof(n), 0);" in lines


def test_the_same_text_gives_the_same_bytes(data: bytes) -> None:
    assert c_object(Source("t.c", TEXT), KernelOf((*TYPES, XDP)))[0] == data


def test_no_section_is_ours_alone(data: bytes) -> None:
    names = set(ElfFile(data).sections)
    assert {".maps", ".BTF", ".BTF.ext", "license"} <= names
    assert not [one for one in names if one.startswith(".seismo")]


def test_a_function_must_say_where_it_runs() -> None:
    with pytest.raises(SourceError, match=r"f\(\) does not say where it runs"):
        c_object(Source("t.c", "int f(void *ctx) { return 0; }"), RECORDED)
    with pytest.raises(SourceError, match="is no kind of program"):
        c_object(Source("t.c", 'SEC("kporbe/x") int f(void *ctx) { return 0; }'), RECORDED)


def test_a_type_of_a_module_cannot_be_found_elsewhere() -> None:
    module = (Struct("in_module", 8, (Member("a", 1, 32),)),)
    text = """int raw_tracepoint__test(struct bpf_raw_tracepoint_args *ctx)
    { return ((struct in_module *)ctx->args[0])->a; }"""
    with pytest.raises(BtfNotFound, match="in_module"):
        c_object(Source("t.c", text), KernelOf(TYPES, [module]))
