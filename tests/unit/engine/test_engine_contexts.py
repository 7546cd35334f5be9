"""Contexts of hits: their bytes, and what scripts find in them."""

from __future__ import annotations

import struct

import pytest

from seismo.base.errors import NotSupported
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions
from seismo.compiler import compile_script
from seismo.elf.registers import register_offset
from seismo.engine.contexts import Contexts
from seismo.engine.hit import Hit, Value
from seismo.engine.places import Places, system_call_places
from seismo.engine.view import EngineView
from seismo.events import value
from seismo.events.decode import PLAIN, decoder
from seismo.isa.prog_types import ProgType
from seismo.probes.format import FormatField, parse_format
from seismo.vm.environment import Environment, Task
from seismo.vm.machine import Machine
from seismo.vm.maps.create import create_maps
from seismo.vm.maps.ring import RingMap
from seismo.vm.memory import Memory, Region

CALLS = system_call_places("x86_64")
ODD = parse_format(
    "odd",
    """name: kinds
    field:u8 small; offset:8; size:1; signed:0;
    field:short negative; offset:10; size:2; signed:1;
    field:__data_loc u16[] halves; offset:12; size:4; signed:0;
    field:__u8 address[4]; offset:16; size:4; signed:0;
    field:unsigned int words[2]; offset:20; size:8; signed:0;
    field:__rel_loc char[] name; offset:28; size:4; signed:0;
    field:struct in6_addr place; offset:32; size:16; signed:0;
    field:int * numbers; offset:48; size:8; signed:0;
    """,
)
PLACES = Places(
    tracepoints={**CALLS.tracepoints, "odd:kinds": ODD},
    functions=frozenset(("vfs_read",)),
    raw_tracepoints=frozenset(("sys_enter", "sys_exit", "sched_switch")),
    machine="x86_64",
)
ARM64 = system_call_places("aarch64")
WIDE = 0x8182_8384_8586_8788


def hit(at: str, **arguments: Value) -> Hit:
    return Hit(at=at, task=Task(pid=7, tid=8), ns=1, arguments=arguments)


def made(one: Hit, type_: ProgType, places: Places = PLACES) -> tuple[bytes, Memory]:
    memory = Memory()
    region = Contexts(memory, places).context(one, type_)
    return bytes(region.data or b""), memory


def record(at: str, **arguments: Value) -> tuple[bytes, Memory]:
    return made(hit(at, **arguments), ProgType.TRACEPOINT)


def printed(script: str, one: Hit, places: Places = PLACES) -> list[value.Value]:
    """What the script's print() gives at the hit."""
    options = LowerOptions(possible_cpus=1)
    plan = compile_script(Source("test", script), EngineView(places), options).plan
    program = plan.object.programs[0]  # the next is for strings that were not there yet
    maps = create_maps(plan.object.maps)
    machine = Machine(
        program, maps, environment=Environment(task=one.task, read_user=one.read_user)
    )
    contexts = Contexts(machine.memory, places)
    machine.run(contexts.context(one, program.type))
    contexts.release()
    ring = maps[plan.events_map]
    assert isinstance(ring, RingMap)
    assert not [found for found in machine.memory.regions if found.name in ("ctx", "user memory")]
    found: list[value.Value] = []
    for data in ring.drain():
        event = plan.events[int.from_bytes(data[:4], "little")]
        found += decoder(event, PLAIN)(data)
    return found


def test_record_of_a_system_call() -> None:
    data, memory = record(
        "tracepoint:syscalls:sys_enter_openat", dfd=-100, filename="/etc/hosts", flags=0x8_0000
    )
    address = int.from_bytes(data[24:32], "little")
    assert data == struct.pack("<8xi4xqQqq", 257, -100, address, 0x8_0000, 0)
    assert memory.read(address, 11) == b"/etc/hosts\0"


def test_record_of_a_result() -> None:
    data, _ = record("tracepoint:syscalls:sys_exit_openat", ret=-2)
    assert data == struct.pack("<8xi4xq", 257, -2)


def test_number_that_a_hit_has_itself() -> None:
    data, _ = record("tracepoint:syscalls:sys_enter_getpid", __syscall_nr=20)
    assert data == struct.pack("<8xi", 20)


def test_record_with_contents_behind_it() -> None:
    data, _ = record("tracepoint:sched:sched_process_exec", filename="/bin/true", pid=7, old_pid=6)
    assert data == struct.pack("<8xHHii", 20, 10, 7, 6) + b"/bin/true\0"


def test_record_with_two_contents_behind_it() -> None:
    data, _ = record(
        "tracepoint:sched:sched_process_fork",
        parent_comm="sh",
        parent_pid=7,
        child_comm=b"\xff",
        child_pid=9,
    )
    assert data == struct.pack("<8xHHiHHi", 24, 3, 7, 27, 2, 9) + b"sh\0\xff\0"


