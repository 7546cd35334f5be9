"""`bundle`: one file that runs a shipped script where there is nothing but Python.

It is a zip file that Python runs (PEP 441): the script, and of seismo the modules that running
needs. They are there as source, for any Python from 3.11 on, and as the code of the Python that
made the bundle, which starts at once. The same script and the same Python give the same bytes.
`runnable` makes one of any function of ours and the files that it reads.
"""

from __future__ import annotations

import importlib.util
import io
import marshal
import struct
import zipfile
from binascii import crc32
from collections.abc import Collection, Iterator, Mapping

from seismo.ship.modules import module_sources

__all__ = ("bundle", "runnable")

_ENTRY = "seismo.ui.cli.shipped"
_FUNCTION = "run_bundle"
_NOT_NEEDED = ("seismo.elf.demangle_read",)
"""Modules that are imported late, for packages that no bundle has."""
_OF_TOOLS = ("seismo.ui.cli.shipped_tool",)
"""Those that are imported late, and by tools alone."""

_SCRIPT = "script.bo"
_SHEBANG = b"#!/usr/bin/env python3\n"
_SUM_BYTES = 8
"""At the end, where zip files may have a comment: Python does not look at their own checksums."""

_MAIN = f"""\
import sys
from binascii import crc32

if sys.version_info < (3, 11):
    here = sys.version.split()[0]
    sys.exit(sys.argv[0] + ": this needs Python 3.11 or newer, and this is " + here)

with open(__loader__.archive, "rb") as file:
    data = file.read()
if data[-{_SUM_BYTES}:] != b"%08x" % crc32(data[:-{_SUM_BYTES}]):
    sys.exit("error: " + sys.argv[0] + " is damaged: its checksum is wrong")
del data

from ENTRY import FUNCTION

FUNCTION(ARGUMENT)
"""
_DATE = (1980, 1, 1, 0, 0, 0)  # the first that zip files can say
_MODE = 0o644 << 16
_UNCHECKED = 1  # PEP 552: code that is found by its source's hash, which nobody checks
_MARSHAL_VERSION = 2  # later ones tell how often an object is referred to, which varies


def bundle(script: bytes, tool: str = "") -> bytes:
    """The bytes of the file that runs `script`, an object file of `write_object`'s; `tool` is the
    module with the record of the tool that it is, if it is one."""
    entries = (_ENTRY, tool) if tool else (_ENTRY,)
    without = _NOT_NEEDED if tool else (*_NOT_NEEDED, *_OF_TOOLS)
    main = _main(_ENTRY, _FUNCTION, f'__loader__.get_data("{_SCRIPT}")')
    return _archive(main, {_SCRIPT: script}, module_sources(entries, without))


def runnable(
    entry: str, function: str, files: Mapping[str, bytes], without: Collection[str] = ()
) -> bytes:
    """The bytes of the file that calls `function` of the module `entry`, with what gives the bytes
    of each of `files` by its name; modules `without` are left out, and what only they need."""
    main = _main(entry, function, "__loader__.get_data")
    return _archive(main, files, module_sources((entry,), (*_NOT_NEEDED, *without)))


def _main(entry: str, function: str, argument: str) -> str:
    """What runs first."""
    text = _MAIN.replace("ENTRY", entry).replace("FUNCTION", function)
    return text.replace("ARGUMENT", argument)


def _archive(
    main: str, files: Mapping[str, bytes], modules: Mapping[str, tuple[str, bytes]]
) -> bytes:
    buffer = io.BytesIO()
    buffer.write(_SHEBANG)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in _entries(main, files, modules):
            info = zipfile.ZipInfo(name, _DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, wherever it is made
            info.external_attr = _MODE
            archive.writestr(info, data)
        archive.comment = bytes(_SUM_BYTES)
    rest = buffer.getvalue()[:-_SUM_BYTES]
    return rest + b"%08x" % crc32(rest)


def _entries(
    main: str, files: Mapping[str, bytes], modules: Mapping[str, tuple[str, bytes]]
) -> Iterator[tuple[str, bytes]]:
    yield "__main__.py", main.encode()
    yield from files.items()
    for path, source in modules.values():
        yield path, source
        yield f"{path}c", _compiled(source, path)


def _compiled(source: bytes, path: str) -> bytes:
    """The module as a `.pyc` file, without its docstrings."""
    code = compile(source, path, "exec", dont_inherit=True, optimize=2)
    digest = importlib.util.source_hash(source)
    head = importlib.util.MAGIC_NUMBER + struct.pack("<I", _UNCHECKED) + digest
    return head + marshal.dumps(code, _MARSHAL_VERSION)
