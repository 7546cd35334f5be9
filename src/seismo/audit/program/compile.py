"""`compile_audit`: the text of audit's programs to what is loaded, for the kernel at hand.

>>> audit = compile_audit(view)
>>> [one.name for one in audit.programs]
['raw_tracepoint__sys_enter', 'raw_tracepoint__sys_exit', …]

Pure: asks the kernel only through the view. The text is `audit/bpf/audit.c` and what it includes;
"record.h" is made of the layouts, "filter.h" is what a configuration filters.
"""

from __future__ import annotations

import hashlib
import os.path
from collections.abc import Mapping, Sequence

from seismo.audit.program.audit_object import (
    PENDING,
    RING_BYTES,
    AuditObject,
    AuditProgram,
    flavour_and_place,
    sized,
    with_stages,
)
from seismo.audit.record.c_text import record_text
from seismo.base.source import Source
from seismo.c.compile import COptions, build_program, compile_c, map_specs, map_types
from seismo.c.tree import Unit
from seismo.isa.prog_types import ProgType
from seismo.probes.view import KernelView
from seismo.spec.types import (
    ObjectSpec,
)

__all__ = (
    "DEFAULT_FILTERS",
    "PENDING",
    "RING_BYTES",
    "AuditObject",
    "AuditProgram",
    "audit_program",
    "audit_text",
    "compile_audit",
    "compiled_text",
    "digest_of",
    "read_part",
    "sized",
)

_PAGE_BYTES = 4096
_DIRECTORY = os.path.join(os.path.dirname(os.path.dirname(__file__)), "bpf")


def read_part(name: str) -> str:
    """The text of a file of `audit/bpf`; OSError."""
    with open(os.path.join(_DIRECTORY, name), encoding="utf-8") as opened:
        return opened.read()


DEFAULT_FILTERS = read_part("default_filter.h")
"""What stands for "filter.h" where nothing is filtered in the kernel."""


def audit_text(filters: str = DEFAULT_FILTERS, optional: Sequence[str] = ()) -> Mapping[str, str]:
    """The files of the text by name, "audit.c" first, as they are compiled.

    `optional` are names of files with further programs, which are included behind all others.
    """
    parts = {"audit.c": read_part("audit.c")}
    parts["audit.c"] += "".join(f'#include "{name}"\n' for name in optional)
    parts |= {"record.h": record_text(), "filter.h": filters}
    names = sorted(one for one in os.listdir(_DIRECTORY) if one.endswith(".h"))
    return parts | {one: read_part(one) for one in names if one not in parts}


def compile_audit(
    view: KernelView,
    *,
    filters: str = DEFAULT_FILTERS,
    ring_bytes: int = RING_BYTES,
    pending: int = PENDING,
    optional: Sequence[str] = (),
) -> AuditObject:
    """The programs for the kernel of the view.

    Raises `DiagnosticsError` for a mistake in the text, NotSupported for a kernel without types.
    """
    parts = audit_text(filters, optional)
    unit = compiled_text(parts, view)
    functions = [
        one.name for one in unit.functions.values() if one.body is not None and not one.is_static
    ]
    programs = tuple(audit_program(unit, one, view) for one in functions)
    maps = tuple(with_stages(one, functions) for one in map_specs(unit))
    spec = ObjectSpec(maps=maps, programs=tuple(one.spec for one in programs), btf=map_types(unit))
    made = AuditObject(spec=spec, programs=programs, digest=digest_of(parts))
    return sized(made, ring_bytes=ring_bytes, pending=pending, cpus=view.possible_cpus())


def compiled_text(parts: Mapping[str, str], view: KernelView, *, is_portable: bool = False) -> Unit:
    """The checked text; with `is_portable` of programs for any kernel and any number of CPUs."""

    def read(path: str) -> str:
        try:
            return parts[os.path.basename(path)]
        except KeyError:
            raise FileNotFoundError(path) from None

    defines = {
        "AUDIT_CPUS": "1" if is_portable else str(view.possible_cpus()),
        "AUDIT_RING_PAGES": str(RING_BYTES // _PAGE_BYTES),
        "AUDIT_PENDING": str(PENDING),
    }
    if view.machine() == "aarch64":
        defines["__aarch64__"] = "1"
    options = COptions(defines=defines, read_file=read, is_portable=is_portable)
    return compile_c(Source("audit.c", parts["audit.c"]), view, options)


def digest_of(parts: Mapping[str, str]) -> str:
    """The SHA-512 of a text, hex: what `AuditObject.digest` says of it."""
    return hashlib.sha512("\0".join(f"{k}\0{v}" for k, v in parts.items()).encode()).hexdigest()


def audit_program(unit: Unit, function: str, view: KernelView) -> AuditProgram:
    """A function of the checked text as a program."""
    flavour, place = flavour_and_place(function)
    spec = build_program(unit, function, flavour, view)
    required = flavour.type is ProgType.RAW_TRACEPOINT
    return AuditProgram(name=function, spec=spec, attach=place, required=required)
