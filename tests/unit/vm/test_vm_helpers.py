"""Helpers, called as a program calls them, on the machine's memory."""

from __future__ import annotations

import errno
import struct

import pytest

from seismo.base.dataclass import dataclass
from seismo.isa.helpers import helper_id
from seismo.isa.map_types import MapType
from seismo.isa.parse import parse_listing
from seismo.spec.types import MapSpec
from seismo.vm.calls.table import DEFAULT
from seismo.vm.environment import Environment, Task
from seismo.vm.errors import BadAccess, Fault
from seismo.vm.machine import Engine, Machine
from seismo.vm.maps.create import create_map
from seismo.vm.maps.references import MapOfMaps
from seismo.vm.maps.ring import PerfMap, RingMap
from seismo.vm.maps.stack_trace import StackTraceMap
from seismo.vm.maps.vm_map import VmMap
from seismo.vm.run import Run
from vm_engines import EACH_ENGINE

TASK = Task(pid=10, tid=11, uid=20, gid=21, comm=b"a-long-command-name", address=0x1234)


def read_elsewhere(address: int, size: int) -> bytes:
    """Memory of another world: `outside` and a zero byte at 0x5000, and no page after it."""
    page = b"outside\0".ljust(4096, b"x")
    if not 0x5000 <= address <= address + size <= 0x6000:
        raise OSError(errno.EFAULT, "nothing there")
    return page[address - 0x5000 : address - 0x5000 + size]


@dataclass(slots=True, eq=False)
class Bench:
    """A run that helpers can be called in, and its memory."""

    run: Run

    def call(self, name: str, *arguments: int) -> int:
        """What the helper answers, as a signed number."""
        given = (*arguments, 0, 0, 0, 0, 0)[:5]
        answer = self.run.call_helper(helper_id(name), *given)
        return answer - (1 << 64) if answer >> 63 else answer

    def put(self, data: bytes) -> int:
        """The address of some bytes."""
        return self.run.memory.allocate(bytearray(data), "data").base

    def get(self, address: int, size: int) -> bytes:
        return self.run.memory.read(address, size)

    def map(self, kind: MapType, key: int, value: int, entries: int = 4) -> tuple[VmMap, int]:
        """A map and its address."""
        spec = MapSpec(name="m", type=kind, key_size=key, value_size=value, max_entries=entries)
        made = create_map(spec, cpus=2)
        return made, self.run.memory.handle(made, "map m").base


@pytest.fixture
def bench() -> Bench:
    environment = Environment(
        task=TASK,
        cpu=1,
        stack=(0xA, 0xB, 0xC),
        monotonic=lambda: 77,
        read_kernel=read_elsewhere,
    )
    machine = Machine(parse_listing("exit"), environment=environment)
    return Bench(Run(machine, environment, bytearray(b"packet"), 100))


def test_map_elements(bench: Bench) -> None:
    counts, address = bench.map(MapType.HASH, 2, 4)
    key, value = bench.put(b"kk"), bench.put(b"1234")
    assert bench.call("map_lookup_elem", address, key) == 0
    assert bench.call("map_update_elem", address, key, value, 2) == -errno.ENOENT
    assert bench.call("map_update_elem", address, key, value, 0) == 0
    place = bench.call("map_lookup_elem", address, key) % (1 << 64)
    assert bench.get(place, 4) == b"1234"
    bench.run.memory.store(place, 0x39, 1)
    assert counts.value(b"kk") == b"9234"
    assert bench.call("map_delete_elem", address, key) == 0
    assert bench.call("map_delete_elem", address, key) == -errno.ENOENT
    assert bench.get(place, 4) == b"9234"
    with pytest.raises(BadAccess, match=r"reads 5 bytes at value of m\+0, past its end at \+4"):
        bench.get(place, 5)
    with pytest.raises(BadAccess, match="is no map"):
        bench.call("map_lookup_elem", key, key)


def test_values_of_processors(bench: Bench) -> None:
    numbers, address = bench.map(MapType.PERCPU_ARRAY, 4, 2)
    numbers.update(bytes(4), b"00", cpu=0)
    numbers.update(bytes(4), b"11", cpu=1)
    key = bench.put(bytes(4))
    here = bench.call("map_lookup_elem", address, key) % (1 << 64)
    there = bench.call("map_lookup_percpu_elem", address, key, 0) % (1 << 64)
    assert (bench.get(here, 2), bench.get(there, 2)) == (b"11", b"00")
    assert bench.call("map_lookup_percpu_elem", address, key, 2) == 0


