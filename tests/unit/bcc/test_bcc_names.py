"""Names as users write them: of functions of system calls, of files."""

from __future__ import annotations

import os
import shutil

import pytest

from seismo.bcc.kernel_probes import syscall_number
from seismo.bcc.machine import machine
from seismo.bcc.machine_api import MachineApi
from seismo.bcc.names import as_text, syscall_call
from seismo.bcc.user_files import find_exe, find_library
from seismo.btf.layout import resolve
from seismo.btf.types import Kind

_PREFIX = {"x86_64": b"__x64_sys_", "aarch64": b"__arm64_sys_"}[os.uname().machine]


def test_names_are_text_or_bytes() -> None:
    assert as_text("a") == as_text(b"a") == "a"
    assert as_text(b"\xff").encode(errors="surrogateescape") == b"\xff"


@pytest.mark.parametrize(
    ("function", "call"),
    [
        ("__x64_sys_clone", "clone"),
        ("sys_clone", "clone"),
        ("__arm64_sys_newuname", "newuname"),
        ("__ia32_compat_sys_open", "open"),
        ("ksys_read", ""),
        ("vfs_read", ""),
    ],
)
def test_the_call_that_a_function_is_of(function: str, call: str) -> None:
    assert syscall_call(function) == call


def test_numbers_of_calls() -> None:
    numbers = {"x86_64": (59, 63, 166), "aarch64": (221, 160, 39)}[machine().view.machine()]
    assert tuple([syscall_number(one) for one in ("execve", "newuname", "umount")]) == numbers
    assert syscall_number("uname") == numbers[1]
    for missing in ("", "no_such_call"):
        with pytest.raises(KeyError):
            syscall_number(missing)


def test_functions_of_calls() -> None:
    assert MachineApi.get_syscall_prefix() == _PREFIX
    assert MachineApi.get_syscall_fnname("clone") == _PREFIX + b"clone"
    assert MachineApi.get_syscall_fnname(b"clone") == _PREFIX + b"clone"
    for name in (b"sys_clone", "sys_clone", "__x64_sys_clone", "__arm64_sys_clone"):
        assert MachineApi.fix_syscall_fnname(name) == _PREFIX + b"clone"
    assert MachineApi.fix_syscall_fnname("vfs_read") == b"vfs_read"


def test_libraries_and_commands() -> None:
    libc = find_library("c")
    assert libc is not None
    assert os.path.basename(libc) == b"libc.so.6"
    assert find_library(b"libc.so.6") == libc
    assert find_library("no_such_library") is None
    assert find_exe("sh") == os.fsencode(str(shutil.which("sh")))
    assert find_exe("no_such_command") is None


def test_functions_of_files() -> None:
    api = MachineApi
    assert api.get_user_functions("c", "^malloc$") == {b"malloc"}
    both = api.get_user_functions_and_addresses(b"c", b"^(malloc|free)$")
    assert {name for name, _ in both} == {b"malloc", b"free"}
    assert {address for _, address in both} == api.get_user_addresses("c", "^(malloc|free)$")
    assert len(both) == 2


@pytest.mark.parametrize(
    ("struct", "field", "answer"),
    [
        ("task_struct", "pid", 1),
        (b"task_struct", b"no_such_member", 0),
        ("no_such_struct", "pid", -1),
        # A member of a union without a name.
        ("sock_common", "skc_daddr", 1),
    ],
)
def test_members_of_structs(struct: bytes | str, field: bytes | str, answer: int) -> None:
    assert MachineApi.kernel_struct_has_field(struct, field) == answer


@pytest.mark.parametrize(
    ("struct", "field", "size"),
    [
        (b"task_struct", b"comm", 16 * 8),
        ("task_struct", "pid", 4 * 8),
        # A member of a union without a name, and a bit field.
        ("sock_common", "skc_daddr", 4 * 8),
        ("sock_common", "skc_reuse", 4),
    ],
)
def test_places_of_members_in_bits(struct: bytes | str, field: bytes | str, size: int) -> None:
    place = MachineApi.kernel_struct_field_size_offset(struct, field)
    btf = machine().view.btf()
    found = resolve(btf, btf.find(as_text(struct), Kind.STRUCT), as_text(field))
    assert place >> 32 == size
    assert place & 0xFFFFFFFF == found.offset * 8 + found.bit_offset


@pytest.mark.parametrize("names", [("nosuch", "pid"), ("task_struct", "nosuch")])
def test_members_that_are_not_there_have_no_place(names: tuple[str, str]) -> None:
    assert MachineApi.kernel_struct_field_size_offset(*names) == 0xFFFFFFFFFFFFFFFF


def test_enumerators() -> None:
    has = MachineApi.kernel_enum_has_val
    assert has("bpf_map_type", "BPF_MAP_TYPE_HASH") == 1
    assert has(b"bpf_map_type", b"BPF_MAP_TYPE_NONE_SUCH") == 0
    assert has("no_such_enum", "X") == -1
