"""Shared libraries that tests compile, load into themselves and probe."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

COMPILER = shutil.which("cc")

__all__ = ("COMPILER", "CLibrary")


class CLibrary:
    """A compiled and loaded library: `call` runs a function, `offset` finds a symbol in it."""

    def __init__(self, folder: Path, source: str) -> None:
        self.path = str(folder / "probed.so")
        text = folder / "probed.c"
        text.write_text(source)
        command = [str(COMPILER), "-O1", "-fno-inline", "-shared", "-fPIC", "-o", self.path, text]
        subprocess.run(command, check=True)
        self._library = ctypes.CDLL(self.path)

    def call(self, name: str, *arguments: int, times: int = 1) -> int:
        """What the last of the calls returns."""
        function = self._library[name]
        for _ in range(times):
            result: int = function(*arguments)
        return result

    def u16(self, name: str) -> int:
        """The value of a variable."""
        return ctypes.c_uint16.in_dll(self._library, name).value

    def address(self, name: str) -> int:
        """Where a symbol lies in memory."""
        return ctypes.addressof(ctypes.c_char.in_dll(self._library, name))

    def offset(self, name: str) -> int:
        """Where a symbol lies in the file, by how the file is mapped."""
        address = self.address(name)
        for line in Path("/proc/self/maps").read_text().splitlines():
            fields = line.split()
            start, end = (int(one, 16) for one in fields[0].split("-"))
            if start <= address < end and fields[-1] == self.path:
                return address - start + int(fields[2], 16)
        raise AssertionError(f"{name} is in no mapping of {self.path}")
