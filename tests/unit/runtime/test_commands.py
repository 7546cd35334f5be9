"""Shell commands and files, as `system()` and `cat()` have them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seismo.runtime.commands import CommandFailed, file_text, shell_text


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("echo hi", "hi\n"),
        ("printf 'a\\nb'", "a\nb"),
        ("exit 3", ""),
        ("printf '\\351'", "\udce9"),
        ("printf %s $((6 * 7)) | cat", "42"),
        ("kill -PIPE $$; echo survived", ""),
    ],
)
def test_the_output_of_a_command(command: str, output: str) -> None:
    assert shell_text(command) == output


def test_output_of_any_size_is_read() -> None:
    assert len(shell_text("head -c 300000 /dev/zero | tr '\\0' x")) == 300_000


def test_standard_error_is_left_alone(capfd: pytest.CaptureFixture[str]) -> None:
    assert shell_text("echo out; echo err >&2") == "out\n"
    assert capfd.readouterr().err == "err\n"


def test_nothing_is_left_behind() -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    shell_text("true")
    file_text("/dev/null", 10)
    with pytest.raises(CommandFailed):
        file_text("/no/such/file", 10)
    assert sorted(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize(("limit", "text"), [(0, ""), (3, "abc"), (6, "abcdef"), (100, "abcdef")])
def test_a_file_is_read_up_to_a_limit(tmp_path: Path, limit: int, text: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abcdef")
    assert file_text(str(path), limit) == text


def test_bytes_that_are_no_utf8_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\xff\xc3\xa9")
    assert file_text(str(path), 10) == "\udcffé"


def test_why_a_file_cannot_be_read() -> None:
    with pytest.raises(CommandFailed) as caught:
        file_text("/no/such/file", 10)
    assert str(caught.value) == "cannot read '/no/such/file': No such file or directory"
    with pytest.raises(CommandFailed, match="Is a directory"):
        file_text("/", 10)