def test_queues_and_filters(bench: Bench) -> None:
    _, address = bench.map(MapType.QUEUE, 0, 2, 1)
    value = bench.put(b"ab")
    assert bench.call("map_push_elem", address, value, 0) == 0
    assert bench.call("map_push_elem", address, value, 0) == -errno.E2BIG
    target = bench.put(b"??")
    assert bench.call("map_peek_elem", address, target) == 0
    assert bench.call("map_pop_elem", address, target) == 0
    assert bench.get(target, 2) == b"ab"
    assert bench.call("map_pop_elem", address, target) == -errno.ENOENT
    assert bench.get(target, 2) == b"\0\0"
    _, seen = bench.map(MapType.BLOOM_FILTER, 0, 2)
    assert bench.call("map_peek_elem", seen, value) == -errno.ENOENT
    assert bench.get(value, 2) == b"ab"
    assert bench.call("map_push_elem", seen, value, 0) == 0
    assert bench.call("map_peek_elem", seen, value) == 0


def test_a_map_of_maps_gives_a_map(bench: Bench) -> None:
    outer, address = bench.map(MapType.HASH_OF_MAPS, 1, 4)
    inner, _ = bench.map(MapType.ARRAY, 4, 4)
    assert isinstance(outer, MapOfMaps)
    outer.put(b"i", inner)
    assert bench.call("map_lookup_elem", address, bench.put(b"j")) == 0
    found = bench.call("map_lookup_elem", address, bench.put(b"i")) % (1 << 64)
    assert bench.run.map_at(found) is inner


def test_a_record_lives_until_it_is_submitted(bench: Bench) -> None:
    ring, address = bench.map(MapType.RINGBUF, 0, 0, 64)
    assert isinstance(ring, RingMap)
    record = bench.call("ringbuf_reserve", address, 5, 0) % (1 << 64)
    bench.run.memory.write(record, b"hello")
    with pytest.raises(BadAccess, match=r"writes 6 bytes at record\+0"):
        bench.run.memory.write(record, b"hello!")
    assert bench.call("ringbuf_reserve", address, 60, 0) == 0
    assert bench.call("ringbuf_submit", record, 0) == 0
    with pytest.raises(BadAccess, match="is gone"):
        bench.get(record, 1)
    with pytest.raises(BadAccess, match="is no record"):
        bench.call("ringbuf_submit", record, 0)
    dropped = bench.call("ringbuf_reserve", address, 5, 0) % (1 << 64)
    assert bench.call("ringbuf_discard", dropped, 0) == 0
    assert bench.call("ringbuf_output", address, bench.put(b"abc"), 3, 0) == 0
    assert bench.call("ringbuf_output", address, bench.put(b"abc"), 3, 4) == -errno.EINVAL
    assert bench.call("ringbuf_query", address, 1) == 64
    assert ring.drain() == [b"hello", b"abc"]


def test_perf_events(bench: Bench) -> None:
    events, address = bench.map(MapType.PERF_EVENT_ARRAY, 4, 4)
    assert isinstance(events, PerfMap)
    data = bench.put(b"event")
    assert bench.call("perf_event_output", 0, address, 0xFFFF_FFFF, data, 5) == 0
    assert bench.call("perf_event_output", 0, address, 1, data, 2) == 0
    assert bench.call("perf_event_output", 0, address, 9, data, 2) == -errno.E2BIG
    assert events.records == [(1, b"event"), (1, b"ev")]


def test_who_and_when(bench: Bench) -> None:
    assert bench.call("get_current_pid_tgid") == 10 << 32 | 11
    assert bench.call("get_current_uid_gid") == 21 << 32 | 20
    assert bench.call("get_current_task") == 0x1234
    assert bench.call("get_smp_processor_id") == 1
    assert bench.call("ktime_get_ns") == 77
    assert 0 <= bench.call("get_prandom_u32") < 1 << 32
    name = bench.put(b"?" * 20)
    assert bench.call("get_current_comm", name, 20) == 0
    assert bench.get(name, 20) == b"a-long-command-".ljust(20, b"\0")
    assert bench.call("get_current_comm", name, 4) == 0
    assert bench.get(name, 6) == b"a-l\0ng"
    assert bench.call("send_signal", 9) == 0
    assert bench.call("send_signal", 99) == -errno.EINVAL
    assert bench.run.environment.signals == [9]


