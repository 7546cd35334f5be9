"""Records of audit become events: headers, registers, sections; damaged ones do not."""

from __future__ import annotations

import struct

import pytest

from audit_bytes import credential_bytes, file_bytes, header, section, socket_bytes, syscall
from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.catalog.model import FieldKind
from seismo.audit.catalog.structs import STRUCTS
from seismo.audit.record.batch import Batch, handler_of, type_of
from seismo.audit.record.batch_columns import columns
from seismo.audit.record.decode import Decoder
from seismo.audit.record.event import AuditEvent, Path, SocketAddress
from seismo.audit.record.handlers import Handlers, Owner
from seismo.audit.record.layout import (
    COMPAT,
    HEADER,
    EventFlag,
    KernelEvent,
    Section,
    SectionFlag,
)
from seismo.audit.record.sections import DamagedRecord, path, socket_address, words

CATALOG = shipped_catalog()
OPENAT, READ, CONNECT, GETPPID = (
    CATALOG[name].id for name in ("openat", "read", "connect", "getppid")
)


def decoded(record: bytes) -> AuditEvent:
    return Decoder(CATALOG).event(record)


def test_a_header() -> None:
    event = decoded(syscall(GETPPID, ret=-13, flags=EventFlag.CHANGED, comm=b"sixteen-letters!"))
    found = {one.name: getattr(event, one.name) for one in HEADER.fields if one.name != "type"}
    assert found == {
        "time_ns": 1_000_000_000,
        "duration_ns": 250,
        "sequence": 1,
        "start_ns": 77_000,
        "cgroup": 4242,
        "ret": -13,
        "flags": 2,
        "cpu": 1,
        "handler": 3,
        "tgid": 70_001,
        "tid": 70_002,
        "ppid": 70_000,
        "uid": 1000,
        "gid": 100,
        "mntns": 4026531841,
        "comm": "sixteen-letters!",
    }
    assert event.type is CATALOG["getppid"]
    assert (event.name, event.errno, event.values) == ("getppid", "EACCES", {})


def test_numbers_are_as_wide_as_their_types() -> None:
    """What a register has above an int is not of the int."""
    high = 0xABCD_0000_0000_0000
    event = decoded(syscall(OPENAT, [high | 0xFFFFFF9C, high | 1, high | 0x80041, high | 0o644]))
    assert event.values == {"dfd": -100, "filename": None, "flags": 0x80041, "mode": 0o644}
    assert event.args == (high | 0xFFFFFF9C, high | 1, high | 0x80041, high | 0o644, 0, 0)
    read = decoded(syscall(READ, [-1, 5, 1 << 40]))
    assert read.values == {"fd": -1, "buf": b"", "count": 1 << 40}


def test_names_files_and_directories() -> None:
    made = (
        section(Section.STRING, b"../x\xff", 1, SectionFlag.ENTRY)
        + section(Section.DIRECTORY, b"dir\0srv\0", 1, SectionFlag.ABSOLUTE)
        + section(Section.FILE, file_bytes(fd=7))
        + section(Section.PATH, b"x\0srv\0", flags=SectionFlag.ABSOLUTE | SectionFlag.DELETED)
        + section(Section.CHANGED_STRING, b"other", 1)
        + section(Section.KERNEL_STRING, b"third", 1)
    )
    event = decoded(syscall(OPENAT, [5, 1, 2, 3], made, ret=7))
    assert event.values["filename"] == "../x\udcff"
    assert event.directories == {1: Path(text="/srv/dir")}
    assert event.files[-1].path == Path(text="/srv/x", is_deleted=True)
    assert str(event.files[-1].path) == "/srv/x (deleted)"
    assert (event.files[-1].fd, event.files[-1].device, event.files[-1].mode) == (
        7,
        0x801,
        0o100644,
    )
    assert event.changed == {1: "other"}
    assert event.kernel_names == {1: "third"}
    assert (event.sockets, event.walks, event.unreadable, event.truncated) == ({}, {}, (), ())


