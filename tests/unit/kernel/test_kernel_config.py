"""The kernel's configuration, from wherever it is."""

from __future__ import annotations

import errno
import gzip

import pytest

from seismo.base.errors import SyscallError
from seismo.kernel.config import kernel_config, unset_options
from seismo.kernel.live import LiveKernel

RELEASE = {"/proc/sys/kernel/osrelease": b"6.1.0-test\n"}
TEXT = b"""#
# Automatically generated file
#
CONFIG_BPF=y
# CONFIG_KPROBES is not set
CONFIG_XFS_FS=m
CONFIG_LSM="lockdown,bpf"
CONFIG_HZ=250
"""
OPTIONS = {
    "CONFIG_BPF": "y",
    "CONFIG_XFS_FS": "m",
    "CONFIG_LSM": '"lockdown,bpf"',
    "CONFIG_HZ": "250",
}


class FilesKernel(LiveKernel):
    """A kernel that has these files and no others."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__()
        self._files = files

    def read_file(self, path: str) -> bytes:
        if path not in self._files:
            raise SyscallError(f"read {path}", errno.ENOENT)
        return self._files[path]


@pytest.mark.parametrize(
    "files",
    [
        {"/proc/config.gz": gzip.compress(TEXT)},
        {"/boot/config-6.1.0-test": TEXT},
        {"/lib/modules/6.1.0-test/config": TEXT},
        {"/proc/config.gz": b"no gzip", "/boot/config-6.1.0-test": TEXT},
    ],
    ids=["proc", "boot", "modules", "damaged"],
)
def test_the_options_that_are_set(files: dict[str, bytes]) -> None:
    kernel = FilesKernel(RELEASE | files)
    assert kernel_config(kernel) == OPTIONS
    assert unset_options(kernel, "CONFIG_BPF", "CONFIG_KPROBES") == "CONFIG_KPROBES is not set"
    assert (
        unset_options(kernel, "CONFIG_FPROBE", "CONFIG_KPROBES")
        == "CONFIG_FPROBE and CONFIG_KPROBES are not set"
    )
    assert unset_options(kernel, "CONFIG_BPF", "CONFIG_XFS_FS") == ""


def test_a_configuration_of_another_kernel_is_not_taken() -> None:
    kernel = FilesKernel(RELEASE | {"/boot/config-6.12.0": TEXT})
    assert kernel_config(kernel) == {}
    assert unset_options(kernel, "CONFIG_KPROBES") == ""
