"""Programs at functions and static probes of a program that the test compiles, at its own cgroups,
over the parts of its own objects: each runs as often as what it is for happens."""

from __future__ import annotations

import errno
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from object_programs import loaded_one, runs

from bpf_programs import (
    R0,
    R1,
    R2,
    R3,
    R6,
    R7,
    R10,
    ProgramWriter,
    counter_map,
    counting_program,
    own_thread_counter,
    u32,
)
from kernel_release import skip_before
from seismo.base.dataclass import replace
from seismo.elf.errors import BinaryNotFound, SymbolMissing
from seismo.isa.insn import Reg
from seismo.isa.map_types import MapType
from seismo.isa.opcode import AluOp, JumpOp
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel.cgroups import CgroupError, cgroup_root
from seismo.kernel.features.attaching import UPROBE_MULTI
from seismo.kernel.features.record import FeatureProbe
from seismo.kernel.live import LiveKernel
from seismo.kernel.perf import open_tracepoint
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.iterator import IterLink
from seismo.objects.attach.object import attach_object
from seismo.objects.attach.usdt import USDT_SPECS, UsdtSpecs
from seismo.objects.errors import AttachRefused, BadSpec
from seismo.objects.link import Link
from seismo.objects.load import Loaded, load
from seismo.spec import object_attach as go
from seismo.spec.types import MapSpec, ObjectSpec, ProgramSpec, ProgramTarget, TracepointAttach
from user_programs import STATIC_PROBES, TARGET, compile_program

pytestmark = pytest.mark.kernel

R8, R9 = Reg.R8, Reg.R9
CALLS = 41
SPEC_BYTES = 208
USDT_COOKIE = 1_000_000


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_program(tmp_path_factory.mktemp("named") / "target.c", TARGET)


@pytest.fixture(scope="module")
def static_probes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_program(tmp_path_factory.mktemp("static") / "shop.c", STATIC_PROBES)


@pytest.fixture
def attach_it(kernel: LiveKernel) -> Iterator[Callable[..., Link]]:
    with Tracefs(kernel) as tracefs:
        yield lambda program, at, specs=None: attach_object(program, at, kernel, tracefs, specs)


def run(program: Path, calls: int = CALLS) -> str:
    return subprocess.check_output([program, str(calls)], text=True)


@pytest.fixture
def counter(kernel: LiveKernel) -> Iterator[Loaded]:
    program = counting_program("counter", ProgType.KPROBE, "runs")
    with loaded_one(kernel, program) as loaded:
        yield loaded


@pytest.mark.parametrize("is_return", [False, True])
def test_a_function_of_a_file_by_its_name(
    counter: Loaded, target: Path, attach_it: Callable[..., Link], is_return: bool
) -> None:
    at = go.NamedUprobeAttach(str(target), "add", is_return=is_return)
    with attach_it(counter.programs["counter"], at):
        run(target)
        assert runs(counter) == CALLS
    run(target)
    assert runs(counter) == CALLS


def test_a_file_of_a_process_by_its_root(
    counter: Loaded, target: Path, attach_it: Callable[..., Link]
) -> None:
    at = go.NamedUprobeAttach(f"/proc/{os.getpid()}/root{target}", "hidden")
    with attach_it(counter.programs["counter"], at):
        run(target)
    assert runs(counter) == CALLS


def test_a_name_that_is_not_there_has_a_near_one(
    counter: Loaded, target: Path, attach_it: Callable[..., Link]
) -> None:
    program = counter.programs["counter"]
    with pytest.raises(SymbolMissing) as caught:
        attach_it(program, go.NamedUprobeAttach(str(target), "ad"))
    assert caught.value.hint == "did you mean 'add'?"
    with pytest.raises(SymbolMissing, match="is not in the function"):
        attach_it(program, go.NamedUprobeAttach(str(target), "add", 10_000))
    with pytest.raises(SymbolMissing, match=r"no function in .* matches 'x\*'"):
        attach_it(program, go.UprobePatternAttach(str(target), "x*"))
    with pytest.raises(BinaryNotFound):
        attach_it(program, go.NamedUprobeAttach(f"{target}.no", "add"))


