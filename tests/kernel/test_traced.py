"""`traced` of the task that runs and of another: who is woken is mostly not who wakes.

Only what is called `nap…` is counted: what a program waits for while it starts and ends is not, for
it is not called so then. A nap may end before it has become a sleep, so wake-ups are compared with
those that a script sees which asks nobody.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seismo.kernel.cgroups import CgroupError, cgroup_root
from seismo.kernel.live import LiveKernel

pytestmark = pytest.mark.kernel

SCRIPT = """
rawtracepoint:sched_wakeup {
    if (strncmp(args.p.comm, "nap", 3) == 0) {
        @all[args.p.comm] = count();
        if (traced(args.p)) { @woken[args.p.comm] = count(); }
    }
}
rawtracepoint:sched_switch {
    if (strncmp(args.next.comm, "nap", 3) == 0 && traced(args.next)) { @ran[args.next.comm] = 1; }
}
tracepoint:syscalls:sys_enter_getppid {
    if (strncmp(comm, "nap", 3) == 0 && traced) { @called[comm] = count(); }
}
"""

# Each thread asks for its parent and takes a nap, again and again; the number of naps is its own.
# [AS=USER] naps NAME COUNT [NAME COUNT], the latter for a second thread, after a line of input
NAPS = r"""
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
static pthread_barrier_t barrier;
static void nap(void) { getppid(); usleep(1000); }
static void naps(char **arguments) {
    nap();
    prctl(PR_SET_NAME, arguments[0]);
    for (int count = atoi(arguments[1]); count > 0; count--) nap();
    prctl(PR_SET_NAME, "awake");
}
static void *second(void *arguments) {
    printf("%ld\n", syscall(SYS_gettid));
    fflush(stdout);
    pthread_barrier_wait(&barrier);
    naps(arguments);
    return arguments;
}
int main(int count, char **arguments) {
    if (getenv("AS") && setuid(atoi(getenv("AS")))) return 1;
    if (count > 3) {
        pthread_t thread;
        pthread_barrier_init(&barrier, 0, 2);
        pthread_create(&thread, 0, second, arguments + 3);
        getchar();
        pthread_barrier_wait(&barrier);
        pthread_join(thread, 0);
    }
    naps(arguments + 1);
}
"""


@pytest.fixture(scope="module")
def naps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program."""
    target = tmp_path_factory.mktemp("naps") / "sleeper"
    source = target.with_suffix(".c")
    source.write_text(NAPS)
    subprocess.run(["cc", "-pthread", "-o", target, source], check=True)
    return target


@pytest.fixture
def cgroup(kernel: LiveKernel) -> Iterator[Path]:
    """A cgroup, with one inside."""
    try:
        outer = Path(cgroup_root(kernel)) / f"seismo-traced-{os.getpid()}"
    except CgroupError as error:
        pytest.skip(error.message)
    inner = outer / "inner"
    inner.mkdir(parents=True)
    yield outer
    inner.rmdir()
    outer.rmdir()


@pytest.fixture
def stranger(naps: Path) -> Iterator[None]:
    """A process that naps all the time."""
    with subprocess.Popen([naps, "nap-stranger", "1000000000"]) as process:
        yield
        process.kill()


def naps_of(*arguments: str) -> dict[str, int]:
    """How many naps of each name the script sees with these options."""
    line = [sys.executable, "-m", "seismo", "-q", *arguments, "-e", SCRIPT]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return called_of(done.stdout)


def called_of(output: str) -> dict[str, int]:
    """How many naps of each name began; those woken from must be of the same names, and all."""
    maps: dict[str, dict[str, int]] = {name: {} for name in ("all", "woken", "ran", "called")}
    for name, comm, value in re.findall(r"@(\w+)\[(\S+)\]: (\d+)", output):
        maps[name][comm] = int(value)
    assert maps["woken"] == {comm: maps["all"][comm] for comm in maps["called"]}
    assert maps["ran"] == dict.fromkeys(maps["called"], 1)
    return maps["called"]


