"""The catalog: its types, families, choices."""

from __future__ import annotations

import pytest

from seismo.audit.catalog.build import audit_catalog, event_of, shipped_catalog
from seismo.audit.catalog.families import DEFAULT, FAMILY_DOCS, MANY
from seismo.audit.catalog.kernel_events import KERNEL_EVENT_TYPES
from seismo.audit.catalog.meaning import meanings
from seismo.audit.catalog.model import CaptureOf, EventType, FieldKind
from seismo.audit.catalog.signature import parse_signature, shipped_signatures
from seismo.audit.catalog.table import Catalog, UnknownEvent
from seismo.audit.record.layout import FIXED, SYSCALL, Capture, KernelEvent, Section
from seismo.base.errors import NotSupported
from seismo.lang.syscall_names import SYSCALLS
from seismo.probes.format import FormatField, TracepointFormat
from seismo.probes.view import KernelView

CATALOG = shipped_catalog()


def names(types: tuple[EventType, ...]) -> list[str]:
    return [one.name for one in types]


def test_an_open_has_its_arguments_and_what_they_mean() -> None:
    openat = CATALOG["openat"]
    assert (openat.id, openat.fixed, openat.is_syscall) == (257, SYSCALL, True)
    assert openat.returns is FieldKind.FD
    shown = [(one.argument, one.name, one.c_type, one.kind, one.table) for one in openat.fields]
    assert shown == [
        (0, "dfd", "int", FieldKind.DIRFD, ""),
        (1, "filename", "const char *", FieldKind.PATH, ""),
        (2, "flags", "int", FieldKind.FLAGS, "open"),
        (3, "mode", "umode_t", FieldKind.MODE, ""),
    ]
    assert openat.field("filename").capture == CaptureOf(kind=Capture.PATH_AT, parameter=0)
    assert openat.field("flags").capture is None


@pytest.mark.parametrize(
    ("event", "field", "kind", "capture", "parameter"),
    [
        ("execve", "argv", FieldKind.WORDS, Capture.WORDS, 0),
        ("connect", "uservaddr", FieldKind.SOCKADDR, Capture.SOCKADDR_IN, 2),
        ("accept4", "upeer_sockaddr", FieldKind.SOCKADDR, Capture.SOCKADDR_OUT, 2),
        ("write", "buf", FieldKind.BYTES, Capture.BYTES_IN, 2),
        ("read", "buf", FieldKind.BYTES, Capture.BYTES_OUT, 2),
        ("writev", "vec", FieldKind.BYTES, Capture.IOVEC_IN, 2),
        ("sendmsg", "msg", FieldKind.SOCKADDR, Capture.MSGHDR_IN, 0),
        ("socketpair", "usockvec", FieldKind.NUMBERS, Capture.NUMBERS_OUT, 2),
        ("openat2", "how", FieldKind.STRUCT, Capture.STRUCT_IN, 24),
        ("newfstatat", "statbuf", FieldKind.STRUCT, Capture.STRUCT_OUT, 144),
        ("renameat2", "newname", FieldKind.PATH, Capture.PATH_AT, 2),
        ("fsetxattr", "name", FieldKind.TEXT, Capture.STRING, 0),
        ("close", "fd", FieldKind.FD, Capture.FD, 1),
    ],
)
def test_arguments_are_recorded_by_what_they_are(
    event: str, field: str, kind: FieldKind, capture: Capture, parameter: int
) -> None:
    found = CATALOG[event].field(field)
    assert found.kind is kind
    assert found.capture == CaptureOf(kind=capture, parameter=parameter)


def test_every_number_that_has_a_name_has_a_type_and_no_other_one_has() -> None:
    named = {number: name for number, name in enumerate(SYSCALLS["x86_64"]) if name}
    known = [one for one in CATALOG.types if one.id < 1024 and "unknown" not in one.families]
    assert {one.id: one.name for one in known} == named
    assert set(meanings()) == set(named.values())


def test_meanings_are_of_as_many_arguments_as_calls_have() -> None:
    signatures = shipped_signatures("x86_64")
    counts = {name: len(one.arguments) for name, one in meanings().items()}
    assert counts == {name: len(signatures[name]) for name in counts}


