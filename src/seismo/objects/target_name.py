"""How messages call what a tracing program belongs to."""

from __future__ import annotations

from seismo.isa.prog_types import AttachType, ProgType
from seismo.spec.types import ProgramSpec

__all__ = ("describe_target",)

_KINDS = {
    AttachType.TRACE_FENTRY: "fentry",
    AttachType.TRACE_FEXIT: "fexit",
    AttachType.TRACE_RAW_TP: "rawtracepoint",
    AttachType.TRACE_ITER: "iter",
    AttachType.MODIFY_RETURN: "fmod_ret",
    AttachType.LSM_MAC: "lsm",
    AttachType.LSM_CGROUP: "lsm_cgroup",
}
_PREFIXES = {
    AttachType.TRACE_RAW_TP: "btf_trace_",
    AttachType.TRACE_ITER: "bpf_iter_",
    AttachType.LSM_MAC: "bpf_lsm_",
    AttachType.LSM_CGROUP: "bpf_lsm_",
}


def describe_target(spec: ProgramSpec) -> str:
    """`fentry vfs_read`, `rawtracepoint sched_switch`; the program's name if it has none."""
    kind, target = spec.expected_attach_type, spec.target
    if target is not None and target.member:
        return f"struct_ops {target.name}.{target.member}"
    if target is None or (kind is None and spec.type is not ProgType.EXT):
        return f"program {spec.name}"
    module = f"{target.module}:" if target.module else ""
    inside = f"bpf:{target.program_id}:" if target.program_id else module
    if kind is None:
        return f"freplace {inside}{target.name}"
    name = target.name.removeprefix(_PREFIXES.get(kind, ""))
    return f"{_KINDS.get(kind, kind.name.lower())} {inside}{name}"