def test_what_could_not_be_read_or_was_cut_is_told() -> None:
    event = decoded(
        syscall(OPENAT, [5, 1], section(Section.STRING, b"", 1, SectionFlag.FAULTED), ret=-14)
    )
    assert event.values["filename"] is None
    assert (event.unreadable, event.truncated, event.errno) == (("filename",), (), "EFAULT")
    event = decoded(syscall(READ, [5, 1], section(Section.BYTES, b"ab", 1, SectionFlag.TRUNCATED)))
    assert event.values["buf"] == b"ab"
    assert event.contents == {1: b"ab"}
    assert (event.unreadable, event.truncated) == ((), ("buf",))


@pytest.mark.parametrize(
    ("data", "flags", "text", "is_complete"),
    [
        (b"", SectionFlag.ABSOLUTE, "/", True),
        (b"c\0b\0", SectionFlag.ABSOLUTE, "/b/c", True),
        (b"c\0b\0", SectionFlag.TRUNCATED, "…/b/c", False),
        (b"c\0b\0", SectionFlag.UNREACHABLE, "/b/c", True),
        (b"pipe:[7]\0", SectionFlag.NAME, "pipe:[7]", True),
    ],
)
def test_paths(data: bytes, flags: int, text: str, is_complete: bool) -> None:
    found = path(data, flags)
    assert (found.text, found.is_complete) == (text, is_complete)
    assert found.is_unreachable == bool(flags & SectionFlag.UNREACHABLE)


def _v6(port: int, scope: int) -> bytes:
    return (
        struct.pack("=H", 10)
        + port.to_bytes(2, "big")
        + bytes(4)
        + bytes(15)
        + b"\1"
        + struct.pack("=I", scope)
    )


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\2\0\x1f\x90\x7f\0\0\1" + bytes(8), "127.0.0.1:8080"),
        (_v6(443, 2), "[::1]:443"),
        (b"\1\0/run/x.sock\0rest", "unix:/run/x.sock"),
        (b"\1\0\0bus\0", "unix:@bus@"),
        (b"\1\0", "unix:"),
        (b"\x10\0\0\0\5\0\0\0\1\0\0\0", "AF_NETLINK"),
        (b"\2\0\x1f", ":0"),
    ],
)
def test_addresses(data: bytes, text: str) -> None:
    assert str(socket_address(data)) == text


def test_an_address_without_a_family() -> None:
    assert socket_address(b"\2") is None
    assert socket_address(b"\x20\0\1\2") == SocketAddress(family="AF_IUCV", address="0102")


def test_sockets_of_arguments_and_events() -> None:
    data = socket_bytes(b"\x7f\0\0\1", b"\x7f\0\0\2", state=10, family=2)
    given = b"\2\0\x1f\x90\x7f\0\0\1" + bytes(8)
    event = decoded(
        syscall(
            CONNECT,
            [4, 1, 16],
            section(Section.SOCKADDR, given, 1) + section(Section.SOCKET, data, 0),
        )
    )
    state = event.sockets[0]
    assert event.values["uservaddr"] == SocketAddress(
        family="AF_INET", address="127.0.0.1", port=8080
    )
    assert (str(state.local), str(state.remote)) == ("127.0.0.1:40001", "127.0.0.2:80")
    assert (state.type, state.protocol, state.state) == ("SOCK_STREAM", "IPPROTO_TCP", "TCP_LISTEN")
    event = decoded(header(KernelEvent.NET_CONNECT) + data)
    assert event.values == {"socket": state}
    sent = decoded(header(KernelEvent.NET_SEND) + struct.pack("=Q", 512) + data)
    assert sent.values == {"bytes": 512, "socket": state}
    six = socket_bytes(bytes(15) + b"\1", b"\xfe\x80" + bytes(13) + b"\2", family=10, is_ipv6=1)
    event = decoded(header(KernelEvent.NET_CLOSE) + six)
    assert str(event.values["socket"].remote) == "[fe80::2]:80"


