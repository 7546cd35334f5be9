"""C types of tracepoint fields."""

from __future__ import annotations

import pytest

from lang_cases import VIEW
from seismo.lang.ctype import arguments_type, field_type
from seismo.lang.types import INT32, IntType, PointerType, RecordType, StringType
from seismo.probes.format import FormatField, TracepointFormat


def field(c_type: str, size: int, *, signed: bool = False) -> FormatField:
    return FormatField(name="x", c_type=c_type, offset=8, size=size, signed=signed)


@pytest.mark.parametrize(
    ("c_type", "size", "shown"),
    [
        ("int", 8, "int32"),
        ("unsigned int", 8, "uint32"),
        ("umode_t", 8, "uint16"),
        ("size_t", 8, "uint64"),
        ("const size_t", 8, "uint64"),
        ("long", 8, "int64"),
        ("pid_t", 4, "int32"),
        ("u32", 4, "uint32"),
        ("__u64", 8, "uint64"),
        ("__be16", 2, "uint16"),
        ("s8", 1, "int8"),
        ("dev_t", 4, "uint32"),
        ("sector_t", 8, "uint64"),
        ("xfs_extlen_t", 4, "uint32"),
        ("enum skb_drop_reason", 4, "enum skb_drop_reason"),
        ("const enum landlock_rule_type", 8, "enum landlock_rule_type"),
        ("bool", 1, "bool"),
        ("unsigned long", 4, "uint32"),
        ("cpumask_t", 24, "uint8[24]"),
        ("char[16]", 16, "string[16]"),
        ("u8[6]", 6, "uint8[6]"),
        ("unsigned long[6]", 48, "uint64[6]"),
        ("gid_t[2]", 8, "uint32[2]"),
        ("odd_t[4]", 16, "uint32[4]"),
        ("odd_t[]", 12, "uint8[12]"),
        ("const char *", 8, "int8 *"),
        ("const char *const *", 8, "int8 * *"),
        ("void *", 8, "void *"),
        ("fd_set *", 8, "fd_set *"),
        ("bool *", 8, "bool *"),
        ("const struct iovec *", 8, "struct iovec *"),
        ("__data_loc char[]", 4, "int8 *"),
        ("__data_loc cpumask_t", 4, "cpumask_t *"),
    ],
)
def test_types(c_type: str, size: int, shown: str) -> None:
    assert str(field_type(field(c_type, size), "user")) == shown


def test_signedness_of_unknown_names_is_the_kernels() -> None:
    assert field_type(field("odd_t", 4, signed=True), "user") == INT32


def test_spaces() -> None:
    assert field_type(field("char *", 8), "user") == PointerType(IntType(8, True), "user")
    assert field_type(field("char * *", 8), "user") == PointerType(
        PointerType(IntType(8, True), "user"), "user"
    )
    data = field_type(field("__data_loc char[]", 4), "user")
    assert data == PointerType(IntType(8, True), "kernel")


def test_arguments_of_a_syscall() -> None:
    record = arguments_type(VIEW.tracepoint("syscalls", "sys_enter_openat"))
    assert (record.name, record.size) == ("syscalls:sys_enter_openat", 48)
    assert {one.name: (str(one.type), one.offset) for one in record.fields or ()} == {
        "__syscall_nr": ("int32", 8),
        "dfd": ("int32", 16),
        "filename": ("int8 *", 24),
        "flags": ("int32", 32),
        "mode": ("uint16", 40),
    }
    filename = record.field("filename").type
    assert isinstance(filename, PointerType)
    assert filename.space == "user"


def test_arguments_with_located_data() -> None:
    record = arguments_type(VIEW.tracepoint("sched", "sched_process_exec"))
    filename = record.field("filename")
    assert filename.data_loc
    assert filename.type == PointerType(IntType(8, True), "kernel")
    assert filename.offset == 8
    assert not record.field("pid").data_loc
    assert record.field("pid").type == INT32
    switch = arguments_type(VIEW.tracepoint("sched", "sched_switch"))
    assert switch.field("prev_comm").type == StringType(16)


def test_relative_locations_are_left_out() -> None:
    format_ = TracepointFormat("user_events", "e", (field("__rel_loc char[]", 4),))
    assert arguments_type(format_) == RecordType("user_events:e", (), 12)
