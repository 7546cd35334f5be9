"""Output files, processes to follow, PID namespaces."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from select import select

import pytest

from seismo.kernel.pid_namespace import pid_namespace
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.target import open_output, process_fd, process_of


def test_output_goes_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with open_output(str(path)) as stream:
        stream.write(b"text")
    assert path.read_bytes() == b"text"


def test_without_a_file_it_is_standard_output() -> None:
    with open_output("") as stream:
        assert stream is sys.stdout.buffer


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"cannot write the output .*: Is a directory"),
        open_output(str(tmp_path)),
    ):
        pass


def test_the_end_of_a_process_is_seen() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        with process_fd(process.pid) as fd:
            assert select([fd], [], [], 0)[0] == []
            process.communicate(b"\n")
            assert select([fd], [], [], 30)[0] == [fd]
        with pytest.raises(OSError):
            os.fstat(fd)


def test_no_process_and_none_of_the_id() -> None:
    with process_fd(0) as fd:
        assert fd == -1
    with subprocess.Popen(["true"]) as ended:
        pass
    with pytest.raises(InputError, match="No such process"), process_fd(ended.pid):
        pass


def has_thread_fds() -> bool:
    """Since Linux 6.9."""
    try:
        os.close(os.pidfd_open(os.getpid(), os.O_EXCL))
    except OSError:
        return False
    return True


def test_the_end_of_a_thread_is_seen_or_else_that_of_its_process() -> None:
    done, tids = threading.Event(), []
    thread = threading.Thread(target=lambda: (tids.append(threading.get_native_id()), done.wait()))
    thread.start()
    while not tids:
        time.sleep(0.001)
    assert process_of(tids[0]) == os.getpid()
    with process_fd(os.getpid(), tids[0]) as fd:
        assert select([fd], [], [], 0)[0] == []
        done.set()
        thread.join()
        assert select([fd], [], [], 30 if has_thread_fds() else 0)[0] == [fd] * has_thread_fds()
    if has_thread_fds():
        with pytest.raises(InputError, match=f"-t {tids[0]}: "), process_fd(os.getpid(), tids[0]):
            pass


def test_a_thread_is_no_process() -> None:
    done, tids = threading.Event(), []
    thread = threading.Thread(target=lambda: (tids.append(threading.get_native_id()), done.wait()))
    thread.start()
    try:
        while not tids:
            time.sleep(0.001)
        hint = f"-t {tids[0]} traces it, -p {os.getpid()} the process"
        message = f"-p {tids[0]}: it is a thread\nhint: {hint}"
        with pytest.raises(InputError, match=message), process_fd(tids[0]):
            pass
    finally:
        done.set()
        thread.join()


def test_the_namespace_is_told_unless_it_is_the_initial_one() -> None:
    link = os.readlink("/proc/self/ns/pid")
    inode = int(link.removeprefix("pid:[").removesuffix("]"))
    namespace = pid_namespace()
    if inode == 0xEFFFFFFC:
        assert namespace is None
    else:
        assert namespace is not None and namespace[1] == inode