def test_an_exec() -> None:
    made = (
        section(Section.WORDS, b"sh\0-c\0\0cut", flags=SectionFlag.TRUNCATED)
        + section(Section.CWD, b"home\0", flags=SectionFlag.ABSOLUTE)
        + section(Section.EXE, b"dash\0bin\0", flags=SectionFlag.ABSOLUTE)
        + section(Section.FILE, file_bytes(mode=0o104755))
        + section(Section.CREDENTIALS, credential_bytes())
        + section(Section.CGROUP, b"leaf\0", flags=SectionFlag.ABSOLUTE)
    )
    event = decoded(header(KernelEvent.PROCESS_EXEC) + struct.pack("=4I", 9, 4, 2, 1) + made)
    values = event.values
    assert (values["old_tid"], values["argc"], values["envc"], values["secure"]) == (9, 4, 2, 1)
    assert values["argv"] == ("sh", "-c", "", "cut")
    assert (values["cwd"], values["exe"], values["cgroup_path"]) == ("/home", "/bin/dash", "/leaf")
    assert values["environment"] is None
    assert values["credentials"]["suid"] == 3
    assert values["credentials"]["sessionid"] == 15
    assert values["file"]["mode"] == 0o104755
    assert event.walks[Section.EXE] == Path(text="/bin/dash")
    assert event.truncated == ("argv",)
    assert event.args == ()
    assert list(values) == [one.name for one in event.type.fields]


def test_numbers_and_structs() -> None:
    pipe = decoded(
        syscall(CATALOG["pipe2"].id, [1], section(Section.NUMBERS, struct.pack("=2i", 3, -4), 0))
    )
    assert pipe.values["fildes"] == (3, -4)
    how = struct.pack("=3Q", 0o100, 0o600, 0x10)
    opened = decoded(
        syscall(CATALOG["openat2"].id, [3, 1, 2, 24], section(Section.STRUCT, how, 2, detail=24))
    )
    assert opened.values["how"] == {"flags": 0o100, "mode": 0o600, "resolve": 0x10}


def test_structs_of_32_bit_programs_are_those_that_are_alike() -> None:
    """Others are no structs to the catalog: the decoder need not tell them apart."""
    fields = [
        field
        for one in CATALOG.types
        if COMPAT <= one.id < KernelEvent.PROCESS_FORK
        for field in one.fields
        if field.kind is FieldKind.STRUCT
    ]
    assert len(fields) > 5
    assert all(STRUCTS[field.table].is_same_in_compat for field in fields)


@pytest.mark.parametrize(
    ("data", "found"),
    [(b"", ()), (b"a\0", ("a",)), (b"a\0\0b\0", ("a", "", "b")), (b"a\0b", ("a", "b"))],
)
def test_words(data: bytes, found: tuple[str, ...]) -> None:
    assert words(data) == found


def test_a_call_that_does_not_return_has_no_error() -> None:
    event = decoded(syscall(GETPPID, ret=-13, flags=EventFlag.NO_RETURN))
    assert event.errno == ""
    assert decoded(syscall(GETPPID, ret=-4096)).errno == ""


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (b"", "has no header"),
        (bytes(95), "has no header"),
        (header(2047 + 500), "no type of event"),
        (syscall(OPENAT)[:-1], "openat is cut"),
        (syscall(OPENAT) + bytes(7), "head is cut"),
        (syscall(OPENAT) + section(Section.STRING, b"abc", 1)[:-8], "does not fit"),
        (syscall(OPENAT) + section(Section.FILE, bytes(7)), "has only 7 bytes"),
        (syscall(OPENAT) + b"\xee" + bytes(7), "no section of kind 238"),
    ],
)
def test_damaged_records_are_refused_and_counted(record: bytes, why: str) -> None:
    decoder = Decoder(CATALOG)
    with pytest.raises(DamagedRecord, match=why):
        decoder.event(record)
    batch = Batch([syscall(GETPPID), record, syscall(READ)], decoder)
    assert [event.name for event in batch.events()] == ["getppid", "read"]
    assert [event.name for event in batch.events()] == ["getppid", "read"]
    assert decoder.undecodable == 1


