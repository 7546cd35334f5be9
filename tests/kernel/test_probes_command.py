"""The command and the programs that it traces: many threads, signals, ends in and out of order."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from seismo.base.errors import SyscallError
from seismo.kernel import bpf
from seismo.kernel.live import LiveKernel
from traced_programs import Tracer, WaitingProgram, printed_maps, seismo
from user_programs import compile_program

pytestmark = [pytest.mark.kernel, pytest.mark.slow]

THREADS = r"""
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#define CALLED __attribute__((noinline))
#define MOST 40
volatile long sink;
static long calls;
static volatile int waiting;
static int pipes[2];
CALLED long work(long n) { sink += n; return 2 * n; }
CALLED long blocked(long n) {
    char byte;
    __atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    while (read(pipes[0], &byte, 1) != 1);
    return n;
}
CALLED long busy(long n) { for (volatile int i = 0; i < 20000; i++); return n + 1; }
CALLED void interrupted(int signal) { sink += signal; }
static void *works(void *named) {
    if (named) prctl(PR_SET_NAME, "named");
    for (long i = 0; i < calls; i++) work(i);
    return 0;
}
static void *blocks(void *number) { blocked((long)number); return 0; }
static void run(int count, void *(*body)(void *), int are_numbered) {
    pthread_t threads[MOST];
    for (long i = 0; i < count; i++)
        pthread_create(&threads[i], 0, body, (void *)(i * are_numbered));
    if (body == blocks) {
        while (waiting < count) usleep(1000);
        /* Signals arrive while the threads are in a function whose return is awaited. */
        for (int i = 0; i < count; i++) { pthread_kill(threads[i], SIGUSR1); usleep(100); }
        for (int i = 0; i < count; i++) if (write(pipes[1], "", 1) != 1) abort();
    }
    for (int i = 0; i < count; i++) pthread_join(threads[i], 0);
}
int main(int argc, char **argv) {
    int count = atoi(argv[2]);
    calls = atol(argv[3]);
    if (argc > 4) getchar();
    if (pipe(pipes)) return 1;
    if (!strcmp(argv[1], "threads")) run(count, works, 0);
    if (!strcmp(argv[1], "names")) run(count, works, 1);
    if (!strcmp(argv[1], "blocks")) {
        struct sigaction action = {.sa_handler = interrupted};
        sigaction(SIGUSR1, &action, 0);
        run(count, blocks, 1);
        for (long i = 0; i < calls; i++) { busy(i); raise(SIGUSR1); }
    }
    if (!strcmp(argv[1], "family"))
        for (int i = 0; i < count; i++) {
            if (!fork()) {
                works(0);
                if (!fork()) { run(2, works, 0); _exit(0); }
                wait(0);
                _exit(0);
            }
            wait(0);
        }
    if (argc > 4) { puts("done"); fflush(stdout); getchar(); }
    return 0;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_program(tmp_path_factory.mktemp("command") / "threads.c", THREADS, "-pthread")


@pytest.fixture
def tracers() -> Iterator[ExitStack]:
    """Closes the tracers that it is given."""
    with ExitStack() as stack:
        yield stack


def started(tracers: ExitStack, *arguments: str) -> Tracer:
    tracer = Tracer(arguments)
    tracers.callback(tracer.close)
    tracer.wait_until_attached()
    return tracer


def programs_of(pid: int) -> list[int]:
    """The ids of the BPF programs that a process holds."""
    texts = []
    for one in Path(f"/proc/{pid}/fdinfo").iterdir():
        texts.append(one.read_text())
    return [int(one) for one in re.findall(r"^prog_id:\t(\d+)$", "".join(texts), re.MULTILINE)]


def is_loaded(program_id: int) -> bool:
    try:
        os.close(bpf.prog_open(LiveKernel(), program_id))
    except SyscallError:
        return False
    return True


def test_every_call_of_many_threads(program: Path) -> None:
    script = f"""
        uprobe:{program}:work {{ @in[tid] = count(); @all = count(); }}
        uretprobe:{program}:work {{ @out = count(); @sum = sum(retval); }}
    """
    done = seismo("-e", script, "-c", f"{program} threads 8 1000")
    maps = printed_maps(done)
    assert sorted(maps.values()) == sorted([*[1000] * 8, 8000, 8000, 8 * 1000 * 999])
    assert "Lost" not in done.stderr


def test_what_threads_send_is_received_or_lost(program: Path) -> None:
    script = f'uprobe:{program}:work {{ @ = count(); printf("%d %400s\\n", arg0, "end"); }}'
    done = seismo("--ring-size", "4K", "-e", script, "-c", f"{program} threads 8 2000")
    received = sum(1 for line in done.stdout.splitlines() if line.endswith(" end"))
    lost = re.findall(r"^Lost (\d+) events$", done.stderr, re.MULTILINE)
    assert printed_maps(done) == {"@": 16000}
    assert received + sum(map(int, lost)) == 16000


def test_returns_of_forty_blocked_threads_with_signals_between(program: Path) -> None:
    script = f"""
        uprobe:{program}:blocked {{ @in = count(); }}
        uretprobe:{program}:blocked {{ @out = count(); @sum = sum(retval); }}
        uretprobe:{program}:busy {{ @busy = count(); @last = max(retval); }}
        uprobe:{program}:interrupted {{ @signals = count(); }}
        uretprobe:{program}:interrupted {{ @handled = count(); }}
    """
    assert printed_maps(seismo("-e", script, "-c", f"{program} blocks 40 50")) == {
        "@in": 40,
        "@out": 40,
        "@sum": sum(range(40)),
        "@busy": 50,
        "@last": 50,
        "@signals": 90,
        "@handled": 90,
    }


FILTERS = (
    (["family", "3", "10"], ["--tree"], 3 * (10 + 2 * 10)),
    (["family", "3", "10"], ["--tree", "--comm", "thr*", "--uid", "root"], 90),
    (["family", "3", "10"], ["--tree", "--comm", "other"], 0),
    (["family", "3", "10"], ["--uid", "4711"], 0),
    # The first thread, number 0, keeps the name of the program.
    (["names", "5", "10"], ["--comm", "named"], 40),
    (["names", "5", "10"], ["--comm", "threads"], 10),
    (["names", "5", "10"], ["--tree", "--comm", "named", "--uid", "0"], 40),
)


@pytest.mark.parametrize(("command", "filters", "count"), FILTERS)
def test_filters(command: list[str], filters: list[str], count: int, program: Path) -> None:
    script = f"uprobe:{program}:work {{ @ = count(); }}"
    done = seismo("-e", script, *filters, "-c", " ".join([str(program), *command]))
    assert printed_maps(done) == ({"@": count} if count else {})


def test_a_killed_tracer_leaves_nothing(program: Path) -> None:
    script = f"uprobe:{program}:work, uretprobe:{program}:work {{ @ = count(); }}"
    command = [sys.executable, "-m", "seismo", "-e", script]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "Attached 2 probes\n"
        loaded = programs_of(process.pid)
        assert loaded
        assert all(map(is_loaded, loaded))
        process.kill()
    # The kernel frees a program when the last CPU has left it.
    for _ in range(100):
        if not any(map(is_loaded, loaded)):
            break
        signal.sigtimedwait([], 0.1)
    assert not any(map(is_loaded, loaded))
    subprocess.run([program, "threads", "2", "10"], check=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_order(number: signal.Signals, program: Path) -> None:
    script = f'uprobe:{program}:work {{ @ = count(); }} END {{ printf("end\\n"); }}'
    command = [sys.executable, "-m", "seismo", "-e", script]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "Attached 2 probes\n"
        subprocess.run([program, "threads", "2", "10"], check=True)
        process.send_signal(number)
        output, errors = process.communicate()
    assert (output, errors) == ("end\n\n\n@: 20\n", "")
    assert process.returncode == 0


def test_a_reader_that_goes_away(program: Path) -> None:
    script = f'uprobe:{program}:work {{ printf("%d\\n", arg0); }}'
    command = [sys.executable, "-m", "seismo", "-e", script]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stderr.readline() == "Attached 1 probe\n"
        subprocess.run([program, "threads", "1", "1"], check=True)
        assert process.stdout.readline() == "0\n"
        process.stdout.close()
        while process.poll() is None:
            subprocess.run([program, "threads", "1", "100"], check=True)
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_two_tracers_of_one_function(program: Path, tracers: ExitStack) -> None:
    script = f"""
        uprobe:{program}:work {{ @in = count(); }}
        uretprobe:{program}:work {{ @out = sum(retval); }}
    """
    both = [started(tracers, "-e", script) for _ in range(2)]
    subprocess.run([program, "threads", "4", "500"], check=True)
    for one in both:
        one.interrupt()
        assert one.maps() == {"@in": 2000, "@out": 4 * 500 * 499}


def test_a_tracer_that_leaves_while_another_stays(program: Path, tracers: ExitStack) -> None:
    script = f"uprobe:{program}:work {{ @ = count(); }}"
    stays, leaves = (started(tracers, "-e", script) for _ in range(2))
    subprocess.run([program, "threads", "1", "5"], check=True)
    leaves.interrupt()
    assert leaves.maps() == {"@": 5}
    subprocess.run([program, "threads", "1", "7"], check=True)
    stays.interrupt()
    assert stays.maps() == {"@": 12}


def test_a_process_that_ends_while_traced(program: Path) -> None:
    script = f'uprobe:{program}:work {{ @ = count(); }} END {{ printf("end\\n"); }}'
    with (
        WaitingProgram([str(program), "threads", "4", "100", "wait"]) as waiting,
        waiting.traced("-e", script, "-p", str(waiting.pid)) as tracer,
    ):
        subprocess.run([program, "threads", "1", "50"], check=True)
        assert waiting.go() == "done"
        waiting.end()
        assert tracer.output() == "end\n\n\n@: 400\n"


def test_a_program_that_is_replaced(program: Path, tmp_path: Path, tracers: ExitStack) -> None:
    """A probe is on the file that was there, not on the one that takes its name."""
    copy, new = tmp_path / "copy", tmp_path / "new"
    shutil.copy(program, copy)
    tracer = started(tracers, "-e", f"uprobe:{copy}:work {{ @ = count(); }}")
    subprocess.run([copy, "threads", "1", "5"], check=True)
    shutil.copy(program, new)
    new.rename(copy)
    subprocess.run([copy, "threads", "1", "7"], check=True)
    tracer.interrupt()
    assert tracer.output() == "\n\n@: 5\n"


MISTAKES = (
    ("uprobe:PROGRAM:works_ {}", "PROGRAM has no function 'works_'", "did you mean 'works'?"),
    ("uprobe:PROGRAM:nothing_* {}", "no function of PROGRAM matches 'nothing_*'", "lists what"),
    ("uprobe:PROGRAM:sink {}", "'sink' of PROGRAM is data, no function", "watchpoint"),
    ("uprobe:PROGRAM:work+4096 {}", "none at +0x1000", "objdump"),
    ("uprobe:PROGRAM:0x1 {}", "PROGRAM has no code at 0x1", "objdump"),
    ("uprobe:PROGRAM@threads.c:9999 {}", "no code from this line on", "its last line with code"),
    ("uprobe:PROGRAM@other.c:1 {}", "PROGRAM has no code of this file", ""),
    ("uprobe:PROGRAM.gone:work {}", "there is no program or library 'PROGRAM.gone'", "no such"),
    ("uprobe:PROGRAM.c:work {}", "no ELF file", "only ELF files have code"),
    ("uprobe:libnothing:work {}", "there is no program or library 'libnothing'", ""),
    ("uprobe:PROGRAM {}", "names no file", "FILE:FUNCTION"),
    ("uprobe:PROGRAM:work { print(retval); }", "retval does not exist", "uretprobe"),
    ("uprobe:PROGRAM:work { print(args.m); }", "work has no field 'm'", "'n'"),
    ("uprobe:PROGRAM:work { print(arg6); }", "there is no arg6", "sarg0"),
    ("uretprobe:PROGRAM:work { print(args.n); }", "there are no args", ""),
    ("uretprobe:PROGRAM:work+1 {}", "where a whole function returns", "uprobe"),
    ("usdt:PROGRAM:name {}", "there are no static probes in PROGRAM", "sys/sdt.h"),
    ("usdt:PROGRAM {}", "a static probe has a file and a name", "usdt:file:"),
)


@pytest.mark.parametrize(("script", "message", "hint"), MISTAKES)
def test_mistakes(script: str, message: str, hint: str, program: Path) -> None:
    done = seismo("-e", script.replace("PROGRAM", str(program)), check=False)
    errors = done.stderr.replace(str(program), "PROGRAM")
    assert done.returncode == 1
    assert errors.count("error: ") == 1
    assert message in errors
    assert hint in errors.partition("hint: ")[2]
