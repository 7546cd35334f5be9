"""Which `SEC()` name makes libbpf load a program of ours as what it is, and attach it if it can."""

from __future__ import annotations

from seismo.isa.prog_types import AttachType, ProgType
from seismo.spec.types import (
    AttachSpec,
    KprobeAttach,
    KprobeMultiAttach,
    ProgramSpec,
    RawTracepointAttach,
    TracepointAttach,
    UprobeAttach,
    UprobeMultiAttach,
)

__all__ = ("section_name",)

_TRACING = {
    AttachType.TRACE_FENTRY: ("fentry", ""),
    AttachType.TRACE_FEXIT: ("fexit", ""),
    AttachType.TRACE_RAW_TP: ("tp_btf", "btf_trace_"),
    AttachType.TRACE_ITER: ("iter", "bpf_iter_"),
    AttachType.MODIFY_RETURN: ("fmod_ret", ""),
    AttachType.LSM_MAC: ("lsm", "bpf_lsm_"),
}
"""Each name, and what its targets begin with in BTF."""

_BY_TYPE = {
    ProgType.KPROBE: "kprobe",
    ProgType.TRACEPOINT: "tracepoint",
    ProgType.PERF_EVENT: "perf_event",
    ProgType.RAW_TRACEPOINT: "raw_tp",
}
"""What is attached by more than a name, or run on demand."""


def section_name(program: ProgramSpec, at: AttachSpec | None) -> str:
    """The section of a program whose first place is `at` (None: it is run on demand).

    libbpf has no name for places in files by offset, nor for timers and counters: such a program is
    loaded, and attached by nobody but us.
    """
    if program.target is not None and program.expected_attach_type in _TRACING:
        name, prefix = _TRACING[program.expected_attach_type]
        module = f"{program.target.module}:" if program.target.module else ""
        return f"{name}/{module}{program.target.name.removeprefix(prefix)}"
    match at:
        case TracepointAttach():
            return f"tracepoint/{at.category}/{at.name}"
        case RawTracepointAttach():
            return f"raw_tp/{at.name}"
        case KprobeAttach(function=function) if function:
            plus = f"+{at.offset:#x}" if at.offset else ""
            return f"{_return('kprobe', at.is_return)}/{function}{plus}"
        case KprobeMultiAttach():
            return f"{_return('kprobe', at.is_return)}.multi/{at.functions[0]}"
        case UprobeAttach():
            return _return("uprobe", at.is_return)
        case UprobeMultiAttach():
            return f"{_return('uprobe', at.is_return)}.multi"
        case _:
            return _BY_TYPE[program.type]


def _return(kind: str, is_return: bool) -> str:
    """`kprobe`, `kretprobe`."""
    return f"{kind[0]}ret{kind[1:]}" if is_return else kind
