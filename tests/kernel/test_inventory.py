"""What is in the kernel, as bpftool sees it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from bpf_programs import R0, R1, ProgramWriter, counter_map, u32, u64
from kernel_release import skip_before
from seismo.base.dataclass import replace
from seismo.base.errors import NotSupported, SyscallError
from seismo.btf.errors import BtfNotFound
from seismo.btf.ext import FuncInfo, LineInfo, pack_func_infos, pack_line_infos
from seismo.btf.spec import VMLINUX, Btf
from seismo.btf.types import Func, FuncLinkage, FuncProto, Int, Param, Ptr
from seismo.btf.write import StringTable, write
from seismo.isa.insn import Insn
from seismo.isa.map_types import MapType
from seismo.isa.opcode import AluOp, Class, Source
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel import bpf
from seismo.kernel.abi import Cmd, LinkAttr
from seismo.kernel.errors import NotInKernel
from seismo.kernel.fd import Fd
from seismo.kernel.link_details import LINK_ROWS, PERF_ROWS, LinkType, PerfLinkType
from seismo.kernel.live import LiveKernel
from seismo.kernel.object_ids import Holder, Kind, holders
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.table import attach
from seismo.objects.dump import jited, xlated
from seismo.objects.errors import AttachRefused, NotThatKind
from seismo.objects.find import find_links, find_maps, find_programs
from seismo.objects.inventory import (
    attach_type_name,
    btfs,
    link_record,
    links,
    map_record,
    maps,
    open_map,
    program_record,
    programs,
    type_name,
    types_of,
)
from seismo.objects.load import Loaded, load
from seismo.objects.map import Map
from seismo.objects.program import Program, enable_stats, load_program
from seismo.spec.types import (
    AttachSpec,
    MapSpec,
    ObjectSpec,
    PerfEventAttach,
    ProgramSpec,
    ProgramTarget,
    RawTracepointAttach,
    TracepointAttach,
    TracingAttach,
    UprobeAttach,
    UprobeMultiAttach,
)

pytestmark = pytest.mark.kernel

NAME = "counting_all_the_packets"
PACKET = bytes(64)


def bpftool(*words: object) -> Any:
    """What bpftool says in JSON; skips without it."""
    command = shutil.which("bpftool") or pytest.skip("needs bpftool")
    done = subprocess.run([command, "-j", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def loaded(kernel: LiveKernel) -> Iterator[Loaded]:
    """A program that counts into a map, in two functions, with types and lines."""
    asm = ProgramWriter()
    callee = asm.label()
    asm.call_subprog(callee)
    asm.mov(R0, 7)
    asm.exit()
    asm.bind(callee)
    asm.count("counts", at=-8)
    asm.returns(0)
    program = asm.spec(NAME, ProgType.SOCKET_FILTER)
    start = sum(one.slots for one in program.insns[:3])
    strings = StringTable()
    lines = [
        LineInfo(instruction=slot, file="count.bpf.c", text=text, line=line, column=2)
        for slot, line, text in ((0, 9, "\tadd();"), (1, 10, "\treturn 7;"), (start, 3, "\tn++;"))
    ]
    infos = pack_line_infos(lines, strings)
    types = (
        *(Int("u32", 4), Int("u64", 8), Ptr(0), FuncProto(1, (Param("ctx", 3),))),
        *(Func(NAME, 4, FuncLinkage.GLOBAL), FuncProto(1), Func("add", 6)),
    )
    program = replace(
        program,
        func_infos=pack_func_infos([FuncInfo(0, 5), FuncInfo(start, 7)]),
        line_infos=infos,
    )
    counts = replace(counter_map("counts"), key_type=1, value_type=2)
    spec = ObjectSpec(maps=(counts,), programs=(program,), btf=write(types, strings))
    with load(spec, kernel) as loaded:
        yield loaded


def number_of(program: Program) -> int:
    return program.info().id


def test_a_program_is_as_bpftool_shows_it(kernel: LiveKernel, loaded: Loaded) -> None:
    program = loaded.programs[NAME]
    with enable_stats(kernel):
        program.test_run(PACKET, repeat=5)
    ours = program_record(kernel, number_of(program))
    theirs = bpftool("prog", "show", "id", ours.id)
    assert {
        "id": ours.id,
        "type": ours.type_name,
        "name": ours.name,
        "tag": ours.tag,
        "gpl_compatible": ours.is_gpl,
        "run_time_ns": ours.run_time_ns,
        "run_cnt": ours.run_count,
        "uid": ours.uid,
        "bytes_xlated": ours.xlated_bytes,
        "bytes_jited": ours.jited_bytes,
        "bytes_memlock": ours.memlock,
        "map_ids": list(ours.map_ids),
        "btf_id": ours.btf_id,
    }.items() <= theirs.items()
    assert abs(ours.loaded_ns // 1_000_000_000 - theirs["loaded_at"]) <= 1
    assert ours.name == NAME
    assert ours.run_count == 5
    assert ours in [replace(one, loaded_ns=ours.loaded_ns) for one in programs(kernel)]


def test_a_map_is_as_bpftool_shows_it(kernel: LiveKernel, loaded: Loaded) -> None:
    ours = map_record(kernel, loaded.maps["counts"].info().id)
    assert {
        "id": ours.id,
        "type": ours.type_name,
        "name": ours.name,
        "flags": ours.flags,
        "bytes_key": ours.key_size,
        "bytes_value": ours.value_size,
        "max_entries": ours.max_entries,
        "bytes_memlock": ours.memlock,
        "frozen": int(ours.is_frozen),
        "btf_id": ours.btf_id,
    }.items() <= bpftool("map", "show", "id", ours.id).items()
    assert (ours.key_type, ours.value_type) == (1, 2)
    assert ours in list(maps(kernel))
    types = types_of(kernel, ours.btf_id)
    assert [types.type(id).name for id in (ours.key_type, ours.value_type)] == ["u32", "u64"]
    with open_map(kernel, ours.id) as opened:
        opened.put(u32(0), u64(12))
        assert loaded.maps["counts"].get(u32(0)) == u64(12)


def test_the_owner_of_an_array_of_programs(kernel: LiveKernel) -> None:
    jumps = MapSpec(name="jumps", type=MapType.PROG_ARRAY, key_size=4, value_size=4, max_entries=1)
    asm = ProgramWriter()
    asm.returns(0)
    spec = ObjectSpec(
        maps=(replace(jumps, program_slots=((0, "target"),)),),
        programs=(asm.spec("target", ProgType.XDP),),
    )
    with load(spec, kernel) as loaded:
        ours = map_record(kernel, loaded.maps["jumps"].info().id)
        theirs = bpftool("map", "show", "id", ours.id)
    assert type_name(ProgType, ours.owner_type) == theirs["owner_prog_type"] == "xdp"
    assert ours.is_owner_jited == theirs["owner_jited"]


def test_types_are_as_bpftool_shows_them(kernel: LiveKernel, loaded: Loaded) -> None:
    number = program_record(kernel, number_of(loaded.programs[NAME])).btf_id
    ours = {one.id: one for one in btfs(kernel)}
    theirs = {one["id"]: one for one in bpftool("btf", "show")}
    assert number in ours
    assert ours[number].size == theirs[number]["size"]
    assert not ours[number].is_kernel
    vmlinux = next(one for one in ours.values() if one.name == "vmlinux")
    assert (vmlinux.is_kernel, vmlinux.size) == (True, theirs[vmlinux.id]["size"])


def test_who_holds_what(kernel: LiveKernel, loaded: Loaded) -> None:
    me = Holder(os.getpid(), Path("/proc/self/comm").read_text().strip())
    held = holders(kernel)
    assert held[Kind.PROGRAM, number_of(loaded.programs[NAME])] == (me,)
    assert held[Kind.MAP, loaded.maps["counts"].info().id] == (me,)


def test_the_verified_code(kernel: LiveKernel, loaded: Loaded) -> None:
    number = number_of(loaded.programs[NAME])
    ours = xlated(kernel, number)
    theirs = [one for one in bpftool("prog", "dump", "xlated", "id", number) if "disasm" in one]
    assert len(ours.insns) == len(theirs)
    (load_at,) = ours.maps
    assert ours.maps[load_at] == "counts"
    assert f"map[id:{ours.insns[load_at].imm}]" in theirs[load_at]["disasm"]
    assert list(ours.functions.values()) == [NAME, "add"]
    listing = list(ours.listing())
    assert listing[:4] == [
        f"{NAME}:",
        "; add(); @ count.bpf.c:9",
        "   0: (85) call pc+2 <add>",
        "; return 7; @ count.bpf.c:10",
    ]
    for index, name in ours.calls.items():
        assert f"call {name}#{ours.insns[index].imm}" in theirs[index]["disasm"]


def test_what_the_verifier_puts_in_is_read(kernel: LiveKernel) -> None:
    skip_before(6, 6)
    asm = ProgramWriter()
    asm.helper("get_prandom_u32")
    asm.mov(R1, R0)
    asm.mov(R0, 100)
    asm.append(Insn(Class.ALU64 | AluOp.DIV | Source.X, R0, R1, off=1))
    asm.append(Insn(Class.ALU | AluOp.MOD | Source.X, R0, R1))
    asm.exit()
    with load_program(asm.spec("dividing", ProgType.SOCKET_FILTER), {}, kernel) as program:
        number = number_of(program)
        ours = xlated(kernel, number)
        theirs = [one for one in bpftool("prog", "dump", "xlated", "id", number) if "disasm" in one]
    assert len(ours.insns) > 6
    for insn, their in zip(ours.insns[1:], theirs[1:], strict=True):
        # bpftool 7.1 knows no signed division.
        assert f"({insn.op:02x}) {insn}".replace("s/=", "/=") == their["disasm"]


def test_the_machine_code(kernel: LiveKernel, loaded: Loaded) -> None:
    record = program_record(kernel, number_of(loaded.programs[NAME]))
    functions = jited(kernel, record.id)
    assert [one.name for one in functions] == [NAME, "add"]
    assert sum(len(one.code) for one in functions) == record.jited_bytes
    assert all(one.address >> 63 for one in functions)


def test_what_is_not_there(kernel: LiveKernel) -> None:
    for ask in (program_record, map_record, link_record, xlated, jited, open_map, types_of):
        with pytest.raises(NotInKernel, match="of id '268435455'"):
            ask(kernel, 0xFFFFFFF)
    with pytest.raises(NotInKernel, match="no BPF program of name 'nobody'"):
        find_programs(kernel, "name", "nobody")
    with pytest.raises(NotInKernel, match="no map of id 'x'"):
        find_maps(kernel, "id", "x")


def test_finding(kernel: LiveKernel, loaded: Loaded, bpffs: Path) -> None:
    program, map_ = loaded.programs[NAME], loaded.maps["counts"]
    number, map_number = number_of(program), map_.info().id
    map_.pin(str(bpffs / "map"))
    bpf.obj_pin(kernel, int(program.fd), str(bpffs / "program"))
    assert number in find_programs(kernel, "name", NAME)
    assert number in find_programs(kernel, "name", NAME[:15])
    assert number in find_programs(kernel, "tag", program.info().tag)
    assert find_programs(kernel, "id", str(number)) == (number,)
    assert find_programs(kernel, "pinned", str(bpffs / "program")) == (number,)
    assert map_number in find_maps(kernel, "name", "counts")
    assert find_maps(kernel, "pinned", str(bpffs / "map")) == (map_number,)
    with pytest.raises(NotThatKind, match="what is pinned there is no map"):
        find_maps(kernel, "pinned", str(bpffs / "program"))
    with pytest.raises(NotThatKind, match="what is pinned there is no map"):
        Map.open_pinned(kernel, str(bpffs / "program"))
    with Map.open_pinned(kernel, str(bpffs / "map")) as opened:
        assert opened.info().id == map_number
    with pytest.raises(SyscallError, match="ENOENT"):
        find_links(kernel, "pinned", str(bpffs / "link"))


@pytest.fixture
def bpffs(tmp_path: Path) -> Iterator[Path]:
    """A bpffs of this test's own."""
    subprocess.run(["mount", "-t", "bpf", "bpf", tmp_path], check=True)
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.fixture
def tracefs(kernel: LiveKernel) -> Iterator[Tracefs]:
    with Tracefs(kernel) as opened:
        yield opened


