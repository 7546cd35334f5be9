"""Objects and their programs: variables, loading, attaching, running and pinning."""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_cases import bpffs, call_getppid, compiled, needs_clang, open_object

import seismo

__all__ = ("bpffs",)

pytestmark = [pytest.mark.kernel, needs_clang]

PACKET = bytes(64)


@pytest.fixture
def obj() -> Iterator[seismo.Object]:
    """Not loaded yet, and without what takes a kernel's types to load."""
    with open_object("api_programs") as opened:
        opened.programs["each_map"].autoload = False
        yield opened


def test_variables_are_set_before_and_followed_after_loading(obj: seismo.Object) -> None:
    obj.rodata.fixed.limits.low = 100
    obj.rodata.fixed.level = 5
    obj.data.live.limits = {"high": 1000}
    obj.data.hot = 20000
    obj.globals["scale"] = 3
    obj.load()
    run = obj.programs["measure"].test_run(data=PACKET)
    assert run.retval == 100 + 5 + 1000 + 20000 * 3
    obj.programs["measure"].test_run(data=PACKET, repeat=10)
    assert obj.bss.runs == 11 and list(obj.bss.table) == [2, 3, 3, 3]
    assert obj.data.live.limits.low == 11 and obj.data.live.name == b"live"
    obj.data.live.limits.high = 0
    obj.bss.table[2] = 9
    assert obj.programs["measure"].test_run(data=PACKET).retval == 60105
    assert list(obj.bss.table) == [3, 3, 9, 3]


def test_a_run_gives_its_context_back(obj: seismo.Object) -> None:
    limits = obj.type("struct limits")
    obj.load()
    given = limits(low=4)
    assert obj.programs["answer"].test_run(ctx=given).ctx == limits(low=4, high=5)
    assert given == limits(low=4)
    raw = bytes(given)
    assert obj.programs["answer"].test_run(ctx=raw).ctx == bytes(limits(low=4, high=5))
    assert raw == bytes(given)
    packet = obj.programs["mark"].test_run(
        data=bytearray(PACKET), ctx=bytes(8) + b"\7" + bytes(183)
    )
    assert (bytes(packet.ctx)[8], packet.data) == (8, PACKET)
    for wrong in ({"data": "abc"}, {"ctx": "abc"}, {"ctx": {"low": 1}}):
        with pytest.raises(seismo.WrongType, match="must be"):
            obj.programs["mark"].test_run(**wrong)


def test_constants_are_read_only_once_loaded(obj: seismo.Object) -> None:
    obj.load()
    assert obj.rodata.fixed.limits.low == 1
    with pytest.raises(seismo.WrongState, match=r"read-only once .*\nhint: set them before load"):
        obj.rodata.fixed.limits.low = 2


def test_wrong_names_have_near_ones(obj: seismo.Object) -> None:
    for names, wrong, near in (
        (obj.maps, "event_map", "events_map"),
        (obj.programs, "mesure", "measure"),
        (obj.globals, "runz", "runs"),
    ):
        with pytest.raises(KeyError, match=f"no .* '{wrong}'.*\nhint: did you mean '{near}'"):
            names[wrong]
        assert wrong not in names
    with pytest.raises(AttributeError, match=r"no variable 'runs' in \.data\nhint: it is in \.bss"):
        obj.data.runs = 1


def test_sections_are_maps_by_their_names(obj: seismo.Object) -> None:
    assert obj.maps[".rodata"].spec.section == ".rodata"
    assert obj.maps[".bss"].name in obj.maps


def test_nothing_runs_before_loading(obj: seismo.Object) -> None:
    for use in (
        obj.attach,
        obj.events,
        obj.programs["measure"].fileno,
        obj.programs["at_getppid"].attach,
    ):
        with pytest.raises(seismo.WrongState, match="not loaded"):
            use()
    obj.load()
    with pytest.raises(seismo.WrongState, match="loaded already"):
        obj.load()
    with pytest.raises(seismo.WrongState, match="loaded already"):
        obj.programs["measure"].autoload = False


def test_what_is_optional_or_switched_off_is_not_loaded(obj: seismo.Object) -> None:
    obj.programs["measure"].autoload = False
    obj.load()
    assert not obj.programs["wrong"].autoload and not obj.programs["wrong"].is_loaded
    with pytest.raises(seismo.WrongState, match="'measure' is not loaded\nhint: autoload is off"):
        obj.programs["measure"].test_run(data=PACKET)


def test_the_verifier_is_quoted_with_the_source_line(obj: seismo.Object) -> None:
    obj.programs["wrong"].autoload = True
    with pytest.raises(seismo.VerifierError) as raised:
        obj.load()
    assert "api_programs.bpf.c:" in str(raised.value) and "*value" in str(raised.value)
    assert not obj.is_loaded
    obj.programs["wrong"].autoload = False
    obj.load()


