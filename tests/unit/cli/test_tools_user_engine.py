"""Ready-made tools by the user engine: rows are exact, what only a kernel tells is refused."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seismo.base.dataclass import replace
from seismo.base.errors import BpfError
from seismo.builtin.options import LowerOptions
from seismo.compiler import Inputs, compile_script
from seismo.engine.live.wanted import RAW_POINTS
from seismo.engine.places import system_call_places
from seismo.engine.view import EngineView
from seismo.tools.analysis.argdist import distribution
from seismo.tools.analysis.places import place_of
from seismo.tools.analysis.trace import specifier
from seismo.tools.table import NAMES, find_tool

PAGE = Path(__file__).parents[3] / "docs" / "user-engine.md"
OF_USER = sorted(name for name in NAMES if find_tool(name).user_engine)
OPENAT = "t:syscalls:sys_enter_openat"
PLACES: dict[str, dict[str, Any]] = {
    "argdist": {"counts": [distribution(f"{OPENAT}:int:args.flags")]},
    "funccount": {"place": place_of(OPENAT)},
    "trace": {"specifiers": [specifier(OPENAT)]},
}
NEEDS_TYPES = pytest.mark.skipif(
    not os.access("/sys/kernel/btf/vmlinux", os.R_OK), reason="this kernel shows no types"
)


def tool(name: str, *arguments: str, command: str, is_privileged: bool = True) -> Any:
    words = [sys.executable, "-m", "seismo", name, *arguments, "-q", "-c", command]
    if is_privileged:
        words[4:4] = ["--engine", "user"]
    elif os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("there is no setpriv to give up root's capabilities with")
        words = [setpriv, "--bounding-set=-all", *words]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(words, capture_output=True, text=True, env=environment, check=False)


def rows(name: str, *arguments: str, command: str) -> list[dict[str, Any]]:
    ran = tool(name, "--json", *arguments, command=command)
    assert "reads of memory failed" not in ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def python(text: str) -> str:
    return shlex.join([sys.executable, "-I", "-S", "-c", text])


def shell(text: str) -> str:
    return shlex.join(["/bin/sh", "-c", text])


@NEEDS_TYPES
@pytest.mark.parametrize("name", OF_USER)
def test_a_tool_of_the_user_engine_compiles_for_it(name: str) -> None:
    places = system_call_places("x86_64", 2)
    view = EngineView(replace(places, raw_tracepoints=places.raw_tracepoints | RAW_POINTS))
    found = find_tool(name)
    wrong = []
    inputs = Inputs(named=found.parameters({}))
    for source in found.sources({**found.usual, **PLACES.get(name, {})}):
        try:
            compile_script(source, view, LowerOptions(possible_cpus=2), inputs)
        except BpfError as error:
            wrong.append(str(error))
        else:
            return
    pytest.fail("\n".join(wrong))


def test_the_page_lists_the_tools() -> None:
    listed = re.search(r"^Tools that need no BPF: (.*?)\.$", PAGE.read_text(), re.M | re.S)
    assert listed is not None
    assert re.findall(r"`(\w+)`", listed[1]) == OF_USER


@NEEDS_TYPES
def test_every_exec_is_a_row() -> None:
    found = rows("execsnoop", command=shell("for i in 1 2 3; do /bin/true $i; done; exit 0"))
    shell_row, *others = found
    assert [one["args"] for one in others] == [["/bin/true", str(i)] for i in (1, 2, 3)]
    assert {one["ppid"] for one in others} == {shell_row["pid"]}
    assert {one["path"] for one in others} == {os.path.realpath("/bin/true")}


@NEEDS_TYPES
def test_an_exec_that_fails_is_a_row_too() -> None:
    found = rows(
        "execsnoop", "-x", command=python("import os\nos.chdir('/')\nos.execl('nowhere', 'x', 'y')")
    )
    assert [(one["ret"], one["err"], one["args"]) for one in found[1:]] == [
        (-2, "ENOENT", ["x", "y"])
    ]
    assert found[1]["path"] == "/nowhere"


@NEEDS_TYPES
def test_ends_are_as_the_parent_is_told() -> None:
    found = rows("exitsnoop", command=shell("sh -c 'exit 3'; sh -c 'kill -KILL $$'; exit 5"))
    assert [(one["exit_code"], one["signal"]) for one in found] == [
        (3, None),
        (137, "SIGKILL"),
        (5, None),
    ]
    assert [one["ppid"] for one in found[:2]] == [found[2]["pid"]] * 2


@NEEDS_TYPES
def test_how_old_a_process_became() -> None:
    sleeper, _ = rows("exitsnoop", command=shell("sleep 0.2; exit 0"))
    assert 200 <= sleeper["age_ms"] < 10_000


@NEEDS_TYPES
def test_a_process_ends_with_its_last_thread() -> None:
    text = (
        "import os, threading\n"
        "threading.Thread(target=lambda: os._exit(7)).start()\n"
        "threading.Event().wait()"
    )
    (found,) = rows("exitsnoop", command=python(text))
    assert (found["exit_code"], found["tid"]) == (7, found["pid"])
    threads = rows("exitsnoop", "--per-thread", command=python(text))
    assert [one["exit_code"] for one in threads] == [7, 7]
    assert len({one["tid"] for one in threads}) == 2


@NEEDS_TYPES
def test_paths_are_whole(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_text("")
    text = (
        f"import os\nos.chdir({str(tmp_path)!r})\n"
        "os.close(os.open('deep/file', 0))\n"
        "at = os.open('deep', 0)\nos.open('file', 0, dir_fd=at)\n"
        "try: os.open('none', 0, dir_fd=at)\n"
        "except OSError: pass"
    )
    found = [one for one in rows("opensnoop", command=python(text)) if "deep" in one["path"]]
    deep = f"{tmp_path}/deep"
    assert [(one["path"], one["err"]) for one in found] == [
        (f"{deep}/file", None),
        (deep, None),
        (f"{deep}/file", None),
        (f"{deep}/none", "ENOENT"),
    ]


@NEEDS_TYPES
def test_a_descriptor_is_called_as_proc_does(tmp_path: Path) -> None:
    text = (
        f"import os\nfile = os.open({str(tmp_path / 'x')!r}, os.O_CREAT | os.O_WRONLY)\n"
        f"os.fsync(file)\nos.unlink({str(tmp_path / 'x')!r})\nos.fsync(file)\n"
        "read, write = os.pipe()\n"
        "try: os.fsync(write)\nexcept OSError: print(os.readlink(f'/proc/self/fd/{write}'))"
    )
    ran = tool("syncsnoop", "--json", command=python(text))
    pipe, *found = sorted(ran.stdout.splitlines(), key=lambda line: line.startswith("{"))
    paths = [json.loads(line)["path"] for line in found]
    assert paths == [f"{tmp_path}/x", f"{tmp_path}/x (deleted)", pipe]


@NEEDS_TYPES
def test_signals_by_pidfd_tell_whom() -> None:
    text = (
        "import os, signal\nchild = os.fork()\nif not child: signal.pause()\n"
        "signal.pidfd_send_signal(os.pidfd_open(child), signal.SIGTERM)\n"
        "print(child, flush=True)\nos.wait()"
    )
    ran = tool("killsnoop", "--json", command=python(text))
    child, sent = sorted(ran.stdout.splitlines(), key=lambda line: line.startswith("{"))
    found = json.loads(sent)
    assert (found["tpid"], found["signal"]) == (int(child), "SIGTERM")


@NEEDS_TYPES
def test_ids_before_and_after() -> None:
    uid = os.getuid()
    (found,) = rows("setuids", command=python(f"import os\nos.setuid({uid})"))
    assert found["before"] == found["after"] == [uid, os.geteuid(), os.geteuid(), os.geteuid()]


@NEEDS_TYPES
def test_processes_are_counted() -> None:
    found = rows("pidpersec", command=shell("(exit 1); (exit 2); sh -c 'exit 3'; exit 0"))
    assert sum(one["pids"] for one in found) == 3


def test_calls_are_counted_by_thread_and_process() -> None:
    text = (
        "import os, threading\n"
        "def work():\n    for _ in range(50): os.getppid()\n"
        "def begin():\n"
        "    threads = [threading.Thread(target=work) for _ in range(4)]\n"
        "    [one.start() for one in threads]; [one.join() for one in threads]\n"
        "os.fork(), os.fork()\n"
        "begin()\n"
        "while True:\n    try: os.wait()\n    except ChildProcessError: break"
    )
    (found,) = rows("funccount", "t:syscalls:sys_enter_getppid", command=python(text))
    assert found["calls"] == 4 * 4 * 50


def test_the_commands_end_is_the_tools() -> None:
    assert tool("syscount", command=shell("exit 3")).returncode == 0
    ran = tool("syscount", "--duration", "0.3", command="sleep 30")
    assert ran.returncode == 0
    assert "SYSCALL" in ran.stdout


def test_without_privilege_a_tool_says_so_and_goes_on() -> None:
    ran = tool("syscount", command="true", is_privileged=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.startswith("note: this process lacks CAP_BPF and CAP_PERFMON; so only what")
    assert "execve" in ran.stdout


@pytest.mark.parametrize("name", ["biolatency", "vfsstat", "filelife", "runqlat"])
def test_what_only_a_kernel_tells_is_refused(name: str) -> None:
    kernel = find_tool(name).kernel
    for is_privileged, who in ((True, "--engine user"), (False, "this process lacks CAP_BPF")):
        ran = tool(name, command="true", is_privileged=is_privileged)
        assert ran.returncode == 1
        first, second = ran.stderr.splitlines()
        assert first.startswith(f"error: {who}")
        assert first.endswith(f": only a kernel tells this: {name} takes {kernel}")
        assert second == "hint: docs/user-engine.md lists the tools that need no BPF"


def test_an_interrupt_ends_the_tool_and_its_command() -> None:
    command = shell("echo runs; exec sleep 30")
    words = [sys.executable, "-m", "seismo", "syscount", "--engine", "user", "-c", command]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "runs\n"
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate()
    assert process.returncode == 0
    assert "SYSCALL" in out


@NEEDS_TYPES
def test_another_thread_that_execs_is_as_old_as_its_process() -> None:
    text = (
        "import os, threading, time\ntime.sleep(0.2)\n"
        "threading.Thread(target=lambda: os.execv('/bin/true', ['true'])).start()\n"
        "threading.Event().wait()"
    )
    found = rows("exitsnoop", command=shell(f"{python(text)}; exit 0"))
    assert [one["pcomm"] for one in found] == ["true", "sh"]
    assert found[0]["age_ms"] >= 200
