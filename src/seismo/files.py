"""`LiveFiles`: the file system, as scripts import from it."""

from __future__ import annotations

import os
import stat

__all__ = ("LiveFiles",)


class LiveFiles:
    """`lang.imports.Files` by system calls; every method raises OSError."""

    def read(self, path: str) -> str:
        """The text of a file; bytes that are no UTF-8 survive as surrogates."""
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()

    def entries(self, path: str) -> tuple[str, ...]:
        """Names of the files in a directory, in no order."""
        return tuple(os.listdir(path))

    def is_directory(self, path: str) -> bool:
        """Whether a directory is there, itself or behind a link."""
        return os.path.isdir(path)

    def is_world_writable(self, path: str) -> bool:
        """Whether everybody may write to it."""
        return bool(os.stat(path).st_mode & stat.S_IWOTH)