def test_reading_elsewhere(bench: Bench) -> None:
    target = bench.put(b"?" * 8)
    assert bench.call("probe_read_kernel", target, 4, 0x5000) == 0
    assert bench.get(target, 8) == b"outs????"
    assert bench.call("probe_read_kernel", target, 4, 0x4FFF) == -errno.EFAULT
    assert bench.get(target, 8) == b"\0\0\0\0????"
    assert bench.call("probe_read_user", target, 4, 0x5000) == -errno.EFAULT
    assert bench.call("probe_read", target, 2, bench.put(b"in")) == 0
    assert bench.get(target, 2) == b"in"
    with pytest.raises(BadAccess, match=r"writes 9 bytes at data\+0, past its end at \+8"):
        bench.call("probe_read_kernel", target, 9, 0x5000)


def test_reading_strings_elsewhere(bench: Bench) -> None:
    target = bench.put(b"?" * 16)
    assert bench.call("probe_read_kernel_str", target, 16, 0x5000) == 8
    assert bench.get(target, 10) == b"outside\0??"
    assert bench.call("probe_read_kernel_str", target, 4, 0x5000) == 4
    assert bench.get(target, 5) == b"out\0i"
    assert bench.call("probe_read_kernel_str", target, 0, 0x5000) == 0
    assert bench.call("probe_read_kernel_str", target, 16, 0x5FFE) == -errno.EFAULT
    assert bench.get(target, 16) == bytes(16)
    assert bench.call("probe_read_user_str", target, 9, bench.put(b"inside\0")) == 7


@pytest.mark.parametrize(
    ("text", "base", "taken", "number"),
    [
        (b"123x", 0, 3, 123),
        (b"  -42", 10, 5, -42),
        (b"0x1fg", 0, 4, 0x1F),
        (b"0X1F", 16, 4, 0x1F),
        (b"0xg", 0, 1, 0),
        (b"0755", 0, 4, 0o755),
        (b"08", 0, 1, 0),
        (b"-9223372036854775808", 0, 20, -(1 << 63)),
        (b"9223372036854775808", 0, -errno.ERANGE, 0),
        (b"", 0, -errno.EINVAL, 0),
        (b"+1", 0, -errno.EINVAL, 0),
        (b"-", 0, -errno.EINVAL, 0),
        (b"1", 7, -errno.EINVAL, 0),
    ],
)
def test_strtol(text: bytes, base: int, taken: int, number: int, bench: Bench) -> None:
    result = bench.put(b"?" * 8)
    assert bench.call("strtol", bench.put(text), len(text), base, result) == taken
    assert struct.unpack("<q", bench.get(result, 8)) == (number,)


def test_strtoul_and_strncmp(bench: Bench) -> None:
    result = bench.put(bytes(8))
    assert bench.call("strtoul", bench.put(b"18446744073709551615"), 20, 0, result) == 20
    assert bench.get(result, 8) == b"\xff" * 8
    assert bench.call("strtoul", bench.put(b"-1"), 2, 0, result) == -errno.EINVAL
    words = [bench.put(one) for one in (b"abc\0", b"abd\0", b"ab\0")]
    assert bench.call("strncmp", words[0], 4, words[1]) == -1
    assert bench.call("strncmp", words[0], 2, words[1]) == 0
    assert bench.call("strncmp", words[0], 4, words[2]) == 1
    assert bench.call("strncmp", words[2], 9, words[2]) == 0


def test_snprintf(bench: Bench) -> None:
    form = bench.put(b"%d %u|%5s|%-4x|%#lx|%c%%\0")
    minus_one = (1 << 64) - 1
    numbers = (minus_one, minus_one, bench.put(b"str\0"), 0xAB, minus_one, ord("!"))
    data = bench.put(struct.pack("<6Q", *numbers))
    target = bench.put(bytes(64))
    want = b"-1 4294967295|  str|ab  |0xffffffffffffffff|!%\0"
    assert bench.call("snprintf", target, 64, form, data, 48) == len(want)
    assert bench.get(target, len(want)) == want
    assert bench.call("snprintf", target, 4, form, data, 48) == len(want)
    assert bench.get(target, 5) == b"-1 \0" + want[4:5]
    assert bench.call("snprintf", target, 64, form, data, 40) == -errno.EINVAL
    assert bench.call("snprintf", target, 64, bench.put(b"%q\0"), data, 8) == -errno.EINVAL


