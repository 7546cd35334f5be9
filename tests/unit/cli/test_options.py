"""The command line as a value, and its mistakes."""

from __future__ import annotations

import os
import threading

import pytest

from seismo.ui.cli.errors import InputError
from seismo.ui.cli.machine import Machine
from seismo.ui.cli.options import TraceOptions, parse_trace_options
from seismo.ui.cli.tasks import Tasks

SCRIPT = TraceOptions(file="x.bt")
SCRIPT_OF_TESTS = TraceOptions(file="x.bt", mode="test", probe_filter="^a")


@pytest.mark.parametrize(
    ("line", "options"),
    [
        (["-e", "BEGIN {}"], TraceOptions(program="BEGIN {}")),
        (["x.bt"], SCRIPT),
        (["-"], TraceOptions(file="-")),
        (["x.bt", "1", "two"], TraceOptions(file="x.bt", parameters=("1", "two"))),
        (["x.bt", "-1"], TraceOptions(file="x.bt", parameters=("-1",))),
        (["-e", "BEGIN {}", "7"], TraceOptions(program="BEGIN {}", parameters=("7",))),
        (["x.bt", "-q"], TraceOptions(file="x.bt", is_quiet=True)),
        (
            ["x.bt", "a", "-q", "b", "--", "--n=1", "--fast", "c", "-2"],
            TraceOptions(
                file="x.bt", is_quiet=True, parameters=("a", "b", "--n=1", "--fast", "c", "-2")
            ),
        ),
        (["x.bt", "--", "--help"], TraceOptions(file="x.bt", parameters=("--help",))),
        (
            ["-p", "7", "-o", "out", "-v", "-f", "json", "--dry-run", "x.bt"],
            TraceOptions(
                file="x.bt",
                tasks=Tasks(pid=7),
                output="out",
                is_verbose=True,
                format="json",
                is_dry_run=True,
            ),
        ),
        (
            ["--pid", "7", "--output=out", "--verbose", "--quiet", "x.bt"],
            TraceOptions(
                file="x.bt", tasks=Tasks(pid=7), output="out", is_verbose=True, is_quiet=True
            ),
        ),
        (["-c", "ls /", "x.bt"], TraceOptions(file="x.bt", tasks=Tasks(command="ls /"))),
        (["--cmd", "ls /", "x.bt"], TraceOptions(file="x.bt", tasks=Tasks(command="ls /"))),
        (
            ["-d", "ir", "-d", "asm,ast", "x.bt"],
            TraceOptions(file="x.bt", stages=("ir", "asm,ast")),
        ),
        (["--debug", "ir", "x.bt"], TraceOptions(file="x.bt", stages=("ir",))),
        (["-B", "none", "x.bt"], TraceOptions(file="x.bt", buffering="none")),
        (["-k", "x.bt"], TraceOptions(file="x.bt", reports_helper_errors=True)),
        (["--warnings", "x.bt"], TraceOptions(file="x.bt", reports_helper_errors=True)),
        (["--no-warnings", "x.bt"], TraceOptions(file="x.bt", has_warnings=False)),
        (
            ["-I", "a", "-I", "b", "--include", "c.h", "--unsafe", "x.bt"],
            TraceOptions(
                file="x.bt", include_directories=("a", "b"), includes=("c.h",), is_unsafe=True
            ),
        ),
        (["--test", "--probe-filter", "^a", "x.bt"], SCRIPT_OF_TESTS),
        (["--mode", "test", "--probe-filter", "^a", "x.bt"], SCRIPT_OF_TESTS),
        (["--bench", "x.bt"], TraceOptions(file="x.bt", mode="bench")),
        (["--fmt", "x.bt", "-o", "x.bt"], TraceOptions(file="x.bt", mode="format", output="x.bt")),
        (["--mode", "compiler-bench", "x.bt"], TraceOptions(file="x.bt", mode="compiler-bench")),
        (
            ["--no-feature", "kprobe_multi,kprobe_session", "--no-feature", "cookie", "x.bt"],
            TraceOptions(file="x.bt", machine=Machine(disabled=("kprobe_multi", "cookie"))),
        ),
        (
            ["--traceable-functions", "list", "x.bt"],
            TraceOptions(file="x.bt", machine=Machine(functions_file="list")),
        ),
        (
            ["-p", "7", "--tree", "x.bt"],
            TraceOptions(file="x.bt", tasks=Tasks(pid=7, is_tree=True)),
        ),
        (
            ["--cgroup", "a/b", "--container", "3f2a", "--comm", "kworker*", "--uid", "0", "x.bt"],
            TraceOptions(
                file="x.bt", tasks=Tasks(cgroup="a/b", container="3f2a", comm="kworker*", uid=0)
            ),
        ),
        (["--uid", "root", "x.bt"], TraceOptions(file="x.bt", tasks=Tasks(uid=0))),
        (["-u", "root", "x.bt"], TraceOptions(file="x.bt", tasks=Tasks(uid=0))),
        (["--uid", "nobody", "x.bt"], TraceOptions(file="x.bt", tasks=Tasks(uid=65534))),
        (["-b", "x.bt"], SCRIPT),
        (["--btf", "x.bt"], SCRIPT),
        (["--info"], TraceOptions(is_info=True)),
        (["--ring-size", "64M", "x.bt"], TraceOptions(file="x.bt", ring_bytes=64 << 20)),
        (["--ring-size", "4096", "x.bt"], TraceOptions(file="x.bt", ring_bytes=4096)),
    ],
)
def test_options(line: list[str], options: TraceOptions) -> None:
    assert parse_trace_options(line) == options


