"""Owning file descriptors: closed once, known while open."""

from __future__ import annotations

import os

import pytest

from seismo.kernel.fd import ClosedFd, Fd, open_fds
from seismo.kernel.live import LiveKernel


@pytest.fixture
def pipe() -> tuple[Fd, Fd]:
    kernel = LiveKernel()
    reader, writer = os.pipe()
    return Fd(kernel, reader, "pipe", "reader"), Fd(kernel, writer, "pipe", "writer")


def test_an_fd_is_a_number_until_it_is_closed(pipe: tuple[Fd, Fd]) -> None:
    reader, writer = pipe
    with reader, writer:
        os.write(writer.fileno(), b"x")
        assert os.read(int(reader), 1) == b"x"
        number = int(reader)
    assert not reader.is_open
    with pytest.raises(ClosedFd, match="reader"):
        int(reader)
    with pytest.raises(OSError):
        os.fstat(number)


def test_closing_twice_closes_once(pipe: tuple[Fd, Fd]) -> None:
    """The number may be somebody else's by then."""
    reader, writer = pipe
    number = int(reader)
    reader.close()
    reused = os.dup(int(writer))
    assert reused == number
    reader.close()
    os.fstat(reused)
    os.close(reused)
    writer.close()


def test_open_fds_say_where_they_were_opened(pipe: tuple[Fd, Fd]) -> None:
    reader, writer = pipe
    assert open_fds()[-2:] == pipe
    assert f"pipe reader, opened at {__file__}:" in repr(reader)
    reader.close()
    assert reader not in open_fds()
    assert writer in open_fds()
    writer.close()