def test_what_belongs_to_an_argument_is_another_argument() -> None:
    of_arguments = {
        *(Capture.PATH_AT, Capture.SOCKADDR_IN, Capture.SOCKADDR_OUT, Capture.BYTES_IN),
        *(Capture.BYTES_OUT, Capture.IOVEC_IN, Capture.IOVEC_OUT),
    }
    for event in CATALOG.types:
        for field in event.fields:
            if field.capture is None or field.capture.kind not in of_arguments:
                continue
            other = event.fields[field.capture.parameter]
            is_directory = field.capture.kind is Capture.PATH_AT
            assert other is not field, event.name
            assert (other.kind is FieldKind.DIRFD) is is_directory, event.name


def test_every_directory_of_a_path_is_told_with_the_path() -> None:
    for event in CATALOG.types:
        directories = {one.argument for one in event.fields if one.kind is FieldKind.DIRFD}
        captures = [one.capture for one in event.fields if one.capture is not None]
        told = {one.parameter for one in captures if one.kind is Capture.PATH_AT}
        assert directories == told, event.name


def test_every_event_says_what_it_is_and_belongs_to_known_families() -> None:
    for event in CATALOG.types:
        assert event.doc and not event.doc.endswith("."), event.name
        known = {one for one in event.families if not one.startswith("%")}
        assert known <= set(FAMILY_DOCS), event.name
        assert ("all" in known) is (event.name not in MANY)
        assert event.families == tuple(sorted(set(event.families)))
    assert set(FAMILY_DOCS) == {one for one in CATALOG.families if not one.startswith("%")}


def test_the_kernels_events_have_the_fields_of_their_layouts() -> None:
    assert [one.id for one in KERNEL_EVENT_TYPES] == list(KernelEvent)
    for event in KERNEL_EVENT_TYPES:
        layout = FIXED[KernelEvent(event.id)]
        assert event.fixed is layout and not event.is_syscall
        fixed = [one.name for one in event.fields if not one.section]
        assert fixed == [one.name for one in layout.fields if one.name != "pad"]
        assert all(one.doc for one in event.fields), event.name
    assert CATALOG["process_exec"].field("argv").section == Section.WORDS


def test_a_choice_is_families_names_and_globs_without_what_is_not_wanted() -> None:
    assert names(CATALOG.select(["net_*", "!net_send", "!net_receive"])) == [
        *("net_connect", "net_accept", "net_close", "net_listen", "net_connect_failed"),
    ]
    assert names(CATALOG.select(["seccomp", "compat:open"])) == [
        *("seccomp", "compat:open", "compat:seccomp"),
    ]
    assert CATALOG.select([]) == ()
    assert CATALOG.select(["all", "sched", "interrupts"]) == CATALOG.types
    assert CATALOG.select(["*"]) == CATALOG.types
    assert CATALOG.select(["!all"]) == ()
    assert CATALOG.select(["open", "!open", "open"]) == CATALOG.select(["open"])


def test_what_is_excluded_first_is_excluded_from_everything() -> None:
    chosen = CATALOG.select(["!syscalls"])
    assert [one for one in names(KERNEL_EVENT_TYPES) if one not in MANY] == names(chosen)
    assert chosen == CATALOG.families["kernel"]


def test_who_wants_many_events_says_so() -> None:
    """Switches and interrupts are in no choice that is not about them."""
    assert set(names(CATALOG.families["interrupts"])) | {"sched_switch"} == MANY
    assert "sched_switch" in names(CATALOG.families["sched"])
    for words in (["all"], ["default"], ["kernel"], ["!read"]):
        assert MANY.isdisjoint(names(CATALOG.select(words))), words


def test_a_name_means_both_kinds_of_programs() -> None:
    assert names(CATALOG.select(["openat"])) == ["openat", "compat:openat"]
    assert names(CATALOG.select(["compat:openat"])) == ["compat:openat"]
    assert names(CATALOG.select(["openat", "!compat:*"])) == ["openat"]
    assert names(CATALOG.select(["fchmodat*"])) == [
        *("fchmodat", "fchmodat2", "compat:fchmodat", "compat:fchmodat2"),
    ]