def nothing(type_: ProgType, **more: Any) -> ProgramSpec:
    asm = ProgramWriter()
    asm.returns(0)
    return replace(asm.spec("nothing", type_), **more)


LIBC = next(
    line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "libc" in line
)
SCHED_SWITCH = ProgramTarget("btf_trace_sched_switch")
ATTACHED: dict[str, tuple[ProgramSpec, AttachSpec, dict[str, object]]] = {
    "raw_tracepoint": (
        nothing(ProgType.RAW_TRACEPOINT),
        RawTracepointAttach("sched_process_exec"),
        {"tp_name": "sched_process_exec", "cookie": 0},
    ),
    "uprobe": (
        nothing(ProgType.KPROBE),
        UprobeAttach(LIBC, 0x1000, cookie=5),
        {"file_name": LIBC, "offset": 0x1000},
    ),
    "uretprobe": (
        nothing(ProgType.KPROBE),
        UprobeAttach(LIBC, 0x1000, is_return=True),
        {"file_name": LIBC, "offset": 0x1000},
    ),
    "tracepoint": (
        nothing(ProgType.TRACEPOINT),
        TracepointAttach("sched", "sched_process_exec"),
        {"tp_name": "sched_process_exec"},
    ),
    "uprobe_multi": (
        nothing(ProgType.KPROBE, expected_attach_type=AttachType.TRACE_UPROBE_MULTI),
        UprobeMultiAttach(LIBC, (0x1000, 0x1100), (3, 4), is_return=True),
        {
            "path": LIBC,
            "offsets": (0x1000, 0x1100),
            "ref_ctr_offsets": (0, 0),
            "cookies": (3, 4),
            "count": 2,
            "flags": 1,
            "pid": 0,
        },
    ),
}


