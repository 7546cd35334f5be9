"""`section_kind`: what a program is, by the name of the section that it is compiled into.

>>> section_kind("kprobe/vfs_read+0x8").at
KprobeAttach(function='vfs_read', offset=8, ...)
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError
from seismo.isa.prog_types import AttachType, ProgType
from seismo.objfile.section_table import OLD_NAMES, SECTIONS, SectionRow
from seismo.spec.object_attach import ObjectAttach
from seismo.spec.types import AttachSpec, ProgramTarget

__all__ = ("SectionKind", "UnknownSection", "section_kind")

_ROWS = {row.name: row for row in (*SECTIONS, *OLD_NAMES)}
_OPTIONAL = "?"
# Before 1.0 libbpf looked no further than the name's beginning: `xdp_drop`, `socket1`, `xdp/drop`.
_LABEL_BEGINS = "/_0123456789"


class UnknownSection(BpfError, LookupError):
    """No kind of program has a section of that name; `hint` may know a near one."""

    def __init__(self, section: str, hint: str = "") -> None:
        what = f'SEC("{section}") is no kind of program'
        super().__init__(what + (f"\nhint: {hint}" if hint else ""))
        self.section = section
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionKind:
    """What `SEC("…")` says: the type to load as, and where to attach, as far as it is said.

    `at` is None where the section leaves it to the user (`xdp`: at which interface?); `is_optional`
    (`SEC("?…")`) is not loaded unless it is asked for.
    """

    type: ProgType
    attach_type: AttachType | None = None
    flags: int = 0
    target: ProgramTarget | None = None
    at: AttachSpec | ObjectAttach | None = None
    is_optional: bool = False


def section_kind(section: str) -> SectionKind:
    """The kind of the programs in `section`; `UnknownSection`, with a near name, if it has none.

    What follows a known name and does not say where to attach in that kind's form is taken as a
    mere label, as older objects have one.
    """
    name = section.removeprefix(_OPTIONAL)
    row, details = _find(name)
    return SectionKind(
        type=row.type,
        attach_type=row.attach_type,
        flags=row.flags,
        target=_target(row, details),
        at=row.parse(details) if row.parse else None,
        is_optional=name != section,
    )


def _find(name: str) -> tuple[SectionRow, str]:
    """The row, and what follows its name and a slash. Raises `UnknownSection`."""
    if name in _ROWS:
        return _ROWS[name], ""
    head, _, details = name.partition("/")
    if head in _ROWS and _ROWS[head].has_details:
        return _ROWS[head], details
    labelled = [row for row in _ROWS.values() if not row.has_details and _is_label(row.name, name)]
    if labelled:
        return max(labelled, key=_length), ""
    near = did_you_mean(name, _ROWS)
    raise UnknownSection(name, near or did_you_mean(head, _ROWS))


def _is_label(known: str, name: str) -> bool:
    return name.startswith(known) and name[len(known)] in _LABEL_BEGINS


def _length(row: SectionRow) -> int:
    return len(row.name)


def _target(row: SectionRow, details: str) -> ProgramTarget | None:
    """What the program is loaded for, if the section names it: `name`, or `module:name`."""
    if row.prefix is None or not details:
        return None
    module, _, name = details.rpartition(":")
    return ProgramTarget(row.prefix + name, module)