@pytest.mark.parametrize(("pattern", "calls"), [("add*", 2), ("hidden", 1), ("?dd", 1)])
def test_functions_of_a_file_by_a_pattern(
    kernel: LiveKernel, target: Path, attach_it: Callable[..., Link], pattern: str, calls: int
) -> None:
    if not FeatureProbe(kernel).ask(UPROBE_MULTI).works:
        pytest.skip("needs links to many places: Linux 6.6")
    program = replace(
        counting_program("counter", ProgType.KPROBE, "runs"),
        expected_attach_type=AttachType.TRACE_UPROBE_MULTI,
    )
    with loaded_one(kernel, program) as loaded:
        with attach_it(loaded.programs["counter"], go.UprobePatternAttach(str(target), pattern)):
            run(target)
        run(target)
        assert runs(loaded) == calls * CALLS


def test_a_session_runs_at_entries_and_returns(
    kernel: LiveKernel, target: Path, attach_it: Callable[..., Link]
) -> None:
    skip_before(6, 13)
    program = replace(
        counting_program("counter", ProgType.KPROBE, "runs"),
        expected_attach_type=AttachType.TRACE_UPROBE_SESSION,
    )
    with loaded_one(kernel, program) as loaded:
        with attach_it(loaded.programs["counter"], go.UprobePatternAttach(str(target), "add")):
            run(target)
        assert runs(loaded) == 2 * CALLS


def usdt_program() -> ProgramSpec:
    """Adds up the first argument (`sum`) and the cookies, as programs with usdt.bpf.h find them."""
    asm = ProgramWriter()
    out, have, is_memory, is_unsigned, shifted = (asm.label() for _ in range(5))
    asm.mov(R6, R1)
    asm.helper("get_attach_cookie")
    asm.store(R10, -8, R0, 4)
    asm.map(R1, USDT_SPECS)
    asm.stack_address(R2, -8)
    asm.helper("map_lookup_elem")
    asm.jump_if(JumpOp.JEQ, R0, 0, out)
    asm.mov(R7, R0)
    asm.load(R8, R7, 0, 8)
    asm.load(R9, R7, 8, 4)
    asm.jump_if(JumpOp.JEQ, R9, 0, have)
    asm.load(R1, R7, 12, 2)
    asm.mov(R3, R6)
    asm.alu(AluOp.ADD, R3, R1)
    asm.stack_address(R1, -16)
    asm.mov(R2, 8)
    asm.helper("probe_read_kernel")
    asm.load(R1, R10, -16, 8)
    asm.jump_if(JumpOp.JNE, R9, 1, is_memory)
    asm.mov(R8, R1)
    asm.jump(have)
    asm.bind(is_memory)
    asm.mov(R3, R1)
    asm.alu(AluOp.ADD, R3, R8)
    asm.stack_address(R1, -16)
    asm.mov(R2, 8)
    asm.helper("probe_read_user")
    asm.load(R8, R10, -16, 8)
    asm.bind(have)
    asm.load(R1, R7, 15, 1)
    asm.alu(AluOp.LSH, R8, R1)
    asm.load(R2, R7, 14, 1)
    asm.jump_if(JumpOp.JEQ, R2, 0, is_unsigned)
    asm.alu(AluOp.ARSH, R8, R1)
    asm.jump(shifted)
    asm.bind(is_unsigned)
    asm.alu(AluOp.RSH, R8, R1)
    asm.bind(shifted)
    asm.count("sum", R8)
    asm.load(R8, R7, 192, 8)
    asm.count("cookies", R8)
    asm.count("runs")
    asm.bind(out)
    asm.returns(0)
    return asm.spec("usdt", ProgType.KPROBE)


@pytest.fixture
def usdt(kernel: LiveKernel) -> Iterator[Loaded]:
    specs = MapSpec(
        name=USDT_SPECS, type=MapType.ARRAY, key_size=4, value_size=SPEC_BYTES, max_entries=4
    )
    maps = (counter_map("runs"), counter_map("sum"), counter_map("cookies"), specs)
    with load(ObjectSpec(maps=maps, programs=(usdt_program(),)), kernel) as loaded:
        yield loaded


def test_static_probes_tell_their_arguments(
    usdt: Loaded, static_probes: Path, attach_it: Callable[..., Link]
) -> None:
    """Three sites: the argument in a register, in memory, and a constant."""
    specs = UsdtSpecs(usdt.maps[USDT_SPECS])
    at = go.UsdtAttach(str(static_probes), "shop", "moved", cookie=USDT_COOKIE)
    with attach_it(usdt.programs["usdt"], at, specs) as link:
        assert len(link.attached) == 3
        run(static_probes)
    run(static_probes)
    assert runs(usdt) == 3 * CALLS
    assert runs(usdt, "cookies") == 3 * CALLS * USDT_COOKIE
    counted = sum(range(CALLS))
    assert runs(usdt, "sum") == counted + (10 * CALLS + counted) - 3 * CALLS