@pytest.mark.parametrize("name", ATTACHED)
def test_what_links_tell(kernel: LiveKernel, tracefs: Tracefs, name: str) -> None:
    spec, at, details = ATTACHED[name]
    if isinstance(at, UprobeMultiAttach):
        skip_before(6, 6)
    with load_program(spec, {}, kernel) as program, attach(program, at, kernel, tracefs):
        (ours,) = [one for one in links(kernel) if one.prog_id == number_of(program)]
        if ours.type == LinkType.PERF_EVENT and not ours.perf_type:
            pytest.skip("this kernel does not tell of perf events")
        assert (ours.perf_type_name or ours.type_name) == name
        assert details.items() <= ours.details.items()
        theirs = bpftool("link", "show", "id", ours.id)
        assert (theirs["id"], theirs["prog_id"]) == (ours.id, ours.prog_id)
        assert link_record(kernel, ours.id) == ours


def test_a_timer_link_tells_its_event(kernel: LiveKernel, tracefs: Tracefs) -> None:
    at = PerfEventAttach("page-faults", 1 << 30)
    with (
        load_program(nothing(ProgType.PERF_EVENT), {}, kernel) as program,
        attach(program, at, kernel, tracefs),
    ):
        found = [one for one in links(kernel) if one.prog_id == number_of(program)]
    assert found
    if found[0].perf_type:
        assert {one.perf_type_name for one in found} == {"event"}
        assert {one.details["event_type"] for one in found} == {1}
        assert {one.details["config"] for one in found} == {2}


