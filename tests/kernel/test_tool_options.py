"""The options that all tools share: who is traced, when it ends, and in what form it is written."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analysis_program import CALLS, program
from seismo.kernel.cgroups import CgroupError, cgroup_root
from seismo.kernel.live import LiveKernel
from seismo.ui.cli.main import main
from tool_runs import tool_rows, tool_run, tool_text

pytestmark = pytest.mark.kernel

ID = "5e15" + "0123456789ab" * 5
NOBODY = 65534
TICKS = ("funccount", "interval:ms:10")

# One of several neighbours, each of which opens a file of its own name.
NEIGHBOUR = f"""
import os, sys
kind, root, cgroup = sys.argv[1:]
if kind == "container":
    cgroup += "/docker-{ID}.scope"
if kind in ("cgroup", "container"):
    with open(cgroup + "/cgroup.procs", "w") as file:
        file.write(str(os.getpid()))
if kind == "named":
    with open("/proc/self/comm", "w") as file:
        file.write("seismic")
if kind == "container":
    os.sched_setaffinity(0, {{min(os.sched_getaffinity(0))}})
if kind in ("user", "container"):
    os.setgid({NOBODY} - 1)
    os.setuid({NOBODY})
try:
    os.open(root + "/" + kind, os.O_RDONLY)
except OSError:
    pass
"""
KINDS = ("user", "named", "cgroup", "container", "plain")


@pytest.fixture
def cgroup(kernel: LiveKernel) -> Iterator[Path]:
    """A cgroup with a container's inside."""
    try:
        made = Path(cgroup_root(kernel)) / f"seismo-options-{os.getpid()}"
    except CgroupError as error:
        pytest.skip(error.message)
    inside = made / f"docker-{ID}.scope"
    inside.mkdir(parents=True)
    yield made
    inside.rmdir()
    made.rmdir()


@pytest.fixture
def neighbours(tmp_path: Path, cgroup: Path) -> Callable[[], list[int]]:
    """What runs one of each kind, and says their pids; nobody's may look into the directory."""
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == os.geteuid() and parent.name.startswith("pytest"):
            parent.chmod(0o755)
    for kind in KINDS:
        (tmp_path / kind).touch()
    path = tmp_path / "neighbour.py"
    path.write_text(NEIGHBOUR)

    def run() -> list[int]:
        pids = []
        for kind in KINDS:
            line = [sys.executable, "-I", "-S", *map(str, (path, kind, tmp_path, cgroup))]
            with subprocess.Popen(line) as process:
                assert process.wait() == 0
            pids.append(process.pid)
        return pids

    return run


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        (("-u", str(NOBODY)), ["user", "container"]),
        (("-u", "nobody", "--comm", "python*", "--cgroup", "CGROUP"), ["container"]),
        (("--comm", "seismic"), ["named"]),
        (("--cgroup", "CGROUP"), ["cgroup", "container"]),
        (("--cgroup", "CGROUP", "-u", "0"), ["cgroup"]),
    ],
    ids=lambda one: "+".join(one) if isinstance(one, tuple) else "",
)
def test_whom_a_filter_lets_through(
    options: tuple[str, ...],
    kinds: list[str],
    neighbours: Callable[[], list[int]],
    cgroup: Path,
    tmp_path: Path,
) -> None:
    words = [str(cgroup) if one == "CGROUP" else one for one in options]
    pids: list[int] = []
    rows = tool_rows(
        "opensnoop", "--path", f"{tmp_path}/", *words, act=lambda: pids.extend(neighbours())
    )
    rows = [row for row in rows if not row["path"].endswith(".py")]
    assert [row["path"] for row in rows] == [str(tmp_path / kind) for kind in kinds]
    assert [row["pid"] for row in rows] == [pids[KINDS.index(kind)] for kind in kinds]


def test_every_extra_column_is_true(
    neighbours: Callable[[], list[int]], cgroup: Path, tmp_path: Path
) -> None:
    """Of a process in a container, which has another user than its group's number says."""
    pids: list[int] = []
    names = "time,elapsed,cpu,user,uid,gid,tid,ppid,container,cgroup"
    before = time.time()
    rows = tool_rows(
        *("opensnoop", "--with", names, "--container", ID[:6], "--path", "/container"),
        act=lambda: pids.extend(neighbours()),
    )
    after = time.time()
    pid = pids[KINDS.index("container")]
    (row,) = [row for row in rows if row["path"] == str(tmp_path / "container")]
    assert list(row) == [*names.split(","), "pid", "comm", "fd", "err", "path"]
    assert _times(before) <= row["time"] <= _times(after) or _times(after) < _times(before)
    assert 0 < row["elapsed"] < (after - before) * 1e9
    assert row["cpu"] == min(os.sched_getaffinity(0))
    assert (row["user"], row["uid"], row["gid"]) == ("nobody", NOBODY, NOBODY - 1)
    assert (row["pid"], row["tid"], row["ppid"]) == (pid, pid, os.getpid())
    assert row["container"] == ID[:12]
    assert row["cgroup"] == f"/{cgroup.name}/docker-{ID}.scope"


