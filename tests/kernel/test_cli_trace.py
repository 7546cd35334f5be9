"""The command as a user runs it: what it prints, where, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seismo.kernel.live import LiveKernel
from seismo.objects.program import loaded_programs

pytestmark = pytest.mark.kernel

OPENAT = """tracepoint:syscalls:sys_enter_openat /comm == "cat"/ {
    printf("%s %s\\n", comm, str(FIELD));
}"""


def seismo(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command and wait for it."""
    command = [sys.executable, "-m", "seismo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)  # type: ignore[call-overload, no-any-return]


def programs_called(name: str) -> int:
    """How many programs of this name the kernel holds; freeing one may take it a moment."""
    kernel = LiveKernel()
    deadline = time.monotonic() + 5
    while (
        count := [one.name for one in loaded_programs(kernel)].count(name)
    ) and time.monotonic() < deadline:
        time.sleep(0.05)
    return count


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file whose name nobody else opens."""
    path = tmp_path / "seismograph"
    path.write_text("needle\n")
    return str(path)


@pytest.mark.parametrize("field", ["args.filename", "args->filename"])
def test_openat_one_liner(field: str, file: str) -> None:
    done = seismo("-e", OPENAT.replace("FIELD", field), "-c", f"/bin/cat {file}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines().count(f"cat {file}") == 1
    assert done.stderr.splitlines()[0] == "Attached 1 probe"


def test_begin_prints_exactly_that() -> None:
    done = seismo("-e", r'BEGIN { printf("hi open forum\n"); exit(); }')
    assert (done.returncode, done.stdout) == (0, "hi open forum\n\n\n")
    assert done.stderr == "Attached 1 probe\n"


def test_exit_gives_the_status() -> None:
    assert seismo("-e", "BEGIN { exit(7); }").returncode == 7


def test_quiet() -> None:
    done = seismo("-q", "-e", "BEGIN { exit(); }")
    assert done.stderr == ""


def test_begin_runs_before_anything_is_attached(tmp_path: Path) -> None:
    script = "BEGIN { @begun = 1 } t:syscalls:sys_enter_getpid /pid == cpid/ { @seen = @begun; }"
    program = "import os; os.getpid()"
    done = seismo("-e", script, "-c", f"{sys.executable} -c '{program}'")
    assert "@seen: 1" in done.stdout


def test_script_from_file_and_standard_input(tmp_path: Path) -> None:
    script = 'BEGIN { printf("%d\\n", 6 * 7); exit(); }'
    path = tmp_path / "answer.bt"
    path.write_text(script)
    assert seismo(str(path)).stdout.startswith("42\n")
    assert seismo("-", input=script).stdout.startswith("42\n")


def test_output_file(tmp_path: Path) -> None:
    target = tmp_path / "out"
    done = seismo("-o", str(target), "-e", 'BEGIN { printf("x\\n"); exit(); }')
    assert done.stdout == ""
    assert target.read_text() == "x\n\n\n"


def test_count_is_exact() -> None:
    """1,000 calls by the command, 1,000 counted; nothing of other processes."""
    script = (
        "t:syscalls:sys_enter_getppid /pid == cpid/ { @calls = count(); @[pid == cpid] = count(); }"
    )
    program = "import os\nfor _ in range(1000): os.getppid()"
    done = seismo("-e", script, "-c", f'{sys.executable} -c "{program}"')
    assert "@calls: 1000\n" in done.stdout
    assert "@[true]: 1000\n" in done.stdout


def test_every_printf_arrives() -> None:
    script = 't:syscalls:sys_enter_getppid /pid == cpid/ { printf("%d\\n", @n); @n++; }'
    program = "import os\nfor _ in range(5000): os.getppid()"
    done = seismo("-e", script, "-c", f'{sys.executable} -c "{program}"')
    lines = done.stdout.split("\n\n")[0].splitlines()
    assert lines == [str(number) for number in range(5000)]


def test_lost_events_are_counted_exactly() -> None:
    """A ring of one page cannot hold what comes while nobody reads: produced = received + lost."""
    script = (
        't:syscalls:sys_enter_getppid /pid == cpid/ { @n = count(); printf("%1000s\\n", comm); }'
    )
    program = "import os\nfor _ in range(50000): os.getppid()"
    done = seismo("--ring-size", "4K", "-e", script, "-c", f'{sys.executable} -c "{program}"')
    received = sum(1 for line in done.stdout.splitlines() if line.endswith(("python3", "python")))
    lost = sum(int(line.split()[1]) for line in done.stderr.splitlines() if line.startswith("Lost"))
    assert "@n: 50000\n" in done.stdout
    assert received + lost == 50000


def test_json() -> None:
    script = 'BEGIN { @a["x", 1] = 2; @n = 3; printf("hi %d\\n", 4); exit(); }'
    done = seismo("-f", "json", "-e", script)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0] == {"type": "attached_probes", "count": 1, "data": {"probes": 1}}
    assert {"type": "printf", "data": "hi 4\n"} in lines
    assert {"type": "map", "data": {"@n": 3}} in lines
    assert {"type": "map", "data": {"@a": {"x,1": 2}}} in lines


def test_interrupt_prints_maps_and_leaves_nothing() -> None:
    script = 'BEGIN { @x = 5; printf("ready\\n"); } END { printf("end\\n"); } i:s:1234 { @x = 6; }'
    command = [sys.executable, "-m", "seismo", "-e", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(30) == 0
    assert rest == "end\n\n\n@x: 5\n"
    assert programs_called("2_1234") == 0


def test_closed_pipe_ends_quietly() -> None:
    script = 'i:us:1235 { printf("tick\\n"); }'
    shell = f"{sys.executable} -m seismo -e '{script}' | head -1"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, timeout=60)
    assert done.stdout == "tick\n"
    assert done.stderr in ("", "Attached 1 probe\n")
    assert programs_called("0_1235") == 0


def test_typo_in_a_field_has_a_caret_and_a_near_name() -> None:
    done = seismo("-e", "t:syscalls:sys_enter_openat { @ = args.filenam }")
    assert done.returncode == 1
    assert "stdin:1:40: error:" in done.stderr
    assert "^^^^^^^" in done.stderr
    assert "'filename'" in done.stderr


def test_several_errors_in_one_run() -> None:
    done = seismo("-e", "BEGIN { $a = nsec; $b = cmm; }")
    assert done.stderr.count(": error: ") == 2
    assert "'nsecs'" in done.stderr and "'comm'" in done.stderr


def test_pid_filter() -> None:
    wait = "sys.stdin.readline()"
    program = f"import os, sys\n{wait}\nfor _ in range(10): os.getppid()\n{wait}"
    target = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, text=True)
    other = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, text=True)
    script = "t:syscalls:sys_enter_getppid { @[pid] = count(); }"
    command = [sys.executable, "-m", "seismo", "-p", str(target.pid), "-e", script]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as tracer:
        assert tracer.stderr is not None and tracer.stdout is not None
        assert tracer.stderr.readline() == "Attached 1 probe\n"
        for process in (target, other):
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        time.sleep(1)
        for process in (target, other):
            process.communicate("\n")
        output = tracer.stdout.read()
        assert tracer.wait(30) == 0  # the run ends with the process
    assert output.strip() == f"@[{target.pid}]: 10"


def test_no_privilege_names_the_capability() -> None:
    if os.getuid() != 0:
        pytest.skip("needs root to give privilege away")
    command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable]
    done = subprocess.run(
        [*command, "-m", "seismo", "-e", "BEGIN { exit() }"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "CAP_BPF" in done.stderr and len(done.stderr.splitlines()) == 2


def test_opensnoop_shows_the_file_once_with_its_descriptor(file: str) -> None:
    done = seismo("opensnoop", "-c", f"/bin/cat {file}")
    rows = [line.split() for line in done.stdout.splitlines() if line.endswith(f" {file}")]
    assert len(rows) == 1
    _, comm, fd, error, path = rows[0]
    assert (comm, fd, error, path) == ("cat", "3", "-", file)


def test_opensnoop_failed_only(file: str) -> None:
    done = seismo("opensnoop", "-x", "-c", f"sh -c 'cat {file} {file}.missing'")
    rows = [line.split() for line in done.stdout.splitlines() if file in line]
    assert [(row[1:]) for row in rows] == [["cat", "-1", "ENOENT", f"{file}.missing"]]


def test_opensnoop_json(file: str) -> None:
    done = seismo("opensnoop", "--json", "-c", f"/bin/cat {file}")
    rows = [json.loads(line) for line in done.stdout.splitlines() if line != "needle"]
    (row,) = [one for one in rows if one["path"] == file]
    assert (row["comm"], row["fd"], row["err"]) == ("cat", 3, None)
    assert list(row) == ["pid", "comm", "fd", "err", "path"]


def test_opensnoop_reads_a_path_of_4000_bytes(tmp_path: Path) -> None:
    path = str(tmp_path) + "/." * ((4000 - len(str(tmp_path))) // 2) + "/x"
    done = seismo("opensnoop", "-c", f"/bin/cat {path}")
    assert sum(line.endswith(f" {path}") for line in done.stdout.splitlines()) == 1


@pytest.mark.slow
def test_a_refused_program_shows_its_script_line(tmp_path: Path) -> None:
    """So many paths that the kernel's verifier gives up: nothing that a compiler could know."""
    ifs = "\n".join(f"    if (nsecs & {1 << bit}) {{ $y += {1 << bit}; }}" for bit in range(24))
    script = tmp_path / "paths.bt"
    head = "tracepoint:syscalls:sys_enter_getppid {\n    $y = 0;"
    script.write_text(f"{head}\n{ifs}\n    if ($y == 12345) {{ @x = 1; }}\n}}\n")
    done = seismo("--dry-run", str(script))
    assert done.returncode == 255
    assert "BPF program is too large" in done.stderr
    assert f"from {script}:27:9\n        if ($y == 12345) {{ @x = 1; }}\n" in done.stderr


def test_verbose_accounts_for_records() -> None:
    done = seismo("-v", "-e", 'BEGIN { printf("a"); printf("b"); exit(); }')
    assert "records: 2 received, 0 lost" in done.stderr
    assert "program 0_begin: BPF_PROG_TYPE_RAW_TRACEPOINT" in done.stderr


def test_dry_run_attaches_nothing() -> None:
    done = seismo("--dry-run", "-e", 'i:ms:1 { printf("never\\n"); }')
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_full_map_is_reported() -> None:
    """A scalar map holds one entry; a map with keys 4,096: 5,000 keys are 904 too many."""
    script = "t:syscalls:sys_enter_getppid /pid == cpid/ { @[@n] = 1; @n++; }"
    program = "import os\nfor _ in range(5000): os.getppid()"
    done = seismo("-e", script, "-c", f'{sys.executable} -c "{program}"')
    assert "904 updates of @ refused: the map is full (max_map_keys=4096)" in done.stderr
    assert sum(line.startswith("@[") for line in done.stdout.splitlines()) == 4096


def test_unreadable_string_is_counted_not_silent() -> None:
    script = 'BEGIN { printf("[%s]\\n", str(1)); exit(); }'
    done = seismo("-e", script)
    assert done.stdout.startswith("[<unreadable>]\n")
    assert "stdin:1:30: 1 string could not be read" in done.stderr


def test_family_of_a_short_lived_shell_is_followed() -> None:
    """100 processes that live a millisecond: every one's open is seen, none of others'."""
    shell = "i=0; while [ $i -lt 100 ]; do cat /dev/null; i=$((i+1)); done"
    done = seismo("opensnoop", "--json", "-c", f"sh -c '{shell}'")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum(row["path"] == "/dev/null" for row in rows) == 100
    assert {row["comm"] for row in rows} <= {"sh", "cat"}


def test_the_number_of_probes_comes_before_what_begin_prints() -> None:
    script = 'BEGIN { printf("from BEGIN\\n"); exit(); }'
    done = subprocess.run(
        [sys.executable, "-m", "seismo", "-e", script],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[:2] == ["Attached 1 probe", "from BEGIN"]


def test_stages_print_and_nothing_runs() -> None:
    script = 'BEGIN { printf("never\\n"); }'
    done = seismo("-d", "ast", "-d", "asm", "-e", script)
    assert done.returncode == 0
    assert done.stdout.startswith("-- ast\n") and "\n-- asm\n" in done.stdout
    assert "call bpf_ringbuf_reserve#131" in done.stdout
    assert seismo("-d", "assm", "-e", script).stderr == (
        "error: -d: no stage 'assm'\nhint: did you mean 'asm'?\n"
    )


def test_tree_follows_what_a_command_starts() -> None:
    script = "t:syscalls:sys_enter_getppid { @[comm] = count(); }"
    child = f"{sys.executable} -c 'import os; os.getppid()'"
    done = seismo("--tree", "-e", script, "-c", f'sh -c "{child}; {child}; true"')
    counts = dict(
        line.removeprefix("@[").split("]: ") for line in done.stdout.splitlines() if "]: " in line
    )
    assert sum(int(n) for comm, n in counts.items() if comm.startswith("python")) == 2
    assert set(counts) <= {"python", "python3", "sh"}


def test_interrupt_is_heard_in_a_flood() -> None:
    """Programs that print faster than we can show must not keep Ctrl-C waiting, nor fill memory."""
    flood = subprocess.Popen([sys.executable, "-c", "import os\nwhile True: os.getppid()"])
    script = f't:syscalls:sys_enter_getppid /pid == {flood.pid}/ {{ printf("%200s\\n", comm); }}'
    command = [sys.executable, "-m", "seismo", "-e", script]
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tracer:
            assert tracer.stdout is not None
            for _ in range(50_000):
                assert tracer.stdout.readline().endswith(b"\n")
            tracer.send_signal(signal.SIGINT)
            while tracer.stdout.readline():
                pass
            assert tracer.wait(60) == 0
    finally:
        flood.kill()
        flood.wait()
