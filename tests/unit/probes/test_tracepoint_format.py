"""`format` files of tracefs: every field as the kernel declares it."""

from __future__ import annotations

import pytest

from lang_cases import VIEW
from seismo.base.errors import FormatError
from seismo.probes.format import FormatField, TracepointFormat, parse_format

HEAD = "name: event\nID: 7\nformat:\n\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"


def one(declaration: str, size: int = 8, signed: int = 0) -> FormatField:
    line = f"\tfield:{declaration};\toffset:8;\tsize:{size};\tsigned:{signed};\n"
    (field,) = parse_format("cat", HEAD + line).fields
    return field


def test_recorded_syscall() -> None:
    format_ = VIEW.tracepoint("syscalls", "sys_enter_openat")
    assert (format_.category, format_.name) == ("syscalls", "sys_enter_openat")
    assert [(one.name, one.c_type, one.offset, one.size) for one in format_.fields] == [
        ("__syscall_nr", "int", 8, 4),
        ("dfd", "int", 16, 8),
        ("filename", "const char *", 24, 8),
        ("flags", "int", 32, 8),
        ("mode", "umode_t", 40, 8),
    ]


@pytest.mark.parametrize(
    ("declaration", "c_type", "name"),
    [
        ("char comm[16]", "char[16]", "comm"),
        ("unsigned long args[6]", "unsigned long[6]", "args"),
        ("u8 grid[4][2]", "u8[4][2]", "grid"),
        ("__data_loc char[] filename", "__data_loc char[]", "filename"),
        ("__rel_loc u8[] data", "__rel_loc u8[]", "data"),
        ("const char *const * argv", "const char *const *", "argv"),
        ("void *p", "void *", "p"),
        ("const struct sock * sk", "const struct sock *", "sk"),
        ("unsigned long long x", "unsigned long long", "x"),
        ("enum skb_drop_reason reason", "enum skb_drop_reason", "reason"),
    ],
)
def test_declarations(declaration: str, c_type: str, name: str) -> None:
    field = one(declaration)
    assert (field.c_type, field.name) == (c_type, name)


def test_numbers_and_common_fields() -> None:
    assert one("int x", 4, 1) == FormatField(name="x", c_type="int", offset=8, size=4, signed=True)
    assert parse_format("cat", HEAD) == TracepointFormat("cat", "event", ())


def test_the_print_format_is_no_field() -> None:
    text = HEAD + 'print fmt: "\n\tfield:int x;\toffset:0;\tsize:4;\tsigned:1;\n"'
    assert parse_format("cat", text).fields == ()


@pytest.mark.parametrize("line", ["\tfield:int x;\n", "\tfield:;\toffset:8;\tsize:4;\tsigned:1;\n"])
def test_malformed_line(line: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_format("cat", HEAD + line)
    assert caught.value.offset == len(HEAD)


def test_no_name() -> None:
    with pytest.raises(FormatError, match="without a name"):
        parse_format("cat", "format:\n")
