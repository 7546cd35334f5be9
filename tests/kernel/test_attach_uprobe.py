"""Programs at places in a library that the test compiles run as often as those are passed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from bpf_programs import (
    R0,
    R1,
    R6,
    R7,
    ProgramWriter,
    counter_map,
    counting_program,
    own_thread_counter,
    u32,
)
from c_library import COMPILER, CLibrary
from seismo.base.dataclass import replace
from seismo.isa.opcode import JumpOp
from seismo.isa.prog_types import AttachType, ProgType
from seismo.kernel.features.attaching import UPROBE_MULTI
from seismo.kernel.features.record import FeatureProbe
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.table import attach
from seismo.objects.errors import AttachRefused
from seismo.objects.load import Loaded, load
from seismo.spec import types as spec

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(COMPILER is None, reason="needs a C compiler"),
]

SOURCE = """
unsigned short semaphore __attribute__((section(".probes")));
int twice(int x) { return 2 * x; }
int thrice(int x) { return 3 * x; }
int countdown(int x) { return x > 0 ? countdown(x - 1) + 1 : 0; }
"""
CALLS = 321


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> CLibrary:
    return CLibrary(tmp_path_factory.mktemp("probed"), SOURCE)


def cookie_adder(name: str, tid: int) -> spec.ProgramSpec:
    """Adds up its cookies in one thread."""
    asm = ProgramWriter()
    other = asm.label()
    asm.mov(R6, R1)
    asm.helper("get_current_pid_tgid")
    asm.jump_if(JumpOp.JNE, R0, tid, other, 32)
    asm.mov(R1, R6)
    asm.helper("get_attach_cookie")
    asm.mov(R7, R0)
    asm.count("sum", R7)
    asm.bind(other)
    asm.returns(0)
    return asm.spec(name, ProgType.KPROBE)


@pytest.fixture
def loaded(kernel: LiveKernel) -> Iterator[Loaded]:
    tid = threading.get_native_id()
    specs = spec.ObjectSpec(
        maps=(counter_map("runs"), counter_map("sum")),
        programs=(
            own_thread_counter("count", ProgType.KPROBE, "runs", tid),
            cookie_adder("cookies", tid),
            counting_program("anybody", ProgType.KPROBE, "runs"),
        ),
    )
    with load(specs, kernel) as loaded:
        yield loaded


def value(loaded: Loaded, name: str) -> int:
    return int.from_bytes(loaded.maps[name].get(u32(0)), sys.byteorder)


@pytest.fixture
def tracefs(kernel: LiveKernel) -> Iterator[Tracefs]:
    with Tracefs(kernel) as tracefs:
        yield tracefs


@pytest.mark.parametrize("pid", [0, os.getpid()])
@pytest.mark.parametrize("is_return", [False, True])
def test_a_uprobe_counts_calls_exactly(
    kernel: LiveKernel,
    loaded: Loaded,
    tracefs: Tracefs,
    library: CLibrary,
    is_return: bool,
    pid: int,
) -> None:
    at = spec.UprobeAttach(library.path, library.offset("twice"), is_return=is_return, pid=pid)
    library.call("twice", 1)
    with attach(loaded.programs["count"], at, kernel, tracefs) as link:
        assert [fd.kind for fd in link.fds] == ["link", "uprobe"]
        assert library.call("twice", 21, times=CALLS) == 42
        library.call("thrice", 1)
        assert link.missed(kernel) == 0
    library.call("twice", 1)
    assert value(loaded, "runs") == CALLS


def test_a_recursive_function_enters_and_returns_as_often(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs, library: CLibrary
) -> None:
    offset = library.offset("countdown")
    with (
        attach(loaded.programs["count"], spec.UprobeAttach(library.path, offset), kernel, tracefs),
        attach(
            loaded.programs["count"],
            spec.UprobeAttach(library.path, offset, is_return=True),
            kernel,
            tracefs,
        ),
    ):
        assert library.call("countdown", 9) == 9
    assert value(loaded, "runs") == 20


def test_a_uprobe_of_another_process_leaves_this_one_alone(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs, library: CLibrary
) -> None:
    code = (
        "import ctypes, sys\n"
        f"twice = ctypes.CDLL({library.path!r}).twice\n"
        "sys.stdin.readline()\n"
        f"[twice(1) for _ in range({CALLS})]\n"
    )
    with subprocess.Popen(
        [sys.executable, "-S", "-c", code], stdin=subprocess.PIPE, text=True
    ) as child:
        at = spec.UprobeAttach(library.path, library.offset("twice"), pid=child.pid)
        with attach(loaded.programs["anybody"], at, kernel, tracefs):
            library.call("twice", 1, times=7)
            child.communicate("go\n")
    assert child.returncode == 0
    assert value(loaded, "runs") == CALLS


def test_the_semaphore_is_raised_while_attached(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs, library: CLibrary
) -> None:
    at = spec.UprobeAttach(
        library.path, library.offset("twice"), semaphore=library.offset("semaphore")
    )
    assert library.u16("semaphore") == 0
    with attach(loaded.programs["count"], at, kernel, tracefs):
        assert library.u16("semaphore") == 1
    assert library.u16("semaphore") == 0


def test_the_cookie_comes_to_the_program(
    kernel: LiveKernel, loaded: Loaded, tracefs: Tracefs, library: CLibrary
) -> None:
    program = loaded.programs["cookies"]
    twice = spec.UprobeAttach(library.path, library.offset("twice"), cookie=1000)
    thrice = spec.UprobeAttach(library.path, library.offset("thrice"), cookie=1)
    with attach(program, twice, kernel, tracefs), attach(program, thrice, kernel, tracefs):
        library.call("twice", 1, times=3)
        library.call("thrice", 1, times=4)
    assert value(loaded, "sum") == 3004


@pytest.mark.parametrize("is_return", [False, True])
def test_one_link_serves_many_places_with_a_cookie_each(
    kernel: LiveKernel, tracefs: Tracefs, library: CLibrary, is_return: bool
) -> None:
    if not FeatureProbe(kernel).ask(UPROBE_MULTI).works:
        pytest.skip("this kernel has no uprobe_multi links")
    adder = replace(
        cookie_adder("cookies", threading.get_native_id()),
        expected_attach_type=AttachType.TRACE_UPROBE_MULTI,
    )
    at = spec.UprobeMultiAttach(
        library.path,
        (library.offset("twice"), library.offset("thrice")),
        cookies=(1000, 1),
        semaphores=(library.offset("semaphore"), 0),
        is_return=is_return,
        pid=os.getpid(),
    )
    specs = spec.ObjectSpec(maps=(counter_map("sum"),), programs=(adder,))
    with load(specs, kernel) as loaded:
        with attach(loaded.programs["cookies"], at, kernel, tracefs) as link:
            assert [fd.kind for fd in link.fds] == ["link"]
            assert library.u16("semaphore") == 1
            library.call("twice", 1, times=3)
            library.call("thrice", 1, times=4)
        library.call("twice", 1)
        assert library.u16("semaphore") == 0
        assert value(loaded, "sum") == 3004


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"path": "/nonexistent/file"}, r"/nonexistent/file\+0x.*: there is no such file \(ENOENT"),
        ({"path": "/dev"}, r"uprobe /dev\+0x.*: .*the file is not a regular one.*\(EINVAL"),
        ({"offset": 1 << 40}, r"\+0x10000000000: the offset is beyond the file's end"),
        ({"pid": (1 << 22) - 1}, r": there is no such process \(ESRCH"),
    ],
)
def test_refusals_say_where_and_why(
    kernel: LiveKernel,
    loaded: Loaded,
    tracefs: Tracefs,
    library: CLibrary,
    change: dict[str, object],
    message: str,
) -> None:
    at = replace(spec.UprobeAttach(library.path, library.offset("twice")), **change)
    with pytest.raises(AttachRefused, match=message):
        attach(loaded.programs["count"], at, kernel, tracefs)
