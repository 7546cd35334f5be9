"""What object files have and scripts do not: values before the load, slots, pins, types, lines."""

from __future__ import annotations

import errno
import os
import struct
import subprocess
from collections.abc import Iterator
from ctypes import string_at
from pathlib import Path

import pytest

from bpf_programs import R0, R1, R2, R3, ProgramWriter, counter_map, u32, u64
from seismo.base.dataclass import replace
from seismo.base.errors import SyscallError
from seismo.btf.ext import FuncInfo, LineInfo, pack_func_infos, pack_line_infos
from seismo.btf.types import (
    DeclTag,
    Enum,
    Enum64,
    Enumerator,
    Float,
    Func,
    FuncLinkage,
    FuncProto,
    Int,
    IntEncoding,
    Member,
    Param,
    Ptr,
    Struct,
    Type,
    TypeTag,
)
from seismo.btf.write import StringTable, write
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel import bpf
from seismo.kernel.abi import BpfAttr, BtfLoadAttr, Cmd
from seismo.kernel.errors import NotInKernel
from seismo.kernel.live import LiveKernel
from seismo.kernel.proc import possible_cpus
from seismo.objects.btf_fit import Novelty, fit_btf, novelties, unknown
from seismo.objects.errors import AttachRefused, BadSpec
from seismo.objects.inventory import program_record, types_of
from seismo.objects.load import load
from seismo.objects.map import Map
from seismo.objects.object_types import ObjectTypes
from seismo.objects.verifier_log import VerifierError
from seismo.spec.types import MapSpec, ObjectSpec, ProgramSpec, ProgramTarget

pytestmark = pytest.mark.kernel

BPF_F_RDONLY_PROG = 1 << 7
BPF_F_SLEEPABLE = 1 << 4
PACKET = bytes(64)
INT = Int("int", 4, IntEncoding.SIGNED)
POISON = 195896080


@pytest.fixture
def bpffs(tmp_path: Path) -> Iterator[Path]:
    """A bpffs of this test's own."""
    subprocess.run(["mount", "-t", "bpf", "bpf", tmp_path], check=True)
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def filter_of(asm: ProgramWriter, name: str) -> ProgramSpec:
    """A socket filter: what it returns is seen in a test run."""
    return asm.spec(name, ProgType.SOCKET_FILTER)


def returning(name: str, value: int) -> ProgramSpec:
    asm = ProgramWriter()
    asm.returns(value)
    return filter_of(asm, name)


def data_map(name: str, value: bytes, **more: object) -> MapSpec:
    spec = MapSpec(name=name, type=MapType.ARRAY, key_size=4, value_size=len(value), max_entries=1)
    return replace(spec, contents=((u32(0), value),), **more)


def test_a_frozen_map_is_a_constant_to_the_verifier(kernel: LiveKernel) -> None:
    rodata = data_map(".rodata", u32(7) + u32(9), flags=BPF_F_RDONLY_PROG, is_frozen=True)
    asm = ProgramWriter()
    asm.ld_map_value(R1, 0, 4)
    asm.load(R0, R1, 0, 4)
    asm.exit()
    program = replace(filter_of(asm, "reader"), map_refs=((0, ".rodata"),))
    with load(ObjectSpec(maps=(rodata,), programs=(program,)), kernel) as loaded:
        assert loaded.programs["reader"].test_run(PACKET).retval == 9
        with pytest.raises(SyscallError, match="EPERM"):
            loaded.maps[".rodata"].put(u32(0), bytes(8))


def test_maps_in_maps_and_programs_in_maps(kernel: LiveKernel) -> None:
    inner = MapSpec(name="a", type=MapType.ARRAY, key_size=4, value_size=8, max_entries=1)
    outer = MapSpec(
        name="outer",
        type=MapType.ARRAY_OF_MAPS,
        key_size=4,
        value_size=4,
        max_entries=4,
        inner=inner,
        map_slots=((2, "a"), (0, "b")),
    )
    jumps = MapSpec(
        name="jumps",
        type=MapType.PROG_ARRAY,
        key_size=4,
        value_size=4,
        max_entries=2,
        program_slots=((1, "callee"),),
    )
    asm = ProgramWriter()
    asm.map(R2, "jumps")
    asm.mov(R3, 1)
    asm.helper("tail_call")
    asm.returns(1)
    maps = (outer, inner, replace(inner, name="b"), jumps)
    spec = ObjectSpec(maps=maps, programs=(filter_of(asm, "caller"), returning("callee", 42)))
    with load(spec, kernel) as loaded:
        ids = {name: map_.info().id for name, map_ in loaded.maps.items()}
        assert dict(loaded.maps["outer"].items()) == {u32(0): u32(ids["b"]), u32(2): u32(ids["a"])}
        assert loaded.programs["caller"].test_run(PACKET).retval == 42


