"""Filters in the programs, each against tasks that do what is counted a known number of times."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seismo.base.source import Source
from seismo.builtin.options import LowerOptions, TaskFilter
from seismo.compiler import compile_script
from seismo.kernel.cgroups import CgroupError, cgroup_root
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.table import attach
from seismo.objects.load import load
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

COUNT = "t:syscalls:sys_enter_getppid { @ = count(); }"
ID = "5e15" + "0123456789ab" * 5

# Each child is of a kind: what it does first, and how often it then asks for its parent.
CHILDREN = """
import os, sys
def child(prepare, count):
    pid = os.fork()
    if pid == 0:
        prepare()
        for _ in range(count):
            os.getppid()
        os._exit(0)
    os.waitpid(pid, 0)
def write(path, text):
    with open(path, "w") as file:
        file.write(text)
def name(comm):
    return lambda: write("/proc/self/comm", comm)
def enter(path):
    return lambda: write(f"{path}/cgroup.procs", str(os.getpid()))
"""


def counted(*arguments: str, script: str = COUNT, before: tuple[str, ...] = ()) -> int:
    """What a run of `script` has in its only map at the end: nothing is 0."""
    command = [*before, sys.executable, "-m", "seismo", "-q", *arguments, "-e", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    values = [line.partition(": ")[2] for line in done.stdout.splitlines() if line[:1] == "@"]
    return int(values[0]) if values else 0


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Path]:
    """A file for a program of children."""
    return tmp_path / "children.py"


def command(program: Path, body: str) -> tuple[str, str]:
    """The option that runs such a program."""
    program.write_text(CHILDREN + body)
    return "-c", f"{sys.executable} {program}"


@pytest.fixture
def cgroup(kernel: LiveKernel) -> Iterator[Path]:
    """A cgroup with one inside, and one beside it whose name begins alike."""
    try:
        root = Path(cgroup_root(kernel))
    except CgroupError as error:
        pytest.skip(error.message)
    outer = root / f"seismo-{os.getpid()}"
    made = [outer, outer / f"docker-{ID}.scope", root / f"{outer.name}-more"]
    for one in made:
        one.mkdir()
    yield outer
    for one in reversed([made[2], *made[:2]]):
        one.rmdir()


def in_cgroups(program: Path, cgroup: Path) -> tuple[str, str]:
    """Children in the cgroup (5 calls), in the container inside (7), beside it (11), outside."""
    return command(
        program,
        f"child(enter('{cgroup}'), 5); child(enter('{cgroup}/docker-{ID}.scope'), 7)\n"
        f"child(enter('{cgroup}-more'), 11); child(lambda: None, 13)\n",
    )


def test_a_cgroup_and_those_below_it(program: Path, cgroup: Path) -> None:
    run = in_cgroups(program, cgroup)
    assert counted("--cgroup", str(cgroup), *run) == 5 + 7
    assert counted("--cgroup", cgroup.name, *run) == 5 + 7
    assert counted("--cgroup", str(cgroup.stat().st_ino), *run) == 5 + 7
    assert counted("--cgroup", f"/{cgroup.name}/docker-{ID}.scope", *run) == 7


def test_a_container(program: Path, cgroup: Path) -> None:
    run = in_cgroups(program, cgroup)
    assert counted("--container", ID[:6], *run) == 7
    assert counted("--container", ID, "--cgroup", f"{cgroup.name}-more", *run) == 0


def test_a_name(program: Path) -> None:
    run = command(
        program,
        "child(name('seismic'), 3); child(name('seismical'), 5); child(name('seism'), 7)\n"
        "child(name('seismically15b'), 11); child(name('seismically-15b'), 13)\n",
    )
    assert counted("--comm", "seismic", *run) == 3
    assert counted("--comm", "seismic*", *run) == 3 + 5 + 11 + 13
    assert counted("--comm", "seismically-15b", *run) == 13


STEPS = r"""
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
__attribute__((noinline)) void step(void) { getppid(); __asm__ volatile(""); }
int main(int count, char **arguments) {
    prctl(PR_SET_NAME, arguments[1]);
    for (int i = atoi(arguments[2]); i > 0; i--) step();
}
"""


@pytest.mark.parametrize(
    "probe", ["uprobe:{0}:step", "uretprobe:{0}:step", "rt:sys_enter /args.id == 110/"]
)
def test_other_kinds_are_filtered_alike(probe: str, program: Path, tmp_path: Path) -> None:
    if "110" in probe and platform.machine() != "x86_64":
        pytest.skip("the number of getppid(2) is another here")
    source, target = tmp_path / "steps.c", tmp_path / "steps"
    source.write_text(STEPS)
    subprocess.run(["cc", "-o", target, source], check=True)
    body = (
        f"for a in (('seismic', '3'), ('other', '4')): os.spawnv(os.P_WAIT, '{target}', ('x', *a))"
    )
    run = command(program, body)
    script = f"{probe.format(target)} {{ @ = count(); }}"
    assert counted("--comm", "seismic", *run, script=script) == 3
    assert counted("--tree", *run, script=script) == 3 + 4
    assert counted("--tree", "--uid", "65534", *run, script=script) == 0


def test_a_user(program: Path) -> None:
    run = command(
        program,
        "child(lambda: (name('seismic')(), os.setuid(65534)), 9); child(name('seismic'), 4)\n",
    )
    mine = 't:syscalls:sys_enter_getppid /comm == "seismic"/ { @ = count(); }'
    assert counted("--uid", "65534", *run, script=mine) == 9
    assert counted("--uid", "0", *run, script=mine) == 4
    assert counted("--uid", "65534", "--comm", "seismic", *run) == 9


def test_all_must_be_true(program: Path, cgroup: Path) -> None:
    run = command(
        program,
        f"child(lambda: (enter('{cgroup}')(), name('seismic')()), 2); child(name('seismic'), 3)\n"
        f"child(enter('{cgroup}'), 4)\n",
    )
    assert counted("--tree", "--comm", "seismic", "--cgroup", str(cgroup), *run) == 2
    assert counted("--tree", "--uid", "1", *run) == 0


FAMILY = """
import threading
def grandchild():
    if os.fork() == 0:
        os.getppid()
        os._exit(0)