def test_record_with_text_inside() -> None:
    data, _ = record("tracepoint:task:task_rename", pid=7, oldcomm="a" * 20, newcomm=b"b" * 20)
    assert data == struct.pack("<8xi16s16sh", 7, b"a" * 15, b"b" * 16, 0)


def test_record_of_raw_system_calls() -> None:
    data, _ = record("tracepoint:raw_syscalls:sys_enter", id=1, args=(1, -2, 5))
    assert data == struct.pack("<8xq6q", 1, 1, -2, 5, 0, 0, 0)
    data, memory = record("tracepoint:raw_syscalls:sys_enter", id=80, args=("hello",))
    address = int.from_bytes(data[16:24], "little")
    assert data == struct.pack("<8xq6Q", 80, address, 0, 0, 0, 0, 0)
    assert memory.read_string(address, 10) == b"hello"


def test_record_of_all_kinds_of_fields() -> None:
    data, memory = record(
        "tracepoint:odd:kinds",
        small=0x1FF,
        negative=-2,
        halves=(1, 0x1_0002),
        address=b"\x7f\0\0\1\2",
        words=(1, -1),
        name="x",
        place=bytes(range(16)),
        numbers=(3, -4),
    )
    address = int.from_bytes(data[48:56], "little")
    assert data[8:48] == struct.pack(
        "<BxhHH4BIIHH", 0xFF, -2, 56, 4, 127, 0, 0, 1, 1, 0xFFFF_FFFF, 60 - 32, 2
    ) + bytes(range(16))
    assert data[56:] == b"\1\0\2\0x\0"
    assert memory.read(address, 8) == struct.pack("<ii", 3, -4)


def test_what_a_hit_has_not_is_zero() -> None:
    data, _ = record("tracepoint:odd:kinds")
    assert data == struct.pack("<8x4xHH12xHH24x", 56, 0, 56 - 32, 0)


def test_a_list_of_strings() -> None:
    data, memory = record("tracepoint:syscalls:sys_enter_execve", argv=("ls", b"-l"))
    argv = int.from_bytes(data[24:32], "little")
    first, second, end = struct.unpack("<3Q", memory.read(argv, 24))
    assert [memory.read_string(one, 9) for one in (first, second)] == [b"ls", b"-l"]
    assert end == 0


def test_addresses_stay_as_they_are() -> None:
    data, memory = record("tracepoint:syscalls:sys_enter_execve", filename=0x7FFF_0000_1000)
    assert data[16:24] == struct.pack("<Q", 0x7FFF_0000_1000)
    assert len(memory.regions) == 1


@pytest.mark.parametrize(
    ("places", "registers"),
    [
        (
            CALLS,
            dict(
                zip(("orig_ax", "di", "si", "dx", "r10", "r8", "r9"), range(9, 2, -1), strict=True)
            )
            | {"ax": -38},
        ),
        (ARM64, {"r8": 9} | {f"r{number}": 8 - number for number in range(6)}),
    ],
    ids=("x86_64", "aarch64"),
)
def test_raw_tracepoint_of_system_calls(places: Places, registers: dict[str, int]) -> None:
    one = hit("rawtracepoint:sys_enter", id=9, args=(8, 7, 6, 5, 4, 3))
    data, memory = made(one, ProgType.RAW_TRACEPOINT, places)
    pointer, number = struct.unpack("<QQ", data)
    assert number == 9
    size = memory.region_at(pointer).size
    expected = bytearray(size)
    for name, held in registers.items():
        offset, _ = register_offset(places.machine, name)
        struct.pack_into("<q", expected, offset, held)
    assert memory.read(pointer, size) == expected


def test_raw_tracepoint_of_results() -> None:
    data, memory = made(hit("rawtracepoint:sys_exit", id=9, ret=-5), ProgType.RAW_TRACEPOINT)
    pointer, result = struct.unpack("<Qq", data)
    offset, _ = register_offset("x86_64", "ax")
    assert (result, memory.load(pointer + offset, 8)) == (-5, (1 << 64) - 5)


def test_other_raw_tracepoints() -> None:
    data, _ = made(hit("rawtracepoint:sched_switch", arg0=1, arg2=-1), ProgType.RAW_TRACEPOINT)
    assert data == struct.pack("<12q", 1, 0, -1, *[0] * 9)


def test_registers_of_a_function() -> None:
    one = hit("kprobe:vfs_read", arg0=1, arg3=4, r12=5, eax=-1)
    data, _ = made(one, ProgType.KPROBE)
    assert len(data) == 168
    held = dict(enumerate(struct.unpack("<21Q", data)))
    r12, ax, cx, di = 3, 10, 11, 14
    wanted = {r12: 5, ax: 0xFFFF_FFFF, cx: 4, di: 1}
    assert {place: one for place, one in held.items() if one} == wanted