def test_attach_takes_all_whose_section_says_where(obj: seismo.Object) -> None:
    obj.load()
    links = obj.attach()
    assert [one.program for one in links] == ["at_getppid"]
    before = obj.bss.table[0]
    call_getppid(50)
    assert obj.bss.table[0] - before >= 50
    links[0].close()
    after = obj.bss.table[0]
    call_getppid(50)
    assert obj.bss.table[0] == after
    assert obj.programs["at_getppid"].links == links


def test_a_program_that_does_not_say_where_must_be_told(obj: seismo.Object) -> None:
    obj.load()
    with pytest.raises(seismo.WrongState, match=r'SEC\("xdp"\) does not say where.*\nhint: .*xdp'):
        obj.programs["measure"].attach()
    assert not obj.programs["measure"].is_attachable


def test_a_missing_place_is_told(obj: seismo.Object) -> None:
    obj.load()
    with pytest.raises(seismo.BpfError, match=r"no tracepoint .*getpid_.*\nhint: did you mean"):
        obj.programs["at_getppid"].attach_tracepoint("syscalls", "sys_enter_getpid_")


def test_a_socket_filter_sees_what_its_socket_receives(obj: seismo.Object) -> None:
    obj.load()
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one, other, obj.programs["keep"].attach_socket(other):
        for _ in range(5):
            one.send(b"hello")
        assert [other.recv(100) for _ in range(5)] == [b"hello"] * 5
        assert obj.bss.runs == 5


def test_a_function_of_a_library_is_probed(obj: seismo.Object) -> None:
    obj.load()
    getppid = ctypes.CDLL(None).getppid
    with obj.programs["at_function"].attach_uprobe("libc", "getppid", pid=os.getpid()):
        for _ in range(7):
            getppid()
    getppid()
    assert obj.bss.table[1] == 7


def test_closing_ends_it_all_and_a_second_time_nothing(obj: seismo.Object) -> None:
    obj.load()
    program, map_ = obj.programs["measure"], obj.maps["events_map"]
    obj.attach()
    obj.close()
    obj.close()
    for use in (lambda: program.test_run(data=PACKET), lambda: map_[0], obj.attach):
        with pytest.raises(seismo.WrongState):
            use()


def test_a_closed_object_can_be_loaded_again(obj: seismo.Object) -> None:
    obj.load()
    obj.close()
    obj.rodata.fixed.limits.low = 7
    obj.load()
    assert obj.rodata.fixed.limits.low == 7


def test_bytes_and_paths_open_alike(obj: seismo.Object) -> None:
    path = compiled(Path(__file__).parent / "api_objects" / "api_programs.bpf.c")
    for opened in (
        seismo.Object.open(str(path)),
        seismo.Object.open(path),
        seismo.Object.open(path.read_bytes(), name=path.name),
        seismo.Object.open(memoryview(path.read_bytes()), name=path.name),
    ):
        assert opened.file.functions == obj.file.functions
        assert opened.file.maps == obj.file.maps
        assert list(opened.programs) == list(obj.programs)
    with pytest.raises(FileNotFoundError):
        seismo.Object.open("/nowhere.bpf.o")
    with pytest.raises(seismo.FormatError):
        seismo.Object.open(b"not an ELF file")


def test_the_program_tells_of_itself(obj: seismo.Object) -> None:
    obj.load()
    program = obj.programs["measure"]
    assert program.info().name == "measure" and program.fileno() > 0
    assert repr(program) == '<Program measure: SEC("xdp"), xdp>'
    assert repr(obj).endswith("loaded>")


def test_a_pinned_link_stays_attached_and_a_program_there(obj: seismo.Object, bpffs: Path) -> None:
    obj.load()
    program = obj.programs["at_getppid"]
    program.pin(f"{bpffs}/program")
    with program.attach() as link:
        link.pin(f"{bpffs}/link")
    before = obj.bss.table[0]
    call_getppid(10)
    assert obj.bss.table[0] - before >= 10
    assert {"program", "link"} <= set(os.listdir(bpffs))
    link.unpin()
    program.unpin(f"{bpffs}/program")
    assert not {"program", "link"} & set(os.listdir(bpffs))


def test_an_iterator_is_read(obj: seismo.Object) -> None:
    obj.programs["each_map"].autoload = True
    obj.load()
    assert obj.programs["each_map"].attach().read() == b""
    with pytest.raises(seismo.WrongType, match="'at_getppid' is no iterator"):
        obj.programs["at_getppid"].attach().read()
