"""Filters of a configuration in the kernel: what passes, exactly, and what is filtered."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from mmap import PAGESIZE, mmap
from pathlib import Path
from struct import pack
from tempfile import TemporaryDirectory

import pytest
from audit_reader import AuditRun, Found

from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.config import profiles
from seismo.audit.config.parse import parse_config
from seismo.audit.config.resolve import LivePlaces, prefix_entries
from seismo.audit.program.backends import choose
from seismo.audit.program.compile import compile_audit
from seismo.audit.program.generate import FILTERS_MAP, generate
from seismo.audit.program.plans import plan_bytes
from seismo.audit.record.layout import PLAN, Counter, EventFlag, KernelEvent, Section, Setting
from seismo.audit.rules.kernel import kernel_rules
from seismo.base.source import Source
from seismo.kernel.cgroups import cgroup_root
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.table import attach
from seismo.objects.load import load
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

CATALOG = shipped_catalog()
OPENAT, MKDIR, CONNECT, GETPPID = 257, 83, 42, 110
MPROTECT, EXIT_GROUP, GETPEERNAME = 10, 231, 52
AT_FDCWD = -100
LIBC = ctypes.CDLL(None, use_errno=True)


def text_of(found: Found) -> str:
    """The path as it was given."""
    return found.part(Section.STRING).data.decode()


def argument(found: Found, number: int) -> int:
    """One of a system call's six."""
    args = found.fixed["args"]
    assert isinstance(args, bytes)
    return int.from_bytes(args[number * 8 : number * 8 + 8], sys.byteorder)


@contextmanager
def filtered(*lines: str) -> Iterator[AuditRun]:
    """The programs of a configuration of these lines, whose only handler has index 0."""
    source = Source("test.yaml", "\n".join(("version: 1", *lines)))
    config = parse_config(source, CATALOG)
    kernel = LiveKernel()
    places = LivePlaces(kernel)
    made = generate(config, places, kernel_rules(config.rules.rules))
    assert not made.is_default
    types = config.handlers[0].events.types
    with ExitStack() as stack:
        tracefs = stack.enter_context(Tracefs(kernel))
        view = LiveView(kernel, tracefs)
        files = [one.file for one in choose(view, types)]
        audit = compile_audit(view, filters=made.text, optional=files, ring_bytes=1 << 22)
        loaded = stack.enter_context(load(audit.spec, kernel))
        run = AuditRun(loaded, kernel)
        run.settings(flags=int(Setting.FD_PATHS))
        run.wants(types)
        plans = plan_bytes(CATALOG)
        for one in types:
            plan = plans[one * PLAN.size : (one + 1) * PLAN.size]
            run.maps["plans"].put(pack("=I", one), plan)
        for key, value in prefix_entries(made.prefixes, places).items():
            run.maps["path_prefixes"].put(key, value)
        if FILTERS_MAP in run.maps:
            run.maps[FILTERS_MAP].put(pack("=I", 0), pack("=Q", 1))
        for program in audit.programs:
            if program.attach is not None:
                there = loaded.programs[program.spec.name]
                stack.enter_context(attach(there, program.attach, kernel, tracefs))
        yield run


def opening(*paths: str | Path) -> Callable[[], None]:
    """Work that opens files, whether they are there or not."""

    def work() -> None:
        for path in paths:
            fd = LIBC.openat(AT_FDCWD, str(path).encode(), os.O_RDONLY | os.O_CLOEXEC)
            if fd >= 0:
                LIBC.close(fd)

    return work


def is_exact(run: AuditRun, event: int, sent: int, filtered: int) -> bool:
    """Whether so many were sent and filtered, and nothing else became of what was produced."""
    counted = [run.count(event, one) for one in (Counter.PRODUCED, Counter.SUBMITTED)]
    return (*counted, run.count(event, Counter.FILTERED), len(run.of(event))) == (
        sent + filtered,
        sent,
        filtered,
        sent,
    )


