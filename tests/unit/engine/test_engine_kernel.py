"""`VmKernel`: maps, programs and descriptors, asked for as the kernel's are."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from golden_cases import CaseFile
from seismo.base.errors import BpfError, SyscallError
from seismo.base.source import Source
from seismo.builtin.options import LowerOptions
from seismo.builtin.table import AGGREGATES, BUILTINS
from seismo.compiler import Inputs, compile_script
from seismo.engine.kernel import VmKernel
from seismo.engine.view import EngineView
from seismo.isa.map_types import MapType
from seismo.isa.parse import parse_listing
from seismo.isa.prog_types import ProgType
from seismo.kernel.abi import UpdateFlag
from seismo.kernel.bpf import map_next_key
from seismo.kernel.fd import open_fds
from seismo.objects.errors import KeyMissing
from seismo.objects.load import load
from seismo.objects.map import Map
from seismo.objects.program import Program, load_program
from seismo.plan import Plan
from seismo.probes.view import KernelView
from seismo.spec.types import MapSpec, ObjectSpec, ProgramSpec
from seismo.tools.table import NAMES, find_tool
from seismo.views import RecordedView

TESTS = Path(__file__).parents[2]
RECORDED = RecordedView(TESTS / "recorded" / "6.18")
RAW = ProgType.RAW_TRACEPOINT


def spec(type_: MapType, key: int = 4, value: int = 8, entries: int = 4) -> MapSpec:
    return MapSpec(
        name="m", type=type_, key_size=key, value_size=value, max_entries=entries,
        flags=1 if type_ is MapType.LPM_TRIE else 0,
    )  # fmt: skip


def program(text: str, *refs: tuple[int, str], type_: ProgType = RAW) -> ProgramSpec:
    return ProgramSpec(name="p", type=type_, insns=parse_listing(text), map_refs=refs)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(SyscallError) as caught:
        call()
    return caught.value.errno_name


def u32(number: int) -> bytes:
    return number.to_bytes(4, "little")


def u64(number: int) -> bytes:
    return number.to_bytes(8, "little")


@pytest.mark.parametrize("type_", [MapType.HASH, MapType.LRU_HASH])
def test_a_hash_map(type_: MapType) -> None:
    with Map.create(VmKernel(), spec(type_)) as found:
        for n in range(4):
            found.put(u32(n), u64(n * n))
        assert dict(found.items()) == {u32(n): u64(n * n) for n in range(4)}
        assert found.get(u32(3)) == u64(9)
        assert refused(lambda: found.put(u32(3), u64(0), UpdateFlag.NOEXIST)) == "EEXIST"
        assert refused(lambda: found.put(u32(7), u64(0), UpdateFlag.EXIST)) == "ENOENT"
        found.delete(u32(2))
        with pytest.raises(KeyMissing):
            found.get(u32(2))
        assert list(found.keys()) == [u32(0), u32(1), u32(3)]
        found.zero()
        assert set(dict(found.items()).values()) == {bytes(8)}
        found.clear()
        assert list(found.items()) == []


def test_a_full_hash_map_refuses() -> None:
    with Map.create(VmKernel(), spec(MapType.HASH, entries=1)) as found:
        found.put(u32(0), u64(0))
        assert refused(lambda: found.put(u32(1), u64(0))) == "E2BIG"


def test_a_walk_goes_on_though_keys_come_and_go() -> None:
    kernel = VmKernel()
    with Map.create(kernel, spec(MapType.HASH, entries=64)) as found:
        found.put_many([(u32(n), u64(n)) for n in range(40)])
        key: bytes | None = None
        for n in range(40):
            key = map_next_key(kernel, int(found.fd), key, 4)
            assert key == u32(n)
            found.delete(key)
            found.put(u32(100), u64(0))
        assert refused(lambda: map_next_key(kernel, int(found.fd), u32(39), 4)) == "ENOENT"
        assert list(found.keys()) == [u32(100)]


@pytest.mark.parametrize("type_", [MapType.ARRAY, MapType.PERCPU_ARRAY])
def test_an_array(type_: MapType) -> None:
    with Map.create(VmKernel(), spec(type_)) as found:
        assert [value for _, value in found.items()] == [bytes(found.value_bytes)] * 4
        found.put(u32(2), b"\1" * found.value_bytes)
        assert found.get(u32(2)) == b"\1" * found.value_bytes
        assert refused(lambda: found.put(u32(4), bytes(found.value_bytes))) == "E2BIG"
        assert refused(lambda: found.delete(u32(0))) == "EINVAL"
        found.clear()
        assert found.get(u32(2)) == bytes(found.value_bytes)


def test_a_value_a_processor() -> None:
    kernel = VmKernel()
    cpus = kernel.places.cpus
    with Map.create(kernel, spec(MapType.PERCPU_HASH, value=4)) as found:
        values = [u32(n + 1) for n in range(cpus)]
        found.put(u32(9), found.join_per_cpu(values), UpdateFlag.NOEXIST)
        assert found.get_per_cpu(u32(9)) == values
        assert [found.cut_per_cpu(row) for _, row in found.items()] == [values]


def test_queues_stacks_filters_and_tries() -> None:
    kernel = VmKernel()
    with Map.create(kernel, spec(MapType.QUEUE, key=0)) as queue:
        queue.push(u64(1))
        queue.push(u64(2))
        assert (queue.peek(), queue.pop(), queue.pop()) == (u64(1), u64(1), u64(2))
        with pytest.raises(KeyMissing):
            queue.pop()
    with Map.create(kernel, spec(MapType.BLOOM_FILTER, key=0)) as bloom:
        bloom.push(u64(5))
        assert bloom.may_contain(u64(5))
        assert not bloom.may_contain(u64(6))
    with Map.create(kernel, spec(MapType.LPM_TRIE, key=8)) as trie:
        trie.put(u32(8) + bytes([10, 0, 0, 0]), u64(1))
        assert trie.get(u32(32) + bytes([10, 1, 2, 3])) == u64(1)


def test_a_frozen_map_is_the_programs_alone() -> None:
    kernel = VmKernel()
    with Map.create(kernel, spec(MapType.ARRAY)) as found:
        found.freeze()
        assert refused(lambda: found.put(u32(0), u64(1))) == "EPERM"
        assert refused(found.freeze) == "EBUSY"
        text = "r1 = map[fd:0][0]+0\nr2 = 7\n*(u64 *)(r1 +0) = r2\nr0 = 0\nexit"
        with load_program(program(text, (0, "m")), {"m": found}, kernel) as one:
            one.test_run()
        assert found.get(u32(0)) == u64(7)


def test_maps_tell_what_they_are() -> None:
    kernel = VmKernel()
    with Map.create(kernel, spec(MapType.HASH)) as first, Map.create(kernel, first.spec) as second:
        assert first.info().spec == first.spec
        assert first.info().id != second.info().id


def test_a_map_that_the_machine_has_not() -> None:
    with pytest.raises(SyscallError) as caught:
        Map.create(VmKernel(), spec(MapType.CGROUP_ARRAY, value=4))
    assert caught.value.errno_name == "EINVAL"
    assert "CGROUP_ARRAY" in caught.value.hint


def test_test_runs() -> None:
    kernel = VmKernel()
    text = "r0 = *(u64 *)(r1 +8)\nr0 += 1\nexit"
    with load_program(program(text), {}, kernel) as one:
        for n in range(20):  # translated in between
            assert one.test_run(ctx=u64(0) + u64(n)).retval == n + 1
        assert one.info().run_count == 20
        assert (one.info().name, one.info().type, one.recursion_misses) == ("p", RAW, 0)


def test_a_test_run_on_a_packet() -> None:
    frame = bytes(range(20))
    cases = {
        # The bytes at data, and how many there are.
        ProgType.XDP: (0, 4, 0x03020100, 20),
        ProgType.SCHED_CLS: (76, 80, 0x03020100, 20),
        ProgType.SOCKET_FILTER: (76, 80, 0x11100F0E, 6),
    }
    for type_, (data, data_end, first, length) in cases.items():
        text = f"""
            r2 = *(u32 *)(r1 +{data})
            r3 = *(u32 *)(r1 +{data_end})
            r0 = *(u32 *)(r2 +0)
            r3 -= r2
            *(u8 *)(r2 +1) = 255
            r0 += r3
            exit
        """
        with load_program(program(text, type_=type_), {}, VmKernel()) as one:
            ran = one.test_run(frame)
            assert ran.retval == first + length
            shown = frame[-length:]
            assert ran.data == shown[:1] + b"\xff" + shown[2:]
            assert refused(lambda one=one: one.test_run(bytes(13))) == "EINVAL"


def test_what_a_packet_has_grown_by_comes_back() -> None:
    text = "r6 = r1\nr2 = -4\ncall bpf_xdp_adjust_head#44\nexit"
    with load_program(program(text, type_=ProgType.XDP), {}, VmKernel()) as one:
        assert one.test_run(bytes(14), repeat=3).data == bytes(14 + 3 * 4)


def test_a_program_that_the_machine_cannot_run_is_refused() -> None:
    kernel = VmKernel()
    for text, why in (
        ("call 9999\nexit", "no helper 9999"),
        ("call kfunc#5\nexit", "functions of the kernel"),
        ("goto pc+5\nexit", "leads out of the program"),
    ):
        with pytest.raises(SyscallError) as caught:
            load_program(program(text), {}, kernel)
        assert caught.value.errno_name == "EINVAL"
        assert why in caught.value.hint


def test_what_only_a_kernel_does_is_refused() -> None:
    kernel = VmKernel()
    assert refused(lambda: kernel.mount("tracefs")) == "EPERM"
    assert refused(lambda: kernel.append_file("/proc/nothing", b"")) == "EPERM"
    assert refused(lambda: kernel.ioctl(0, 1)) == "ENOTTY"
    with Map.create(kernel, spec(MapType.ARRAY)) as found:
        assert refused(lambda: found.pin("/sys/fs/bpf/m")) == "EPERM"
    with load_program(program("r0 = 0\nexit", type_=ProgType.TRACEPOINT), {}, kernel) as one:
        assert refused(one.test_run) == "errno 524"


def test_descriptors_are_real_and_all_closed() -> None:
    kernel = VmKernel()
    before = open_fds()
    object_ = ObjectSpec(maps=(spec(MapType.HASH),), programs=(program("r0 = 0\nexit"),))
    with load(object_, kernel) as loaded:
        fds = [int(loaded.maps["m"].fd), int(loaded.programs["p"].fd)]
        assert all(os.fstat(fd) for fd in fds)
        no_program = Program(kernel, loaded.maps["m"].fd, loaded.programs["p"].spec)
        assert refused(no_program.test_run) == "EINVAL"
    assert open_fds() == before
    for fd in fds:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)


def test_poll_waits_for_descriptors_of_the_system() -> None:
    kernel = VmKernel()
    ours, theirs = os.pipe()
    try:
        begin = time.monotonic()
        assert kernel.poll([ours], 20) == []
        assert time.monotonic() - begin >= 0.02
        os.write(theirs, b"x")
        assert kernel.poll([ours], -1) == [ours]
        assert select.select([ours], [], [], 0)[0] == [ours]
    finally:
        os.close(ours)
        os.close(theirs)


def test_files_are_the_systems_but_for_the_number_of_processors() -> None:
    kernel = VmKernel()
    assert kernel.read_file("/proc/self/comm") == Path("/proc/self/comm").read_bytes()
    last = kernel.places.cpus - 1
    assert kernel.read_file("/sys/devices/system/cpu/possible") == f"0-{last}\n".encode()
    assert refused(lambda: kernel.read_file("/nowhere")) == "ENOENT"


def compiled(name: str, text: str, view: KernelView = RECORDED) -> Plan | None:
    """A script for a kernel; None for one that is not for it."""
    options = LowerOptions(possible_cpus=2, pid_namespace=(1, 2))
    try:
        return compile_script(Source(name, text), view, options, Inputs(is_unsafe=True)).plan
    except BpfError:
        return None


def scripts() -> Iterator[tuple[str, str]]:
    """The tools' scripts, those of the compiler's tests, and the examples of the built-ins."""
    for tool in map(find_tool, sorted(NAMES)):
        if tool.make is None:
            yield from ((one.name, one.text) for one in tool.sources({}))
    for path in sorted((TESTS / "golden").glob("co*/*.test")):
        for title, sections in CaseFile.parse(path.read_text()).cases.items():
            if "script" in sections:
                yield f"{path.stem}: {title}", sections["script"]
    yield from ((name, one.example) for name, one in BUILTINS.items())
    yield from ((name, one.example) for name, one in AGGREGATES.items())


def test_every_script_finds_what_it_calls() -> None:
    """But for one that hands on packets of the kernel's, and one that nobody tells of."""
    count, refusals = 0, set[str]()
    for name, text in scripts():
        for view in (RECORDED, EngineView(VmKernel().places)):
            plan = compiled(name, text, view)
            if plan is None:
                continue
            count += 1
            try:
                load(plan.object, VmKernel()).close()
            except SyscallError:
                refusals.add(name)
    assert count > 200
    assert refusals == {"numaid", "skboutput"}


def test_a_fault_ends_a_run_and_is_told_once_by_its_line() -> None:
    text = "BEGIN { @ = 1 }\nEND { }"
    plan = compiled("case.bt", text)
    assert plan is not None
    given = plan.object.program(plan.begin[0])
    broken = ProgramSpec(
        name=given.name, type=given.type, spans=given.spans[:1] * 3,
        insns=parse_listing("r1 = 0\nr0 = *(u64 *)(r1 +16)\nexit"),
    )  # fmt: skip
    told: list[str] = []
    kernel = VmKernel(programs=[broken], warn=told.append)
    with load_program(broken, {}, kernel) as one:
        assert [one.test_run().retval for _ in range(3)] == [0, 0, 0]
    assert told == [
        "case.bt:1:13: a run was ended: instruction 1 (r0 = *(u64 *)(r1 +16)): "
        "reads 8 bytes at 0x10: a null pointer"
    ]
