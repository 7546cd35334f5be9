"""Buffers at fixed addresses."""

from __future__ import annotations

from ctypes import string_at

import pytest

from seismo.kernel.native import PinnedBuffer, Words


def test_words_are_zero_and_stay_where_they_are() -> None:
    words = Words(3)
    words.values[1] = (1 << 64) - 2
    assert string_at(words.address, 24) == bytes(8) + b"\xfe" + b"\xff" * 7 + bytes(8)


@pytest.mark.parametrize("data", [b"bytes", bytearray(b"bytes"), memoryview(b"a bytes")[2:]])
def test_a_buffer_is_where_its_address_says(data: bytes | bytearray | memoryview) -> None:
    pinned = PinnedBuffer(data)
    assert (pinned.size, string_at(pinned.address, pinned.size)) == (5, b"bytes")
    pinned.release()


def test_a_pinned_buffer_cannot_be_resized() -> None:
    data = bytearray(4)
    pinned = PinnedBuffer(data)
    with pytest.raises(BufferError):
        data.append(0)
    pinned.release()
    data.append(0)


def test_bytes_that_do_not_lie_together() -> None:
    with pytest.raises(BufferError):
        PinnedBuffer(memoryview(b"abcd")[::2])