def test_a_call_alone_is_not_the_family_of_its_name() -> None:
    assert names(CATALOG.select(["=read"])) == ["read", "compat:read"]
    assert names(CATALOG.select(["=compat:read"])) == ["compat:read"]
    assert "pread64" in names(CATALOG.select(["read", "!=read"]))
    for word in ("=rea*", "=%file", "=", "!!read"):
        with pytest.raises(UnknownEvent):
            CATALOG.select([word])


@pytest.mark.parametrize("word", ["opemat", "!opemat", "=opemat"])
def test_a_word_that_means_nothing_is_refused_with_the_nearest(word: str) -> None:
    with pytest.raises(UnknownEvent) as raised:
        CATALOG.select(["file", word])
    assert str(raised.value) == (
        "no event or family is called 'opemat'\nhint: did you mean 'openat'?"
    )
    with pytest.raises(UnknownEvent):
        CATALOG.select(["zzz*"])
    with pytest.raises(UnknownEvent):
        CATALOG["opemat"]


def test_numbers_that_no_table_has_are_events_too() -> None:
    assert CATALOG.by_id(257) is CATALOG["openat"]
    unknown = CATALOG.by_id(511)
    assert (unknown.name, unknown.families) == ("syscall_511", ("all", "syscalls", "unknown"))
    assert [one.name for one in unknown.fields] == [f"arg{number}" for number in range(6)]
    assert unknown in CATALOG.families["syscalls"]
    assert CATALOG.by_id(1024 + 511).name == "compat:syscall_511"
    far = CATALOG.by_id(1000)
    assert far.name == "syscall_1000" and CATALOG.by_id(1000) is far
    assert far not in CATALOG.types
    for id_ in (-1, 2047 + 100, 2560):
        with pytest.raises(UnknownEvent):
            CATALOG.by_id(id_)


def test_the_default_is_of_events_that_there_are() -> None:
    known = {one.name.removeprefix("compat:") for one in CATALOG.types}
    assert known >= DEFAULT
    default = set(names(CATALOG.families["default"]))
    assert {"openat", "compat:openat", "process_exec", "compat:chown32"} <= default
    assert not {"read", "write", "getpid", "futex"} & default


STRACE = {
    "%%stat": 5,
    "%%statfs": 3,
    "%clock": 8,
    "%creds": 19,
    "%desc": 123,
    "%file": 67,
    "%fstat": 3,
    "%fstatfs": 1,
    "%ipc": 12,
    "%lstat": 1,
    "%memory": 26,
    "%network": 21,
    "%process": 16,
    "%pure": 8,
    "%signal": 17,
    "%stat": 1,
    "%statfs": 1,
}
NEWER = {
    *("cachestat", "fchmodat2", "file_getattr", "file_setattr", "getxattrat", "listxattrat"),
    *("map_shadow_stack", "mseal", "open_tree_attr", "removexattrat", "setxattrat"),
}
"""What strace 6.1 does not know."""


@pytest.mark.parametrize("name", sorted(STRACE))
def test_straces_classes_are_as_large_as_strace_has_them(name: str) -> None:
    """Counted with strace 6.1, by a program that tries each number under seccomp."""
    types = [one for one in CATALOG.families[name] if "compat" not in one.families]
    assert len([one for one in types if one.name not in NEWER]) == STRACE[name]


def test_straces_classes_have_what_follows_from_no_argument() -> None:
    wanted = {
        "%file": {"getcwd", "fsconfig", "openat"},
        "%desc": {"poll", "pipe", "bpf", "openat", "mmap"},
        "%network": {"sendfile", "connect"},
        "%signal": {"signalfd4", "kill", "io_uring_enter"},
        "%process": {"execve", "exit_group", "wait4", "tgkill"},
        "%memory": {"brk", "shmat", "mbind"},
        "%creds": {"prctl", "capset", "setuid"},
    }
    unwanted = {
        "%desc": {"connect", "socket", "execve"},
        "%signal": {"alarm"},
        "%ipc": {"mq_open"},
        "%memory": {"memfd_create"},
        "%creds": {"keyctl"},
    }
    for name, calls in wanted.items():
        assert calls <= set(names(CATALOG.families[name])), name
    for name, calls in unwanted.items():
        assert not calls & set(names(CATALOG.families[name])), name