for _ in range(200):          # each is forked by a child that is gone before it
    child(grandchild, 1)
def work():
    child(lambda: None, 10)   # forked by a thread
    os.getppid()
threads = [threading.Thread(target=work) for _ in range(5)]
for one in threads:
    one.start()
for one in threads:
    one.join()
while True:
    try:
        os.waitpid(-1, 0)
    except ChildProcessError:
        break
"""
# Orphans are our children again, so that they have ended before we do.
SUBREAPER = "import ctypes; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n"
FAMILY_CALLS = 200 * 2 + 5 * 11


def test_a_family_of_short_lived_grandchildren(program: Path) -> None:
    run = command(program, SUBREAPER + FAMILY)
    assert counted("--tree", *run) == FAMILY_CALLS


def test_a_family_in_a_namespace_of_pids(program: Path) -> None:
    run = command(program, SUBREAPER + FAMILY)
    unshare = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
    assert counted("--tree", *run, before=unshare) == FAMILY_CALLS


def test_the_family_of_a_process_and_the_process_alone(program: Path) -> None:
    program.write_text(
        CHILDREN + "print('ready', flush=True); input(); os.getppid(); child(lambda: None, 6)\n"
    )
    assert counted_of(program, "--tree") == 7
    assert counted_of(program) == 1


def counted_of(program: Path, *arguments: str) -> int:
    """The count of a run that follows a process that is there already."""
    target = subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with target:
        assert target.stdin is not None and target.stdout is not None
        assert target.stdout.readline() == b"ready\n"
        line = [sys.executable, "-m", "seismo", *arguments, "-p", str(target.pid), "-e", COUNT]
        with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            assert run.stdout is not None and run.stderr is not None
            assert run.stderr.readline() == b"Attached 1 probe\n"
            target.communicate(b"\n")
            output = run.stdout.read().decode()
            assert run.wait(60) == 0
    return int(output.partition("@: ")[2])


def test_a_process_in_a_namespace_of_pids(program: Path) -> None:
    """Its pid is the one that we see; the process that has that pid outside is another."""
    calls = "import os; input(); [os.getppid() for _ in range(4)]"
    program.write_text(f"""