@pytest.mark.parametrize(
    ("line", "options"),
    [
        (["-l"], TraceOptions(is_list=True)),
        (["--list"], TraceOptions(is_list=True)),
        (["-l", "t:*"], TraceOptions(is_list=True, pattern="t:*")),
        (["t:*", "-l"], TraceOptions(is_list=True, pattern="t:*")),
        (["-lv", "struct x"], TraceOptions(is_list=True, pattern="struct x", is_verbose=True)),
        (["-l", "-v", "x.bt"], TraceOptions(is_list=True, pattern="x.bt", is_verbose=True)),
        (["-l", "-e", "BEGIN {}"], TraceOptions(is_list=True, program="BEGIN {}")),
    ],
)
def test_listing(line: list[str], options: TraceOptions) -> None:
    assert parse_trace_options(line) == options


@pytest.mark.parametrize(
    "option",
    [
        ["--debuginfo", "/usr/lib/debug"],
        ["--dwarf-pid", "7"],
        ["--usdt-file-activation"],
    ],
)
def test_options_without_effect_are_taken_with_a_note(option: list[str]) -> None:
    options = parse_trace_options([*option, "x.bt"])
    (note,) = options.ignored
    assert note.startswith(f"{option[0]}: no effect: ")
    assert options.file == "x.bt"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ([], "give one of: -e PROGRAM, FILE"),
        (["-l", "x", "y"], "-l takes one pattern"),
        (["-l", "-e", "x", "y"], "-l takes one pattern"),
        (["-p", "zero", "x.bt"], "'zero' is not an id of a process or thread"),
        (["-p", "0", "x.bt"], "'0' is not an id of a process or thread"),
        (["-t", "-1", "x.bt"], "'-1' is not an id of a process or thread"),
        (["-p", "1", "-c", "ls", "x.bt"], "-c runs a command and -p names a process"),
        (["--tree", "x.bt"], "--tree follows the process of -c or -p"),
        (["--tree", "-t", "1", "x.bt"], "--tree follows the process of -c or -p"),
        (["-c", "", "x.bt"], "argument -c/--cmd: it is empty"),
        (["--cgroup", "", "x.bt"], "argument --cgroup: it is empty"),
        (["--container", "web", "x.bt"], "'web' does not begin an id, which is in hexadecimal"),
        (["--container", "", "x.bt"], "'' does not begin an id"),
        (["--comm", "", "x.bt"], "'' is not a name, nor a beginning with a *"),
        (["--comm", "*", "x.bt"], "'*' is not a name, nor a beginning with a *"),
        (["--comm", "a*b", "x.bt"], "'a*b' is not a name, nor a beginning with a *"),
        (["--comm", "sixteen_letters_", "x.bt"], "the kernel keeps 15 bytes of a name"),
        (["--comm", "ääääääää", "x.bt"], "the kernel keeps 15 bytes of a name"),
        (["--uid", "no-such-user", "x.bt"], "there is no user 'no-such-user'"),
        (["--uid", "4294967295", "x.bt"], "4294967295 is more than the number of any user"),
        (["--no-feature", "warp", "x.bt"], "there is no feature 'warp'; there are breakpoint, "),
        (["-k", "--no-warnings", "x.bt"], "-k asks for warnings and --no-warnings for none"),
        (["--test", "--bench", "x.bt"], "test and bench are different modes"),
        (["--mode", "fly", "x.bt"], "invalid choice: 'fly'"),
        (["--test", "--probe-filter", "(", "x.bt"], "'(' is no regular expression"),
        (["--ring-size", "3M", "x.bt"], "3M is not a power of two"),
        (["--ring-size", "64Q", "x.bt"], "'64Q' is not a size"),
        (["-f", "xml", "x.bt"], "invalid choice: 'xml'"),
        (["-B", "some", "x.bt"], "invalid choice: 'some'"),
        (["--rng-size", "4M", "x.bt"], "unrecognized arguments"),
        (["--outp", "x", "x.bt"], "unrecognized arguments"),
        (["--aot", "out", "x.bt"], "--aot: `seismo build SCRIPT --bundle FILE`"),
        (["--emit-elf", "out", "x.bt"], "--emit-elf: `seismo build SCRIPT -o FILE.bo`"),
        (["--emit-llvm", "out", "x.bt"], "--emit-llvm: there is no LLVM here"),
        (["--verify-llvm-ir", "x.bt"], "--verify-llvm-ir: there is no LLVM here"),
    ],
)
def test_mistakes_end_with_status_one(
    line: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_trace_options(line)
    assert caught.value.code == 1
    assert message in capsys.readouterr().err


def test_a_thread_is_one_of_its_process() -> None:
    tid, pid = threading.get_native_id(), os.getpid()
    tasks = Tasks(pid=pid, tid=tid)
    assert parse_trace_options(["-t", str(tid), "x.bt"]).tasks == tasks
    assert parse_trace_options(["--tid", str(tid), "-p", str(pid), "x.bt"]).tasks == tasks


def test_a_thread_that_is_not_there_or_of_another_process() -> None:
    own, last = str(os.getpid()), str(1 << 22)
    with pytest.raises(InputError, match=f"^-t {last}: there is no such thread$"):
        parse_trace_options(["-t", last, "x.bt"])
    message = f"^-t {own}: it is a thread of process {own}, not of -p's$"
    with pytest.raises(InputError, match=message):
        parse_trace_options(["-t", own, "-p", "1", "x.bt"])


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--help", "seismo opensnoop -c 'cat /etc/hostname'"),
        ("-h", "usage: seismo [options] (-e PROGRAM | FILE | -)"),
        ("--version", "seismo 0."),
        ("-V", "seismo 0."),
    ],
)
def test_help_and_version_go_to_standard_output(
    option: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_trace_options(["-q", option])
    assert caught.value.code == 0
    assert text in capsys.readouterr().out
