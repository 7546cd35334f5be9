"""ptrace(2) by itself: a child of our own is seized, stopped, read and let go."""

from __future__ import annotations

import ctypes
import errno
import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from seismo.base.errors import SyscallError
from seismo.kernel.child_signal import ChildSignal
from seismo.kernel.ptrace import (
    Option,
    Report,
    StopEvent,
    call_stop,
    detach,
    event_message,
    interrupt,
    next_report,
    peek_report,
    read_memory,
    refusal,
    resume,
    seize,
    signal_details,
)

_TEXT = ctypes.create_string_buffer(b"what the child has, too")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def child() -> Iterator[int]:
    """A process that is seized, and stands still; it ends with 3 when SIGUSR1 is delivered."""
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGUSR1, lambda number, frame: os._exit(3))
        while True:
            time.sleep(60)
    try:
        _seize(pid)
        interrupt(pid)
        assert _next(pid) == Report(pid=pid, event=StopEvent.STOP, signal=signal.SIGTRAP)
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        # Who stands at its exit is not moved on by it.
        while next_report(pid).end is None:
            with suppress(SyscallError):
                resume(pid)


def _seize(pid: int) -> None:
    # By then it has its handler, and sleeps.
    time.sleep(0.1)
    try:
        seize(pid, Option.SYSGOOD | Option.EXIT | Option.EXEC)
    except SyscallError as error:
        pytest.skip(f"ptrace is refused here: {error}")


def _next(pid: int) -> Report:
    return next_report(pid, waits=True)


def test_memory_of_who_stands_still(child: int) -> None:
    address = ctypes.addressof(_TEXT)
    assert read_memory(child, address, len(_TEXT)) == _TEXT.raw
    for wrong in (0, 1 << 63):
        with pytest.raises(OSError, match=os.strerror(errno.EFAULT)):
            read_memory(child, wrong, 1)


def test_memory_that_ends_in_between(child: int) -> None:
    lines = Path(f"/proc/{child}/maps").read_text().splitlines()
    spans = [line.split()[0].split("-") for line in lines if line.split()[1].startswith("r")]
    starts = {int(start, 16) for start, _ in spans}
    end = next(int(end, 16) for _, end in spans if int(end, 16) not in starts)
    assert len(read_memory(child, end - _PAGE, _PAGE)) == _PAGE
    with pytest.raises(OSError, match=os.strerror(errno.EFAULT)):
        read_memory(child, end - 8, 16)


def test_stops_at_a_call_and_for_a_signal(child: int) -> None:
    os.kill(child, signal.SIGUSR1)
    resume(child, to_next_call=True)
    assert _next(child) == Report(pid=child, signal=signal.SIGUSR1)
    assert signal_details(child) == (signal.SIGUSR1, 0, 0)
    resume(child, signal.SIGUSR1, to_next_call=True)
    entries = []
    while (report := _next(child)).is_call:
        stop = call_stop(child)
        if stop.is_entry:
            entries.append(stop)
            assert len(stop.arguments) == 6
        resume(child, to_next_call=True)
    assert entries[-1].arguments[0] == 3  # exit_group(3)
    assert report.event == StopEvent.EXIT
    assert event_message(child) == 3 << 8


def test_an_interrupted_call_goes_on(child: int) -> None:
    resume(child, to_next_call=True)
    assert _next(child).is_call
    assert call_stop(child).is_entry


def test_who_is_let_go_gets_the_signal() -> None:
    pid = os.fork()
    if pid == 0:
        while True:
            time.sleep(60)
    _seize(pid)
    os.kill(pid, signal.SIGTERM)
    assert _next(pid).signal == signal.SIGTERM
    detach(pid, signal.SIGTERM)
    assert _next(pid) == Report(pid=pid, end=-signal.SIGTERM)
    assert next_report(pid) == Report(pid=0)


def test_who_is_not_traced_is_no_such_process() -> None:
    with pytest.raises(SyscallError) as caught:
        event_message(os.getpid())
    assert (caught.value.errno, caught.value.call) == (errno.ESRCH, "ptrace(PTRACE_GETEVENTMSG)")
    with pytest.raises(SyscallError) as caught:
        seize(os.getpid(), 0)
    assert caught.value.errno == errno.EPERM
    assert "seccomp" in caught.value.hint or "yama" in caught.value.hint


def test_to_look_takes_nothing() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(9)
    while peek_report() != pid:
        time.sleep(0.001)
    assert peek_report() == pid
    assert next_report(pid) == Report(pid=pid, end=9)
    assert next_report(pid).pid == 0


@pytest.mark.parametrize(
    ("number", "scope", "words"),
    [
        (errno.EPERM, "3", "until the next boot"),
        (errno.EPERM, "2", "CAP_SYS_PTRACE may trace"),
        (errno.EPERM, "1", "--cap-add SYS_PTRACE"),
        (errno.EPERM, "", "--cap-add SYS_PTRACE"),
        (errno.ENOSYS, "", "seccomp"),
        (errno.EIO, "", "Linux 3.4"),
    ],
)
def test_a_refusal_is_explained(number: int, scope: str, words: str) -> None:
    assert words in refusal(number, scope)


def test_a_refusal_that_errno_explains() -> None:
    assert refusal(errno.ESRCH, "1") == ""


def test_a_child_makes_the_descriptor_readable() -> None:
    with ChildSignal() as changed:
        assert not select.select([changed.fd], (), (), 0)[0]
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        assert select.select([changed.fd], (), (), 60)[0]
        changed.take()
        assert not select.select([changed.fd], (), (), 0)[0]
        changed.take()
        changed.again()
        assert select.select([changed.fd], (), (), 0)[0]
        os.waitpid(pid, 0)


def test_the_signal_is_as_before_afterwards() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with ChildSignal():
            assert signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL
            assert signal.SIGCHLD in signal.pthread_sigmask(signal.SIG_BLOCK, ())
        assert signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN
        assert signal.SIGCHLD not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_children_of_other_threads_are_not_ours() -> None:
    made: list[int] = []
    is_seen, may_end = threading.Event(), threading.Event()

    def run() -> None:
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        made.append(pid)
        is_seen.set()
        may_end.wait()
        os.waitpid(pid, 0)

    thread = threading.Thread(target=run)
    thread.start()
    is_seen.wait()
    assert peek_report() == 0
    may_end.set()
    thread.join()
