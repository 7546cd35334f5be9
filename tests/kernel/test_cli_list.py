"""`seismo -l`: attach points with their arguments, types, a script's attach points."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs

pytestmark = [pytest.mark.kernel, pytest.mark.slow]

SWITCH = """tracepoint:sched:sched_switch
    char prev_comm[16]
    pid_t prev_pid
    int prev_prio
    long prev_state
    char next_comm[16]
    pid_t next_pid
    int next_prio
"""
OPENAT = """tracepoint:syscalls:sys_enter_openat
    int __syscall_nr
    int dfd
    const char * filename
    int flags
    umode_t mode
"""


def listing(*arguments: str, status: int = 0) -> tuple[str, str]:
    """(standard output, standard error) of a listing."""
    command = [sys.executable, "-m", "seismo", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr


def test_everything() -> None:
    lines = listing("-l")[0].splitlines()
    assert lines[:2] == ["BEGIN", "END"]
    assert "tracepoint:sched:sched_switch" in lines and "interval:hz:" in lines
    assert listing("-l", "*")[0].splitlines() == lines


@pytest.mark.parametrize(
    "pattern",
    [
        "t:sched:sched_switc*",
        "tracepoint:sched:sched_switch",
        "*:sched:sched_swit[ck]h",
    ],
)
def test_patterns(pattern: str) -> None:
    assert listing("-l", pattern) == ("tracepoint:sched:sched_switch\n", "")


def test_arguments_as_c_declares_them() -> None:
    pattern = "t:sched:sched_switch,tracepoint:syscalls:sys_enter_openat"
    assert listing("-lv", pattern) == (SWITCH + OPENAT, "")
    dynamic, _ = listing("-l", "-v", "t:sched:sched_process_exec")
    assert "    __data_loc char[] filename\n" in dynamic


def test_types_by_name_and_as_c() -> None:
    assert listing("-l", "struct timespec64") == ("struct timespec64\n", "")
    shown = "struct timespec64 {\n\ttime64_t tv_sec;\n\tlong int tv_nsec;\n};\n"
    assert listing("-lv", "struct timespec64") == (shown, "")
    names = listing("-l", "struct timesp*")[0].splitlines()
    assert "struct timespec64" in names and names == sorted(names)
    assert "\tHRTIMER_RESTART = 1,\n" in listing("-lv", "enum hrtimer_restart")[0]


@pytest.mark.parametrize("is_file", [True, False])
def test_where_a_script_would_attach(is_file: bool, tmp_path: Path) -> None:
    text = "BEGIN {} t:sched:sched_process_ex* { print(nosuch); } i:s:1 {} BEGIN {}"
    path = tmp_path / "script.bt"
    path.write_text(text)
    points = [
        *("begin", "tracepoint:sched:sched_process_exec"),
        *("tracepoint:sched:sched_process_exit", "interval:s:1"),
    ]
    given = [str(path)] if is_file else ["-e", text]
    assert listing("-l", *given)[0].splitlines() == points


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("t:sched:nosuch*", "no tracepoint matches 'sched:nosuch*'\nhint: `seismo -l 't:*'` lists"),
        ("t:sched:sched_swich", "there is no tracepoint 'sched:sched_swich'\nhint: did you mean"),
        ("kprobe:vfs_raed", "hint: did you mean 'vfs_read'?"),
        ("kprobe:_do_fork", "renamed in Linux 5.10: today's is kernel_clone"),
        ("rawtracepoint:sched_swich", "hint: did you mean 'sched_switch'?"),
        ("iter:tsk", "there is no iterator 'tsk'\nhint: did you mean 'task'?"),
        ("software:fault", "there is no software event 'fault'\nhint: did you mean 'faults'?"),
        ("uprobe:/nope:main", "there is no program or library '/nope'"),
        ("usdt:/bin/true:*", "there are no static probes in /bin/true"),
        ("t:sched:sched_switch,nosuch", "no probe matches 'nosuch'"),
        ("struct nosuch", "no type matches 'struct nosuch'\nhint: `seismo -l 'struct *'` lists"),
        ("nosuch.bt", "hint: there is no file 'nosuch.bt', either"),
        ("tracepont:sched:*", "unknown probe kind 'tracepont'\nhint: did you mean 'tracepoint'?"),
        ("t:sched:[z-a]", "has a set that is none"),
    ],
)
def test_nothing_matches(pattern: str, message: str) -> None:
    assert message in listing("-l", pattern, status=1)[1]


def events() -> Iterator[tuple[str, str]]:
    """(category, name) of every event that tracefs has a directory of."""
    with Tracefs(LiveKernel()) as tracefs:
        for file in Path(tracefs.root, "events").glob("*/*/id"):
            yield file.parts[-3], file.parts[-2]


def test_tracepoints_are_those_of_tracefs() -> None:
    # What ftrace has for itself has no directory in `available_events`.
    expected = {
        f"tracepoint:{category}:{name}" for category, name in events() if category != "ftrace"
    }
    found = listing("-l", "tracepoint:*")[0].splitlines()
    assert set(found) == expected and found == sorted(found) and len(found) == len(expected)
    assert listing("-l", "t:*")[0].splitlines() == found


def test_a_bare_word_is_looked_for_in_all_kinds() -> None:
    lines = listing("-l", "sched_switch")[0].splitlines()
    assert {"tracepoint:sched:sched_switch", "rawtracepoint:sched_switch"} <= set(lines)
    assert all("sched_switch" in one for one in lines)
    kinds = {one.partition(":")[0] for one in listing("-l", "*sleep*")[0].splitlines()}
    assert {"tracepoint", "kprobe", "fentry"} <= kinds and not {"kretprobe", "fexit"} & kinds


@pytest.mark.parametrize(
    ("pattern", "lines"),
    [
        ("interval:*", ["interval:hz:", "interval:ms:", "interval:s:", "interval:us:"]),
        ("p:m*", ["profile:ms:"]),
        ("software:page*", ["software:page-faults:100"]),
        ("software:faults", ["software:faults"]),
        ("h:cpu-*", ["hardware:cpu-cycles:1000000"]),
        ("watchpoint:*", ["watchpoint:address:length:mode"]),
        ("kprobe:vfs_read", ["kprobe:vfs_read"]),
        ("kr:vfs_read,f:vfs_read", ["kretprobe:vfs_read", "fentry:vfs_read"]),
        ("iter:task", ["iter:task"]),
        ("i:s:1,BEGIN*", ["interval:s:1", "BEGIN"]),
    ],
)
def test_other_kinds(pattern: str, lines: list[str]) -> None:
    assert listing("-l", pattern)[0].splitlines() == lines


FEXIT = """fexit:vfs_read
    struct file * file
    char * buf
    size_t count
    loff_t * pos
    ssize_t retval