def test_an_event_has_no_other_attributes() -> None:
    event = decoded(syscall(GETPPID))
    with pytest.raises(AttributeError, match="has no 'nonsense'"):
        _ = event.nonsense  # type: ignore[attr-defined]
    assert (event.process, event.paths, event.notes) == (None, {}, ())
    event.paths["filename"] = "/x"
    assert event.paths == {"filename": "/x"}


HANDLERS = Handlers(
    {
        3: (
            Owner(program_id=1, session_id=10, types=frozenset({READ, OPENAT})),
            Owner(program_id=2, session_id=20, types=frozenset({READ})),
        )
    }
)


def test_the_newest_handler_that_asked_owns_an_event() -> None:
    assert HANDLERS.ids(3, READ) == (2, 20)
    assert HANDLERS.ids(3, OPENAT) == (1, 10)
    assert HANDLERS.ids(4, READ) == (0, 0)
    event = Decoder(CATALOG, HANDLERS).event(syscall(OPENAT))
    assert (event.program_id, event.session_id) == (1, 10)


def test_what_nobody_asked_for_is_hidden() -> None:
    records = [syscall(READ), syscall(GETPPID), syscall(OPENAT), syscall(READ, handler=9)]
    batch = Batch(records, Decoder(CATALOG), HANDLERS)
    shown = batch.visible()
    assert list(shown) == [records[0], records[2]]
    assert shown.counts() == {READ: 1, OPENAT: 1}
    assert shown.visible() is shown


def test_a_selection_shares_its_events() -> None:
    """What correlation puts into an event of the whole batch is seen in the selection's."""
    records = [syscall(number) for number in (READ, GETPPID, OPENAT, READ)]
    batch = Batch(records, Decoder(CATALOG), HANDLERS)
    chosen = batch.select({READ})
    again = chosen.select({READ})
    (first, last) = chosen.events()
    assert batch.events()[0] is first
    assert batch.events()[3] is last
    assert again.events() == [first, last]
    assert [type_of(one) for one in batch.words] == [READ, GETPPID, OPENAT, READ]
    assert {handler_of(one) for one in batch.words} == {3}
    assert (batch[1], batch[1:3], len(batch)) == (records[1], records[1:3], 4)


def test_columns_are_what_events_are() -> None:
    records = [
        syscall(READ, [number, 0, 1 << 40], ret=number, time_ns=100 + number)
        + (section(Section.BYTES, b"x" * number, 1) if number % 3 == 0 else b"")
        for number in range(10)
    ]
    records.insert(4, header(KernelEvent.PROCESS_EXIT, ret=-1) + struct.pack("=4I", 3, 9, 1, 1))
    records.append(header(2600))
    batch = Batch(records, Decoder(CATALOG), HANDLERS)
    found = columns(batch, CATALOG)
    assert sorted(found) == ["process_exit", "read"]
    read = found["read"]
    assert read["index"].tolist() == [0, 1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert read["ret"].tolist() == list(range(10))
    assert read["time_ns"].tolist() == list(range(100, 110))
    assert read["args.fd"].tolist() == list(range(10))
    assert read["args.count"].tolist() == [1 << 40] * 10
    assert set(read["program_id"].tolist()) == {2}
    assert set(read["session_id"].tolist()) == {20}
    assert read["comm"].tolist() == [b"worker"] * 10
    assert found["process_exit"]["args.signal"].tolist() == [9]
    assert batch.headers()["tgid"].tolist() == [70_001] * 12
    assert columns(Batch([], Decoder(CATALOG)), CATALOG) == {}