def test_a_semaphore_says_that_the_probe_is_traced(
    usdt: Loaded, static_probes: Path, attach_it: Callable[..., Link]
) -> None:
    specs = UsdtSpecs(usdt.maps[USDT_SPECS])
    at = go.UsdtAttach(str(static_probes), "shop", "guarded")
    with attach_it(usdt.programs["usdt"], at, specs):
        assert run(static_probes) == "1\n"
    assert run(static_probes) == "0\n"
    assert (runs(usdt), runs(usdt, "sum")) == (CALLS, sum(range(CALLS)))


def test_specs_are_shared_and_given_back(
    usdt: Loaded, static_probes: Path, attach_it: Callable[..., Link]
) -> None:
    program = usdt.programs["usdt"]
    specs = UsdtSpecs(usdt.maps[USDT_SPECS])
    moved = go.UsdtAttach(str(static_probes), "shop", "moved")
    with (
        attach_it(program, moved, specs),
        attach_it(program, moved, specs),
        pytest.raises(BadSpec, match="all of its 4 entries are taken"),
    ):
        attach_it(program, replace(moved, cookie=5), specs)
    for cookie in range(9):
        attach_it(program, replace(moved, cookie=cookie), specs).close()


def test_a_static_probe_that_is_not_there_has_a_near_one(
    usdt: Loaded, static_probes: Path, attach_it: Callable[..., Link]
) -> None:
    program, specs = usdt.programs["usdt"], UsdtSpecs(usdt.maps[USDT_SPECS])
    with pytest.raises(SymbolMissing) as caught:
        attach_it(program, go.UsdtAttach(str(static_probes), "shop", "mowed"), specs)
    assert caught.value.hint == "did you mean 'shop:moved'?"
    with pytest.raises(BadSpec, match="nothing tells it of static probes"):
        attach_it(program, go.UsdtAttach(str(static_probes), "shop", "moved"))
    with pytest.raises(BadSpec, match="its values have 8 bytes, not 208"):
        UsdtSpecs(usdt.maps["runs"])


def test_a_tracepoint_by_section_and_by_an_event_of_the_callers(
    kernel: LiveKernel, attach_it: Callable[..., Link]
) -> None:
    tid = threading.get_native_id()
    program = own_thread_counter("counter", ProgType.TRACEPOINT, "runs", tid)
    at = TracepointAttach("syscalls", "sys_enter_getpgid")
    with (
        loaded_one(kernel, program) as loaded,
        Tracefs(kernel) as tracefs,
        open_tracepoint(kernel, tracefs.event_id(at.category, at.name)) as event,
    ):
        for place in (at, go.PerfFdAttach(int(event))):
            with attach_it(loaded.programs["counter"], place):
                for _ in range(CALLS):
                    os.getpgid(0)
            os.getpgid(0)
        assert event.is_open
        assert runs(loaded) == 2 * CALLS
        with pytest.raises(AttachRefused) as caught:
            attach_it(loaded.programs["counter"], go.PerfFdAttach(1 << 20))
        assert caught.value.errno == errno.EBADF


@pytest.fixture
def groups(kernel: LiveKernel) -> Iterator[Path]:
    """A cgroup of our own with two in it."""
    group = Path(cgroup_root(kernel)) / f"attached-{os.getpid()}"
    inner = [group / "one", group / "two"]
    group.mkdir()
    for one in inner:
        one.mkdir()
    yield group
    for one in (*inner, group):
        one.rmdir()


MAKE_SOCKETS = """
import socket, sys
open(sys.argv[1] + "/cgroup.procs", "w").write("0")
for _ in range(int(sys.argv[2])):
    try:
        socket.socket().close()
    except PermissionError:
        print("refused")
"""


