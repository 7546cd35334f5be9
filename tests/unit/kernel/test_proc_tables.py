"""What sysfs tells of event sources, and procfs of threads."""

from __future__ import annotations

import errno
import os
import threading

import pytest

from seismo.base.errors import FormatError, SyscallError
from seismo.kernel.live import LiveKernel
from seismo.kernel.proc import pmu_field, thread_ids


class OneFile(LiveKernel):
    """A kernel whose every file has this text."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self._text = text

    def read_file(self, path: str) -> bytes:
        return self._text


@pytest.mark.parametrize(
    ("text", "bits"),
    [(b"config:0\n", (0, 0)), (b"config:32-63\n", (32, 63)), (b"config:5-5", (5, 5))],
)
def test_a_field_is_its_first_and_last_bit(text: bytes, bits: tuple[int, int]) -> None:
    assert pmu_field(OneFile(text), "uprobe", "retprobe") == bits


@pytest.mark.parametrize(
    "text", [b"config1:0\n", b"config:\n", b"config:0,4-5", b"config:a-b", b""]
)
def test_other_fields_are_refused(text: bytes) -> None:
    with pytest.raises(FormatError, match="are no bits of config"):
        pmu_field(OneFile(text), "uprobe", "retprobe")


def test_the_threads_of_this_process() -> None:
    kernel, stop = LiveKernel(), threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    found = thread_ids(kernel, os.getpid())
    stop.set()
    thread.join()
    # Numbers begin anew after the largest, so a thread's may be below its process's.
    assert {os.getpid(), thread.native_id} <= set(found)
    assert list(found) == sorted(found)


def test_the_threads_of_nobody() -> None:
    with pytest.raises(SyscallError) as caught:
        thread_ids(LiveKernel(), (1 << 22) - 1)
    assert caught.value.errno == errno.ENOENT
