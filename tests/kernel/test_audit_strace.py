"""`seismo strace` of real commands: every call a line, as strace shows it where there is one."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from user_programs import compile_program

pytestmark = pytest.mark.kernel

_SECONDS = 300
_PROGRAM = r"""
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void got(int number) { (void)number; }

int main(int argc, char **argv) {
    char text[64];
    struct stat about;
    struct rlimit limit;
    struct sched_param priority;
    sigset_t set;
    int pair[2], status, one = 1;
    struct sigaction action = {.sa_handler = got, .sa_flags = SA_RESTART};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    struct sockaddr_un nobody = {.sun_family = AF_UNIX, .sun_path = "/none/such"};
    struct pollfd waited;
    syscall(SYS_getpgid, 0x7ffffff);
    chdir(argv[1]);
    int fd = open("made", O_RDWR | O_CREAT | O_TRUNC, 0640);
    write(fd, "hello\0001\n", 8);
    lseek(fd, 0, SEEK_SET);
    read(fd, text, sizeof text);
    read(fd, text, sizeof text);
    write(fd, "", 0);
    fstat(fd, &about);
    stat("nowhere", &about);
    fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETSIG, SIGIO);
    close(fcntl(fd, F_DUPFD, 10));
    fchmod(fd, 04755);
    rename("made", "other");
    unlink("other");
    read(fd, text, 3);
    close(fd);
    close(fd);
    mkdir("sub", 0755);
    symlink("target", "sub/l");
    readlink("sub/l", text, sizeof text);
    unlink("sub/l");
    rmdir("sub");
    umask(022);
    access("none", F_OK);
    pipe2(pair, O_CLOEXEC);
    write(pair[1], "data", 4);
    waited.fd = pair[0];
    waited.events = POLLIN;
    poll(&waited, 1, -1);
    syscall(SYS_ioctl, pair[0], 0x1234abcd, 5);
    close(pair[0]);
    close(pair[1]);
    sigaction(SIGUSR1, &action, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, 0);
    sigprocmask(SIG_UNBLOCK, &set, 0);
    getrlimit(RLIMIT_STACK, &limit);
    sched_getparam(0, &priority);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    void *pages = mmap(0, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(mremap(pages, 8192, 4096, MREMAP_MAYMOVE), 4096);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bind(fd, (void *)&address, sizeof address);
    listen(fd, 5);
    shutdown(fd, SHUT_RDWR);
    close(fd);
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    connect(fd, (void *)&nobody, sizeof nobody);
    close(fd);
    if (!fork())
        _exit(3);
    wait(&status);
    open((char *)8, O_RDONLY);
    execve("/none", (char *[]){"none", "a b", 0}, (char *[]){"A=1", 0});
    return 7;
}
"""
_ADDRESS = re.compile(r"0x[0-9a-f]{8,}")
_SIGNALS = "signal=none"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_program(tmp_path_factory.mktemp("strace") / "calls.c", _PROGRAM)


def ours(*words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("seismo")), "strace", *words]


def run(words: list[str], status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert done.returncode == status, done.stderr
    return done


def whole_lines(text: str) -> dict[str, list[str]]:
    """By process, in the order in which they came, its calls from where the program itself begins:
    those of which strace shows beginning and end apart are put together."""
    begun: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        tid, _, rest = line.partition(" ")
        rest = rest.lstrip()
        if rest.endswith(" <unfinished ...>"):
            begun[tid] = rest.removesuffix(" <unfinished ...>")
            continue
        if resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", rest):
            rest = begun.pop(tid) + resumed[1]
        found.setdefault(tid, []).append(re.sub(r"\s+= ", " = ", rest))
    processes = list(found)
    for place, tid in enumerate(processes):
        for lines in found.values():
            lines[:] = [re.sub(rf"\b{tid}\b", f"PROCESS{place}", one) for one in lines]
    lines = found[processes[0]]
    start = next(at for at, one in enumerate(lines) if one.startswith("getpgid("))
    found[processes[0]] = lines[start:]
    return {
        str(place): [_ADDRESS.sub("ADDRESS", one) for one in found[tid]]
        for place, tid in enumerate(processes)
    }


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_calls_of_a_program_are_as_strace_shows_them(program: Path, tmp_path: Path) -> None:
    texts = []
    for words in (["strace"], ours()):
        output = tmp_path / f"output{len(texts)}"
        run([*words, "-f", "-e", _SIGNALS, "-o", str(output), str(program), str(tmp_path)], 7)
        texts.append(output.read_text())
    theirs, mine = map(whole_lines, texts)
    # Of an exec that failed the environment is not counted.
    first = [one.replace(" /* 1 var */", "") for one in theirs["0"]]
    assert len(first) == 58
    assert mine["0"] == first
    assert mine["1"] == theirs["1"]
    assert mine.keys() == theirs.keys() == {"0", "1"}


def test_every_call_is_a_line(program: Path, tmp_path: Path) -> None:
    done = run(ours("-f", "-e", "trace=%desc,wait4,exit_group", str(program), str(tmp_path)), 7)
    lines = done.stderr.splitlines()
    start = next(at for at, one in enumerate(lines) if one.startswith('openat(AT_FDCWD, "made"'))
    assert lines[start] == 'openat(AT_FDCWD, "made", O_RDWR|O_CREAT|O_TRUNC, 0640) = 3'
    assert lines[start + 1] == r'write(3, "hello\0001\n", 8)             = 8'
    attached = [one for one in lines if re.fullmatch(r"strace: Process \d+ attached", one)]
    assert len(attached) == 1
    child = attached[0].split()[2]
    ends = [one for one in lines if one.startswith(f"[pid {child:>5}] ")]
    assert [one.partition("] ")[2] for one in ends] == [
        "exit_group(3)               = ?",
        "+++ exited with 3 +++",
    ]
    assert sum("WEXITSTATUS(s) == 3" in one for one in lines) == 1
    assert lines[-1] == "+++ exited with 7 +++"


def test_paths_behind_descriptors(program: Path, tmp_path: Path) -> None:
    choice = "trace=write,read,close"
    lines = run(ours("-y", "-e", choice, str(program), str(tmp_path)), 7).stderr.splitlines()
    made, gone = f"3<{tmp_path}/made>", f"3<{tmp_path}/other>(deleted)"
    assert sum(one.startswith(rf'write({made}, "hello\0001\n", 8)') for one in lines) == 1
    assert sum(one.startswith(f'read({gone}, "", 3)') for one in lines) == 1
    assert sum(one.startswith(f"close({gone})") for one in lines) == 1
    only = run(ours("-P", f"{tmp_path}/made", "-e", choice, str(program), str(tmp_path)), 7)
    assert only.stderr.count("made") == 0
    assert only.stderr.count("\nread(3, ") + only.stderr.startswith("read(3, ") == 2


def test_only_what_fails_and_what_succeeds(program: Path, tmp_path: Path) -> None:
    names = "trace=getpgid,close,newfstatat,access,connect"
    failed = run(ours("-Z", "-qq", "-e", names, str(program), str(tmp_path)), 7).stderr
    shown = [one.partition("(")[0] for one in failed.splitlines()]
    first = shown.index("getpgid")
    assert shown[first + 1 :] == ["newfstatat", "close", "access", "connect"]
    good = run(ours("-z", "-qq", "-e", "trace=close", str(program), str(tmp_path)), 7).stderr
    both = run(ours("-qq", "-e", "trace=close", str(program), str(tmp_path)), 7).stderr
    assert len(both.splitlines()) - len(good.splitlines()) == 1


def test_counts(program: Path, tmp_path: Path) -> None:
    names = "trace=mkdir,rmdir,rename,unlink"
    done = run(ours("-c", "-S", "name", "-e", names, str(program), str(tmp_path)), 7)
    _, _, *rows, _, total = done.stderr.splitlines()
    counted = Counter({one.split()[-1]: int(one.split()[3]) for one in rows})
    assert counted == {"mkdir": 1, "rmdir": 1, "rename": 1, "unlink": 2}
    assert total.split()[-2:] == ["5", "total"]
    also = run(ours("-C", "-e", names, str(program), str(tmp_path)), 7).stderr
    assert also.count("unlink(") == 2
    assert also.splitlines()[-1].split()[-2:] == ["5", "total"]


def test_a_process_is_not_traced_by_ptrace(tmp_path: Path) -> None:
    command = ["sh", "-c", "while read line; do echo $line; done < /proc/self/status"]
    done = run(ours("-f", "-o", str(tmp_path / "output"), *command))
    assert "TracerPid: 0" in done.stdout.splitlines()
    assert "TracerPid" in (tmp_path / "output").read_text()


def test_running_processes(tmp_path: Path) -> None:
    """Two at a time; they do not begin before both are traced."""
    words = [sys.executable, "-S", "-c", "import os; os.read(0, 1); os.getppid(); os.getppid()"]
    both = [subprocess.Popen(words, stdin=subprocess.PIPE) for _ in range(2)]
    options = [word for one in both for word in ("-p", str(one.pid))]
    tracer = subprocess.Popen(ours("-e", "getppid", *options), stderr=subprocess.PIPE, text=True)
    assert tracer.stderr is not None
    try:
        attached = {tracer.stderr.readline() for _ in both}
        assert attached == {f"strace: Process {one.pid} attached\n" for one in both}
        for one in both:
            one.communicate(b"x", timeout=_SECONDS)
        rest, _ = tracer.stderr.read(), tracer.wait(_SECONDS)
    finally:
        tracer.kill()
        for one in both:
            one.kill()
            one.wait()
    for one in both:
        assert len(re.findall(rf"^(?:\[pid {one.pid:>5}\] )?getppid\(\) +=", rest, re.M)) >= 2
    calls = [line for line in rest.splitlines() if "getppid()" in line]
    assert len(calls) == 4
    assert all(line.endswith(f"= {os.getpid()}") for line in calls)
    assert rest.count("+++ exited with 0 +++") == 2


def test_a_command_beside_a_running_process() -> None:
    words = [sys.executable, "-S", "-c", "import os; os.read(0, 1); os.getppid()"]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as other:
        options = ["-p", f"{other.pid},{other.pid}", "-e", "getppid,exit_group"]
        command = ["sh", "-c", f"sleep 1; echo x > /proc/{other.pid}/fd/0; exit 3"]
        done = run(ours(*options, *command), 3)
        lines = done.stderr.splitlines()
        # It has ended, though nobody has waited for it.
        assert lines[0] == f"strace: Process {other.pid} attached"
        assert sum("strace: " in one for one in lines) == 1
        assert sum("exit_group(" in one for one in lines) == 2
        assert sum("+++ exited with 3 +++" in one for one in lines) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-p", "0"], "'0' is no number of a process"),
        (["-s", "-1", "true"], "'-1' is no number of bytes"),
        (["-u", "nobody", "true"], "-u: an option of strace's: not here; COMMAND may be: setpriv"),
        (["-xx", "true"], "-x: an option of strace's: not here"),
        (["-o", "|cat", "true"], "-o |cat: no output goes to a command here"),
        (["-e", "inject=read:error=EIO", "true"], "only trace=, signal= and status= are known"),
    ],
)
def test_what_is_not_there_says_so(words: list[str], said: str) -> None:
    assert said in run(ours(*words), 1).stderr


def test_a_command_that_a_signal_ends() -> None:
    done = run(ours("sh", "-c", "kill -TERM $$"), 128 + signal.SIGTERM)
    assert done.stderr.splitlines()[-2:] == [
        "--- SIGTERM {si_signo=SIGTERM, ...} ---",
        "+++ killed by SIGTERM +++",
    ]


@pytest.mark.parametrize("ignored", [(), ("INT", "QUIT")], ids=["as we are", "in background"])
def test_a_command_begins_as_it_does_without_us(ignored: tuple[str, ...]) -> None:
    """Signals that this interpreter ignores are not ignored in the command; others are."""
    command = ["sh", "-c", "while read line; do echo $line; done < /proc/self/status"]
    without = [
        "sh",
        "-c",
        f"trap '' {' '.join(ignored)} && exec \"$@\"" if ignored else 'exec "$@"',
    ]
    lines = [
        [one for one in run([*without, "sh", *words]).stdout.splitlines() if "SigIgn" in one]
        for words in (command, ours("-o", os.devnull, *command))
    ]
    assert len(lines[0]) == 1
    assert lines[0] == lines[1]
