"""The options of the tracing command, as a user gives them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from seismo.kernel.live import LiveKernel
from seismo.objects.program import loaded_programs

pytestmark = [pytest.mark.kernel, pytest.mark.slow]

HELLO = 'BEGIN { printf("hello\\n"); exit(); }'
OPTIONS = """BEGIN {
    print(getopt("count", 5, "how many to show"));
    print(getopt("loud"));
    print(getopt("name", "x"));
}"""


def seismo(
    *arguments: str, script: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command, with `script` as standard input, and wait for it."""
    command = [sys.executable, "-m", "seismo", *arguments]
    environ = os.environ | (env or {})
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, input=script, env=environ
    )


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["-e", "BEGIN { $x = ; }"], 1, "stdin:1:14: error:"),
        (["-e", "BEGIN { print(nosuch); }"], 1, "unknown name 'nosuch'"),
        (["-e", "t:sched:nosuch { }"], 1, "there is no tracepoint 'sched:nosuch'"),
        (["/nonexistent.bt"], 1, "cannot read the script /nonexistent.bt: No such file"),
        (["-o", "/proc/nothing/out", "-e", HELLO], 1, "cannot write the output"),
        (["-c", "nosuchprogram", "-e", HELLO], 1, "no program 'nosuchprogram'"),
        (["-d", "asn", "-e", HELLO], 1, "did you mean 'asm'?"),
        (["--no-such-option", "-e", HELLO], 1, "unrecognized arguments"),
        (["-e", "BEGIN { $x = 1; while ($x) { $x = 1; } }"], 255, "the kernel refuses program"),
        (["--dry-run", "-e", "BEGIN { $x = 1; while ($x) { $x = 1; } }"], 255, "refuses program"),
        (["-e", "let @m = hash(4000000000); BEGIN { @m[1] = 1; }"], 255, "BPF_MAP_CREATE"),
        (["-o", "/dev/full", "-e", HELLO], 255, "cannot write the output: No space left"),
        (["-e", "test:a { }"], 255, "--test runs test: probes"),
        (["-e", "BEGIN { exit(7); }"], 7, "Attached 1 probe"),
    ],
)
def test_exit_status(arguments: list[str], status: int, message: str) -> None:
    done = seismo(*arguments)
    assert (done.returncode, message in done.stderr) == (status, True), done.stderr
    assert "Traceback" not in done.stderr


def test_a_script_without_anything_to_wait_for_ends_by_itself() -> None:
    done = seismo("-q", "-e", 'BEGIN { @x = 1; printf("begin\\n"); } END { printf("end\\n"); }')
    assert (done.returncode, done.stdout) == (0, "begin\nend\n\n\n@x: 1\n")


def test_a_command_is_waited_for_even_if_nothing_is_attached(tmp_path: Path) -> None:
    done = seismo("-q", "-e", "BEGIN { }", "-c", f"sh -c 'sleep 0.2; touch {tmp_path}/made'")
    assert done.returncode == 0
    assert (tmp_path / "made").exists()


def test_a_dry_run_says_where_it_would_attach() -> None:
    script = 'BEGIN { printf("never\\n"); } t:sched:sched_switch { @ = count(); }'
    done = seismo("--dry-run", "-v", "-e", script)
    assert (done.returncode, done.stdout) == (0, "")
    assert "attach 1_sched_switch at TracepointAttach" in done.stderr


def test_codegen_mode_only_compiles() -> None:
    assert seismo("--mode", "codegen", "-e", HELLO).stdout == ""
    assert seismo("--mode", "codegen", "-e", "BEGIN { $x = nosuch; }").returncode == 1


def test_the_compiler_s_stages_are_timed() -> None:
    lines = seismo("--mode", "compiler-bench", "-e", HELLO).stdout.splitlines()
    assert lines[0].split() == ["Stage", "Time(ns)", "Iterations"]
    names = [line.split()[0] for line in lines[1:]]
    assert names[0] == "tokens" and names[-1] == "all" and "regalloc" in names


def test_the_verifier_s_log_is_a_stage() -> None:
    done = seismo("-d", "ast,verifier", "-e", HELLO)
    assert done.returncode == 0
    before, _, log = done.stdout.partition("-- verifier\n")
    assert before.startswith("-- ast\nprobe\n")
    assert log.startswith("0_begin:\n") and "processed " in log and "(95) exit" in log
    assert "0_begin" not in {one.name for one in loaded_programs(LiveKernel())}


def test_the_verifier_s_log_of_a_refused_program() -> None:
    done = seismo("-d", "verifier", "-e", "BEGIN { $x = 1; while ($x) { $x = 1; } }")
    assert done.returncode == 255
    assert done.stdout.startswith("0_begin:\n")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ([], "5\nfalse\nx\n"),
        (["--count=7", "--loud", "--name=y z"], "7\ntrue\ny z\n"),
    ],
)
def test_named_parameters(given: list[str], shown: str) -> None:
    done = seismo("-q", "-e", OPTIONS, "--", *given)
    assert done.stdout == f"{shown}\n\n"


