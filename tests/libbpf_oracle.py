"""libbpf's opinion on an object file, and ours in the same terms."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from c_objects import kept
from seismo.base.bits import U32_MAX
from seismo.base.dataclass import dataclass, field, replace
from seismo.btf.read import Reader
from seismo.btf.spec import VMLINUX, Btf
from seismo.btf.types import Kind, Struct
from seismo.elf.file import ElfFile
from seismo.isa.decode import decode
from seismo.isa.insn import Insn, slot_starts
from seismo.isa.map_types import MapType
from seismo.isa.opcode import LD_IMM64, LoadKind
from seismo.spec.types import MapSpec, ObjectSpec, ProgramSpec, ProgramTarget

__all__ = ("HAS_LIBBPF", "Answer", "SeenMap", "SeenProgram", "as_seen", "ask_libbpf")

_SOURCE = Path(__file__).parent / "libbpf_oracle.c"
HAS_LIBBPF = bool(shutil.which("gcc")) and Path("/usr/include/bpf/libbpf.h").exists()
_BPF_F_NUMA_NODE = 1 << 2
_ZERO_KEY = bytes(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenProgram:
    """A program as the kernel gets it; what its instructions refer to is told by name."""

    name: str
    type: int
    attach_type: int
    flags: int
    license: str
    insns: tuple[Insn, ...]
    references: tuple[tuple[int, str], ...]
    func_infos: str
    lines: tuple[tuple[int, str, str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMap:
    """A map as the kernel gets it, and what it holds when programs are loaded."""

    name: str
    type: int
    key_size: int
    value_size: int
    max_entries: int
    flags: int
    extra: int
    numa_node: int
    key_type: int
    value_type: int
    pin: str
    is_frozen: bool = False
    contents: str = field(default="", repr=False)
    slots: tuple[tuple[int, str], ...] = ()
    inner: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is loaded, in order; or at which stage (`open`, `load`) it failed and why.

    `errors` holds, for each program that the kernel refused, its errno and the verifier's log.
    """

    programs: tuple[SeenProgram, ...]
    maps: tuple[SeenMap, ...]
    stage: str = ""
    messages: str = ""
    errors: Mapping[str, tuple[int, str]] = field(default_factory=dict)