def test_only_failures(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    paths = [tmp_path / "there"] * 5 + [tmp_path / "missing"] * 3
    with filtered("events: [openat]", "filter: ret == ENOENT") as run:
        run.did(opening(*paths))
        assert is_exact(run, OPENAT, 3, 5)
        assert {one["ret"] for one in run.of(OPENAT)} == {-2}


@pytest.fixture
def tree() -> Iterator[Path]:
    """real/{a,sub/b}, other/c, real2/d, link -> real; by a path that is short enough for text."""
    with TemporaryDirectory() as path:
        yield _planted(Path(path).resolve())


def _planted(tmp_path: Path) -> Path:
    for name in ("real/sub", "other", "real2"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("real/a", "real/sub/b", "other/c", "real2/d"):
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "other" / "to-a").symlink_to("../real/a")
    return tmp_path


def test_paths_are_those_of_the_kernel(tree: Path) -> None:
    inside = [
        *(tree / "real/a", tree / "real/sub/b", tree / "link/sub/b", tree / "other/to-a"),
        *(tree / "other/../real/a", f"/proc/self/root{tree}/real/a", tree / "real"),
    ]
    outside = [tree / "other/c", tree / "real2/d", tree, f"{tree}/real/../other/c"]
    # What does not exist is known by what the program wrote.
    missing = [tree / "real/none", tree / "real/sub/none"]
    elsewhere = [tree / "none", tree / "real2/none"]
    # And what was written is believed where it lies, too: nothing is left out by it.
    believed = outside.pop()
    with filtered("events: [openat]", f"filter: path under {tree}/real") as run:
        run.did(opening(*inside, *outside, *missing, *elsewhere, believed))
        given = [text_of(one) for one in run.of(OPENAT)]
        assert given == [str(one) for one in (*inside, *missing, believed)]
        assert is_exact(run, OPENAT, len(given), len(outside) + len(elsewhere))


def test_relative_paths(tree: Path) -> None:
    def work() -> None:
        os.chdir(tree / "real")
        opening("a", "sub/b", "../other/c")()
        os.chdir(tree / "other")
        opening("c", "../real/a")()

    with filtered("events: [openat]", f"filter: path under {tree}/real/sub") as run:
        run.did(work)
        assert [text_of(one) for one in run.of(OPENAT)] == ["sub/b"]
        assert is_exact(run, OPENAT, 1, 4)


def test_nothing_hides_behind_a_path_that_is_left_out(tree: Path) -> None:
    hidden = [tree / "real/a", tree / "link/sub/b"]
    seen = [tree / "other/c", f"{tree}/real/../other/c", tree / "real/none"]
    with filtered("events: [openat]", f"filter: not path under {tree}/real") as run:
        run.did(opening(*hidden, *seen))
        assert [text_of(one) for one in run.of(OPENAT)] == [str(one) for one in seen]
        assert is_exact(run, OPENAT, 3, 2)


def test_where_a_path_begins_hides_nothing(tree: Path) -> None:
    def work() -> None:
        os.chdir(tree / "real")
        opening("../other/c", "a", tree / "real/a")()

    with filtered("events: [openat]", f"filter: not path under {tree}/real") as run:
        run.did(work)
        # The kernel walked `real` for all of them; of relative paths that says too little.
        assert [text_of(one) for one in run.of(OPENAT)] == ["../other/c", "a"]
        assert is_exact(run, OPENAT, 2, 1)


def test_writing(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    flags = (os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDONLY | os.O_CREAT, os.O_PATH, os.O_TRUNC)

    def work() -> None:
        for one in flags:
            LIBC.openat(AT_FDCWD, str(tmp_path / "a").encode(), one, 0o600)

    with filtered("events: [openat]", "filter: writing") as run:
        run.did(work)
        wanted = [os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC]
        assert [argument(one, 2) for one in run.of(OPENAT)] == wanted
        assert is_exact(run, OPENAT, 4, 2)


def test_bits_of_calls_that_record_numbers_alone() -> None:
    with mmap(-1, PAGESIZE) as memory:
        view = ctypes.c_char.from_buffer(memory)
        address = ctypes.c_void_p(ctypes.addressof(view))
        with filtered("events: [mprotect]", "filter: arg2 has 4") as run:
            run.did(lambda: [LIBC.mprotect(address, PAGESIZE, one) for one in (1, 5, 3, 5, 3)])
            assert [argument(one, 2) for one in run.of(MPROTECT)] == [5, 5]
            assert is_exact(run, MPROTECT, 2, 3)
        del view


def test_bits_of_a_call_that_does_not_return() -> None:
    with filtered("events: [exit_group]", "filter: arg0 has 4") as run:
        for code in (4, 1, 5, 2):
            run.did(partial(os._exit, code))
        assert [argument(one, 0) for one in run.of(EXIT_GROUP)] == [4, 5]


@contextmanager
def listener(family: int, address: str) -> Iterator[int]:
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.bind((address, 0))
        one.listen(16)
        yield one.getsockname()[1]


def connecting(*targets: tuple[int, str, int]) -> Callable[[], None]:
    """Work that connects to addresses, and to one that is none of the network's."""

    def work() -> None:
        for family, address, port in targets:
            with socket.socket(family, socket.SOCK_STREAM) as one:
                one.connect_ex((address, port))
        with socket.socket(socket.AF_UNIX) as one:
            one.connect_ex("\0nobody")

    return work


def test_networks() -> None:
    with listener(socket.AF_INET, "127.0.0.1") as four, listener(socket.AF_INET6, "::1") as six:
        work = connecting(
            (socket.AF_INET, "127.0.0.1", four),
            (socket.AF_INET6, "::1", six),
            (socket.AF_INET6, "::ffff:127.0.0.1", four),
            (socket.AF_INET, "127.9.9.9", four),
            (socket.AF_INET, "127.0.0.1", six),
        )
        networks = f"127.0.0.0/24:{four}, ::1"
        with filtered("events: [connect]", f"filter: 'address in ({networks})'") as run:
            run.did(work)
            assert is_exact(run, CONNECT, 3, 3)
        with filtered("events: [net_connect]", f"filter: port == {four}") as run:
            run.did(work)
            # By both families; nobody listens at 127.9.9.9.
            assert len(run.of(KernelEvent.NET_CONNECT)) == 2


def test_an_address_that_was_cut_does_not_hide_the_sockets() -> None:
    with listener(socket.AF_INET, "127.0.0.1") as port, socket.socket() as one:
        one.connect(("127.0.0.1", port))

        def work() -> None:
            for room in (2, 16):
                address = ctypes.create_string_buffer(b"\n" * 16)
                LIBC.getpeername(one.fileno(), address, ctypes.byref(ctypes.c_uint(room)))

        network = f"127.0.0.1:{port}"
        with filtered("events: [getpeername]", f"filter: 'address in ({network})'") as run:
            run.did(work)
            assert is_exact(run, GETPEERNAME, 2, 0)


def test_what_correlation_needs_is_hidden() -> None:
    def work() -> None:
        os.getppid()

    with filtered("events: [process_exit, getppid]", 'filter: comm == "nobody"') as run:
        run.did(work)
        exits = run.of(KernelEvent.PROCESS_EXIT)
        assert [one["flags"] & EventFlag.HIDDEN for one in exits] == [EventFlag.HIDDEN]
        assert is_exact(run, KernelEvent.PROCESS_EXIT, 1, 0)
        assert is_exact(run, GETPPID, 0, 1)
    with filtered("events: [process_exit]", f"filter: ppid == {os.getpid()}") as run:
        run.did(work)
        assert [one["flags"] & EventFlag.HIDDEN for one in run.of(KernelEvent.PROCESS_EXIT)] == [0]


def test_names_and_numbers() -> None:
    comm = Path("/proc/self/comm").read_text().strip()
    for test, passes in (
        (f'comm == "{comm}"', 3),
        (f'comm like "{comm[:1]}*{comm[-1:]}"', 3),
        (f'comm like "{comm[:2]}*"', 3),
        ('comm like "?"', 0),
        (f"uid == {os.getuid()} and gid in ({os.getgid()}, 77)", 3),
        ("uid == root", 3 if os.getuid() == 0 else 0),
        (f"ppid == {os.getpid()}", 3),
        (f"not ppid == {os.getpid()}", 0),
        ("event in (openat, 'net_*')", 0),
        ("event in (getppid)", 3),
        (f"ret == {os.getpid()}", 3),
    ):
        with filtered("events: [getppid]", f"filter: >-\n  {test}") as run:
            run.did(lambda: [LIBC.getppid() for _ in range(3)])
            assert is_exact(run, GETPPID, passes, 3 - passes), test


@pytest.fixture
def cgroup() -> Iterator[Path]:
    group = Path(cgroup_root(LiveKernel())) / f"filtered-{os.getpid()}"
    (group / "inner").mkdir(parents=True)
    try:
        yield group
    finally:
        (group / "inner").rmdir()
        group.rmdir()


def test_cgroups_and_those_below(cgroup: Path) -> None:
    def work(group: Path) -> Callable[[], None]:
        def enter() -> None:
            home = Path(cgroup_root(LiveKernel()))
            (group / "cgroup.procs").write_text(str(os.getpid()))
            LIBC.getppid()
            (home / "cgroup.procs").write_text(str(os.getpid()))
            LIBC.getppid()

        return enter

    with filtered("events: [getppid]", f"filter: cgroup under /{cgroup.name}") as run:
        run.did(work(cgroup))
        run.did(work(cgroup / "inner"))
        found = [one["cgroup"] for one in run.of(GETPPID)]
        assert found == [cgroup.stat().st_ino, (cgroup / "inner").stat().st_ino]
        assert is_exact(run, GETPPID, 2, 2)


@pytest.mark.parametrize("name", ("default", "network", "security"))
def test_profiles_that_filter_load(name: str) -> None:
    kernel = LiveKernel()
    made = generate(profiles.load(name, CATALOG), LivePlaces(kernel))
    assert not made.is_default
    with Tracefs(kernel) as tracefs:
        audit = compile_audit(LiveView(kernel, tracefs), filters=made.text)
    with load(audit.spec, kernel) as loaded:
        assert loaded.programs.keys() == {one.spec.name for one in audit.programs}


def test_rules_are_counted_in_the_kernel() -> None:
    rule = "{name: calls, events: [getppid], by: [pid, comm], counted_only: true}"
    with filtered("events: [getppid, openat]", f"rules: [{rule}]") as run:
        first = run.did(lambda: [LIBC.getppid() for _ in range(7)])
        second = run.did(lambda: [LIBC.getppid() for _ in range(4)])
        counts = {
            int.from_bytes(key[16:20], sys.byteorder): int.from_bytes(value, sys.byteorder)
            for key, value in run.maps["rule_counts_0"].items()
        }
        assert counts == {first: 7, second: 4}
        assert is_exact(run, GETPPID, 0, 11)
