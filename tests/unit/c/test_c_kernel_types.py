"""The kernel's types as types of C: members, bit fields, modules, redefinitions."""

from __future__ import annotations

import pytest

from c_kernels import RECORDED, KernelOf, KernelWithoutTypes
from seismo.btf.types import (
    Array as BtfArray,
)
from seismo.btf.types import (
    Const,
    Enum,
    Enum64,
    Enumerator,
    Float,
    FuncProto,
    Fwd,
    Int,
    IntEncoding,
    Param,
    Ptr,
    Struct,
    Type,
    Typedef,
    TypeTag,
    Union,
    Volatile,
)
from seismo.btf.types import Member as BtfMember
from seismo.c.kernel_types import KernelTypes, TypeNotFound
from seismo.c.types import (
    BOOL,
    CHAR,
    INT,
    S64,
    U8,
    U32,
    U64,
    UNSIGNED_LONG,
    VOID,
    Array,
    Enumeration,
    Function,
    Integer,
    Member,
    Pointer,
    Record,
)

INT_ = Int("int", 4, IntEncoding.SIGNED)
LONG_ = Int("long unsigned int", 8)


def recorded() -> KernelTypes:
    return KernelTypes(RECORDED)


def member(types: KernelTypes, record: str, name: str) -> Member:
    return types.record("struct", record).find(name)


def test_members_lie_where_btf_says() -> None:
    types, btf = recorded(), RECORDED.btf()
    pid = member(types, "task_struct", "pid")
    assert pid.offset == btf.resolve("task_struct: pid").offset
    assert pid.type == Integer("pid_t", 4, True)
    comm = member(types, "task_struct", "comm")
    assert comm.type == Array(CHAR, 16)
    assert types.record("struct", "task_struct").size == btf.struct("task_struct").size


def test_a_record_is_one_object_whoever_asks() -> None:
    types = recorded()
    task = types.record("struct", "task_struct")
    parent = task.find("real_parent").type
    assert isinstance(parent, Pointer)
    assert parent.target is task
    assert types.declared("struct", "task_struct") is task


def test_members_without_a_name_are_looked_into() -> None:
    types = recorded()
    place = RECORDED.btf().resolve("sock_common: skc_daddr")
    assert member(types, "sock_common", "skc_daddr").offset == place.offset
    assert "skc_daddr" in types.record("struct", "sock_common").names()


def test_bit_fields_say_their_bits() -> None:
    found = member(recorded(), "task_struct", "in_iowait")
    place = RECORDED.btf().resolve("task_struct: in_iowait")
    assert found.bit_size == 1
    assert found.bit_offset == place.offset * 8 + place.bit_offset
    assert found.type == U32


def test_integers_are_called_by_their_typedef_but_char_and_bool_are_not() -> None:
    types = KernelTypes(
        KernelOf(
            [
                Int("long long unsigned int", 8),
                Typedef("counter", 1),
                Int("char", 1),
                Typedef("letter", 3),
                Int("_Bool", 1, IntEncoding.BOOL),
                Typedef("flag", 5),
            ]
        )
    )
    assert types.typedef("counter") == Integer("counter", 8, False)
    assert types.typedef("letter") == CHAR
    assert types.typedef("flag") == BOOL


EVERY_KIND: list[Type] = [
    INT_,
    LONG_,
    Struct(
        "all",
        136,
        (
            BtfMember("list", 4, 0),
            BtfMember("open", 7, 64),
            BtfMember("text", 9, 128),
            BtfMember("bytes", 12, 192),
            BtfMember("state", 13, 256),
            BtfMember("big", 14, 320),
            BtfMember("wide", 15, 384),
            BtfMember("real", 16, 512),
            BtfMember("none", 17, 576),
            BtfMember("rest", 18, 1088),
        ),
    ),
    Ptr(3),
    FuncProto(1, (Param("a", 4), Param("", 0))),
    Const(5),
    Ptr(5),
    TypeTag("user", 11),
    Ptr(8),
    Int("unsigned char", 1),
    Int("char", 1),
    BtfArray(10, 2, 8),
    Enum("state", 4, (Enumerator("ON", 1), Enumerator("OFF", -1)), signed=True),
    Enum64("big", 8, (Enumerator("MOST", 1 << 40),)),
    Int("__int128", 16, IntEncoding.SIGNED),
    Float("double", 8),
    Ptr(0),
    BtfArray(2, 2, 0),
]