def test_registers_of_a_return_and_a_timer() -> None:
    data, _ = made(hit("kretprobe:vfs_read", retval=-9), ProgType.KPROBE)
    assert struct.unpack_from("<q", data, register_offset("x86_64", "ax")[0]) == (-9,)
    data, _ = made(hit("interval:s:1"), ProgType.PERF_EVENT)
    assert data == bytes(168 + 16)


def test_other_programs_are_not_run() -> None:
    with pytest.raises(NotSupported, match="programs of type xdp: the user engine does not run"):
        made(hit("kprobe:vfs_read"), ProgType.XDP)


def test_release_frees_what_was_made() -> None:
    memory = Memory()
    kept = memory.allocate(bytearray(8), "kept")
    contexts = Contexts(memory, PLACES)
    one = hit("tracepoint:syscalls:sys_enter_execve", filename="a", argv=("b", "c"))
    contexts.context(one, ProgType.TRACEPOINT)
    assert len(memory.regions) == 6
    contexts.release()
    assert list(memory.regions) == [kept]


def test_contexts_are_read_only() -> None:
    memory = Memory()
    contexts = Contexts(memory, PLACES)
    region = contexts.context(hit("kprobe:vfs_read"), ProgType.KPROBE)
    assert not region.is_writable
    assert isinstance(region, Region)


def sample(field: FormatField) -> tuple[str, Value, value.Value]:
    """How a script prints a field, what a hit has there, and what is printed then."""
    name = f"args.{field.name}"
    if field.c_type in ("__data_loc char[]", "char[16]"):
        text = f"<{field.name[:10]}>"
        return f"str({name})" if field.size == 4 else name, text, text
    if field.c_type == "unsigned long[6]":
        numbers = tuple(WIDE + one for one in range(6))
        return f"{name}[5]", numbers, numbers[5]
    if field.c_type == "bool":
        return name, 1, True
    if field.c_type.replace(" ", "") == "constchar*":
        return f"str({name})", f"/{field.name}", f"/{field.name}"
    if "*" in field.c_type:
        return f"(uint64){name}", WIDE, WIDE
    number = 0x4142  # fits the smallest, umode_t
    return f"(uint64){name}", number, number


PRINTED = [
    *[one for one in CALLS.tracepoints if not one.startswith("syscalls:")],
    *[f"syscalls:sys_enter_{one}" for one in ("openat", "execve", "mmap", "bpf", "renameat2")],
    *[f"syscalls:sys_exit_{one}" for one in ("read", "clone3")],
]


@pytest.mark.parametrize("place", PRINTED)
def test_scripts_find_every_field(place: str) -> None:
    samples = {one.name: sample(one) for one in PLACES.tracepoints[place].fields}
    body = " ".join([f"print({text});" for text, _, _ in samples.values()])
    arguments = {name: given for name, (_, given, _) in samples.items()}
    found = printed(f"tracepoint:{place} {{ {body} }}", hit(f"tracepoint:{place}", **arguments))
    assert found == [wanted for _, _, wanted in samples.values()]


def test_scripts_find_arguments_of_functions() -> None:
    script = "kprobe:vfs_read { print((arg0, arg1, arg2, str(arg3))) }"
    one = hit("kprobe:vfs_read", arg0=1, arg1=2, arg2=3, arg3="four")
    assert printed(script, one) == [(1, 2, 3, "four")]
    script = "kretprobe:vfs_read { print(retval) }"
    assert printed(script, hit("kretprobe:vfs_read", retval=-9)) == [(1 << 64) - 9]


def test_scripts_find_lists_of_strings() -> None:
    script = "tracepoint:syscalls:sys_enter_execve { join(args.argv) }"
    one = hit("tracepoint:syscalls:sys_enter_execve", argv=("ls", "-l", "/"))
    assert printed(script, one) == [("ls", "-l", "/")]


def test_scripts_find_a_live_task_s_memory() -> None:
    def read_user(address: int, size: int) -> bytes:
        if not 0x1000 <= address <= address + size <= 0x2000:
            raise OSError(address, size)
        return b"there\0".ljust(0x1000, b"x")[address - 0x1000 :][:size]

    one = Hit(
        at="tracepoint:syscalls:sys_enter_chdir",
        task=Task(),
        ns=1,
        arguments={"filename": 0x1000},
        read_user=read_user,
    )
    script = "tracepoint:syscalls:sys_enter_chdir { print(str(args.filename)) }"
    assert printed(script, one) == ["there"]


def test_scripts_find_registers_of_raw_tracepoints() -> None:
    script = "rawtracepoint:sys_enter { print((arg1, *(uint64 *)(arg0 + 112))) }"
    assert printed(script, hit("rawtracepoint:sys_enter", id=3, args=(5,))) == [(3, 5)]
