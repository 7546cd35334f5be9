"""Programs of object files for `seismo vm`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seismo.facts import LiveFacts
from seismo.kernel.live import LiveKernel
from seismo.objfile.link import link
from seismo.objfile.read import read_object
from seismo.spec.types import ProgramSpec
from seismo.ui.cli.errors import InputError
from seismo.vm.maps.create import create_maps
from seismo.vm.maps.vm_map import VmMap

__all__ = ("read_file",)


def read_file(path: str, names: Sequence[str]) -> tuple[ProgramSpec, Mapping[str, VmMap]]:
    """The program of that name, or the only one, and the maps of its file; InputError."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    source = read_object(data, path)
    known = [one.name for one in source.programs]
    wanted = list(names) or known
    if len(wanted) != 1 or wanted[0] not in known:
        what = f"there is no program '{wanted[0]}'" if len(wanted) == 1 else "name one program"
        raise InputError(f"{path}: {what}\nhint: there are {', '.join(known) or 'none'}")
    whole = link(source, LiveFacts(LiveKernel(), ""), set(wanted))
    (program,) = [one for one in whole.programs if one.name == wanted[0]]
    return program, create_maps(whole.maps)
