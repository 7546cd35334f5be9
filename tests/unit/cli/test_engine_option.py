"""`--engine`: a command is traced without privilege, and whoever lacks it is told so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

OPENS = "tracepoint:syscalls:sys_enter_openat"
FORKS = "tracepoint:sched:sched_process_fork"


def seismo(*arguments: str, is_privileged: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "seismo", *arguments]
    if not is_privileged and os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("there is no setpriv to give up root's capabilities with")
        command = [setpriv, "--bounding-set=-all", *command]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_a_commands_system_calls_are_traced() -> None:
    script = f'{OPENS} / str(args.filename) == "/etc/passwd" / {{ printf("%d\\n", pid == cpid); }}'
    ran = seismo("--engine", "user", "-q", "-c", "cat /etc/passwd", "-e", script)
    assert ran.returncode == 0, ran.stderr
    assert "1\n" in ran.stdout


def test_all_that_a_command_forks_is_traced() -> None:
    script = f"{FORKS} {{ @forks = count(); }}"
    ran = seismo("--engine", "user", "-q", "-c", "sh -c '(exit 1); (exit 2); true'", "-e", script)
    assert "@forks: 2\n" in ran.stdout, ran.stderr


def test_the_exit_code_is_the_scripts() -> None:
    script = f"{OPENS} {{ exit(7); }}"
    assert seismo("--engine", "user", "-c", "cat /etc/passwd", "-e", script).returncode == 7


def test_a_tool_takes_the_script_that_can_be_run() -> None:
    ran = seismo("opensnoop", "--engine", "user", "-c", "cat /etc/passwd")
    assert ran.returncode == 0, ran.stderr
    assert any(line.endswith("/etc/passwd") and " cat " in line for line in ran.stdout.splitlines())


def test_without_privilege_it_says_so_and_goes_on() -> None:
    script = f"{OPENS} {{ @ = count(); }}"
    ran = seismo("-q", "-c", "true", "-e", script, is_privileged=False)
    assert ran.returncode == 0, ran.stderr
    (note,) = [line for line in ran.stderr.splitlines() if line.startswith("note: ")]
    assert note.startswith("note: this process lacks CAP_BPF and CAP_PERFMON; so only what")
    assert "@: " in ran.stdout


def test_without_privilege_and_a_command_there_is_nothing_to_trace() -> None:
    ran = seismo("-e", "BEGIN { exit(); }", is_privileged=False)
    assert ran.returncode == 1
    assert "-c CMD" in ran.stderr
    assert "seismo replay" in ran.stderr
    ran = seismo("--engine", "kernel", "-c", "true", "-e", "BEGIN { }", is_privileged=False)
    assert ran.returncode == 1
    assert "tracing needs CAP_BPF" in ran.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-p", str(os.getpid())), "no process that runs already"),
        (("-c", "true", "--cgroup", "/"), "cannot tell who is below a cgroup"),
        ((), "give it with -c"),
    ],
)
def test_what_the_user_engine_cannot_do_is_refused(options: tuple[str, ...], words: str) -> None:
    ran = seismo("--engine", "user", *options, "-e", f"{OPENS} {{ }}")
    assert ran.returncode == 1
    assert words in ran.stderr


def test_a_probe_that_takes_a_kernel_is_refused() -> None:
    ran = seismo("--engine", "user", "-c", "true", "-e", "profile:hz:99 { }")
    assert ran.returncode == 255
    assert "nothing samples processors here" in ran.stderr


def test_tests_and_benchmarks_of_a_script_take_no_command() -> None:
    script = "test:good { } test:bad { return 1; }"
    ran = seismo("--engine", "user", "--test", "-e", script)
    assert ran.returncode == 1, ran.stderr
    assert "good" in ran.stdout
    assert seismo("--engine", "user", "--bench", "-e", "bench:one { @ = 1; }").returncode == 0