def test_what_a_program_is_loaded_for(kernel: LiveKernel) -> None:
    spec = nothing(
        ProgType.TRACING, expected_attach_type=AttachType.TRACE_RAW_TP, target=SCHED_SWITCH
    )
    with load_program(spec, {}, kernel) as program:
        record = program_record(kernel, number_of(program))
    assert Btf.open(VMLINUX).type(record.attach_btf_id).name == SCHED_SWITCH.name
    (own,) = [one for one in btfs(kernel) if one.id == record.attach_btf_obj_id]
    assert own.name == "vmlinux"


def test_a_tracing_link_tells_its_target(kernel: LiveKernel, tracefs: Tracefs) -> None:
    spec = nothing(
        ProgType.TRACING,
        expected_attach_type=AttachType.TRACE_FENTRY,
        target=ProgramTarget("bpf_fentry_test1"),
    )
    with ExitStack() as owned:
        try:
            program = owned.enter_context(load_program(spec, {}, kernel))
            owned.enter_context(attach(program, TracingAttach(), kernel, tracefs))
        except (AttachRefused, NotSupported) as error:
            pytest.skip(str(error))
        (ours,) = [one for one in links(kernel) if one.prog_id == number_of(program)]
        theirs = bpftool("link", "show", "id", ours.id)
    assert ours.type_name == theirs["type"] == "tracing"
    assert attach_type_name(int(str(ours.details["attach_type"]))) == theirs["attach_type"]
    # bpftool 7.1 does not tell the target.
    target = types_of(kernel, int(str(ours.details["target_obj_id"])))
    assert target.type(int(str(ours.details["target_btf_id"]))).name == "bpf_fentry_test1"