def ask_libbpf(path: Path, *, target: Path | None = None, program: str = "") -> Answer:
    """Load the object with libbpf: for the types in `target`, of its programs only `program`."""
    flags = ["-O1", "-rdynamic"]
    oracle = kept(
        "oracle", ["gcc", *flags, str(_SOURCE), "-lbpf", "-lelf", "-lz", "-o"], (_SOURCE,)
    )
    options = ["--btf", str(target)] if target else []
    options += ["--load", program] if program else []
    done = subprocess.run([str(oracle), *options, str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    strings = _Strings(_btf_of(path))
    return Answer(
        programs=tuple([_program(one, strings) for one in found["programs"]]),
        maps=tuple([_map(one) for one in found["maps"]]),
        stage=found["stage"],
        messages=found["messages"],
        errors={
            one["name"]: (one["error"], one["log"]) for one in found["programs"] if one["error"]
        },
    )


class _Strings:
    """The strings of an object's BTF, which line infos name by their offsets."""

    def __init__(self, blob: bytes) -> None:
        self._reader = Reader(blob) if blob else None

    def lines(self, infos: bytes) -> tuple[tuple[int, str, str, int], ...]:
        """Each line info: instruction slot, file, text, line and column in one number."""
        if self._reader is None:
            return ()
        read = self._reader.excerpt
        rows = struct.iter_unpack("<IIII", infos)
        return tuple([(slot, read(file), read(text), place) for slot, file, text, place in rows])


def _btf_of(path: Path) -> bytes:
    file = ElfFile(path.read_bytes())
    section = file.sections.get(".BTF")
    return bytes(file.content(section)) if section else b""


def _program(found: dict[str, Any], strings: _Strings) -> SeenProgram:
    insns = decode(bytes.fromhex(found["insns"]))
    index_of = {slot: index for index, slot in enumerate(slot_starts(insns))}
    names = {index_of[int(slot)]: name for slot, name in found["references"].items()}
    return SeenProgram(
        name=found["name"],
        type=found["type"],
        attach_type=found["attach_type"],
        flags=found["flags"],
        license=found["license"],
        insns=tuple([_without_fd(one) for one in insns]),
        references=tuple(sorted(names.items())),
        func_infos=found["func_infos"],
        lines=strings.lines(bytes.fromhex(found["line_infos"])),
    )


def _without_fd(insn: Insn) -> Insn:
    """The instruction without the descriptors in it: a map's, or that of a module's types."""
    if insn.is_kfunc_call:
        return replace(insn, off=0)
    if insn.is_map_load:
        return replace(insn, imm=insn.imm >> 32 << 32)
    if insn.op == LD_IMM64 and int(insn.src) == LoadKind.BTF_ID:
        return replace(insn, imm=insn.imm & U32_MAX)
    return insn


def _map(found: dict[str, Any]) -> SeenMap:
    has_node = found["flags"] & _BPF_F_NUMA_NODE
    slots = found.get("slots", {})
    own = ("type", "key_size", "value_size", "max_entries", "flags", "extra", "pin")
    return SeenMap(
        **{one: found[one] for one in own},
        name=found["name"],
        numa_node=found["numa_node"] if has_node else -1,
        key_type=found["key_type"],
        value_type=found["value_type"],
        is_frozen=bool(found["is_frozen"]),
        contents=found.get("contents", ""),
        slots=tuple([(int(slot), name) for slot, name in slots.items()]),
        inner=tuple(found.get("inner", ())),
    )


def as_seen(spec: ObjectSpec) -> Answer:
    """What the kernel would get of what we have linked."""
    strings = _Strings(spec.btf)
    return Answer(
        programs=tuple([_our_program(one, strings) for one in spec.programs]),
        maps=tuple([_our_map(one) for one in spec.maps]),
    )


def _our_program(spec: ProgramSpec, strings: _Strings) -> SeenProgram:
    return SeenProgram(
        name=spec.name,
        type=spec.type,
        attach_type=_member_index(spec.target) or spec.expected_attach_type or 0,
        flags=spec.flags,
        license=spec.license,
        insns=tuple([_without_fd(one) for one in spec.insns]),
        references=tuple(
            sorted([(at, _their_name(name)) for at, name in spec.map_refs + spec.module_refs])
        ),
        func_infos=spec.func_infos.hex(),
        lines=strings.lines(spec.line_infos),
    )


def _their_name(name: str) -> str:
    """libbpf has several maps of one name; ours have more behind it."""
    return name.partition("@")[0]


def _member_index(target: ProgramTarget | None) -> int:
    """What stands for the attach type of a function of a struct: which member it is."""
    if target is None or not target.member:
        return 0
    btf = Btf.open(VMLINUX)
    struct = btf.type(btf.find(target.name, Kind.STRUCT))
    assert isinstance(struct, Struct)
    return [one.name for one in struct.members].index(target.member)


def _our_map(spec: MapSpec) -> SeenMap:
    is_data = "." in spec.name
    is_functions = spec.type is MapType.STRUCT_OPS
    inner = spec.inner
    return SeenMap(
        name=_their_name(spec.name),
        type=spec.type,
        key_size=spec.key_size,
        value_size=spec.value_size,
        max_entries=spec.max_entries,
        flags=spec.flags,
        extra=spec.extra,
        numa_node=spec.numa_node,
        key_type=spec.key_type,
        value_type=0 if is_functions else spec.value_type,
        pin=spec.pin,
        is_frozen=spec.is_frozen,
        contents=(dict(spec.contents).get(_ZERO_KEY) or bytes(spec.value_size)).hex()
        if is_data
        else "",
        slots=() if is_functions else tuple(sorted(spec.map_slots + spec.program_slots)),
        inner=(inner.type, inner.key_size, inner.value_size, inner.max_entries, inner.flags)
        if inner
        else (),
    )
