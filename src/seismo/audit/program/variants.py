"""Object files of audit's programs: which there are, what they say of themselves, their archive.

What one backend tells another need not, so the programs differ with the set of backends that a
kernel takes. Each set is a *variant*, an object file of its own, which holds in its section
`.seismo.audit` what it was made of. All of them are one compressed archive, which `tar` reads.
"""

from __future__ import annotations

import io
import json
import lzma
import tarfile
from collections.abc import Collection, Mapping
from typing import TypeAlias

from seismo.audit.program.backends import BACKENDS, NAMES_FROM_KERNEL, Backend, Needs
from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError

__all__ = (
    "NOTE",
    "DamagedArchive",
    "Description",
    "Variant",
    "best_variant",
    "pack",
    "read_description",
    "unpack",
    "variants",
    "write_description",
)

Variant: TypeAlias = tuple[str, ...]
"""The files of its backends, in the order in which they are included."""

_ALL = (*BACKENDS, NAMES_FROM_KERNEL)

NOTE = ".seismo.audit"
"""The section that has the description."""

_SUFFIX = ".bpf.o"


class DamagedArchive(BpfError):
    """An archive of audit's programs that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What an object file says of itself: its `variant`, the machine that it is for, the `digest`
    of its text; of each program the file that its function stands in, of each backend the files
    that it is made of. What stands in no backend's files is there whatever is wanted."""

    variant: Variant
    machine: str
    digest: str
    programs: Mapping[str, str]
    backends: Mapping[str, tuple[str, ...]]

    def programs_for(self, backends: Collection[str]) -> tuple[str, ...]:
        """The programs that these backends need, in the order of the text."""
        optional = {file for files in self.backends.values() for file in files}
        needed = {file for name in backends for file in self.backends[name]}
        return tuple(
            [name for name, file in self.programs.items() if file not in optional - needed]
        )


def write_description(one: Description) -> bytes:
    """As the section has it: JSON."""
    value = {
        "variant": one.variant,
        "machine": one.machine,
        "digest": one.digest,
        "programs": dict(one.programs),
        "backends": dict(one.backends),
    }
    return json.dumps(value).encode()


def read_description(data: bytes) -> Description:
    """The inverse of `write_description`; `DamagedArchive`."""
    try:
        value = json.loads(data)
        return Description(
            variant=tuple(value["variant"]),
            machine=value["machine"],
            digest=value["digest"],
            programs=value["programs"],
            backends={name: tuple(files) for name, files in value["backends"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedArchive(f"section {NOTE} says not what the programs are: {error}") from error


def variants() -> tuple[Variant, ...]:
    """Those of kernels that cannot trace functions, of those that can, and of those that can and
    lack the newer tracepoints which tell what functions do; every event wanted."""
    functions = {event for one in _ALL if _is_function(one) for event in one.events}
    plain = [one for one in _ALL if not _is_function(one)]
    newer = [one for one in plain if functions.issuperset(one.events) and one.events]
    without = [one for one in _ALL if one not in newer]
    return tuple(dict.fromkeys([_chosen(plain), _chosen(_ALL), _chosen(without)]))


def _is_function(one: Backend) -> bool:
    return one.needs is Needs.FUNCTION


def _chosen(works: Collection[Backend]) -> Variant:
    """As `choose` does for all events, of a kernel where these work."""
    chosen: list[str] = []
    told: set[int] = set()
    for one in works:
        if one is NAMES_FROM_KERNEL or not told.issuperset(one.events):
            chosen.append(one.file)
            told.update(() if one.is_partial else one.events)
    return tuple(chosen)


def best_variant(known: Collection[Variant], works: Collection[str]) -> Variant:
    """The one with the most backends among those that work on a kernel; `KeyError` for none.

    What is at tracepoints may be left out, where the kernel has none of that name. What is at
    functions must work: others leave to it what it tells.
    """
    functions = frozenset([one.file for one in _ALL if _is_function(one)])
    fitting = [one for one in known if functions.intersection(one) <= set(works)]
    if not fitting:
        raise KeyError(tuple(works))
    return max(fitting, key=lambda one: len(set(works).intersection(one)))


def pack(objects: Mapping[Variant, bytes]) -> bytes:
    """One archive of them; the same objects give the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w:xz", preset=9, format=tarfile.USTAR_FORMAT
    ) as archive:
        for number, data in enumerate(objects.values()):
            info = tarfile.TarInfo(f"{number}{_SUFFIX}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def unpack(data: bytes) -> tuple[bytes, ...]:
    """The objects in an archive; `DamagedArchive`."""
    found: list[bytes] = []
    try:
        # As a whole: xz files have a checksum at their end.
        with tarfile.open(fileobj=io.BytesIO(lzma.decompress(data)), mode="r:") as archive:
            for info in archive:
                opened = archive.extractfile(info)
                if opened is not None:
                    found.append(opened.read())
    except (lzma.LZMAError, tarfile.TarError, OSError, EOFError) as error:
        raise DamagedArchive(f"the archive of audit's programs is damaged: {error}") from error
    return tuple(found)
