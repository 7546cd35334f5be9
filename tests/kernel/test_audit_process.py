"""Processes: each fork, exec and exit of those that are watched, and of nobody else."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from audit_reader import AuditRun, Found, audit_run, device_of, open_folder, read

from seismo.audit.record.layout import (
    CREDENTIALS,
    FIXED_FILE,
    NAMESPACES,
    Counter,
    EventFlag,
    KernelEvent,
    Section,
    SectionFlag,
    Setting,
)
from seismo.kernel.cgroups import cgroup_root
from seismo.kernel.live import LiveKernel

pytestmark = pytest.mark.kernel
__all__ = ("open_folder",)

FORK, EXEC, EXIT = KernelEvent.PROCESS_FORK, KernelEvent.PROCESS_EXEC, KernelEvent.PROCESS_EXIT
ALL = (FORK, EXEC, EXIT)
EXECVE, EXIT_GROUP = 59, 231
MANY = 500


@pytest.fixture
def cgroup(kernel: LiveKernel) -> Iterator[Path]:
    """A cgroup of our own with one below it."""
    group = Path(cgroup_root(kernel)) / f"audited-{os.getpid()}"
    (group / "inner").mkdir(parents=True)
    try:
        yield group
    finally:
        (group / "inner").rmdir()
        group.rmdir()


def move_to(cgroup: Path) -> None:
    """Move this process into a cgroup."""
    (cgroup / "cgroup.procs").write_text(str(os.getpid()))


def exact(run: AuditRun) -> None:
    """Nothing was lost."""
    assert all(run.is_exact(one) for one in ALL)


def test_not_one_exec_of_a_cgroup_is_missed(cgroup: Path) -> None:
    inner = cgroup / "inner"
    script = f"i=0; while [ $i -lt {MANY} ]; do i=$((i+1)); sh -c true number $i; done"
    with audit_run(ALL, flags=Setting.CGROUPS) as run:
        run.watch_cgroup(cgroup.stat().st_ino)
        command = ["sh", "-c", f"echo $$ > {inner}/cgroup.procs && exec sh -c '{script}'"]
        shell = subprocess.Popen(command)
        assert shell.wait() == 0
        execs = [one for one in run.of(EXEC) if one["ppid"] == shell.pid]
        words = [one.part(Section.WORDS).words for one in execs]
        assert words == [["sh", "-c", "true", "number", str(i + 1)] for i in range(MANY)]
        assert {one["argc"] for one in execs} == {5}
        assert {one["cgroup"] for one in execs} == {inner.stat().st_ino}
        paths = {one.part(Section.CGROUP).path for one in execs}
        assert paths == {f"/{cgroup.name}/inner"}
        pids = [one["tgid"] for one in execs]
        assert len(set(pids)) == MANY
        forks = [one for one in run.of(FORK) if one["tgid"] == shell.pid]
        assert [one["child_tgid"] for one in forks] == pids
        assert [one["child_start_ns"] for one in forks] == [one["start_ns"] for one in execs]
        exits = [one for one in run.of(EXIT) if one["ppid"] == shell.pid]
        assert [one["tgid"] for one in exits] == pids
        exact(run)


def test_an_exec_tells_everything(open_folder: Path) -> None:
    program = open_folder / "program"
    program.write_bytes(Path("/bin/true").read_bytes())
    program.chmod(0o755)

    def work() -> None:
        os.chdir(open_folder)
        os.setresgid(0, 8, 8)
        os.setresuid(0, 7, 7)
        os.execve("./program", ["a", "", "b c"], {"X": "1", "Y": ""})

    with audit_run(ALL, flags=Setting.ENVIRONMENT) as run:
        child = run.did(work)
        (found,) = run.of(EXEC)
        assert (found["tgid"], found["old_tid"], found["ppid"]) == (child, child, os.getpid())
        assert (found["argc"], found["envc"], found["secure"]) == (3, 2, 1)
        assert (found.comm, found["uid"], found["gid"]) == ("program", 0, 0)
        assert found.part(Section.WORDS).words == ["a", "", "b c"]
        assert found.part(Section.ENVIRONMENT).words == ["X=1", "Y="]
        assert found.part(Section.CWD).path == str(open_folder)
        assert found.part(Section.EXE).path == str(program)
        assert found.part(Section.KERNEL_STRING).data == b"./program"
        file, stat = read(FIXED_FILE, found.part(Section.FILE).data), program.stat()
        assert (file["inode"], file["device"]) == (stat.st_ino, device_of(program))
        assert file["mode"] == stat.st_mode
        ids = read(CREDENTIALS, found.part(Section.CREDENTIALS).data)
        assert [ids[one] for one in ("uid", "euid", "suid", "fsuid")] == [0, 7, 7, 7]
        assert [ids[one] for one in ("gid", "egid", "sgid", "fsgid")] == [0, 8, 8, 8]
        where = read(NAMESPACES, found.part(Section.NAMESPACES).data)
        own = Path("/proc/self/ns")
        for name in where:
            link = os.readlink(own / name)
            assert link == f"{name}:[{where[name]!r}]"
        exact(run)


def test_words_are_cut_and_it_is_said() -> None:
    with audit_run(ALL, words_bytes=16, flags=Setting.ENVIRONMENT) as run:
        run.did(lambda: os.execve("/bin/true", ["true", "x" * 100], {"X": "y" * 100}))
        (found,) = run.of(EXEC)
        assert found["flags"] == EventFlag.TRUNCATED
        words = found.part(Section.WORDS)
        assert (words.data, words.flags) == (b"true\0" + b"x" * 11, SectionFlag.TRUNCATED)
        environment = found.part(Section.ENVIRONMENT)
        assert (environment.data, environment.flags) == (b"", SectionFlag.TRUNCATED)
        assert run.count(EXEC, Counter.TRUNCATED) == 1


def test_long_words_are_whole() -> None:
    long = ["true", *("x" * 1000 for _ in range(32))]
    with audit_run(ALL, words_bytes=32768, flags=Setting.ENVIRONMENT) as run:
        run.did(lambda: os.execve("/bin/true", long, {"LEFT": "over"}))
        (found,) = run.of(EXEC)
        assert found.part(Section.WORDS).words == long
        assert found.part(Section.ENVIRONMENT).words == ["LEFT=over"]
        assert found["flags"] == 0


def test_a_file_without_a_name_is_executed() -> None:
    def work() -> None:
        memory = os.memfd_create("secret", 0)
        os.write(memory, Path("/bin/true").read_bytes())
        os.execve(memory, ["true"], {})

    with audit_run(ALL) as run:
        run.did(work)
        (found,) = run.of(EXEC)
        exe = found.part(Section.EXE)
        assert exe.path == "/memfd:secret"
        assert exe.flags & SectionFlag.DELETED


def test_a_script_is_told_with_its_interpreter(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh -e\n")
    script.chmod(0o755)
    with audit_run(ALL) as run:
        run.did(lambda: os.execv(script, ["called so", "1"]))
        (found,) = run.of(EXEC)
        assert found.part(Section.WORDS).words == ["/bin/sh", "-e", str(script), "1"]
        assert found.part(Section.KERNEL_STRING).data.decode() == str(script)
        assert found.part(Section.EXE).path == os.path.realpath("/bin/sh")


def test_threads_end_one_by_one_and_one_of_them_ends_the_process() -> None:
    def work() -> None:
        threads = [threading.Thread(target=time.sleep, args=(0.02,)) for _ in range(20)]
        for one in threads:
            one.start()
        os._exit(3)

    with audit_run(ALL) as run:
        child = run.did(work)
        forks = run.of(FORK)
        assert len(forks) == 20
        assert {one["child_tgid"] for one in forks} == {child}
        assert {one["child_start_ns"] for one in forks} == {forks[0]["start_ns"]}
        exits = run.of(EXIT)
        tids = {one["child_tid"] for one in forks} | {child}
        assert {one["tid"] for one in exits} == tids
        assert len(exits) == 21
        (last,) = [one for one in exits if one["is_process"]]
        assert (last["code"], last["signal"], last["is_core_dumped"]) == (3, 0, 0)
        assert child not in run.watched()
        exact(run)


def test_exit_codes_and_signals() -> None:
    with audit_run(ALL) as run:
        codes = [run.did(partial(os._exit, code)) for code in (0, 1, 255)]
        killed = run.did(lambda: os.kill(os.getpid(), signal.SIGKILL))
        exits = {one["tgid"]: (one["code"], one["signal"]) for one in run.of(EXIT)}
        assert exits == dict(zip(codes, [(0, 0), (1, 0), (255, 0)], strict=True)) | {killed: (0, 9)}


def test_a_thread_executes_a_program() -> None:
    def work() -> None:
        thread = threading.Thread(target=os.execv, args=("/bin/true", ["true"]))
        thread.start()
        thread.join()

    with audit_run((*ALL, EXECVE)) as run:
        child = run.did(work)
        (thread,) = run.of(FORK)
        (found,) = run.of(EXEC)
        assert (found["tid"], found["old_tid"]) == (child, thread["child_tid"])
        assert [one["is_process"] for one in run.of(EXIT)] == [0, 1]
        (call,) = run.of(EXECVE)
        assert (call["tid"], call["ret"]) == (child, 0)
        assert run.is_exact(EXECVE)


def test_a_thread_that_ends_in_a_call_has_made_it() -> None:
    with audit_run((*ALL, EXIT_GROUP)) as run:
        child = run.did(lambda: os._exit(5))
        (call,) = run.of(EXIT_GROUP)
        assert (call["tid"], call["flags"]) == (child, EventFlag.NO_RETURN)
        assert run.is_exact(EXIT_GROUP)
        assert not list(run.maps["pending"].items())


def test_children_are_watched_only_if_asked_for() -> None:
    work = lambda: subprocess.run(["true"], check=True)  # noqa: E731
    with audit_run(ALL) as run:
        child = run.did(work, inherited=False)
        assert {one["tgid"] for one in run.records()} == {child}
        heir = run.did(work)
        theirs = {one["tgid"] for one in run.records()} - {child}
        assert len(theirs) == 2
        assert heir in theirs
        assert not run.watched()


def test_an_executable_is_watched(tmp_path: Path) -> None:
    program = tmp_path / "watched"
    program.write_bytes(Path("/bin/sh").read_bytes())
    program.chmod(0o755)
    with audit_run(ALL, flags=Setting.EXES) as run:
        run.watch_exe(program)
        done = subprocess.Popen(["sh", "-c", f"true; {program} -c '/bin/true; :'; /bin/true"])
        assert done.wait() == 0
        names = [one.part(Section.EXE).path for one in run.of(EXEC)]
        assert names == [str(program), os.path.realpath("/bin/true")]
        assert [one.comm for one in run.of(EXIT)] == ["true", "watched"]
        assert not run.watched()
        exact(run)


def test_whoever_is_not_watched_is_not_told() -> None:
    with audit_run(ALL) as run:
        subprocess.run(["true"], check=True)
        assert not run.records()
        assert not any(run.count(one, Counter.PRODUCED) for one in ALL)


def by_tgid(found: list[Found], tgid: int) -> list[Found]:
    """Those of a process."""
    return [one for one in found if one["tgid"] == tgid]


def test_a_reused_number_is_another_process() -> None:
    with audit_run(ALL) as run:
        first, second = run.did(lambda: None), run.did(lambda: None)
        starts = [by_tgid(run.of(EXIT), one)[0]["start_ns"] for one in (first, second)]
        assert starts[0] < starts[1]