import subprocess, sys
target = subprocess.Popen([sys.executable, "-c", {calls!r}], stdin=subprocess.PIPE)
run = subprocess.Popen(
    [sys.executable, "-m", "seismo", "-p", str(target.pid), "-e", {COUNT!r}],
    stderr=subprocess.PIPE,
)
run.stderr.readline()
target.communicate(b"\\n")
sys.exit(run.wait())
""")
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, str(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "@: 4"), done.stderr


LEADER_FIRST = r"""
#include <pthread.h>
#include <unistd.h>
static void *work(void *unused) {
    usleep(50000);
    for (int i = 0; i < 8; i++) getppid();
    if (fork() == 0) { getppid(); _exit(0); }
    return unused;
}
int main(void) {
    pthread_t thread;
    pthread_create(&thread, 0, work, 0);
    pthread_exit(0);
}
"""


def test_a_thread_that_outlives_its_leader_is_traced(program: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "leader.c", tmp_path / "leader"
    source.write_text(LEADER_FIRST)
    subprocess.run(["cc", "-pthread", "-o", target, source], check=True)
    body = f"{SUBREAPER}import subprocess; subprocess.run(['{target}'])\n"
    assert counted("--tree", *command(program, body + FAMILY[FAMILY.index("while") :])) == 9


def test_those_who_are_gone_are_forgotten(kernel: LiveKernel) -> None:
    chosen = TaskFilter(pid=os.getpid(), and_children=True)
    options = LowerOptions(possible_cpus=os.cpu_count() or 1, filter=chosen)
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        plan = compile_script(Source("stdin", COUNT), view, options).plan
        with load(plan.object, kernel) as loaded:
            tree = loaded.maps["tree"]
            for name, key, value in plan.presets:
                loaded.maps[name].put(key, value)
            links = [
                attach(loaded.programs[one.program], one.at, kernel, tracefs)
                for one in plan.attachments
            ]
            children = [subprocess.Popen(["sleep", "60"]) for _ in range(20)]
            pids = {os.getpid(), *(one.pid for one in children)}
            assert pids_of(tree.keys()) == pids
            for one in children:
                one.kill()
                one.wait()
            deadline = time.monotonic() + 20
            while pids_of(tree.keys()) != {os.getpid()} and time.monotonic() < deadline:
                time.sleep(0.05)
            assert pids_of(tree.keys()) == {os.getpid()}
            for link in links:
                link.close()


def pids_of(keys: Iterator[bytes]) -> set[int]:
    return {int.from_bytes(key, sys.byteorder) for key in keys}


# Three system calls and nothing else: what a program does that has no library to start.
BARE = r"""
static long call(long number) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(0) : "rcx", "r11", "memory");
    return result;
}
void _start(void) { call(110); call(102); call(231); }
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the program is in its assembly")
def test_a_command_is_traced_from_its_first_system_call(tmp_path: Path) -> None:
    source, target = tmp_path / "bare.c", tmp_path / "bare"
    source.write_text(BARE)
    subprocess.run(["cc", "-nostdlib", "-static", "-o", target, source], check=True)
    script = r't:syscalls:sys_enter_* /pid == cpid/ { printf("%s\n", probe); }'
    line = [sys.executable, "-m", "seismo", "-q", "-c", str(target), "-e", script]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=True)
    names = [one.rpartition("sys_enter_")[2] for one in done.stdout.split()]
    assert names == ["execve", "getppid", "getuid", "exit_group"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cgroup", "no-such-group"], "error: there is no cgroup 'no-such-group'\nhint: "),
        (["--cgroup", "/proc"], "error: '/proc' is no cgroup\nhint: those of version 2 are below"),
        (["--container", "0123456789"], "error: there is no container '0123456789'\nhint: "),
        (["-c", "/bin/sh", "-p", "1"], "give one of them"),
    ],
)
def test_mistakes(arguments: list[str], message: str) -> None:
    line = [sys.executable, "-m", "seismo", *arguments, "-e", "BEGIN { exit() }"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert message in done.stderr
