"""Every common map type: written, read, deleted, pinned, frozen, batch by batch."""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from bpf_programs import u32, u64
from seismo.base.errors import SyscallError
from seismo.isa.map_types import MapType
from seismo.kernel.abi import BpfAttr, Cmd, UpdateFlag
from seismo.kernel.live import LiveKernel
from seismo.kernel.proc import possible_cpus
from seismo.objects.errors import KeyMissing, WrongSize
from seismo.objects.map import Map
from seismo.spec.types import MapSpec

pytestmark = pytest.mark.kernel

BPF_F_NO_PREALLOC = 1


def create(
    kernel: LiveKernel, type_: MapType, key: int, value: int, entries: int = 16, flags: int = 0
) -> Map:
    spec = MapSpec(
        name=f"t_{type_.name.lower()}"[:15],
        type=type_,
        key_size=key,
        value_size=value,
        max_entries=entries,
        flags=flags,
    )
    return Map.create(kernel, spec)


@pytest.mark.parametrize("type_", [MapType.HASH, MapType.LRU_HASH])
def test_hash_entries_come_and_go(kernel: LiveKernel, type_: MapType) -> None:
    with create(kernel, type_, 4, 8) as map_:
        map_.put(u32(1), u64(10))
        map_.put(u32(2), u64(20))
        map_.put(u32(1), u64(11))
        assert dict(map_.items()) == {u32(1): u64(11), u32(2): u64(20)}
        assert sorted(map_.keys()) == [u32(1), u32(2)]
        assert u32(1) in map_
        map_.delete(u32(1))
        assert u32(1) not in map_
        with pytest.raises(KeyMissing, match="no key 01 00 00 00"):
            map_.get(u32(1))
        with pytest.raises(KeyMissing):
            map_.delete(u32(1))
        assert map_.get_and_delete(u32(2)) == u64(20)
        with pytest.raises(KeyMissing):
            map_.get_and_delete(u32(2))
        assert list(map_.items()) == []


def test_put_flags_refuse_present_and_absent_keys(kernel: LiveKernel) -> None:
    with create(kernel, MapType.HASH, 4, 4) as map_:
        map_.put(u32(1), u32(1), UpdateFlag.NOEXIST)
        with pytest.raises(SyscallError) as present:
            map_.put(u32(1), u32(2), UpdateFlag.NOEXIST)
        with pytest.raises(SyscallError) as absent:
            map_.put(u32(9), u32(2), UpdateFlag.EXIST)
        assert (present.value.errno, absent.value.errno) == (errno.EEXIST, errno.ENOENT)
        assert map_.get(u32(1)) == u32(1)


def test_a_full_hash_says_what_to_do(kernel: LiveKernel) -> None:
    with create(kernel, MapType.HASH, 4, 4, entries=1) as map_:
        map_.put(u32(1), u32(1))
        with pytest.raises(SyscallError, match=r"E2BIG.*\nhint: .*max_entries"):
            map_.put(u32(2), u32(2))


def test_wrong_sizes_never_reach_the_kernel(kernel: LiveKernel) -> None:
    with create(kernel, MapType.HASH, 4, 8) as map_:
        for attempt in (
            lambda: map_.put(b"abc", u64(1)),
            lambda: map_.put(u32(1), b"1234567"),
            lambda: map_.get(b"12345"),
            lambda: map_.put_many([(u32(1), b"")]),
            lambda: map_.delete_many([b""]),
        ):
            with pytest.raises(WrongSize):
                attempt()


def test_array_holds_all_of_its_indices(kernel: LiveKernel) -> None:
    with create(kernel, MapType.ARRAY, 4, 8, entries=3) as map_:
        map_.put(u32(1), u64(7))
        expected = [(u32(0), u64(0)), (u32(1), u64(7)), (u32(2), u64(0))]
        assert list(map_.items()) == expected
        assert map_.keys() == [u32(0), u32(1), u32(2)]
        map_.clear()
        assert [value for _, value in map_.items()] == [u64(0)] * 3
        with pytest.raises(KeyMissing):
            map_.get(u32(3))


