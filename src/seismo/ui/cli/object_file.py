"""The object file that a command line names."""

from __future__ import annotations

from seismo.objfile.model import ObjectFile
from seismo.objfile.read import read_object
from seismo.ui.cli.errors import InputError

__all__ = ("read_object_file",)


def read_object_file(path: str) -> ObjectFile:
    """What the file holds; InputError for one that cannot be read, else as `read_object`."""
    try:
        with open(path, "rb") as file:
            return read_object(file.read(), path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