def test_every_kind_of_type() -> None:
    types = KernelTypes(KernelOf(EVERY_KIND))
    record = types.record("struct", "all")
    found = {one.name: one.type for one in record.members}
    assert found["list"] == Pointer(record)
    assert found["open"] == Pointer(Function(INT, (Pointer(record),), is_variadic=True))
    assert found["text"] == Pointer(CHAR, is_user=True)
    assert found["bytes"] == Array(U8, 8)
    assert found["state"] == Enumeration("state", INT)
    assert found["big"] == Enumeration("big", U64)
    assert found["wide"] == Integer("__int128", 16, True)
    assert found["real"] == Array(U8, 8)
    assert found["none"] == Pointer(VOID)
    assert found["rest"] == Array(UNSIGNED_LONG, None)
    assert types.enumeration("state").constants == (("ON", 1), ("OFF", -1))
    assert types.enumerator("MOST") == (1 << 40, Enumeration("big", U64))


def test_what_is_only_declared_is_the_definition_that_there_is() -> None:
    types = KernelTypes(
        KernelOf(
            [
                INT_,
                Fwd("inner"),
                Ptr(2),
                Struct("outer", 8, (BtfMember("in", 3, 0),)),
                Struct("inner", 4, (BtfMember("x", 1, 0),)),
            ]
        )
    )
    pointer = types.record("struct", "outer").find("in").type
    assert isinstance(pointer, Pointer)
    assert pointer.target is types.record("struct", "inner")
    assert pointer.target.find("x").type == INT


def test_qualifiers_are_not_kept() -> None:
    types = KernelTypes(
        KernelOf([INT_, Const(1), Volatile(2), Struct("s", 4, (BtfMember("x", 3, 0),))])
    )
    assert member(types, "s", "x").type == INT


@pytest.mark.parametrize(
    ("members", "size", "alignment"),
    [
        ((BtfMember("a", 3, 0), BtfMember("b", 1, 64)), 16, 8),
        ((BtfMember("a", 1, 0), BtfMember("b", 2, 32)), 12, 1),
        ((BtfMember("a", 1, 0),), 4, 4),
        ((BtfMember("a", 3, 0), BtfMember("b", 4, 64)), 16, 8),
        ((BtfMember("a", 3, 0), BtfMember("b", 1, 72)), 16, 1),
        ((BtfMember("a", 5, 0), BtfMember("b", 2, 128)), 32, 16),
    ],
    ids=["pointer", "packed word", "int", "array", "packed int", "16 bytes"],
)
def test_alignments_are_inferred(members: tuple[BtfMember, ...], size: int, alignment: int) -> None:
    kinds: list[Type] = [INT_, LONG_, Ptr(0), BtfArray(1, 1, 2), Int("__int128", 16)]
    types = KernelTypes(KernelOf([*kinds, Struct("s", size, members)]))
    assert types.record("struct", "s").alignment == alignment


def test_modules_are_asked_for_what_the_kernel_has_not() -> None:
    kernel = KernelOf(
        [INT_, Fwd("private"), Ptr(2), Struct("known", 8, (BtfMember("p", 3, 0),))],
        [
            [Struct("other", 4)],
            [Struct("private", 4, (BtfMember("x", 1, 0),))],
            [Struct("last", 4)],
        ],
    )
    types = KernelTypes(kernel)
    pointer = types.record("struct", "known").find("p").type
    assert isinstance(pointer, Pointer)
    assert isinstance(pointer.target, Record)
    assert not pointer.target.is_complete
    assert kernel.opened_modules == 0
    assert types.record("struct", "private") is pointer.target
    assert pointer.target.find("x").type == INT
    assert kernel.opened_modules == 2
    assert types.record("struct", "last").size == 4
    assert kernel.opened_modules == 3