@pytest.mark.parametrize(
    "type_", [MapType.PERCPU_HASH, MapType.PERCPU_ARRAY, MapType.LRU_PERCPU_HASH]
)
def test_per_cpu_values_keep_their_cpu(kernel: LiveKernel, type_: MapType) -> None:
    cpus = len(possible_cpus(kernel))
    with create(kernel, type_, 4, 12, entries=4) as map_:
        values = [bytes([cpu + 1]) * 12 for cpu in range(cpus)]
        map_.put_per_cpu(u32(2), values)
        assert map_.value_bytes == 16 * cpus
        assert map_.get_per_cpu(u32(2)) == values
        assert dict(map_.items_per_cpu())[u32(2)] == values
        with pytest.raises(WrongSize):
            map_.put_per_cpu(u32(2), values[1:])
        with pytest.raises(WrongSize):
            map_.put_per_cpu(u32(2), [b"x"] * cpus)


def test_longest_prefix_wins(kernel: LiveKernel) -> None:
    with create(kernel, MapType.LPM_TRIE, 8, 4, flags=BPF_F_NO_PREALLOC) as map_:
        map_.put(u32(8) + bytes([10, 0, 0, 0]), u32(8))
        map_.put(u32(24) + bytes([10, 1, 2, 0]), u32(24))
        assert map_.get(u32(32) + bytes([10, 1, 2, 3])) == u32(24)
        assert map_.get(u32(32) + bytes([10, 9, 9, 9])) == u32(8)
        assert len(list(map_.items())) == 2
        with pytest.raises(KeyMissing):
            map_.get(u32(32) + bytes([11, 0, 0, 0]))


@pytest.mark.parametrize(
    ("type_", "order"), [(MapType.QUEUE, [1, 2, 3]), (MapType.STACK, [3, 2, 1])]
)
def test_queue_and_stack_order(kernel: LiveKernel, type_: MapType, order: list[int]) -> None:
    with create(kernel, type_, 0, 4, entries=3) as map_:
        for number in (1, 2, 3):
            map_.push(u32(number))
        with pytest.raises(SyscallError):
            map_.push(u32(4))
        assert map_.peek() == u32(order[0])
        assert [map_.pop() for _ in order] == [u32(number) for number in order]
        with pytest.raises(KeyMissing, match="no value left"):
            map_.pop()


def test_bloom_filter_never_forgets(kernel: LiveKernel) -> None:
    with create(kernel, MapType.BLOOM_FILTER, 0, 8, entries=100) as map_:
        for number in range(100):
            map_.push(u64(number))
        assert all(map_.may_contain(u64(number)) for number in range(100))
        strangers = sum(map_.may_contain(u64(number)) for number in range(10_000, 11_000))
        assert strangers < 200


@pytest.mark.parametrize("type_", [MapType.ARRAY_OF_MAPS, MapType.HASH_OF_MAPS])
def test_maps_in_maps_answer_with_ids(kernel: LiveKernel, type_: MapType) -> None:
    spec = MapSpec(name="outer", type=type_, key_size=4, value_size=4, max_entries=2)
    with (
        create(kernel, MapType.HASH, 4, 4) as inner,
        Map.create(kernel, spec, inner=inner) as outer,
    ):
        outer.put(u32(1), u32(int(inner.fd)))
        assert outer.get(u32(1)) == u32(inner.info().id)


@pytest.mark.parametrize(
    "type_", [MapType.PROG_ARRAY, MapType.PERF_EVENT_ARRAY, MapType.STACK_TRACE]
)
def test_maps_filled_by_others_are_made_and_described(kernel: LiveKernel, type_: MapType) -> None:
    value = 8 * 16 if type_ is MapType.STACK_TRACE else 4
    with create(kernel, type_, 4, value) as map_:
        described = map_.info().spec
        assert (described.type, described.key_size, described.value_size) == (type_, 4, value)
        assert described.name == map_.spec.name
        assert list(map_.keys()) == [] or type_ is not MapType.STACK_TRACE