def _times(seconds: float) -> str:
    """As the column has it, to the microsecond; it turns over at midnight."""
    whole = time.strftime("%H:%M:%S", time.localtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1e6):06d}"


def test_a_thread_alone_and_the_time_of_its_rows(tmp_path: Path) -> None:
    """The thread opens three times, its process' main one in between."""
    go, ids = threading.Event(), []
    path = tmp_path / "file"
    path.touch()

    def work() -> None:
        ids.append(threading.get_native_id())
        go.wait(60)
        for _ in range(3):
            os.close(os.open(path, os.O_RDONLY))

    def act() -> None:
        os.close(os.open(path, os.O_RDONLY))
        go.set()
        thread.join()

    thread = threading.Thread(target=work)
    thread.start()
    while not ids:
        time.sleep(0.001)
    text = tool_text("opensnoop", "-T", "--with", "tid", "-t", str(ids[0]), act=act)
    heading, *lines = text.splitlines()
    assert heading == "TIME            TID     PID     COMM               FD ERR      PATH"
    shown = [line.split() for line in lines if line.endswith(str(path))]
    assert [words[1:3] for words in shown] == [[str(ids[0]), str(os.getpid())]] * 3
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d\.\d{6}", words[0]) for words in shown)
    assert [words[0] for words in shown] == sorted(words[0] for words in shown)


def test_a_duration_ends_the_run_and_the_command(tmp_path: Path) -> None:
    """Long before the command ends, which is not left behind."""
    file = tmp_path / "pid"
    command = f"sh -c 'echo $$ > {file}; exec sleep 600'"
    rows = tool_rows("opensnoop", "--path", str(file), "--duration", "3", "-c", command)
    assert [row["path"] for row in rows] == [str(file)]
    assert not Path(f"/proc/{file.read_text().strip()}").exists()
    assert tool_run("opensnoop", "--duration", "0.1", "--path", str(file)).output.count("\n") == 1


def test_a_duration_ends_a_script() -> None:
    script = 'BEGIN { print("begun"); } END { print("ended"); }'
    done = _seismo("-q", "--duration", "0.1", "-e", script)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["begun", "ended"], "")


def test_there_are_as_many_reports_as_were_asked_for() -> None:
    """Each with its local time; together they hold all: ticks come every 10 ms."""
    text = tool_text(*TICKS, "-i", "0.5", "--count", "3")
    report = re.compile(r"\d\d:\d\d:\d\d\nPLACE  CALLS\nms:10 +(\d+)\n")
    counts = [int(one) for one in report.findall(text)]
    assert report.sub("", text) == ""
    assert len(counts) == 3


def test_the_reports_of_intervals_add_up_and_top_keeps_the_largest(tmp_path: Path) -> None:
    path = program(tmp_path)
    rows = tool_rows("funccount", f"{path}:*", "-i", "0.03", "-c", path)
    for name, count in CALLS.items():
        assert sum(row["calls"] for row in rows if row["place"] == name) == count
    (row,) = tool_rows("funccount", f"{path}:*_way", "--top", "1", "-c", path)
    assert row == {"place": "second_way", "calls": CALLS["second_way"]}


def test_a_heat_map_has_a_line_for_an_interval(tmp_path: Path) -> None:
    """The program is done within the first: three calls of 20 ms. The last cell is how many."""
    path = program(tmp_path)
    text = tool_text("argdist", "-H", f"p:{path}:nap(long ms):long:ms", "--heatmap", "-i", "30",
                     "-c", path)  # fmt: skip
    ruler, line = text.splitlines()
    assert ruler.split() == ["16"]
    assert re.fullmatch(r"\d\d:\d\d:\d\d \|.*\| 3", line)
    cells = re.search(r"\|(.*)\|", line)
    assert cells is not None and ruler.index("16") >= line.index("|")


@pytest.mark.parametrize(
    ("closed", "status", "error"),
    [
        (">&-", 255, "error: cannot write the output: Bad file descriptor\n"),
        (">&- -o /dev/null", 0, ""),
        ("2>&-", 0, ""),
    ],
)
def test_output_that_is_closed(closed: str, status: int, error: str) -> None:
    busy = f"{sys.executable} -c 'for _ in range(10_000_000): pass'"
    command = f'{sys.executable} -m seismo cpuwalk -q -c "{busy}" {closed}'
    run = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (status, error)


def test_output_goes_to_a_file_alone(tmp_path: Path) -> None:
    output, opened = tmp_path / "output", tmp_path / "opened"
    opened.touch()
    arguments = ("--path", str(opened), "-c", f"cat {opened} {opened}")
    run = tool_run("opensnoop", "--json", "-o", str(output), *arguments)
    assert (run.output, run.errors) == ("", "")
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [(row["comm"], row["path"]) for row in rows] == [("cat", str(opened))] * 2