def test_named_parameters_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "script.bt"
    path.write_text(OPTIONS)
    done = seismo(str(path), "--", "--help")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        f"usage: seismo {path} [PARAMETER ...] [-- --NAME[=VALUE] ...]",
        "",
        "options of the script:",
        "  --count=NUMBER  how many to show (default: 5)",
        "  --loud",
        '  --name=TEXT     (default: "x")',
    ]


def test_an_unknown_named_parameter_has_a_near_name() -> None:
    done = seismo("-e", OPTIONS, "--", "--cuont=7")
    assert done.returncode == 1
    assert "no option --cuont" in done.stderr and "did you mean 'count'?" in done.stderr


def test_positional_and_named_parameters_mix() -> None:
    script = 'BEGIN { print(($1, $2, getopt("a", 1), getopt("b"))); }'
    done = seismo("-q", "-e", script, "p1", "--", "--a=20", "--b", "p2")
    assert done.stdout.startswith("(p1, p2, 20, true)\n")


def test_a_script_is_a_command(tmp_path: Path) -> None:
    path = tmp_path / "tool.bt"
    path.write_text(f"#!/usr/bin/env -S {sys.executable} -m seismo -q\nBEGIN {{ print($1); }}\n")
    path.chmod(0o755)
    done = subprocess.run([str(path), "42"], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "42\n\n\n"


def test_harnesses_are_told_when_all_is_attached() -> None:
    name = "__BPFTRACE_NOTIFY_PROBES_ATTACHED"
    assert seismo("-q", "-e", HELLO, env={name: "1"}).stdout == f"hello\n{name}\n\n\n"


def test_settings_in_the_environment_win() -> None:
    script = "config = { print_maps_on_exit = true } BEGIN { @ = 1; }"
    done = seismo("-q", "-e", script, env={"BPFTRACE_PRINT_MAPS_ON_EXIT": "0"})
    assert "@" not in done.stdout


@pytest.mark.parametrize("mode", ["line", "full", "none"])
def test_buffering_changes_no_byte(mode: str) -> None:
    assert seismo("-q", "-B", mode, "-e", HELLO).stdout == "hello\n\n\n"


def test_warnings_go_to_standard_error_unless_there_shall_be_none() -> None:
    script = "BEGIN { $x = 0; print(1 / $x); unroll(1) { $i = 0; while ($i < 1) { $i++; } } }"
    noisy, calm = seismo("-q", "-e", script), seismo("-q", "--no-warnings", "-e", script)
    assert noisy.stdout == calm.stdout == "1\n\n\n"
    assert "warning: while loops are deprecated" in noisy.stderr
    assert "division by zero" in noisy.stderr
    assert calm.stderr == ""


def test_json_is_json_throughout() -> None:
    script = 'BEGIN { $i = 0; while ($i < 1) { $i++; } @h = hist(5); printf("x"); }'
    done = seismo("-f", "json", "-e", script)
    types = [json.loads(line)["type"] for line in done.stdout.splitlines()]
    assert types == ["attached_probes", "printf", "hist"]
    assert "while loops are deprecated" in done.stderr


def test_colour() -> None:
    painted = seismo("-e", "BEGIN { $x = nosuch; }", env={"BPFTRACE_COLOR": "always"}).stderr
    assert "stdin:1:14: \033[1;31merror:\033[0m unknown name" in painted
    assert "\033" not in seismo("-e", "BEGIN { $x = nosuch; }").stderr


def test_headers_of_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "limits.h").write_text("#define LIMIT 11\n")
    for given in (["--include", "limits.h", "-I", str(tmp_path)], ["-I", str(tmp_path)]):
        first = "" if "--include" in given else '#include "limits.h"\n'
        done = seismo("-q", *given, "-e", f"{first}BEGIN {{ print(LIMIT); }}")
        assert done.stdout == "11\n\n\n", done.stderr


def test_tests_and_their_filter() -> None:
    script = 'test:good { } test:bad { errorf("no\\n"); }'
    assert seismo("--test", "-e", script).returncode == 1
    done = seismo("--test", "--probe-filter", "^g", "-e", script)
    assert done.returncode == 0
    assert "Running 1 test." in done.stdout and "good" in done.stdout


def test_formatting_in_place(tmp_path: Path) -> None:
    path = tmp_path / "script.bt"
    path.write_text("BEGIN{print(1)}")
    path.chmod(0o750)
    shown = seismo("--fmt", str(path))
    assert shown.returncode == 0 and shown.stdout.startswith("BEGIN")
    assert seismo("--fmt", str(path), "-o", str(path)).stdout == ""
    assert path.read_text() == shown.stdout
    assert path.stat().st_mode & 0o777 == 0o750
    assert list(tmp_path.iterdir()) == [path]


def test_ids_are_those_of_the_pid_namespace() -> None:
    script = "t:syscalls:sys_enter_getppid /pid == cpid/ { @ = pid; }"
    program = "import os; os.getppid(); print(os.getpid(), flush=True)"
    command = ["-q", "-e", script, "-c", f'{sys.executable} -c "{program}"']
    inside = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-m", "seismo"]
    done = subprocess.run(
        [*inside, *command], capture_output=True, text=True, timeout=60, check=True
    )
    child = next(line for line in done.stdout.splitlines() if line.isdigit())
    assert f"@: {child}\n" in done.stdout
    assert int(child) < 10
