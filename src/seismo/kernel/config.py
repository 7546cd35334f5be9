"""How the kernel was built, where it tells: the options of its configuration."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from seismo.base.errors import SyscallError
from seismo.kernel.proc import kernel_release
from seismo.kernel.protocol import Kernel

__all__ = ("kernel_config", "unset_options")

_GZIP = 16 + zlib.MAX_WBITS


def kernel_config(kernel: Kernel) -> Mapping[str, str]:
    """The options that are set, `CONFIG_X` to `y`, `m`, a number or a text in quotes, as the file
    has them; empty when it cannot be read.

    From /proc/config.gz (CONFIG_IKCONFIG_PROC), else from where distributions put it.
    """
    try:
        return _parse(zlib.decompress(kernel.read_file("/proc/config.gz"), _GZIP))
    except (SyscallError, zlib.error):
        pass
    release = kernel_release(kernel)
    for path in (f"/boot/config-{release}", f"/lib/modules/{release}/config"):
        try:
            return _parse(kernel.read_file(path))
        except SyscallError:
            continue
    return {}


def unset_options(kernel: Kernel, *options: str) -> str:
    """`CONFIG_A and CONFIG_B are not set`, of those that are not; '' where that is not known."""
    config = kernel_config(kernel)
    missing = [name for name in options if name not in config]
    if not config or not missing:
        return ""
    return f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set"


def _parse(text: bytes) -> dict[str, str]:
    lines = (line for line in text.decode().splitlines() if line.startswith("CONFIG_"))
    pairs = (line.partition("=") for line in lines)
    return {name: value for name, _, value in pairs}