def test_a_given_array_of_programs_gets_those_of_the_object(kernel: LiveKernel) -> None:
    """It was made for another one, whose programs have other names."""
    jumps = MapSpec(name="jumps", type=MapType.PROG_ARRAY, key_size=4, value_size=4, max_entries=2)
    theirs = replace(jumps, program_slots=((0, "theirs"),))
    asm = ProgramWriter()
    asm.map(R2, "jumps")
    asm.mov(R3, 1)
    asm.helper("tail_call")
    asm.returns(1)
    ours = ObjectSpec(
        maps=(replace(jumps, program_slots=((1, "callee"),)),),
        programs=(filter_of(asm, "caller"), returning("callee", 42)),
    )
    first = ObjectSpec(maps=(theirs,), programs=(returning("theirs", 7),))
    with load(first, kernel) as other, load(ours, kernel, other.maps) as loaded:
        assert loaded.programs["caller"].test_run(PACKET).retval == 42
        assert list(dict(other.maps["jumps"].items())) == [u32(0), u32(1)]


@pytest.mark.parametrize(
    ("slots", "message"),
    [
        ({"map_slots": ((0, "nowhere"),)}, r"map m: no map 'nowhere' for \[0\]"),
        ({"program_slots": ((0, "prgo"),)}, r"no program 'prgo' for \[0\](.|\n)*'prog'"),
    ],
)
def test_a_slot_for_what_is_not_there(
    kernel: LiveKernel, slots: dict[str, tuple[tuple[int, str], ...]], message: str
) -> None:
    array = MapSpec(name="m", type=MapType.PROG_ARRAY, key_size=4, value_size=4, max_entries=1)
    spec = ObjectSpec(maps=(replace(array, **slots),), programs=(returning("prog", 0),))
    with pytest.raises(BadSpec, match=message):
        load(spec, kernel)


def test_an_array_of_perf_events_has_one_for_each_cpu(kernel: LiveKernel) -> None:
    events = MapSpec(
        name="events", type=MapType.PERF_EVENT_ARRAY, key_size=4, value_size=4, max_entries=0
    )
    with load(ObjectSpec(maps=(events,), programs=()), kernel) as loaded:
        assert loaded.maps["events"].info().spec.max_entries == len(possible_cpus(kernel))


def test_extra_and_numa_node_reach_the_kernel(kernel: LiveKernel) -> None:
    bloom = MapSpec(
        name="bloom",
        type=MapType.BLOOM_FILTER,
        key_size=0,
        value_size=4,
        max_entries=8,
        extra=3,
        numa_node=0,
    )
    with Map.create(kernel, bloom) as map_:
        assert map_.info().spec.extra == 3
        assert map_.info().spec.flags == 1 << 2


def test_a_pinned_map_is_shared(kernel: LiveKernel, bpffs: Path) -> None:
    shared = replace(data_map("shared", u64(5)), pin=str(bpffs / "maps" / "shared"))
    spec = ObjectSpec(maps=(shared,), programs=())
    with load(spec, kernel) as first:
        first.maps["shared"].put(u32(0), u64(6))
        number = first.maps["shared"].info().id
    with load(spec, kernel) as again:
        assert again.maps["shared"].info().id == number
        assert again.maps["shared"].get(u32(0)) == u64(6)
        assert again.maps["shared"].spec == shared
    wider = replace(shared, value_size=16, contents=())
    with pytest.raises(BadSpec, match="has value_size 8, not 16"):
        load(ObjectSpec(maps=(wider,), programs=()), kernel)


def test_a_failed_load_leaves_no_pin(kernel: LiveKernel, bpffs: Path) -> None:
    asm = ProgramWriter()
    asm.exit()
    shared = replace(counter_map("shared"), pin=str(bpffs / "shared"))
    with pytest.raises(VerifierError):
        load(ObjectSpec(maps=(shared,), programs=(filter_of(asm, "bad"),)), kernel)
    assert not (bpffs / "shared").exists()


