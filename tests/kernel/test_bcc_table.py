"""BCC's tables: mappings over the kernel's maps, with ctypes objects as keys and leaves."""

from __future__ import annotations

import ctypes as ct
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bcc_tables import declared, struct, tables
from bpf_programs import counter_map, counting_program
from seismo.bcc.table.errors import NotThatTable, OutOfRange, WrongData
from seismo.bcc.table.stack_trace import StackTrace
from seismo.c.types import CHAR, INT, U32, U64, Array, CType, Member
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import ProgType
from seismo.kernel.fd import open_fds
from seismo.kernel.live import LiveKernel
from seismo.kernel.proc import online_cpus, possible_cpus
from seismo.objects.errors import KeyMissing
from seismo.spec.types import MapSpec

pytestmark = pytest.mark.kernel

SLOT = struct("hist_key_t", 24, Member("disk", Array(CHAR, 16), 0), Member("slot", U64, 128))
STACK = struct("bpf_stacktrace", 127 * 8, Member("ip", Array(U64, 127), 0))
NO_PREALLOC = 1


@contextmanager
def table_of(
    kernel: LiveKernel,
    type_: MapType,
    *,
    key: CType = U32,
    leaf: CType = U64,
    entries: int = 4,
    flags: int = 0,
    **options: Any,
) -> Iterator[Any]:
    """A table `t` over a map of that type."""
    is_queue = type_ in (MapType.QUEUE, MapType.STACK)
    spec = MapSpec(
        name="t",
        type=type_,
        key_size=0 if is_queue else key.size,
        value_size=leaf.size,
        max_entries=entries,
        flags=flags,
    )
    with tables(kernel, [spec]) as made:
        yield made.table(declared("t", type_.name.lower(), key, leaf), **options)


@pytest.fixture
def counts(kernel: LiveKernel) -> Iterator[Any]:
    with table_of(kernel, MapType.HASH, entries=1000) as table:
        yield table


def plain(items: Any) -> list[tuple[int, int]]:
    return sorted((key.value, leaf.value) for key, leaf in items)


def test_keys_and_leaves_are_objects_of_ctypes(counts: Any) -> None:
    counts[ct.c_uint(1)] = ct.c_ulonglong(10)
    counts[counts.Key(2)] = counts.Leaf(20)
    counts[3] = 30

    assert (counts[ct.c_int(1)].value, counts[2].value, counts[counts.Key(3)].value) == (10, 20, 30)
    assert (counts.Key, counts.Leaf) == (ct.c_uint32, ct.c_uint64)
    assert plain(counts.items()) == [(1, 10), (2, 20), (3, 30)]
    assert plain(counts.iteritems()) == plain(counts.items())
    assert sorted(key.value for key in counts) == [1, 2, 3]
    assert [key.value for key in counts.keys()] == [key.value for key in counts]  # noqa: SIM118
    assert sorted(leaf.value for leaf in counts.values()) == [10, 20, 30]
    assert len(counts) == 3
    assert 2 in counts
    assert 4 not in counts


def test_what_is_not_there_is_a_key_error(counts: Any) -> None:
    with pytest.raises(KeyMissing):
        counts[7]
    with pytest.raises(KeyError):
        del counts[ct.c_uint(7)]
    assert counts.get(7) is None
    assert counts.get(7, 5) == 5
    with pytest.raises(WrongData):
        counts["seven"]


def test_entries_go(counts: Any) -> None:
    counts.update({1: 10, 2: 20})

    del counts[1]
    assert counts.pop(2).value == 20
    assert len(counts) == 0


def test_zero_keeps_the_keys_and_clear_does_not(counts: Any) -> None:
    counts[1], counts[2] = 10, 20

    counts.zero()
    assert plain(counts.items()) == [(1, 0), (2, 0)]
    counts.clear()
    assert counts.items() == []


def test_next_goes_through_all_keys(counts: Any) -> None:
    counts.update(dict.fromkeys(range(5), 1))
    found = []
    key = None
    with pytest.raises(StopIteration):
        while True:
            found.append(key := counts.next(key))

    assert sorted(one.value for one in found) == [0, 1, 2, 3, 4]


