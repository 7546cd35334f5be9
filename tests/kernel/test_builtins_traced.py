"""Functions on what a traced process hands to the kernel, through the command."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.kernel


def seismo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command and wait for it."""
    command = [sys.executable, "-m", "seismo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file whose name nobody else opens."""
    path = tmp_path / "seismograph"
    path.write_text("needle\n")
    return str(path)


def lines_of(body: str, file: str) -> list[str]:
    """What a probe at `openat` prints of a command that opens `file`."""
    script = f"""tracepoint:syscalls:sys_enter_openat
        /pid == cpid && strcontains(str(args.filename), "seismograph")/ {{ {body} }}"""
    done = seismo("-e", script, "-c", f"/bin/cat {file}")
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line and line != "needle"]


def test_strings_in_user_memory(file: str) -> None:
    body = """printf("%s %s %d %d %d\\n", str(args.filename), str(args.filename, 4),
        strlen(args.filename), strstr(args.filename, "graph"), strncmp(args.filename, "/", 1));"""
    found = file.index("graph")
    assert lines_of(body, file) == [f"{file} {file[:4]} {len(file)} {found} 0"]


def test_bytes_in_user_memory(file: str) -> None:
    body = 'printf("%r %d\\n", buf(args.filename, 5), memcmp(args.filename, "/", 1));'
    assert lines_of(body, file) == [f"{file[:5]} 0"]


def test_a_users_pointer_as_a_number(file: str) -> None:
    body = 'printf("%s\\n", str(uptr((uint64)args.filename)));'
    assert lines_of(body, file) == [file]


def test_syscall_name_at_a_system_call() -> None:
    body = "@[syscall_name(args.id)] = count();"
    script = f"tracepoint:raw_syscalls:sys_enter /pid == cpid/ {{ {body} }}"
    done = seismo("-e", script, "-c", "/bin/true")
    assert done.returncode == 0, done.stderr
    assert "@[exit_group]: 1" in done.stdout.splitlines()


@pytest.mark.parametrize("call", ['signal("SIGTERM")', "signal(15)", 'signal_thread("TERM")'])
def test_signals(call: str) -> None:
    script = f"""tracepoint:syscalls:sys_enter_clock_nanosleep /pid == cpid/ {{
        {call}; printf("sent\\n"); }}"""
    done = seismo("--unsafe", "-e", script, "-c", "/bin/sleep 60")
    assert done.stdout.split() == ["sent"]
    assert signal.SIGTERM.name not in done.stderr or done.returncode != 0