@pytest.mark.parametrize("target", ["task", "bpf_map"])
def test_an_iterator_link_tells_its_target(kernel: LiveKernel, target: str) -> None:
    spec = nothing(
        ProgType.TRACING,
        expected_attach_type=AttachType.TRACE_ITER,
        target=ProgramTarget(f"bpf_iter_{target}"),
    )
    with load_program(spec, {}, kernel) as program:
        attr = LinkAttr(prog_fd=int(program.fd), attach_type=AttachType.TRACE_ITER)
        with Fd(kernel, kernel.bpf(Cmd.LINK_CREATE, attr), "link"):
            (ours,) = [one for one in links(kernel) if one.prog_id == number_of(program)]
            theirs = bpftool("link", "show", "id", ours.id)
    assert ours.details["target_name"] == theirs["target_name"] == target
    assert ("tid" in ours.details) == (target == "task")


def test_links_of_the_network(kernel: LiveKernel) -> None:
    with ExitStack() as owned:
        lookup = nothing(ProgType.SK_LOOKUP, expected_attach_type=AttachType.SK_LOOKUP)
        program = owned.enter_context(load_program(lookup, {}, kernel))
        netns = os.open("/proc/self/ns/net", os.O_RDONLY)
        owned.callback(os.close, netns)
        attr = LinkAttr(prog_fd=int(program.fd), target_fd=netns, attach_type=AttachType.SK_LOOKUP)
        try:
            number = kernel.bpf(Cmd.LINK_CREATE, attr)
        except SyscallError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                raise
            pytest.skip("this kernel attaches nothing to network namespaces")
        owned.enter_context(Fd(kernel, number, "link"))
        (ours,) = [one for one in links(kernel) if one.prog_id == number_of(program)]
        theirs = bpftool("link", "show", "id", ours.id)
    assert ours.details["netns_ino"] == theirs["netns_ino"] == os.stat("/proc/self/ns/net").st_ino
    assert attach_type_name(int(str(ours.details["attach_type"]))) == theirs["attach_type"]


ROWS = [
    *(
        (f"{kind.name.lower()}.{name}", at)
        for kind, rows in LINK_ROWS.items()
        for name, _, at in rows
    ),
    *(
        (f"perf_event.{kind.name.lower().replace('ret', '')}.{name.removeprefix('event_')}", at)
        for kind, rows in PERF_ROWS.items()
        for name, _, at in rows
    ),
]


@pytest.mark.parametrize(("path", "offset"), ROWS, ids=[path for path, _ in ROWS])
def test_details_lie_where_the_kernel_has_them(path: str, offset: int) -> None:
    try:
        place = Btf.open(VMLINUX).resolve(f"bpf_link_info: {path}")
    except BtfNotFound:
        pytest.skip(f"this kernel has no bpf_link_info.{path}")
    assert place.offset == offset


def test_every_perf_link_type_is_told() -> None:
    assert set(PERF_ROWS) == set(PerfLinkType)
    assert set(LINK_ROWS) | {LinkType.PERF_EVENT} == set(LinkType)