def test_batches(counts: Any) -> None:
    keys = (counts.Key * 3)(1, 2, 3)
    leaves = (counts.Leaf * 3)(10, 20, 30)

    counts.items_update_batch(keys, leaves)
    assert plain(counts.items_lookup_batch()) == [(1, 10), (2, 20), (3, 30)]
    counts.items_delete_batch((counts.Key * 2)(1, 9))
    assert plain(counts.items_lookup_and_delete_batch()) == [(2, 20), (3, 30)]
    assert len(counts) == 0
    counts[1] = 1
    counts.items_delete_batch()
    assert len(counts) == 0


def test_a_table_says_what_it_is(counts: Any) -> None:
    assert (counts.name, counts.max_entries, counts.flags, counts.ttype) == ("t", 1000, 0, 1)
    assert counts.get_fd() == counts.map_fd == int(counts.map.fd)
    assert counts.map_id == counts.map.info().id
    assert repr(counts) == "<HashTable <Map t: HASH, 4 -> 8 bytes, 1000 entries>>"


def test_other_classes_can_be_asked_for(kernel: LiveKernel) -> None:
    class Signed(ct.Structure):
        _fields_ = (("low", ct.c_int32), ("high", ct.c_int32))

    options: dict[str, Any] = {"keytype": ct.c_int32, "leaftype": Signed}
    with table_of(kernel, MapType.HASH, **options) as table:
        table[-1] = (5, -5)

        ((key, leaf),) = table.items()
        assert (key.value, leaf.low, leaf.high) == (-1, 5, -5)


def test_histograms_of_slots(kernel: LiveKernel, capsys: pytest.CaptureFixture[str]) -> None:
    with table_of(kernel, MapType.ARRAY, key=INT, entries=64) as table:
        table[1], table[2] = 2, 1
        table.print_log2_hist("usecs")
        table.print_linear_hist()
        table.print_json_hist("usecs")

    lines = capsys.readouterr().out.splitlines()
    assert lines[:7] == [
        "     usecs               : count     distribution",
        f"         0 -> 1          : 2        |{'*' * 40}|",
        f"         2 -> 3          : 1        |{'*' * 20:<40}|",
        "     value         : count     distribution",
        f"        0          : 0        |{'':<40}|",
        f"        1          : 2        |{'*' * 40}|",
        f"        2          : 1        |{'*' * 20:<40}|",
    ]
    assert eval(lines[7])["data"][0] == {"interval-start": 0, "interval-end": 1, "count": 2}


def test_histograms_of_buckets(kernel: LiveKernel, capsys: pytest.CaptureFixture[str]) -> None:
    with table_of(kernel, MapType.HASH, key=SLOT) as table:
        table.update({(b"sda", 1): 1}.items())
        table[b"sdb".ljust(16, b"\0") + bytes([1] + [0] * 7)] = 3
        names = {"section_header": "disk", "bucket_sort_fn": sorted}
        table.print_log2_hist("usecs", **names)
        table.print_log2_hist(
            "usecs", **names, section_print_fn=bytes.decode, bucket_fn=bytes.upper
        )
        table.print_linear_hist("n", bucket_sort_fn=sorted)
        table.print_json_hist("n", **names)

    lines = capsys.readouterr().out.splitlines()
    row = f"         0 -> 1          : {{}}        |{'*' * 40}|"
    head = "     usecs               : count     distribution"
    assert lines[:8] == [
        *("", "disk = b'sda'", head, row.format(1)),
        *("", "disk = b'sdb'", head, row.format(3)),
    ]
    assert lines[8:16] == [
        *("", "disk = SDA", head, row.format(1)),
        *("", "disk = SDB", head, row.format(3)),
    ]
    assert lines[17] == "Bucket ptr = b'sda'"
    assert [eval(line)["disk"] for line in lines[-2:]] == [b"sda", b"sdb"]


def test_a_slot_that_no_histogram_has_is_an_error(kernel: LiveKernel) -> None:
    with table_of(kernel, MapType.HASH, entries=2) as table:
        table[65] = 1
        with pytest.raises(OutOfRange, match="table t: no index 65, there are 65 from 0 on"):
            table.print_log2_hist()


def test_arrays_have_all_their_indices(kernel: LiveKernel) -> None:
    with table_of(kernel, MapType.ARRAY, key=INT) as table:
        table[0], table[-1], table[ct.c_int(1)] = 5, 8, 6

        assert plain(table.items()) == [(0, 5), (1, 6), (2, 0), (3, 8)]
        assert [key.value for key in table] == [0, 1, 2, 3]
        assert len(table) == 4
        assert table[-1].value == table[3].value == 8
        del table[0]
        table.clearitem(3)
        assert plain(table.items()) == [(0, 0), (1, 6), (2, 0), (3, 0)]
        table.clear()
        assert table[1].value == 0
        for index in (4, -5, ct.c_int(4)):
            with pytest.raises(IndexError, match="4 from 0 on"):
                table[index]


