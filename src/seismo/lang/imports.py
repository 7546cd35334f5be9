"""`import "path";`: scripts, C headers and directories of them become part of the script.

Paths are relative to the file that imports. What a file imports comes before its own, so that
`BEGIN` runs in the order in which one needs the other; each file comes once.
"""

from __future__ import annotations

import os.path
from collections.abc import Sequence
from typing import Protocol

from seismo.base.dataclass import replace
from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source, Span
from seismo.lang.ast import Import, Script
from seismo.lang.parse_probe import parse

__all__ = ("Files", "resolve_imports")

_KINDS = (".bt", ".h")
_C_PROGRAM = ".bpf.c"
_LIBRARY = "stdlib"


class Files(Protocol):
    """What imports ask of a file system; every method raises OSError where there is no such."""

    def read(self, path: str) -> str:
        """The text of a file."""

    def entries(self, path: str) -> Sequence[str]:
        """Names of the files in a directory, in any order."""

    def is_directory(self, path: str) -> bool:
        """Whether a directory is there; False where nothing is."""

    def is_world_writable(self, path: str) -> bool:
        """Whether everybody may write to it."""


def resolve_imports(
    script: Script, files: Files, diagnostics: Diagnostics, parameters: Sequence[str] = ()
) -> Script:
    """The script with everything that it imports, and without imports.

    What cannot be imported goes to `diagnostics`. `parameters` are `$1`, `$2`, … of imported
    scripts, too. The standard library is there anyway: importing a part of it changes nothing.
    """
    if not script.imports:
        return script
    importer = _Importer(files, diagnostics, parameters)
    importer.seen.add(os.path.normpath(script.source.name))
    importer.script(script)
    return importer.joined(script)


class _Importer:
    """The scripts so far, each after those that it imports."""

    __slots__ = ("diagnostics", "files", "parameters", "scripts", "seen")

    def __init__(self, files: Files, diagnostics: Diagnostics, parameters: Sequence[str]) -> None:
        self.files = files
        self.diagnostics = diagnostics
        self.parameters = parameters
        self.scripts: list[Script] = []
        self.seen: set[str] = set()

    def script(self, script: Script) -> None:
        """Take what a script imports, then the script."""
        folder = os.path.dirname(script.source.name)
        for one in script.imports:
            if one.path.partition("/")[0] != _LIBRARY:
                self.path(os.path.normpath(os.path.join(folder, one.path)), one)
        self.scripts.append(script)

    def path(self, path: str, by: Import) -> None:
        """Take a file, or the files of a directory."""
        if path in self.seen:
            return
        self.seen.add(path)
        try:
            if self.files.is_directory(path):
                self.folder(path, by)
            else:
                self.file(path, by)
        except OSError as error:
            self.refuse(by, f"cannot import '{path}': {error.strerror}", self.where(by))

    def folder(self, path: str, by: Import) -> None:
        if self.files.is_world_writable(path):
            hint = f"anybody can put code there: chmod o-w {path}"
            self.refuse(by, f"cannot import '{path}': the directory is world-writable", hint)
            return
        for name in sorted(self.files.entries(path)):
            if name.endswith((*_KINDS, _C_PROGRAM)):
                self.path(os.path.join(path, name), by)

    def file(self, path: str, by: Import) -> None:
        if path.endswith(_C_PROGRAM):
            hint = "only scripts (.bt) and headers (.h) can be imported"
            self.refuse(by, f"cannot import '{path}': C programs cannot be compiled yet", hint)
        elif path.endswith(".h"):
            header = Source(path, self.files.read(path))
            text = Span(header, 0, len(header.text))
            self.scripts.append(Script(header, (), c_text=(text,)))
        elif path.endswith(".bt"):
            source = Source(path, self.files.read(path))
            imported = parse(source, self.diagnostics, self.parameters)
            for entry in imported.config[:1]:
                hint = "settings are the main script's: move them there"
                message = "an imported script cannot have a config block"
                self.diagnostics.error(entry.key_span, message, hint)
            self.script(imported)
        else:
            hint = "what can be imported ends in .bt or .h, or is a directory"
            self.refuse(by, f"cannot import '{path}': it is no script", hint)

    def refuse(self, by: Import, message: str, hint: str) -> None:
        self.diagnostics.error(by.span, message, hint)

    def where(self, by: Import) -> str:
        folder = os.path.dirname(by.span.source.name) or "the current directory"
        return "" if os.path.isabs(by.path) else f"'{by.path}' is looked for in {folder}"

    def joined(self, script: Script) -> Script:
        """One script of all; the settings are the main one's."""
        parts = self.scripts
        return replace(
            script,
            imports=(),
            probes=tuple(one for part in parts for one in part.probes),
            c_text=tuple(one for part in parts for one in part.c_text),
            macros=tuple(one for part in parts for one in part.macros),
            functions=tuple(one for part in parts for one in part.functions),
            maps=tuple(one for part in parts for one in part.maps),
        )