def test_a_pin_where_no_bpffs_is(kernel: LiveKernel, tmp_path: Path) -> None:
    shared = replace(counter_map("shared"), pin=str(tmp_path / "shared"))
    with pytest.raises(SyscallError, match="is it on a bpffs") as caught:
        load(ObjectSpec(maps=(shared,), programs=()), kernel)
    assert caught.value.call == f"pin {tmp_path}/shared"


def test_a_given_map_is_taken_and_left_open(kernel: LiveKernel) -> None:
    asm = ProgramWriter()
    asm.count("counts", 3)
    asm.returns(0)
    spec = ObjectSpec(maps=(counter_map("counts"),), programs=(filter_of(asm, "counting"),))
    with Map.create(kernel, counter_map("counts")) as ours:
        with load(spec, kernel, {"counts": ours}) as loaded:
            loaded.programs["counting"].test_run(PACKET)
        assert ours.get(u32(0)) == u64(3)


def described_program(asm: ProgramWriter, name: str, lines: list[LineInfo]) -> ObjectSpec:
    """A program with the types and the lines that a compiler gives it."""
    strings = StringTable()
    line_infos = pack_line_infos(lines, strings)
    types = (INT, Ptr(0), FuncProto(1, (Param("ctx", 2),)), Func(name, 3, FuncLinkage.GLOBAL))
    program = replace(
        filter_of(asm, name), func_infos=pack_func_infos([FuncInfo(0, 4)]), line_infos=line_infos
    )
    return ObjectSpec(maps=(), programs=(program,), btf=write(types, strings))


def line(slot: int, number: int, text: str) -> LineInfo:
    return LineInfo(instruction=slot, file="filter.bpf.c", text=text, line=number, column=9)


def test_functions_and_lines_are_told(kernel: LiveKernel) -> None:
    asm = ProgramWriter()
    asm.mov(R0, 0)
    asm.exit()
    spec = described_program(asm, "a_name_of_more_than_15", [line(0, 3, "\treturn 0;")])
    with load(spec, kernel) as loaded:
        info = bpf.prog_info(kernel, int(loaded.programs["a_name_of_more_than_15"].fd))
        assert (info.nr_func_info, info.nr_line_info) == (1, 1)
        assert info.btf_id
    without = replace(spec.programs[0], func_infos=b"", line_infos=b"")
    with load(replace(spec, programs=(without,)), kernel) as loaded:
        (program,) = loaded.programs.values()
        assert not bpf.prog_info(kernel, int(program.fd)).btf_id


def test_a_refusal_names_the_source_line(kernel: LiveKernel) -> None:
    asm = ProgramWriter()
    asm.ld_imm64(R1, 0)
    asm.load(R0, R1, 8, 4)
    asm.exit()
    lines = [line(0, 3, "\tint *p = 0;"), line(2, 4, "\treturn p[2];")]
    with pytest.raises(VerifierError) as caught:
        load(described_program(asm, "filter", lines), kernel)
    assert caught.value.insn_index == 1
    assert str(caught.value).splitlines()[1:] == [
        "at instruction 1: r0 = *(u32 *)(r1 +8)",
        "from filter.bpf.c:4:9",
        "    return p[2];",
    ]


def test_a_poisoned_instruction_says_what_is_missing(kernel: LiveKernel) -> None:
    asm = ProgramWriter()
    asm.mov(R1, 0)
    asm.call(POISON)
    asm.returns(0)
    spec = described_program(asm, "filter", [line(0, 3, "\tBPF_CORE_READ(t, gone);")])
    poisoned = replace(spec.programs[0], poisons=((1, "the kernel has no `gone`; guard it"),))
    with pytest.raises(VerifierError) as caught:
        load(replace(spec, programs=(poisoned,)), kernel)
    assert str(caught.value).splitlines() == [
        "the kernel refuses program filter: the kernel has no `gone`; guard it",
        "from filter.bpf.c:3:9",
        "    BPF_CORE_READ(t, gone);",
    ]


