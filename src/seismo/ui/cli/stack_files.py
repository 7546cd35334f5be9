"""`--flame`, `--folded`, `--speedscope`: the stacks that a tool found, as files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TextIO

from seismo.base.closing import Closing
from seismo.output.flame import flame_svg
from seismo.output.folded import folded, merged
from seismo.output.speedscope import speedscope_json
from seismo.tools.reports.found import Found
from seismo.tools.reports.stacks import StacksWriter
from seismo.tools.tool import Report, Stacks
from seismo.ui.cli.errors import InputError

__all__ = ("FORMS", "StackFiles")

FORMS: Mapping[str, str] = {
    "flame": "a flame graph of the whole run: an SVG to open in a browser",
    "folded": "folded stacks of the whole run, for other flame graphs",
    "speedscope": "the same as JSON for https://www.speedscope.app",
}
"""What can be written, and what it is."""

_STANDARD_OUTPUT = 1


class StackFiles(Closing):
    """Opens the files at once, so that a run is not for nothing; writes what `keep` was given.

    `-` is standard output.
    """

    def __init__(self, name: str, reports: Sequence[Report], paths: Mapping[str, str]) -> None:
        self._name = name
        self._reports = [one for one in reports if isinstance(one, Stacks)]
        self._files: dict[str, TextIO] = {}
        for form, path in paths.items():
            try:
                # Closing `-` must not close standard output.
                is_standard = path == "-"
                file = os.dup(_STANDARD_OUTPUT) if is_standard else path
                self._files[form] = open(file, "w", encoding="utf-8")  # noqa: SIM115
            except OSError as error:
                self.close()
                raise InputError(f"cannot write --{form} {path}: {error.strerror}") from error

    def keep(self, found: Found) -> None:
        """Write the stacks of a report."""
        writers = map(StacksWriter, self._reports)
        stacks = merged(pair for one in writers for pair in one.frames(found))
        name, unit = self._name, self._reports[0].unit
        for form, file in self._files.items():
            match form:
                case "flame":
                    file.write(flame_svg(stacks, name, unit))
                case "folded":
                    file.write(folded(stacks))
                case _:
                    file.write(speedscope_json(stacks, name, unit))

    def close(self) -> None:
        for file in self._files.values():
            file.close()