def test_a_printed_script_runs_as_a_file(tmp_path: Path) -> None:
    """It shows the tool's rows without the heading; options are the script's parameters."""
    script, opened = tmp_path / "mine.bt", tmp_path / "opened"
    opened.touch()
    script.write_text(_seismo("opensnoop", "--script", "--with", "uid").stdout)
    shell = f"sh -c 'exec 2>&-; cat {opened} {opened}-not; exit 0'"
    done = _seismo("-q", "-c", shell, "--tree", str(script), "--", f"--path={opened}")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines() if line]
    assert [(uid, *rest) for uid, _, *rest in lines] == [
        ("0", "cat", "2", "0", str(opened)),
        ("0", "cat", "-1", "2", f"{opened}-not"),
    ]


def test_the_script_that_this_kernel_takes_is_printed() -> None:
    """To those who may not trace, too, though that may be another."""
    taken = _seismo("filelife", "-v", "--duration", "0.1")
    name = re.search(r"^script (\w+)\.bt$", taken.stderr, re.MULTILINE)
    assert name is not None, taken.stderr
    first_line = _seismo("filelife", "--script").stdout.splitlines()[1]
    assert first_line.startswith(f" * {name[1]}: ")
    powerless = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    done = _seismo("filelife", "--script", before=powerless)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("/*\n * filelife")
    done = _seismo("filelife", "--duration", "0.1", before=powerless)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: tracing needs CAP_BPF and CAP_PERFMON ")


def test_a_terminal_is_told_how_long_it_takes() -> None:
    """Standard error alone is a terminal: a line, rewritten each second, and taken away."""
    written, run = _on_terminal(*TICKS, "--duration", "2.5", has_output=False)
    first, *lines, last = written.split("\r\033[K")
    assert (first, last) == ("Attached 1 probe\r\n", "")
    lines = [line for line in lines if line]
    shown = [re.fullmatch(r"tracing for ([012]) s of 2\.5 s, Ctrl-C ends it", one) for one in lines]
    seconds = [int(one[1]) for one in shown if one is not None]
    assert len(seconds) == len(lines) >= 2 and seconds == sorted({0, *seconds})
    assert run.startswith("PLACE  CALLS\nms:10 ")


def test_nothing_else_is_on_the_line_that_is_rewritten() -> None:
    """Standard output and standard error are one terminal: this is what stands there then."""
    written, _ = _on_terminal(*TICKS, "-i", "0.5", "--count", "2", has_output=True)
    assert "tracing for 0 s of 1 s, Ctrl-C ends it" in written
    shown = [line.split("\r\033[K")[-1] for line in written.replace("\r\n", "\n").split("\n")]
    first, *reports, last = shown
    assert (first, last) == ("Attached 1 probe", "")
    assert [line.split()[0] for line in reports[1::3]] == ["PLACE", "PLACE"]
    assert [line.split()[0] for line in reports[2::3]] == ["ms:10", "ms:10"]
    assert len(reports) == 6


@pytest.mark.parametrize(
    "arguments",
    [
        (*TICKS, "--duration", "0.1", "-q"),
        (*TICKS, "--duration", "0.1", "-c", "sleep 600"),
        ("opensnoop", "--duration", "0.1", "--path", "/no/such/file"),
    ],
    ids=["quiet", "a command has the terminal to itself", "rows come as they happen"],
)
def test_there_is_no_line(arguments: tuple[str, ...]) -> None:
    written, _ = _on_terminal(*arguments, has_output=False)
    assert "tracing" not in written and "\033" not in written


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("opensnoop", "-o", "/no/such/directory/file"), "cannot write the output /no/such/"),
        (("opensnoop", "--container", "00000000"), "there is no container '00000000'"),
        (("opensnoop", "--cgroup", "no-such-group"), "there is no cgroup 'no-such-group'"),
        (("opensnoop", "-t", "4194303"), "-t 4194303: there is no such thread"),
    ],
)
def test_mistakes_are_told(
    arguments: tuple[str, ...], message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert f"error: {message}" in capfd.readouterr().err


def _seismo(*arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, sys.executable, "-m", "seismo", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def _on_terminal(*arguments: str, has_output: bool) -> tuple[str, str]:
    """What a run wrote to its terminal, which is standard error and perhaps standard output; and
    what it wrote to standard output otherwise."""
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "seismo", *arguments],
        stdin=subprocess.DEVNULL, stdout=terminal if has_output else subprocess.PIPE,
        stderr=terminal, env=os.environ | {"TERM": "linux", "NO_COLOR": "1"},
    ) as process:  # fmt: skip
        os.close(terminal)
        parts = []
        while part := _read(controller):
            parts.append(part)
        output = process.stdout.read() if process.stdout else b""
        assert process.wait(60) == 0, b"".join(parts)
    os.close(controller)
    return b"".join(parts).decode(), output.decode()


def _read(controller: int) -> bytes:
    """What is there, nothing when the terminal's other end is closed everywhere."""
    try:
        return os.read(controller, 4096)
    except OSError:
        return b""
