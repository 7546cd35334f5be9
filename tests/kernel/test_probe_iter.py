"""Iterators: the tasks, files and mappings that /proc tells of, too; pinned ones read as files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from script_runs import Ran, run_script
from seismo.base.diagnostics import DiagnosticsError
from seismo.base.errors import SourceError, SyscallError

pytestmark = pytest.mark.kernel

_CHILD = "import sys; print(flush=True); sys.stdin.read()"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    """A process that does nothing."""
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process


@pytest.fixture
def bpffs(tmp_path: Path) -> Iterator[Path]:
    """A file system for pins, with nothing in it that stays."""
    folder = tmp_path / "pins"
    folder.mkdir()
    subprocess.run(["mount", "-t", "bpf", "bpf", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def shown(ran: Ran) -> list[str]:
    """The lines that are not blank."""
    return [line for line in ran.output.splitlines() if line]


@contextmanager
def waiting_threads(count: int) -> Iterator[None]:
    """So many threads of this process that do nothing."""
    leave = threading.Event()
    threads = [threading.Thread(target=leave.wait) for _ in range(count)]
    for one in threads:
        one.start()
    try:
        yield
    finally:
        leave.set()
        for one in threads:
            one.join()


def test_every_thread_of_this_process_once() -> None:
    with waiting_threads(5):
        ran = run_script(
            f"iter:task /ctx->task->tgid == {os.getpid()}/ {{\n"
            '    printf("%d %s\\n", ctx->task->pid, ctx.task.comm);\n'
            "}"
        )
        tasks = Path("/proc/self/task")
        expected = [f"{one.name} {(one / 'comm').read_text().strip()}" for one in tasks.iterdir()]
    assert len(expected) >= 6
    assert sorted(shown(ran)) == sorted(expected)


def test_pid_and_comm_are_the_readers() -> None:
    ran = run_script("iter:task { @[pid, comm] = count(); @tasks = count(); }")
    comm = Path("/proc/self/comm").read_text().strip()
    (tasks,) = re.findall(r"@tasks: (\d+)", ran.output)
    assert f"@[{os.getpid()}, {comm}]: {tasks}" in ran.output


def test_every_file_of_a_process(child: subprocess.Popen[str]) -> None:
    ran = run_script(
        f"iter:task_file /ctx.task.tgid == {child.pid}/ {{\n"
        '    printf("%d %s\\n", ctx.fd, path(ctx.file));\n'
        "}"
    )
    files = Path(f"/proc/{child.pid}/fd")
    expected = [f"{one.name} {os.readlink(one)}" for one in files.iterdir()]
    assert len(expected) >= 3
    assert sorted(shown(ran)) == sorted(expected)


def test_every_mapping_of_a_process(child: subprocess.Popen[str]) -> None:
    ran = run_script(
        f"iter:task_vma /ctx.task.tgid == {child.pid}/ {{\n"
        '    printf("%08lx-%08lx\\n", ctx.vma.vm_start, ctx.vma.vm_end);\n'
        "}"
    )
    maps = Path(f"/proc/{child.pid}/maps").read_text().splitlines()
    # The one that belongs to the kernel, not to the process, is only shown there.
    expected = [line.split()[0] for line in maps if "[vsyscall]" not in line]
    assert shown(ran) == expected


def test_a_flood_of_records_loses_none() -> None:
    """Records of 24 bytes, as the ring holds them, of more than 100 tasks: it is emptied while they
    come."""
    with waiting_threads(100):
        ran = run_script(
            'iter:task { for $i : 0..100 { printf("%d\\n", $i); } @ = count(); }',
            ring_bytes=1 << 18,
        )
    (tasks,) = re.findall(r"@: (\d+)", ran.output)
    lines = re.findall(r"^\d+$", ran.output, re.MULTILINE)
    assert len(lines) == 100 * int(tasks)
    assert len(lines) * 24 > 1 << 18
    assert "lost" not in ran.errors


def test_exit_ends_the_iteration() -> None:
    assert run_script("iter:task { exit(7); }").exit_code == 7


def test_a_pinned_iterator_is_read_as_a_file(bpffs: Path, child: subprocess.Popen[str]) -> None:
    pin = bpffs / "tasks"
    script = (
        f"iter:task:{pin} /ctx.task.tgid == {child.pid}/ {{\n"
        '    printf("%5d|%-8s|%x %lx %d|%u%%|%c|%p|%s\\n", ctx.task.pid, ctx.task.comm,'
        "           0x1234567890, 0x1234567890, (int8)-1, -1, 65, 255, pid);\n"
        "}"
    )
    assert shown(run_script(script)) == []
    comm = Path(f"/proc/{child.pid}/comm").read_text().strip()
    start = f"{child.pid:5}|{comm:8}|34567890 1234567890 -1|4294967295%|A|0xff|"
    for _ in range(2):
        assert pin.read_text() == f"{start}{os.getpid()}\n"


def test_a_pin_is_made_once(bpffs: Path) -> None:
    script = f'iter:task:{bpffs / "one"} {{ printf("x"); }}'
    run_script(script)
    with pytest.raises(SyscallError, match="there is such a file already"):
        run_script(script)
    # Every bpffs has the other two (kernel/bpf/inode.c: populate_bpffs).
    assert {one.name for one in bpffs.iterdir()} - {"maps.debug", "progs.debug"} == {"one"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("print(1);", "a pinned iterator can only printf()"),
        ("exit();", "a pinned iterator can only printf()"),
        ('printf("%o", 8);', "a pinned iterator has no %o"),
        ('printf("%#x", 8);', "a pinned iterator has no %#x"),
        ('printf("%*d", 8, 1);', "a pinned iterator has no %*d"),
        ('printf("%s", (1, 2));', "a pinned iterator cannot show"),
        ('printf("%s", ctx.task);', "a pinned iterator cannot show"),
        ('for $i : 0..3 { printf("x"); }', "a pinned iterator cannot print in a loop or a fu"),
        (f'printf("{"%d" * 13}"{", 1" * 13});', "a pinned iterator prints at most 12 values"),
    ],
)
def test_what_no_reader_can_be_shown(body: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        run_script(f"iter:task:x {{ {body} }}")
    assert caught.value.message.startswith(message)
    assert caught.value.span.text in body


def test_an_iterator_is_the_only_probe() -> None:
    with pytest.raises(DiagnosticsError) as caught:
        run_script("BEGIN { } iter:task { } interval:s:1 { }")
    told = [(one.span.text, one.message) for one in caught.value.diagnostics]
    message = "an iterator is the only probe of its script"
    assert told == [("BEGIN", message), ("interval:s:1", message)]


def test_an_iterator_that_is_none() -> None:
    with pytest.raises(DiagnosticsError) as caught:
        run_script("iter:task_fil { }")
    (one,) = caught.value.diagnostics
    assert (one.message, one.hint) == (
        "there is no iterator 'task_fil'",
        "did you mean 'task_file'?",
    )


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (
            "path(ctx.fd)",
            "ctx.fd: the file of path() must be a pointer or a record, not uint32",
        ),
        (
            "path(ctx.task)",
            "ctx.task: path() takes a struct path, a struct file * or a struct dentry *, "
            "not struct task_struct *",
        ),
        ("$f = ctx.file; path($f.f_path)", None),
        ("path(ctx.file.f_path, 0)", "0: path() needs at least one byte"),
        ("path(ctx.file.f_path, 9999)", None),
    ],
)
def test_what_path_takes(body: str, complaint: str | None) -> None:
    *before, last = body.split("; ")
    script = f"iter:task_file {{ {'; '.join([*before, ''])}print({last}); }}"
    if complaint is None:
        run_script(script)
        return
    with pytest.raises(DiagnosticsError) as caught:
        run_script(script)
    assert [f"{one.span.text}: {one.message}" for one in caught.value.diagnostics] == [complaint]
