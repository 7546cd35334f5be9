"""How messages call what a tracing program belongs to."""

from __future__ import annotations

from seismo.isa.prog_types import AttachType
from seismo.spec.types import ProgramSpec

__all__ = ("describe_target",)

_KINDS = {
    AttachType.TRACE_FENTRY: "fentry",
    AttachType.TRACE_FEXIT: "fexit",
    AttachType.TRACE_RAW_TP: "rawtracepoint",
    AttachType.TRACE_ITER: "iter",
}
_PREFIXES = {AttachType.TRACE_RAW_TP: "btf_trace_", AttachType.TRACE_ITER: "bpf_iter_"}


def describe_target(spec: ProgramSpec) -> str:
    """`fentry vfs_read`, `rawtracepoint sched_switch`; the program's name if it has none."""
    kind, target = spec.expected_attach_type, spec.target
    if kind is None or target is None:
        return f"program {spec.name}"
    name = target.name.removeprefix(_PREFIXES.get(kind, ""))
    module = f"{target.module}:" if target.module else ""
    inside = f"bpf:{target.program_id}:" if target.program_id else module
    return f"{_KINDS.get(kind, kind.name.lower())} {inside}{name}"