def test_programs_run_without_types_that_the_kernel_refuses(kernel: LiveKernel) -> None:
    asm = ProgramWriter()
    asm.returns(3)
    spec = described_program(asm, "filter", [line(0, 3, "return 3;")])
    rusty = write([Int("core::option<u32>", 4), Ptr(1), FuncProto(1), Func("a::b", 3)])
    with load(replace(spec, btf=rusty), kernel) as loaded:
        assert loaded.programs["filter"].test_run(PACKET).retval == 3
        assert not bpf.prog_info(kernel, int(loaded.programs["filter"].fd)).btf_id
    asm = ProgramWriter()
    asm.exit()
    bad = replace(spec.programs[0], insns=asm.finish(), line_infos=b"")
    with pytest.raises(VerifierError) as caught:
        load(replace(spec, btf=rusty, programs=(bad,)), kernel)
    assert caught.value.__notes__ == [
        "it was loaded without types: [4] FUNC a::b type_id=3 Invalid name"
    ]


def test_keys_and_values_have_types(kernel: LiveKernel) -> None:
    typed = replace(counter_map("typed"), key_type=1, value_type=2)
    queue = replace(counter_map("queue", MapType.QUEUE), key_size=0, value_type=2)
    spec = ObjectSpec(maps=(typed, queue), programs=(), btf=write([INT, Int("u64", 8)]))
    with load(spec, kernel) as loaded:
        info = bpf.map_info(kernel, int(loaded.maps["typed"].fd))
        assert (info.btf_key_type_id, info.btf_value_type_id) == (1, 2)
        assert not bpf.map_info(kernel, int(loaded.maps["queue"].fd)).btf_id
    wrong = replace(typed, value_type=1)
    with load(replace(spec, maps=(wrong,)), kernel) as loaded:
        assert not bpf.map_info(kernel, int(loaded.maps["typed"].fd)).btf_id


def referring(asm: ProgramWriter, index: int) -> ObjectSpec:
    """A program that takes the kernel's own types for a module's, which it has by name as well."""
    program = replace(filter_of(asm, "filter"), module_refs=((index, "vmlinux"),))
    # With types of its own the object takes the longer way.
    return ObjectSpec(maps=(), programs=(program,), btf=write([INT]))


def test_variables_of_modules_are_loaded_by_their_types(kernel: LiveKernel) -> None:
    asm = ProgramWriter()
    asm.ld_btf_id(R1, 77)
    asm.returns(0)
    spec = referring(asm, 0)
    insns = list(spec.programs[0].insns)
    with ObjectTypes(kernel, spec) as types:
        types.bind(spec.programs[0], insns)
        fd = insns[0].imm >> 32
        assert os.readlink(f"/proc/self/fd/{fd}") == "anon_inode:btf"
        assert fd != int(types.fd or 0)
    assert insns[0].imm & 0xFFFFFFFF == 77
    assert insns[1:] == list(spec.programs[0].insns[1:])


def test_functions_of_modules_are_called_by_their_types(kernel: LiveKernel) -> None:
    asm = ProgramWriter()
    asm.call_kfunc(1)
    asm.returns(0)
    with pytest.raises(VerifierError) as caught:
        load(referring(asm, 0), kernel)
    assert "BTF fd for kfunc is not a module BTF" in caught.value.log
    gone = replace(referring(ProgramWriter(), 0).programs[0], module_refs=((0, "nonesuch"),))
    with pytest.raises(NotInKernel, match="no module 'nonesuch'"):
        load(ObjectSpec(maps=(), programs=(gone,), btf=write([INT])), kernel)


def test_a_function_of_a_program_is_replaced(kernel: LiveKernel) -> None:
    asm = ProgramWriter()
    callee = asm.label()
    asm.call_subprog(callee)
    asm.exit()
    asm.bind(callee)
    asm.mov(R0, 1)
    asm.exit()
    whole = described_program(asm, "filter", [line(0, 1, "a"), line(2, 2, "b")])
    types = (
        *(INT, Ptr(0), FuncProto(1, (Param("ctx", 2),)), Func("filter", 3, FuncLinkage.GLOBAL)),
        *(FuncProto(1), Func("answer", 5, FuncLinkage.GLOBAL)),
    )
    both = pack_func_infos([FuncInfo(0, 4), FuncInfo(2, 6)])
    target = replace(whole.programs[0], func_infos=both, line_infos=b"")
    asm = ProgramWriter()
    asm.returns(2)
    new = replace(
        filter_of(asm, "answer"), type=ProgType.EXT, func_infos=pack_func_infos([FuncInfo(0, 6)])
    )
    btf = write(types)
    with pytest.raises(BadSpec, match="whose answer shall it replace"):
        load(
            ObjectSpec(maps=(), programs=(replace(new, target=ProgramTarget("answer")),), btf=btf),
            kernel,
        )
    with load(ObjectSpec(maps=(), programs=(target,), btf=btf), kernel) as loaded:
        number = loaded.programs["filter"].info().id
        aimed = replace(new, target=ProgramTarget("answer", program_id=number))
        try:
            extension = load(ObjectSpec(maps=(), programs=(aimed,), btf=btf), kernel)
        except AttachRefused as error:
            assert str(error).startswith(f"freplace bpf:{number}:answer: ")
            pytest.skip(str(error))
        with extension:
            assert extension.programs["answer"].info().type is ProgType.EXT