def children(naps: Path, cgroup: Path) -> str:
    """The command: naps of a name (3), another (5), a user (7), in a cgroup (11) and below (13)."""
    steps = [
        f"{naps} nap-a 3",
        f"{naps} nap-b 5",
        f"AS=65534 {naps} nap-user 7",
        f"(echo 0 > {cgroup}/cgroup.procs; exec {naps} nap-group 11)",
        f"(echo 0 > {cgroup}/inner/cgroup.procs; exec {naps} nap-inner 13)",
    ]
    path = naps.with_suffix(".sh")
    path.write_text("\n".join(steps) + "\n")
    return f"/bin/sh {path}"


@pytest.mark.usefixtures("stranger")
def test_of_children(naps: Path, cgroup: Path) -> None:
    command = ("-c", children(naps, cgroup))
    of_groups = {"nap-group": 11, "nap-inner": 13}
    everyone = {"nap-a": 3, "nap-b": 5, "nap-user": 7, **of_groups}
    assert naps_of("--tree", *command) == everyone
    assert naps_of("--comm", "nap-a", *command) == {"nap-a": 3}
    assert naps_of("-u", "65534", *command) == {"nap-user": 7}
    assert naps_of("--cgroup", str(cgroup), *command) == of_groups
    assert naps_of("--cgroup", f"{cgroup.name}/inner", *command) == {"nap-inner": 13}
    both = ("--cgroup", cgroup.name, "--tree", "--comm", "nap-g*")
    assert naps_of(*both, *command) == {"nap-group": 11}
    assert naps_of("--tree", "-u", "65534", "--comm", "nap-a", *command) == {}


# Runs a process of two threads, and the tracer beside it; both see the pids of one namespace.
BESIDE = """
import subprocess, sys
script, naps, *arguments = sys.argv[1:]
target = subprocess.Popen(
    [naps, "nap-1", "5", "nap-2", "7"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
)
ids = {"PID": str(target.pid), "TID": target.stdout.readline().strip()}
line = [sys.executable, "-m", "seismo", *(ids.get(one, one) for one in arguments), "-e", script]
run = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
ready = run.stderr.readline()
target.communicate("\\n")
_, errors = run.communicate(timeout=60)
sys.exit(errors or run.returncode)
"""


@pytest.mark.usefixtures("stranger")
@pytest.mark.parametrize("before", [(), ("unshare", "--pid", "--fork", "--mount-proc")])
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("-p", "PID"), {"nap-1": 5, "nap-2": 7}),
        (("-t", "TID"), {"nap-2": 7}),
        (("-t", "PID"), {"nap-1": 5}),
        (("-p", "PID", "-t", "TID"), {"nap-2": 7}),
        (("-p", "PID", "--tree"), {"nap-1": 5, "nap-2": 7}),
        (("-p", "PID", "--comm", "nap-2*", "-u", "0"), {"nap-2": 7}),
        (("-p", "PID", "-u", "65534"), {}),
    ],
)
def test_of_threads(
    naps: Path, before: tuple[str, ...], arguments: tuple[str, ...], expected: dict[str, int]
) -> None:
    line = [*before, sys.executable, "-c", BESIDE, SCRIPT, str(naps), *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert called_of(done.stdout) == expected


def test_the_task_that_is_none_is_not_traced() -> None:
    script = "BEGIN { print(traced((struct task_struct *)0)); print(traced(curtask)); exit(); }"
    line = [sys.executable, "-m", "seismo", "-q", "-u", "0", "-e", script]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=True)
    assert (done.stdout.split(), done.stderr) == (["false", "true"], "")


def test_the_others_of_the_script_are_not_filtered(naps: Path) -> None:
    script = (
        't:syscalls:sys_enter_getppid /comm == "nap-a"/ { @all = count(); }\n'
        't:syscalls:sys_enter_getppid /comm == "nap-a" && traced/ { @mine = count(); }'
    )
    line = [sys.executable, "-m", "seismo", "-v", "-u", "65534", "-e", script]
    line += ["-c", f"{naps} nap-a 4"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == ["@all:", "4"]
    assert "probe every probe: the script filters by itself (`traced`)\n" in done.stderr