@pytest.mark.parametrize("type_", [MapType.PERCPU_HASH, MapType.PERCPU_ARRAY])
@pytest.mark.parametrize("leaf", [U64, U32], ids=str)
def test_leaves_of_every_cpu(kernel: LiveKernel, type_: MapType, leaf: CType) -> None:
    cpus = len(possible_cpus(kernel))
    with table_of(kernel, type_, leaf=leaf) as table:
        table[1] = range(1, cpus + 1)

        assert list(table[1]) == list(range(1, cpus + 1))
        assert list(table.getvalue(1)) == list(range(1, cpus + 1))
        assert isinstance(table.sum(1), table.sLeaf)
        assert table.sum(1).value == cpus * (cpus + 1) // 2
        assert table.max(1).value == cpus
        assert table.average(1) == (cpus + 1) / 2
        leaves = table.Leaf()
        leaves[0] = 9
        table[1] = leaves
        assert {key.value: sum(row) for key, row in table.items()}[1] == 9
        table.zero()
        assert table.sum(1).value == 0


def test_a_reducer_takes_all_cpus_together(kernel: LiveKernel) -> None:
    options: dict[str, Any] = {"reducer": lambda left, right: left + right}
    with table_of(kernel, MapType.PERCPU_ARRAY, key=INT, **options) as table:
        table[2] = [3] * table.total_cpu

        assert table[2] == 3 * table.total_cpu
        assert list(table.values()) == [0, 0, 3 * table.total_cpu, 0]
        assert list(table.getvalue(2)) == [3] * table.total_cpu


def test_only_numbers_have_a_sum(kernel: LiveKernel) -> None:
    odd = struct("odd", 12, Member("a", U32, 0), Member("b", U64, 32))
    with table_of(kernel, MapType.PERCPU_ARRAY, key=INT, leaf=odd) as table:
        table[0] = [(cpu, 2 * cpu) for cpu in range(table.total_cpu)]

        assert [(one.a, one.b) for one in table[0]] == [
            (cpu, 2 * cpu) for cpu in range(table.total_cpu)
        ]
        with pytest.raises(NotThatTable, match="of type percpu_array has no leaves that are"):
            table.sum(0)


@pytest.mark.parametrize(
    ("type_", "order"), [(MapType.QUEUE, [1, 2, 3]), (MapType.STACK, [3, 2, 1])]
)
def test_queues_and_stacks(kernel: LiveKernel, type_: MapType, order: list[int]) -> None:
    with table_of(kernel, type_, entries=3) as table:
        for number in (1, 2, 3):
            table.push(number)
        with pytest.raises(OSError, match="E2BIG"):
            table.push(4)

        assert table.peek().value == order[0]
        assert table.pop().value == order[0]
        assert [leaf.value for leaf in table.values()] == order[1:]
        with pytest.raises(KeyError):
            table.pop()
        exist = 2
        for number in (1, 2, 3, 4):
            table.push(ct.c_uint64(number), exist)
        assert sorted(leaf.value for leaf in table.itervalues()) == [2, 3, 4]


def test_tries_find_the_longest_prefix(kernel: LiveKernel) -> None:
    prefix = struct("key_v4", 8, Member("bits", U32, 0), Member("data", Array(CHAR, 4), 32))
    prefix.alignment = 4
    with table_of(kernel, MapType.LPM_TRIE, key=prefix, flags=NO_PREALLOC) as table:
        table[8, b"\x0a"] = 1
        table[16, b"\x0a\x01"] = 2

        assert table[32, b"\x0a\x01\x02\x03"].value == 2
        assert table[32, b"\x0a\x02\x02\x03"].value == 1
        assert len(table) == 2


