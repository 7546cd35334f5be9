"""Native code sees the machine's memory as it is: what is freed, moved into view, or read-only."""

from __future__ import annotations

import sys

import pytest

from seismo.base.errors import NotSupported
from seismo.isa.parse import parse_listing
from seismo.vm.errors import Fault
from seismo.vm.machine import Machine
from seismo.vm.memory import Memory, Region
from seismo.vm.run import Run
from vm_engines import HAS_NATIVE, NEEDS_NATIVE

if HAS_NATIVE:
    from seismo.vm.native.native import Native
    from seismo.vm.native.regions import TABLE_ENTRIES, regions_of

HELPER = 1000


@NEEDS_NATIVE
def test_what_is_freed_cannot_be_reached() -> None:
    memory = Memory()
    region = memory.allocate(bytearray(8), "short-lived")

    def free(run: Run, *_: int) -> int:
        memory.free(region)
        return 0

    text = f"r6 = r2\nr0 = *(u64 *)(r6 +0)\ncall unknown#{HELPER}\nr0 = *(u64 *)(r6 +0)\nexit"
    machine = Machine(parse_listing(text), helpers={HELPER: free}, engine="native", memory=memory)
    with pytest.raises(Fault, match="reads 8 bytes at short-lived") as caught:
        machine.run(arguments=(region.base,))
    assert (caught.value.index, caught.value.address) == (3, region.base)


@NEEDS_NATIVE
def test_what_is_freed_lets_its_bytes_go() -> None:
    data = bytearray(b"\7" * 8)
    memory = Memory()
    region = memory.allocate(data, "ctx")
    machine = Machine(parse_listing("r0 = *(u8 *)(r1 +7)\nexit"), engine="native", memory=memory)
    assert machine.run(region).r0 == 7
    with pytest.raises(BufferError):
        data.append(0)
    memory.free(region)
    data.append(0)


@NEEDS_NATIVE
def test_regions_that_want_the_same_entry() -> None:
    memory = Memory()
    regions: list[Region] = []
    for number in range(3):
        regions.append(memory.allocate(bytearray([number + 1] * 8), "one of them"))
        for _ in range(TABLE_ENTRIES - 1):
            memory.allocate(b"", "between")
    entries = {(region.base >> 32) // 2 % TABLE_ENTRIES for region in regions}
    assert len(entries) == 1
    text = """
        r0 = *(u8 *)(r2 +0)
        r1 = *(u8 *)(r3 +0)
        r0 += r1
        r1 = *(u8 *)(r4 +0)
        r0 += r1
        *(u8 *)(r2 +1) = 9
        exit
    """
    machine = Machine(parse_listing(text), engine="native", memory=memory)
    bases = [region.base for region in regions]
    assert machine.run(arguments=bases).r0 == 6
    assert memory.read(bases[0], 3) == b"\1\x09\1"


@NEEDS_NATIVE
def test_a_write_after_a_read_of_what_is_read_only() -> None:
    text = "r0 = *(u8 *)(r1 +0)\n*(u8 *)(r1 +0) = 1\nexit"
    machine = Machine(parse_listing(text), engine="native")
    region = machine.memory.allocate(b"constant", "constant")
    with pytest.raises(Fault, match=r"writes 1 byte at constant\+0, which is read-only"):
        machine.run(region)


@NEEDS_NATIVE
def test_an_address_at_the_end_of_the_address_space() -> None:
    machine = Machine(parse_listing("r1 = -4\nr0 = *(u64 *)(r1 +0)\nexit"), engine="native")
    with pytest.raises(Fault, match="where there is nothing") as caught:
        machine.run()
    assert caught.value.address == (1 << 64) - 4


@NEEDS_NATIVE
def test_machines_of_one_memory_share_its_table() -> None:
    memory = Memory()
    insns = parse_listing("r0 = *(u8 *)(r1 +0)\nexit")
    machines = [Machine(insns, engine="native", memory=memory) for _ in range(2)]
    assert [one.run(b"\5").r0 for one in machines] == [5, 5]
    assert len(memory.watchers) == 1
    assert regions_of(memory) is regions_of(memory)


@NEEDS_NATIVE
def test_the_text_says_what_is_compiled() -> None:
    machine = Machine(parse_listing("r0 = 1\nexit"))
    source = Native(machine.program, {}, machine.memory).source
    assert "define i32 @f0(ptr %s) {" in source
    assert "store i64 1, ptr %r0" in source


def test_without_llvmlite_native_code_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    for name in ("native", "compile"):
        monkeypatch.delitem(sys.modules, f"seismo.vm.native.{name}", raising=False)
    with pytest.raises(NotSupported) as caught:
        Machine(parse_listing("r0 = 1\nexit"), engine="native")
    assert caught.value.hint == "pip install 'seismo[jit]'"