class OlderKernel(LiveKernel):
    """A kernel that refuses some of what came to BTF, and counts what it is asked."""

    def __init__(self, missing: frozenset[Novelty]) -> None:
        super().__init__()
        self._missing = missing
        self.loads = 0

    def bpf(self, cmd: Cmd, attr: BpfAttr) -> int:
        if isinstance(attr, BtfLoadAttr):
            self.loads += 1
            address = struct.unpack_from("Q", bytes(attr))[0]
            if novelties(string_at(address, attr.btf_size)) & self._missing:
                raise SyscallError("bpf(BPF_BTF_LOAD)", errno.EINVAL)
        return super().bpf(cmd, attr)


def test_an_older_kernel_gets_what_it_knows() -> None:
    kernel = OlderKernel(frozenset((Novelty.FLOAT, Novelty.ENUM64, Novelty.GLOBAL_FUNCTION)))
    asm = ProgramWriter()
    asm.returns(3)
    spec = described_program(asm, "filter", [line(0, 3, "return 3;")])
    # The blob, the one thing in it that may not be known (the first time only), and what fits.
    for loads in (3, 2):
        kernel.loads = 0
        with load(spec, kernel) as loaded:
            info = bpf.prog_info(kernel, int(loaded.programs["filter"].fd))
            assert (info.nr_func_info, info.nr_line_info) == (1, 1)
            functions = types_of(kernel, info.btf_id)
            assert functions.type(4) == Func("filter", 3, FuncLinkage.STATIC)
        assert kernel.loads == loads


def test_kernels_that_know_all_of_it_get_what_was_written(kernel: LiveKernel) -> None:
    assert not any(unknown(kernel, one) for one in Novelty)


@pytest.mark.parametrize("missing", [*Novelty, None], ids=str)
def test_what_is_made_to_fit_loads(kernel: LiveKernel, missing: Novelty | None) -> None:
    types: list[Type] = [
        INT,
        Float("float", 4),
        Struct("numbers", 8, (Member("f", 2, 0), Member("e", 6, 32))),
        TypeTag("user", 1),
        Ptr(4),
        Enum("small", 4, (Enumerator("MINUS", -1),), signed=True),
        Enum64("large", 8, (Enumerator("HIGH", 1 << 40), Enumerator("LOW", 1))),
        FuncProto(1, (Param("p", 5),)),
        Func("global", 8, FuncLinkage.GLOBAL),
        DeclTag("kfunc", 9),
    ]
    blob = write(types)
    kernel.close(
        bpf.btf_load(kernel, fit_btf(blob, tuple(Novelty) if missing is None else (missing,)))
    )


@pytest.mark.guest
@pytest.mark.parametrize(
    ("type_", "attach_type", "name", "flags"),
    [
        (ProgType.LSM, AttachType.LSM_MAC, "bpf_lsm_file_open", 0),
        (ProgType.LSM, AttachType.LSM_MAC, "bpf_lsm_file_open", BPF_F_SLEEPABLE),
        (ProgType.TRACING, AttachType.MODIFY_RETURN, "security_file_open", 0),
        (ProgType.TRACING, AttachType.TRACE_FENTRY, "vfs_read", 0),
        # A function of a module that the guest's root file system needs.
        (ProgType.TRACING, AttachType.TRACE_FENTRY, "ovl_getattr", 0),
    ],
)
def test_programs_that_belong_to_functions(
    kernel: LiveKernel, type_: ProgType, attach_type: AttachType, name: str, flags: int
) -> None:
    spec = replace(
        returning("nothing", 0),
        type=type_,
        expected_attach_type=attach_type,
        target=ProgramTarget(name),
        flags=flags,
    )
    with load(ObjectSpec(maps=(), programs=(spec,)), kernel) as loaded:
        record = program_record(kernel, loaded.programs["nothing"].info().id)
    assert types_of(kernel, record.attach_btf_obj_id).type(record.attach_btf_id).name == name
