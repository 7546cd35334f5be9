"""System calls of 32-bit programs in the catalog."""

from __future__ import annotations

import pytest

import gen_audit_constants
from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.catalog.i386_names import I386_NAMES
from seismo.audit.catalog.model import FieldKind
from seismo.audit.catalog.structs import STRUCTS
from seismo.audit.record.layout import Capture

CATALOG = shipped_catalog()


@pytest.mark.parametrize(
    ("name", "number"),
    [
        *(("read", 3), ("open", 5), ("execve", 11), ("mmap", 90), ("socketcall", 102)),
        *(("mmap2", 192), ("chown32", 212), ("openat", 295), ("connect", 362)),
        *(("clock_gettime64", 403), ("openat2", 437), ("file_setattr", 469)),
    ],
)
def test_they_have_the_numbers_of_i386(name: str, number: int) -> None:
    assert CATALOG[f"compat:{name}"].id == 1024 + number


def test_the_names_are_those_of_the_systems_headers() -> None:
    names = gen_audit_constants.i386_names()
    assert len(names) > 430
    assert {number: I386_NAMES[number] for number in names} == names
    assert {number for number, name in enumerate(I386_NAMES) if name} == set(names)


def test_every_name_has_a_type() -> None:
    known = {one.name for one in CATALOG.families["compat"] if "unknown" not in one.families}
    assert known == {f"compat:{name}" for name in I386_NAMES if name}


def test_old_users_and_groups_have_sixteen_bits() -> None:
    fields = CATALOG["compat:chown"].fields
    assert [one.c_type for one in fields] == ["const char *", "old_uid_t", "old_gid_t"]
    fields = CATALOG["compat:chown32"].fields
    assert [one.c_type for one in fields] == ["const char *", "uid_t", "gid_t"]


def test_the_order_of_arguments_is_that_of_i386() -> None:
    clone = CATALOG["compat:clone"]
    assert [one.name for one in clone.fields][3:] == ["tls", "child_tidptr"]
    assert [one.name for one in CATALOG["clone"].fields][3:] == ["child_tidptr", "tls"]
    mark = CATALOG["compat:fanotify_mark"].field("pathname")
    assert mark.capture is not None and mark.capture.parameter == 4


def test_what_stands_behind_pointers_of_32_bits_is_not_recorded() -> None:
    gone = {Capture.WORDS, Capture.IOVEC_IN, Capture.IOVEC_OUT, Capture.MSGHDR_IN}
    for event in CATALOG.families["compat"]:
        for field in event.fields:
            kind = field.capture.kind if field.capture else Capture.NONE
            assert kind not in gone, event.name
            if field.kind is FieldKind.STRUCT:
                assert STRUCTS[field.table].is_same_in_compat, event.name
    assert CATALOG["compat:execve"].field("argv").kind is FieldKind.POINTER
    assert CATALOG["compat:execve"].field("filename").kind is FieldKind.PATH
    assert CATALOG["compat:stat"].field("statbuf").kind is FieldKind.POINTER
    assert CATALOG["compat:statx"].field("buffer").kind is FieldKind.STRUCT


def test_times_are_recorded_where_they_have_64_bits() -> None:
    assert CATALOG["compat:clock_settime"].field("tp").kind is FieldKind.POINTER
    assert CATALOG["compat:clock_settime64"].field("tp").kind is FieldKind.STRUCT


def test_calls_with_another_name_belong_to_the_families_of_their_like() -> None:
    assert {"default", "%file", "attributes"} <= set(CATALOG["compat:chown32"].families)
    assert {"%%stat", "%fstat", "stat"} <= set(CATALOG["compat:fstatat64"].families)
    assert "%pure" in CATALOG["compat:getuid32"].families