"""


def test_arguments_that_the_kernel_s_types_tell() -> None:
    assert listing("-lv", "fexit:vfs_read") == (FEXIT, "")
    entry = "".join(FEXIT.splitlines(keepends=True)[:-1]).replace("fexit", "fentry")
    assert listing("-lv", "fentry:vfs_read") == (entry, "")
    switch, _ = listing("-lv", "rawtracepoint:sched_switch")
    assert "    struct task_struct * next\n" in switch
    task, _ = listing("-lv", "iter:task")
    assert task == "iter:task\n    struct bpf_iter_meta * meta\n    struct task_struct * task\n"
    assert listing("-lv", "kprobe:vfs_read") == ("kprobe:vfs_read\n", "")


TARGET = r"""
#define NOTE(arguments) __asm__ volatile( \
    "990: nop\n.pushsection .note.stapsdt,\"\",\"note\"\n.balign 4\n" \
    ".4byte 992f-991f, 994f-993f, 3\n991: .asciz \"stapsdt\"\n992: .balign 4\n" \
    "993: .8byte 990b, 0, 0\n.asciz \"mine\"\n.asciz \"spot\"\n.asciz \"" arguments "\"\n" \
    "994: .balign 4\n.popsection\n")
struct point { int x; };
int measure(int a, struct point *p, unsigned long n[4]) { NOTE("-4@$5 8@$7"); return a; }
int main(void) { return measure(0, 0, 0); }
"""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A program with debug information and a static probe."""
    path = tmp_path_factory.mktemp("target") / "target"
    source = path.with_suffix(".c")
    source.write_text(TARGET)
    subprocess.run(["cc", "-g", "-o", path, source], check=True)
    return str(path)


def test_a_program_s_functions_and_static_probes(target: str) -> None:
    lines = listing("-l", target)[0].splitlines()
    assert {f"uprobe:{target}:main", f"uprobe:{target}:measure"} <= set(lines)
    assert lines[-1] == f"usdt:{target}:mine:spot"
    assert listing("-l", f"uprobe:{target}:m*")[0].splitlines() == [
        f"uprobe:{target}:main",
        f"uprobe:{target}:measure",
    ]
    assert listing("-l", f"uretprobe:{target}:main")[0] == f"uretprobe:{target}:main\n"
    assert listing("-l", f"usdt:{target}")[0] == f"usdt:{target}:mine:spot\n"
    assert "static probe" in listing("-l", f"usdt:{target}:mine:spit", status=1)[1]


def test_arguments_that_debug_information_and_notes_tell(target: str) -> None:
    assert listing("-lv", f"uprobe:{target}:measure")[0].splitlines() == [
        f"uprobe:{target}:measure",
        "    int a",
        "    struct point * p",
        "    long unsigned int * n",
    ]
    assert listing("-lv", f"usdt:{target}:mine:spot")[0].splitlines() == [
        f"usdt:{target}:mine:spot",
        "    int32 arg0  in the code: 5",
        "    uint64 arg1  in the code: 7",
    ]


def test_the_static_probes_of_a_process(target: str, tmp_path: Path) -> None:
    program = Path(target).with_name("waiting")
    source = program.with_suffix(".c")
    source.write_text(TARGET.replace("return measure(0, 0, 0)", "return getchar()"))
    command = ["cc", "-include", "stdio.h", "-o", program, source]
    subprocess.run(command, check=True)
    with subprocess.Popen([program], stdin=subprocess.PIPE) as process:
        found = listing("-p", str(process.pid), "-l", "usdt:*")[0]
        process.communicate(b"\n")
    assert found == f"usdt:{program}:mine:spot\n"


def test_a_script_of_many_kinds(target: str) -> None:
    script = f"uprobe:{target}:main {{}} s:faults:1 {{}} profile:hz:99 {{}} rt:sched_switch {{}}"
    assert listing("-l", "-e", script)[0].splitlines() == [
        f"uprobe:{target}:main",
        "software:faults:1",
        "profile:hz:99",
        "rawtracepoint:vmlinux:sched_switch",
    ]


def test_a_reader_that_has_seen_enough() -> None:
    line = f"{sys.executable} -m seismo -l | head -1"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=120, check=True)
    assert (done.stdout, done.stderr) == ("BEGIN\n", "")