class _View:
    """A kernel whose tracefs has some system calls, one of them with another argument."""

    def machine(self) -> str:
        return "x86_64"

    def tracepoints(self) -> tuple[str, ...]:
        return ("sched:sched_switch", "syscalls:sys_enter_close", "syscalls:sys_enter_dup")

    def tracepoint(self, category: str, name: str) -> TracepointFormat:
        number = FormatField(name="__syscall_nr", c_type="int", offset=8, size=4, signed=True)
        words = {"sys_enter_close": ("handle",), "sys_enter_dup": ("fildes", "flags")}[name]
        fields = [
            FormatField(name=word, c_type="unsigned int", offset=16 + 8 * at, size=8, signed=False)
            for at, word in enumerate(words)
        ]
        return TracepointFormat(category, name, (number, *fields))


class _Telling(_View):
    """Linux 6.19 tells of contents, too: here of readlink(2)."""

    def tracepoints(self) -> tuple[str, ...]:
        return ("syscalls:sys_enter_readlink",)

    def tracepoint(self, category: str, name: str) -> TracepointFormat:
        words = (
            *(("int", "__syscall_nr"), ("const char *", "path"), ("char *", "buf")),
            *(("int", "bufsiz"), ("__data_loc char[]", "__path_val")),
        )
        fields = [
            FormatField(name=word, c_type=type_, offset=8 + 8 * at, size=8, signed=False)
            for at, (type_, word) in enumerate(words)
        ]
        return TracepointFormat(category, name, tuple(fields))


class _Blind(_View):
    def tracepoints(self) -> tuple[str, ...]:
        raise NotSupported("tracepoints", "tracefs cannot be read")


def _catalog_of(view: _View) -> Catalog:
    return audit_catalog(view)  # type: ignore[arg-type]


def test_names_and_types_are_those_that_the_kernel_tells() -> None:
    catalog = _catalog_of(_View())
    (fd,) = catalog["close"].fields
    assert (fd.name, fd.kind) == ("handle", FieldKind.FD)
    assert len(catalog) == len(CATALOG)
    assert catalog["openat"] == CATALOG["openat"]


def test_a_call_with_another_number_of_arguments_means_what_its_types_say() -> None:
    fields = _catalog_of(_View())["dup"].fields
    assert [(one.name, one.kind, one.capture) for one in fields] == [
        ("fildes", FieldKind.UINT, None),
        ("flags", FieldKind.UINT, None),
    ]


def test_contents_that_the_kernel_tells_are_no_arguments() -> None:
    assert _catalog_of(_Telling())["readlink"] == CATALOG["readlink"]


def test_the_catalog_is_complete_without_tracefs() -> None:
    assert _catalog_of(_Blind()).types == CATALOG.types


def test_a_machine_that_is_not_known_is_refused() -> None:
    with pytest.raises(NotSupported):
        shipped_catalog("riscv64")


def test_arm64_has_its_own_numbers_and_no_32_bit_programs() -> None:
    catalog = shipped_catalog("aarch64")
    assert catalog["openat"].id == 56
    assert "open" not in catalog and "compat" not in catalog.families
    assert [one.name for one in catalog["clone"].fields][3] == "tls"


def test_a_signature_is_read_as_it_stands() -> None:
    assert parse_signature("f(const char * name, void *const p, int n)") == (
        "f",
        (("name", "const char *"), ("p", "void *const"), ("n", "int")),
    )
    assert parse_signature("pause()") == ("pause", ())


def test_a_type_is_made_of_a_call_and_its_meaning() -> None:
    event = event_of(3, "close", (("fd", "unsigned int"),), meanings()["close"], is_compat=True)
    assert (event.id, event.name) == (1027, "compat:close")
    assert {"compat", "desc", "%desc"} <= set(event.families)


def test_the_view_is_one_of_the_kernels_views() -> None:
    wanted = {"machine", "tracepoints", "tracepoint"}
    assert wanted <= set(dir(KernelView))