@pytest.mark.parametrize("type_", [MapType.HASH, MapType.PERCPU_HASH, MapType.LRU_HASH])
@pytest.mark.parametrize("count", [0, 1, 5000])
def test_batches_move_everything_once(kernel: LiveKernel, type_: MapType, count: int) -> None:
    with create(kernel, type_, 8, 8, entries=20_000) as map_:
        row = map_.value_bytes
        entries = {u64(i): u64(i * i) * (row // 8) for i in range(count)}
        map_.put_many(entries.items())
        listed = list(map_.items())
        assert len(listed) == count
        assert dict(listed) == entries
        evens = [u64(i) for i in range(0, count, 2)]
        absent = [u64(10**9 + i) for i in range(3)]
        assert map_.delete_many([*absent, *evens, *absent]) == len(evens)
        assert sorted(map_.keys()) == sorted(entries.keys() - set(evens))
        drained = dict(map_.drain())
        assert drained == {key: entries[key] for key in entries.keys() - set(evens)}
        assert list(map_.items()) == []


def test_an_array_is_drained_to_zeros(kernel: LiveKernel) -> None:
    with create(kernel, MapType.ARRAY, 4, 8, entries=3) as map_:
        map_.put(u32(1), u64(7))
        assert map_.drain() == [(u32(0), u64(0)), (u32(1), u64(7)), (u32(2), u64(0))]
        assert map_.drain() == [(u32(index), u64(0)) for index in range(3)]


@pytest.mark.parametrize("type_", [MapType.HASH, MapType.PERCPU_HASH, MapType.ARRAY])
def test_zero_keeps_the_keys(kernel: LiveKernel, type_: MapType) -> None:
    with create(kernel, type_, 4, 8, entries=2) as map_:
        for index in range(2):
            map_.put(u32(index), b"\xff" * map_.value_bytes)
        map_.zero()
        zeros = bytes(map_.value_bytes)
        assert dict(map_.items()) == {u32(0): zeros, u32(1): zeros}


def test_clear_empties_a_hash(kernel: LiveKernel) -> None:
    with create(kernel, MapType.HASH, 4, 4, entries=1000) as map_:
        map_.put_many((u32(i), u32(i)) for i in range(1000))
        map_.clear()
        assert map_.keys() == []


class KernelBeforeBatches(LiveKernel):
    """Answers as Linux 5.5 does: batch commands and look-up-and-delete of hash maps are EINVAL."""

    REFUSED = (
        Cmd.MAP_LOOKUP_BATCH,
        Cmd.MAP_LOOKUP_AND_DELETE_BATCH,
        Cmd.MAP_UPDATE_BATCH,
        Cmd.MAP_DELETE_BATCH,
        Cmd.MAP_LOOKUP_AND_DELETE_ELEM,
    )

    def bpf(self, cmd: Cmd, attr: BpfAttr) -> int:
        if cmd in self.REFUSED:
            raise SyscallError(f"bpf({cmd.kernel_name})", errno.EINVAL)
        return super().bpf(cmd, attr)


def test_without_batches_entries_go_one_by_one() -> None:
    with create(KernelBeforeBatches(), MapType.HASH, 4, 4, entries=64) as map_:
        entries = {u32(i): u32(i * 3) for i in range(40)}
        map_.put_many(entries.items())
        assert dict(map_.items()) == entries
        assert map_.get_and_delete(u32(7)) == u32(21)
        assert map_.delete_many([u32(7), u32(8), u32(99)]) == 1
        assert len(map_.drain()) == 38
        assert map_.keys() == []


def test_frozen_map_refuses_user_space(kernel: LiveKernel) -> None:
    with create(kernel, MapType.ARRAY, 4, 4) as map_:
        map_.put(u32(0), u32(5))
        map_.freeze()
        with pytest.raises(SyscallError, match="EPERM"):
            map_.put(u32(0), u32(6))
        assert map_.get(u32(0)) == u32(5)


@pytest.fixture
def bpffs(tmp_path: Path) -> Iterator[Path]:
    """A bpffs of this test's own."""
    libc = ctypes.CDLL(None, use_errno=True)
    path = str(tmp_path).encode()
    assert libc.mount(b"bpf", path, b"bpf", 0, None) == 0, ctypes.get_errno()
    yield tmp_path
    assert libc.umount(path) == 0, ctypes.get_errno()


def test_a_pin_outlives_its_map(kernel: LiveKernel, bpffs: Path) -> None:
    path = str(bpffs / "counts")
    with create(kernel, MapType.HASH, 4, 4, entries=33) as map_:
        map_.put(u32(1), u32(2))
        map_.pin(path)
        id_ = map_.info().id
    with Map.open_pinned(kernel, path) as again:
        assert again.info().id == id_
        assert again.spec == MapSpec(
            name="t_hash", type=MapType.HASH, key_size=4, value_size=4, max_entries=33
        )
        assert again.get(u32(1)) == u32(2)
        again.unpin(path)
    with pytest.raises(SyscallError, match="ENOENT"):
        Map.open_pinned(kernel, path)
