"""The commands of bpf(2) that load programs, and that tell of programs and maps."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence

from seismo.base.bits import U32_MAX
from seismo.base.dataclass import replace
from seismo.base.errors import FormatError, SyscallError
from seismo.engine.objects import MapObject, Objects, ProgramObject
from seismo.isa.decode import decode
from seismo.isa.encode import SLOT_BYTES
from seismo.isa.errors import NotFound
from seismo.isa.helpers import helper_id, helper_name
from seismo.isa.insn import Insn
from seismo.isa.opcode import LoadKind
from seismo.isa.prog_types import ProgType
from seismo.kernel.abi import BpfMapInfo, BpfProgInfo, ObjInfoAttr, ProgLoadAttr
from seismo.kernel.attr_memory import read_pointed, structure_bytes, write_pointed
from seismo.spec.types import ProgramSpec
from seismo.vm.calls.table import DEFAULT
from seismo.vm.environment import Environment
from seismo.vm.errors import BadProgram
from seismo.vm.machine import Engine, Machine
from seismo.vm.maps.vm_map import VmMap
from seismo.vm.memory import Memory

__all__ = ("describe", "load")

_NUMA_NODE = helper_id("get_numa_node_id")
"""Nobody tells of it: hits know their processor, and no more."""

_BY_FD = (LoadKind.MAP_FD, LoadKind.MAP_VALUE)


def load(
    objects: Objects,
    attr: ProgLoadAttr,
    call: str,
    world: tuple[Memory, Environment],
    specs: Mapping[str, ProgramSpec],
) -> int:
    """BPF_PROG_LOAD: the program's descriptor. Nothing is verified: what a program must not do
    ends its run. `specs` tell by their names what a program's script is.

    Raises SyscallError (EINVAL) for what the machine has not.
    """
    memory, environment = world
    try:
        insns = decode(read_pointed(attr, "insns", attr.insn_cnt * SLOT_BYTES))
        refs, maps = _maps(objects, insns, call)
        name = attr.prog_name.decode()
        spec = ProgramSpec(name=name, type=ProgType(attr.prog_type), insns=insns, map_refs=refs)
        _check_helpers(insns)

        def make(is_translated: bool) -> Machine:
            engine: Engine = "translated" if is_translated else "interpreted"
            return Machine(spec, maps, engine=engine, memory=memory, environment=environment)

        made = ProgramObject(objects.next_id(), spec, make)
        made.machine  # noqa: B018 (what it cannot run it says when it is made)
    except (FormatError, BadProgram) as error:
        raise SyscallError(call, errno.EINVAL, str(error)) from None
    given = specs.get(name)
    if given is not None and len(given.insns) == len(insns):
        made.spec = replace(spec, spans=given.spans)
    return objects.open(made)


def _maps(
    objects: Objects, insns: Sequence[Insn], call: str
) -> tuple[tuple[tuple[int, str], ...], dict[str, VmMap]]:
    """Which instruction loads which map, and the maps by the names that this gives them."""
    refs: list[tuple[int, str]] = []
    maps: dict[str, VmMap] = {}
    for index, insn in enumerate(insns):
        if not insn.is_map_load:
            continue
        if LoadKind(int(insn.src)) not in _BY_FD:
            raise BadProgram("maps are known by their descriptors here", insns, index)
        thing = objects.map(insn.imm & U32_MAX, call)
        # Two maps may be called the same, once their names are cut to what a kernel keeps.
        name = thing.map.spec.name
        name = name if maps.get(name, thing.map) is thing.map else f"{name} (id {thing.id})"
        maps[name] = thing.map
        refs.append((index, name))
    return tuple(refs), maps


def _check_helpers(insns: Sequence[Insn]) -> None:
    for index, insn in enumerate(insns):
        if insn.is_helper_call and (insn.imm not in DEFAULT or insn.imm == _NUMA_NODE):
            raise BadProgram(f"this machine has no helper {_title(insn.imm)}", insns, index)


def _title(number: int) -> str:
    try:
        return f"bpf_{helper_name(number)}"
    except NotFound:
        return f"{number}"


def describe(objects: Objects, attr: ObjInfoAttr, call: str) -> int:
    """BPF_OBJ_GET_INFO_BY_FD of a map or a program."""
    thing = objects.find(attr.bpf_fd)
    if isinstance(thing, MapObject):
        data = structure_bytes(_map_info(thing))
    elif isinstance(thing, ProgramObject):
        data = structure_bytes(_program_info(thing))
    else:
        raise SyscallError(call, errno.EBADF if thing is None else errno.EINVAL)
    attr.info_len = min(attr.info_len, len(data))
    write_pointed(attr, "info", data[: attr.info_len])
    return 0


def _map_info(thing: MapObject) -> BpfMapInfo:
    spec = thing.map.spec
    return BpfMapInfo(
        type=spec.type,
        id=thing.id,
        key_size=spec.key_size,
        value_size=spec.value_size,
        max_entries=spec.max_entries,
        map_flags=spec.flags,
        name=spec.name.encode(),
        map_extra=spec.extra,
    )


def _program_info(thing: ProgramObject) -> BpfProgInfo:
    return BpfProgInfo(
        type=thing.spec.type,
        id=thing.id,
        name=thing.spec.name.encode(),
        gpl_compatible=1,
        run_cnt=thing.runs,
        run_time_ns=thing.run_time_ns,
        verified_insns=0,
    )