def test_a_program_may_define_what_the_kernel_has() -> None:
    types = recorded()
    task = types.record("struct", "task_struct")
    pointer = task.find("nsproxy").type
    assert isinstance(pointer, Pointer)
    mine = types.redefined("struct", "nsproxy")
    assert mine is pointer.target
    mine.complete(8, 8, lambda: (Member("count", U64, 0),))
    assert types.record("struct", "nsproxy").names() == ("count",)


def test_a_program_may_define_it_before_anything_points_to_it() -> None:
    types = recorded()
    mine = types.redefined("struct", "nsproxy")
    mine.complete(8, 8, lambda: (Member("count", U64, 0),))
    pointer = member(types, "task_struct", "nsproxy").type
    assert isinstance(pointer, Pointer)
    assert pointer.target is mine


def test_what_nobody_defines_is_one_record_that_is_only_declared() -> None:
    types = recorded()
    record = types.declared("struct", "nowhere")
    assert not record.is_complete
    assert types.declared("struct", "nowhere") is record
    with pytest.raises(TypeNotFound, match="no type 'struct nowhere'"):
        types.record("struct", "nowhere")
    assert types.hint("struct", "task_stuct") == "did you mean 'task_struct'?"


def test_the_arguments_of_a_tracepoint() -> None:
    record = recorded().tracepoint_record("sched", "sched_switch")
    assert str(record) == "struct tracepoint__sched__sched_switch"
    assert record.members[0] == Member("__do_not_use__", U64, 0)
    assert record.find("prev_comm") == Member("prev_comm", Array(CHAR, 16), 64)
    assert record.find("next_prio") == Member("next_prio", INT, 480)
    assert (record.size, record.alignment) == (64, 8)


def test_words_of_system_calls_are_as_wide_as_they_are_recorded() -> None:
    types = recorded()
    record = types.record("struct", "tracepoint__syscalls__sys_enter_openat")
    assert record is types.tracepoint_record("syscalls", "sys_enter_openat")
    assert record.find("__syscall_nr").type == INT
    assert record.find("dfd").type == S64
    assert record.find("filename").type == Pointer(CHAR, is_user=True)
    assert record.find("mode").type == U64


def test_arguments_of_variable_length_are_where_they_begin_and_how_long_they_are() -> None:
    record = recorded().tracepoint_record("sched", "sched_process_exec")
    assert record.find("data_loc_filename") == Member("data_loc_filename", U32, 64)
    assert "filename" not in record.names()


def test_a_tracepoint_that_there_is_not() -> None:
    with pytest.raises(TypeNotFound) as raised:
        recorded().record("struct", "tracepoint__sched__sched_swich")
    assert raised.value.hint == "did you mean 'sched:sched_switch'?"


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("const char *", Pointer(CHAR)),
        ("char * const *", Pointer(Pointer(CHAR))),
        ("long unsigned int", UNSIGNED_LONG),
        ("u8[4]", Array(Integer("u8", 1, False), 4)),
        ("char[TASK_COMM_LEN]", Array(CHAR, 16)),
        ("int[2][3]", Array(Array(INT, 3), 2)),
        ("char __user *", Pointer(CHAR, is_user=True)),
        ("unsigned long args[6]", None),
    ],
)
def test_short_texts_of_types(text: str, type_: object) -> None:
    if type_ is None:
        with pytest.raises(TypeNotFound):
            recorded().parsed(text)
    else:
        assert recorded().parsed(text) == type_


def test_a_kernel_without_types_has_those_that_all_have() -> None:
    types = KernelTypes(KernelWithoutTypes())
    assert types.typedef("u32") == Integer("u32", 4, False)
    assert types.has_typedef("size_t")
    assert not types.has_typedef("atomic_t")
    with pytest.raises(TypeNotFound) as raised:
        types.record("struct", "task_struct")
    assert raised.value.hint == "kernel types: none here\nhint: use another kernel"


def test_void_of_btf_is_void() -> None:
    types = KernelTypes(KernelOf([Ptr(0), Typedef("handle", 1), Union("u", 8, ())]))
    assert types.typedef("handle") == Pointer(VOID)
    assert types.record("union", "u").members == ()