def test_programs_to_call(kernel: LiveKernel) -> None:
    spec = MapSpec(name="t", type=MapType.PROG_ARRAY, key_size=4, value_size=4, max_entries=3)
    program = counting_program("p", ProgType.RAW_TRACEPOINT, "n")
    with tables(kernel, [spec, counter_map("n")], [program]) as made:
        table = made.table(declared("t", "prog", U32, U32))
        loaded = made.loaded.programs["p"]
        table[0] = loaded
        table[1] = int(loaded.fd)
        table[2] = ct.c_int(int(loaded.fd))
        assert [leaf.value for leaf in table.values()] == [loaded.info().id] * 3
        del table[1]

        assert [key.value for key, _ in table.items()] == [0, 2]


def test_groups_by_their_path(kernel: LiveKernel) -> None:
    spec = MapSpec(name="t", type=MapType.CGROUP_ARRAY, key_size=4, value_size=4, max_entries=1)
    path = "/sys/fs/cgroup/unified"
    if not os.path.exists(f"{path}/cgroup.procs"):
        path = "/sys/fs/cgroup"
    with tables(kernel, [spec]) as made:
        table = made.table(declared("t", "cgroup_array", U32, U32))
        table[0] = path
        table[0] = os.fsencode(path)
        with pytest.raises(FileNotFoundError):
            table[0] = "/sys/fs/none"


def test_tables_in_tables(kernel: LiveKernel) -> None:
    inner = MapSpec(name="inner", type=MapType.ARRAY, key_size=4, value_size=8, max_entries=1)
    outer = MapSpec(
        name="t",
        type=MapType.ARRAY_OF_MAPS,
        key_size=4,
        value_size=4,
        max_entries=2,
        inner=inner,
    )
    with tables(kernel, [inner, outer]) as made:
        table = made.table(declared("t", "array_of_maps", INT, U32))
        held = made.table(declared("inner", "array"))
        table[0] = held
        table[1] = held.map_fd

        assert [leaf.value for leaf in table.values()] == [held.map_id] * 2


def test_stacks_are_walked_to_their_end(kernel: LiveKernel) -> None:
    with table_of(kernel, MapType.HASH, key=INT, leaf=STACK) as stacks:
        stacks[5] = {"ip": (0xA, 0xB, 0xC)}
        stacks[6] = {"ip": tuple(range(1, 128))}
        table = StackTrace(stacks.bpf, stacks.declared, stacks.map, stacks.Key, stacks.Leaf)
        assert list(table.walk(5)) == [0xA, 0xB, 0xC]
        assert list(table.walk(5, resolve=hex)) == ["0xa", "0xb", "0xc"]
        assert len(list(table.walk(6))) == 127
        with pytest.raises(KeyError):
            table.walk(-14)
        table.clear()
        assert len(table) == 2


def test_counters_on_every_cpu_are_open_until_the_end(kernel: LiveKernel) -> None:
    cpus = len(possible_cpus(kernel))
    spec = MapSpec(
        name="t", type=MapType.PERF_EVENT_ARRAY, key_size=4, value_size=4, max_entries=cpus
    )
    software, cpu_clock = 1, 0
    with tables(kernel, [spec]) as made:
        table = made.table(declared("t", "perf_array", INT, U32))
        before = len(open_fds())
        table.open_perf_event(software, cpu_clock)
        assert len(open_fds()) == before + len(online_cpus(kernel))
        table.open_perf_event(software, cpu_clock, pid=os.getpid())
        made.close_buffers()

        assert len(open_fds()) == before
        with pytest.raises(OSError, match="ENOENT"):
            table.open_perf_event(software, 1 << 40)
        assert len(open_fds()) == before


def test_tables_in_hash_tables(kernel: LiveKernel) -> None:
    inner = MapSpec(name="inner", type=MapType.ARRAY, key_size=4, value_size=8, max_entries=1)
    outer = MapSpec(
        name="t", type=MapType.HASH_OF_MAPS, key_size=8, value_size=4, max_entries=2, inner=inner
    )
    with tables(kernel, [inner, outer]) as made:
        table = made.table(declared("t", "hash_of_maps", U64, U32))
        held = made.table(declared("inner", "array"))
        table[1 << 40] = held

        assert [(key.value, leaf.value) for key, leaf in table.items()] == [(1 << 40, held.map_id)]


def test_keys_and_leaves_as_text(counts: Any) -> None:
    assert counts.key_sprintf(31) == b"0x1f"
    assert counts.leaf_sprintf(counts.Leaf(7)) == b"0x7"
    assert counts.key_scanf("31").value == 31
    assert counts.leaf_scanf(b"0x7").value == 7