def test_trace_printk(bench: Bench) -> None:
    form = b"pid %d at %p\0"
    assert bench.call("trace_printk", bench.put(form), len(form), 7, 0xABC) == 25
    assert bench.run.environment.printed == [b"pid 7 at 0000000000000abc"]
    assert bench.call("trace_printk", bench.put(b"%d%d%d%d\0"), 9) == -errno.EINVAL
    numbers = bench.put(struct.pack("<4Q", 1, 2, 3, 4))
    assert bench.call("trace_vprintk", bench.put(b"%d%d%d%d\0"), 9, numbers, 32) == 4
    assert bench.call("trace_vprintk", bench.put(b"%d%d%d%d\0"), 9, numbers, 31) == -errno.EINVAL
    assert bench.run.environment.printed[1:] == [b"1234"]


def test_stacks(bench: Bench) -> None:
    stacks, address = bench.map(MapType.STACK_TRACE, 4, 80)
    assert isinstance(stacks, StackTraceMap)
    number = bench.call("get_stackid", 0, address, 1)
    assert stacks.value(number.to_bytes(4, "little"))[:24] == struct.pack("<3Q", 0xB, 0xC, 0)
    assert bench.call("get_stackid", 0, address, 1 << 8) == -errno.EFAULT
    target = bench.put(b"?" * 40)
    assert bench.call("get_stack", 0, target, 32, 0) == 24
    assert bench.get(target, 33) == struct.pack("<4Q", 0xA, 0xB, 0xC, 0) + b"?"
    assert bench.call("get_stack", 0, target, 31, 0) == -errno.EINVAL


def test_packets(bench: Bench) -> None:
    target = bench.put(b"????")
    assert bench.call("skb_load_bytes", 0, 3, target, 3) == 0
    assert bench.get(target, 4) == b"ket?"
    assert bench.call("skb_load_bytes", 0, 4, target, 3) == -errno.EFAULT
    assert bench.get(target, 4) == b"\0\0\0?"
    assert bench.call("skb_store_bytes", 0, 0, bench.put(b"J"), 1) == 0
    assert bytes(bench.run.packet) == b"Jacket"
    assert bench.call("xdp_get_buff_len", 0) == 6


def test_check_sums(bench: Bench) -> None:
    old, new = bench.put(bytes.fromhex("45000054")), bench.put(bytes.fromhex("45000055"))
    whole = bench.call("csum_diff", 0, 0, new, 4, 0)
    assert whole == 0x5500 + 0x0045
    before = bench.call("csum_diff", 0, 0, old, 4, 0)
    assert bench.call("csum_diff", old, 4, new, 4, before) == whole
    assert bench.call("csum_diff", old, 3, new, 4, 0) == -errno.EINVAL


FOR_EACH = """
r1 = map[fd:0]
r2 = subprog[+7]
r3 = r10
r3 += -8
*(u64 *)(r10 -8) = 0
r4 = 0
call 164
r0 <<= 8
r1 = *(u64 *)(r10 -8)
r0 += r1
exit
r0 = *(u8 *)(r3 +0)
r1 = *(u64 *)(r4 +0)
r1 += r0
*(u64 *)(r4 +0) = r1
r0 = 0
if r1 < 0x7 goto pc+1
r0 = 1
exit
"""


@EACH_ENGINE
def test_for_each_element(engine: Engine) -> None:
    """The callback adds values up and stops at 7 or more."""
    spec = MapSpec(name="m", type=MapType.HASH, key_size=1, value_size=1, max_entries=9)
    numbers = create_map(spec)
    for value in (1, 2, 4, 8):
        numbers.update(bytes([value]), bytes([value]))
    text = FOR_EACH.replace("subprog[+7]", "subprog[+10]")
    machine = Machine(parse_listing(text), {"m": numbers}, engine=engine)
    assert machine.run().r0 == 3 << 8 | 7
    bad = parse_listing(text.replace("r0 = 1\nexit", "r0 = 2\nexit"))
    with pytest.raises(Fault, match="a callback answers 2, and not 0 or 1"):
        Machine(bad, {"m": numbers}, engine=engine).run()


def test_the_common_helpers_are_there() -> None:
    assert len(DEFAULT) >= 50
