"""Kernel modules of an unpacked package: which files a set of modules needs, in loading order.

The package holds no `modules.dep` (installation makes it), so the `depends=` line in each module's
`.modinfo` section is read instead.
"""

from __future__ import annotations

import lzma
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from lab.errors import LabError

__all__ = ("ModuleTree", "depends")

_DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")


def depends(image: bytes) -> tuple[str, ...]:
    """The modules that must be there before this one, from the bytes of its `.ko` file."""
    found = _DEPENDS.search(image)
    names = found[1].decode() if found else ""
    return tuple(_canonical(name) for name in names.split(",") if name)


class ModuleTree:
    """The modules below `lib/modules/<release>`, by name."""

    def __init__(self, directory: Path) -> None:
        files = directory.rglob("*.ko*")
        self._files = {_canonical(file.name.split(".ko")[0]): file for file in files}
        builtin = (directory / "modules.builtin").read_text().split()
        self._builtin = {_canonical(Path(line).name.removesuffix(".ko")) for line in builtin}

    def closure(self, names: Iterable[str]) -> dict[str, bytes]:
        """The named modules and all they need: name to `.ko` bytes, dependencies first.

        Raises `LabError` for a name that this kernel has neither as a module nor built in.
        """
        chosen: dict[str, bytes] = {}
        for name in names:
            self._add(_canonical(name), chosen)
        return chosen

    def _add(self, name: str, chosen: dict[str, bytes]) -> None:
        if name in chosen or name in self._builtin:
            return
        if name not in self._files:
            raise LabError(f"this kernel has no module {name}")
        image = _decompressed(self._files[name])
        for needed in depends(image):
            self._add(needed, chosen)
        chosen[name] = image


def _canonical(name: str) -> str:
    return name.replace("-", "_")


def _decompressed(file: Path) -> bytes:
    content = file.read_bytes()
    match file.suffix:
        case ".ko":
            return content
        case ".xz":
            return lzma.decompress(content)
        case ".zst":
            return _zstd(content)
    raise LabError(f"{file.name}: unknown compression of a kernel module")


def _zstd(content: bytes) -> bytes:
    if shutil.which("zstd") is None:
        raise LabError("this kernel's modules are compressed by zstd\nhint: install zstd")
    return subprocess.run(
        ["zstd", "-dcq"], input=content, stdout=subprocess.PIPE, check=True
    ).stdout
