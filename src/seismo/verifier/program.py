"""What is asked of a program as a whole, before any of its instructions is looked at."""

from __future__ import annotations

from seismo.isa.map_types import MapType
from seismo.isa.prog_types import AttachType, ProgType
from seismo.spec.types import MapSpec, ProgramSpec
from seismo.verifier.map_fields import FieldKind
from seismo.verifier.options import Setting
from seismo.verifier.rules import Refused, Rule

__all__ = ("check_program",)

_SLEEPABLE = (ProgType.LSM, ProgType.KPROBE, ProgType.STRUCT_OPS, ProgType.SYSCALL)
_SLEEPABLE_AT = (
    *(AttachType.TRACE_FENTRY, AttachType.TRACE_FEXIT, AttachType.MODIFY_RETURN),
    AttachType.TRACE_ITER,
)
_M = MapType
_MAPS_OF_SLEEPABLE = (
    *(_M.HASH, _M.LRU_HASH, _M.ARRAY, _M.PERCPU_HASH, _M.PERCPU_ARRAY, _M.LRU_PERCPU_HASH),
    *(_M.ARRAY_OF_MAPS, _M.HASH_OF_MAPS, _M.RINGBUF, _M.USER_RINGBUF, _M.INODE_STORAGE),
    *(_M.SK_STORAGE, _M.TASK_STORAGE, _M.CGRP_STORAGE, _M.QUEUE, _M.STACK, _M.ARENA),
)
_PROBES = (
    *(ProgType.KPROBE, ProgType.TRACEPOINT, ProgType.PERF_EVENT, ProgType.RAW_TRACEPOINT),
    ProgType.RAW_TRACEPOINT_WRITABLE,
)
_LOCKS = (FieldKind.LOCK, FieldKind.RESILIENT_LOCK)
_COLLECTIONS = (FieldKind.LIST, FieldKind.TREE)


def check_program(setting: Setting) -> None:
    """Raises Refused for a program that may not sleep but wants to, and for maps that programs of
    its type cannot have (check_map_prog_compatibility of kernel/bpf/verifier.c)."""
    spec = setting.spec
    _check_sleep(spec, is_sleepable=setting.is_sleepable)
    for name in sorted({name for _, name in spec.map_refs}):
        found = setting.maps.get(name)
        if found is not None:
            _check_map(setting, found)


def _check_sleep(spec: ProgramSpec, *, is_sleepable: bool) -> None:
    if spec.type is ProgType.SYSCALL and not is_sleepable:
        raise Refused(
            Rule.INSTRUCTION,
            "Syscall programs can only be sleepable",
            "load the program with BPF_F_SLEEPABLE",
        )
    may_sleep = spec.type in _SLEEPABLE or (
        spec.type is ProgType.TRACING and spec.expected_attach_type in _SLEEPABLE_AT
    )
    if is_sleepable and not may_sleep:
        raise Refused(
            Rule.INSTRUCTION,
            "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be "
            "sleepable",
            "load the program without BPF_F_SLEEPABLE",
        )


def _check_map(setting: Setting, spec: MapSpec) -> None:
    kinds = [one.kind for one in setting.fields_of(spec.name)]
    type_ = setting.spec.type
    if type_ in _PROBES and any(one in kinds for one in _COLLECTIONS):
        raise _not_for("tracing progs cannot use bpf_{list_head,rb_root} yet")
    if type_ in (*_PROBES, ProgType.SOCKET_FILTER) and any(one in kinds for one in _LOCKS):
        who = "tracing" if type_ in _PROBES else "socket filter"
        raise _not_for(f"{who} progs cannot use bpf_spin_lock yet")
    if spec.type is MapType.STRUCT_OPS:
        raise _not_for("bpf_struct_ops map cannot be used in prog")
    if setting.is_sleepable and spec.type not in _MAPS_OF_SLEEPABLE:
        raise _not_for(
            "Sleepable programs can only use array, hash, ringbuf and local storage maps"
        )


def _not_for(message: str) -> Refused:
    return Refused(Rule.INSTRUCTION, message, "use another type of map, or of program")