def test_a_cgroups_program_says_what_is_allowed_in_it(
    kernel: LiveKernel, groups: Path, attach_it: Callable[..., Link]
) -> None:
    """It refuses to make sockets."""
    type_ = AttachType.CGROUP_INET_SOCK_CREATE
    program = replace(
        counting_program("counter", ProgType.CGROUP_SOCK, "runs"), expected_attach_type=type_
    )

    def refused(group: Path) -> int:
        command = [sys.executable, "-c", MAKE_SOCKETS, str(group), str(CALLS)]
        return subprocess.check_output(command, text=True).count("refused")

    with loaded_one(kernel, program) as loaded:
        counter = loaded.programs["counter"]
        with attach_it(counter, go.CgroupAttach(str(groups / "one"), type_)) as link:
            assert link.fds[0].name == f"cgroup_inet_sock_create {groups / 'one'}"
            assert refused(groups / "one") == CALLS
            assert refused(groups / "two") == 0
            assert runs(loaded) == CALLS
        assert refused(groups / "one") == 0
        with attach_it(counter, go.CgroupAttach(f"/{groups.name}", type_)):
            assert refused(groups / "two") == CALLS
        with pytest.raises(CgroupError, match="there is no cgroup"):
            attach_it(counter, go.CgroupAttach(f"{groups}/three", type_))
        wrong = go.CgroupAttach(str(groups), AttachType.CGROUP_DEVICE)
        with pytest.raises(AttachRefused, match="the kernel does not run such programs there"):
            attach_it(counter, wrong)


def iterator_program(name: str, object_at: int, written: int) -> ProgramSpec:
    """Writes, of each object there is, `written` bytes from the address at `object_at` of its
    context; 0 of them is one byte of whatever."""
    asm = ProgramWriter()
    last = asm.label()
    asm.load(R6, R1, 0, 8)
    asm.load(R7, R1, object_at, 8)
    asm.jump_if(JumpOp.JEQ, R7, 0, last)
    asm.store(R10, -8, 0, 8)
    if written:
        asm.load(R1, R7, 0, written)
        asm.store(R10, -8, R1, written)
    asm.load(R1, R6, 0, 8)
    asm.stack_address(R2, -8)
    asm.mov(R3, written or 1)
    asm.helper("seq_write")
    asm.bind(last)
    asm.returns(0)
    return replace(
        asm.spec("over", ProgType.TRACING),
        expected_attach_type=AttachType.TRACE_ITER,
        target=ProgramTarget(f"bpf_iter_{name}"),
    )


def written_by(
    kernel: LiveKernel,
    attach_it: Callable[..., Link],
    program: ProgramSpec,
    *places: go.IterPartsAttach,
) -> list[bytes]:
    found = []
    with load(ObjectSpec(maps=(), programs=(program,)), kernel) as loaded:
        for at in places:
            with attach_it(loaded.programs["over"], at) as link:
                assert isinstance(link, IterLink)
                found.append(b"".join(link.read()))
    return found


def test_an_iterator_goes_over_a_map(kernel: LiveKernel, attach_it: Callable[..., Link]) -> None:
    table = MapSpec(name="table", type=MapType.HASH, key_size=4, value_size=4, max_entries=9)
    with load(ObjectSpec(maps=(table,), programs=()), kernel) as loaded:
        for key in (3, 5, 7):
            loaded.maps["table"].put(u32(key), u32(0))
        at = go.IterPartsAttach(map=int(loaded.maps["table"].fd))
        (keys,) = written_by(kernel, attach_it, iterator_program("bpf_map_elem", 16, 4), at)
    assert sorted(key for (key,) in struct.iter_unpack("=I", keys)) == [3, 5, 7]


def test_an_iterator_goes_over_cgroups(
    kernel: LiveKernel, groups: Path, attach_it: Callable[..., Link]
) -> None:
    orders = ("descendants_pre", "descendants_post", "self")
    places = [go.IterPartsAttach(cgroup=str(groups), order=order) for order in orders]
    program = iterator_program("cgroup", 8, 0)
    assert list(map(len, written_by(kernel, attach_it, program, *places))) == [3, 3, 1]
    with pytest.raises(BadSpec, match="no order 'sideways'"):
        sideways = go.IterPartsAttach(cgroup=str(groups), order="sideways")
        written_by(kernel, attach_it, program, sideways)


def test_an_iterator_goes_over_a_process(
    kernel: LiveKernel, attach_it: Callable[..., Link]
) -> None:
    end = threading.Event()
    others = [threading.Thread(target=end.wait) for _ in range(3)]
    for one in others:
        one.start()
    try:
        threads = len(os.listdir("/proc/self/task"))
        places = (
            go.IterPartsAttach(pid=os.getpid()),
            go.IterPartsAttach(tid=threading.get_native_id()),
        )
        found = written_by(kernel, attach_it, iterator_program("task", 8, 0), *places)
    finally:
        end.set()
        for one in others:
            one.join()
    assert list(map(len, found)) == [threads, 1]
