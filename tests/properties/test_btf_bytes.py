"""Any types survive writing and reading; any bytes give types or `BtfError`, and soon."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from time import process_time
from typing import TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seismo.btf.compare import equivalent
from seismo.btf.errors import BtfError, BtfNotFound
from seismo.btf.ext import BtfExt, CoreRelo, FuncInfo, LineInfo, read_ext, write_ext
from seismo.btf.layout import Alignments, resolve, size_of, visible_members
from seismo.btf.read import Reader, read
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Const,
    Datasec,
    DeclTag,
    Enum,
    Enum64,
    Enumerator,
    Float,
    Func,
    FuncLinkage,
    FuncProto,
    Fwd,
    Int,
    IntEncoding,
    Member,
    Param,
    Placement,
    Ptr,
    Restrict,
    Struct,
    Type,
    Typedef,
    TypeTag,
    Union,
    Var,
    VarLinkage,
    Volatile,
    map_references,
)
from seismo.btf.write import StringTable, write

T = TypeVar("T")

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
U32 = st.integers(0, (1 << 32) - 1)
S32 = st.integers(-(1 << 31), (1 << 31) - 1)
ORDERS = st.sampled_from("<>")


def enums(
    kind: type[Enum] | type[Enum64], bits: int, signed: bool
) -> st.SearchStrategy[Enum | Enum64]:
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    values = st.lists(st.builds(Enumerator, NAMES, st.integers(low, high)), max_size=4).map(tuple)
    return st.builds(kind, NAMES, st.sampled_from([1, 2, 4, 8]), values, st.just(signed))


@st.composite
def ints(draw: st.DrawFn) -> Int:
    size = draw(st.integers(1, 16))
    bits = draw(st.integers(0, size * 8 - 1))
    offset = draw(st.integers(0, size * 8 - bits)) if bits else 0
    return Int(draw(NAMES), size, IntEncoding(draw(st.integers(0, 7))), bits, offset)


def members(ids: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[Member, ...]]:
    plain = st.builds(Member, NAMES, ids, U32)
    bit_fields = st.builds(Member, NAMES, ids, st.integers(0, 0xFF_FFFF), st.integers(0, 255))
    return st.lists(plain, max_size=4).map(tuple) | st.lists(bit_fields, max_size=4).map(tuple)


def types(ids: st.SearchStrategy[int]) -> st.SearchStrategy[Type]:
    """Types of every kind that refer to these ids."""
    params = st.lists(st.builds(Param, NAMES, ids), max_size=4).map(tuple)
    variables = st.lists(st.builds(Placement, ids, U32, U32), max_size=4).map(tuple)
    return st.one_of(
        ints(),
        st.builds(Float, NAMES, st.sampled_from([2, 4, 8, 12, 16])),
        st.builds(Ptr, ids),
        st.builds(Array, ids, ids, U32),
        st.builds(Struct, NAMES, U32, members(ids)),
        st.builds(Union, NAMES, U32, members(ids)),
        *[enums(Enum, 32, signed) for signed in (False, True)],
        *[enums(Enum64, 64, signed) for signed in (False, True)],
        st.builds(Fwd, NAMES, st.booleans()),
        st.builds(Typedef, NAMES, ids),
        st.builds(Volatile, ids),
        st.builds(Const, ids),
        st.builds(Restrict, ids),
        st.builds(Func, NAMES, ids, st.sampled_from(FuncLinkage)),
        st.builds(FuncProto, ids, params),
        st.builds(Var, NAMES, ids, st.sampled_from(VarLinkage)),
        st.builds(Datasec, NAMES, U32, variables),
        st.builds(DeclTag, NAMES, ids, S32, st.booleans()),
        st.builds(TypeTag, NAMES, ids, st.booleans()),
    )


def within(types: list[Type]) -> list[Type]:
    """The types with the ids that they refer to brought into range."""
    return [map_references(one, lambda id: id % (len(types) + 1)) for one in types]


GRAPHS = st.lists(types(st.integers(0, 255)), max_size=12).map(within)
"""The types 1 to n of a blob, which refer to each other in any way."""

MAX_SECONDS = 5.0

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@PATIENT
@given(GRAPHS, ORDERS)
def test_what_is_written_is_read(graph: list[Type], order: str) -> None:
    data = write(graph, byte_order=order)
    assert read(data) == tuple(graph)
    assert write(read(data), byte_order=order) == data


@PATIENT
@given(GRAPHS, GRAPHS)
def test_split_btf_is_read_on_its_base(below: list[Type], above: list[Type]) -> None:
    base = Reader(write(below))
    moved = [map_references(one, lambda id: id + len(below)) for one in above]
    data = write(moved, StringTable(start=base.string_bytes))
    assert read(data, base) == tuple(moved)


@PATIENT
@given(GRAPHS)
def test_every_name_is_found(graph: list[Type]) -> None:
    btf = Btf.from_bytes(write(graph))
    for id in btf.ids:
        type_ = btf.type(id)
        if type_.name:
            assert id in btf.find_all(type_.name)
            assert id in btf.find_all(type_.name, type_.kind)
        if isinstance(type_, Enum | Enum64):
            for one in type_.values:
                assert (id, one.value) in btf.find_enumerators(one.name)


@PATIENT
@given(GRAPHS, st.data())
def test_ids_in_another_order_are_equivalent(graph: list[Type], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(1, len(graph) + 1)))
    new = dict(zip(range(1, len(graph) + 1), order, strict=True)) | {0: 0}
    shuffled = sorted(
        zip(order, [map_references(one, new.__getitem__) for one in graph], strict=True),
        key=lambda pair: pair[0],
    )
    left = Btf.from_bytes(write(graph))
    right = Btf.from_bytes(write([type_ for _, type_ in shuffled]))
    assert all(equivalent(left, id, right, new[id]) for id in range(len(left)))


SECTIONS = st.text("abc/_", max_size=5)
FUNC_INFOS = st.builds(FuncInfo, U32, U32)
LINE_INFOS = st.builds(
    LineInfo,
    instruction=U32,
    file=NAMES,
    text=NAMES,
    line=st.integers(0, (1 << 22) - 1),
    column=st.integers(0, 1023),
)
CORE_RELOS = st.builds(CoreRelo, instruction=U32, type=U32, access=NAMES, kind=U32)


def by_section(infos: st.SearchStrategy[T]) -> st.SearchStrategy[dict[str, tuple[T, ...]]]:
    return st.dictionaries(SECTIONS, st.lists(infos, max_size=3).map(tuple), max_size=3)


EXTS = st.builds(BtfExt, by_section(FUNC_INFOS), by_section(LINE_INFOS), by_section(CORE_RELOS))


@PATIENT
@given(EXTS, ORDERS)
def test_infos_written_are_read(ext: BtfExt, order: str) -> None:
    strings = StringTable()
    data = write_ext(ext, strings, order)
    assert read_ext(data, Reader(write([], strings, order))) == ext


SAMPLE: list[Type] = [
    Int("int", 4, IntEncoding.SIGNED),
    Struct("list_head", 16, (Member("next", 3, 0), Member("prev", 3, 64))),
    Ptr(2),
    Struct("task", 48, (Member("tasks", 2, 0), Member("", 5, 128), Member("bits", 1, 256, 5))),
    Union("", 16, (Member("rcu", 2, 0), Member("state", 7, 0))),
    Array(1, 1, 4),
    Typedef("state_t", 8),
    Enum("state", 4, (Enumerator("RUNNING", 0), Enumerator("DEAD", 1))),
    FuncProto(1, (Param("task", 10), Param("", 0))),
    Ptr(4),
    Func("wake_up", 9, FuncLinkage.GLOBAL),
    Const(6),
    Var("init_task", 4, VarLinkage.GLOBAL),
    Datasec(".data", 48, (Placement(13, 0, 48),)),
    Enum64("flags", 8, (Enumerator("HIGH", 1 << 40),)),
    DeclTag("bpf_kfunc", 11),
    TypeTag("user", 1),
    Float("double", 8),
    Fwd("sock"),
]
BLOB = write(SAMPLE)


def ask_everything(data: bytes) -> None:
    """Every question that there is; each may only fail as documented."""
    btf = Btf.from_bytes(data)
    alignments = Alignments(btf)
    questions: list[Callable[[int], object]] = [
        btf.type,
        alignments.of,
        lambda id: size_of(btf, id),
        lambda id: list(visible_members(btf, id)),
        lambda id: resolve(btf, id, "tasks.next->prev"),
        lambda id: resolve(btf, id, "bits"),
        lambda id: btf.c(btf.type(id).name, btf.type(id).kind),
        lambda id: btf.find_enumerators("DEAD"),
        lambda id: equivalent(btf, id, btf, 2),
    ]
    with suppress(BtfError, BtfNotFound):
        str(btf)
    for question in questions:
        for id in range(len(btf)):
            with suppress(BtfError, BtfNotFound):
                question(id)


CHANGES = st.lists(
    st.tuples(st.integers(0, len(BLOB) - 1), st.integers(0, 255)), min_size=1, max_size=8
)
WORDS = st.sampled_from([0, 1, 2, 19, 0x7F, 0xFFFF, 0x8000_0000, 0xFFFF_FFFF, 4 << 24 | 9])


@settings(PATIENT, max_examples=300)
@given(CHANGES)
def test_changed_bytes_give_types_or_an_error(changes: list[tuple[int, int]]) -> None:
    data = bytearray(BLOB)
    for position, value in changes:
        data[position] = value
    refuse_or_answer(bytes(data))


@settings(PATIENT, max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(BLOB) // 4 - 1), WORDS), min_size=1, max_size=4))
def test_changed_words_give_types_or_an_error(changes: list[tuple[int, int]]) -> None:
    data = bytearray(BLOB)
    for index, word in changes:
        data[index * 4 : index * 4 + 4] = word.to_bytes(4, "little")
    refuse_or_answer(bytes(data))


@settings(PATIENT, max_examples=200)
@given(st.integers(0, len(BLOB)), st.binary(max_size=32))
def test_a_cut_blob_gives_types_or_an_error(length: int, rest: bytes) -> None:
    refuse_or_answer(BLOB[:length] + rest)


@settings(PATIENT, max_examples=200)
@given(GRAPHS)
def test_any_graph_gives_answers_or_an_error(graph: list[Type]) -> None:
    ask_everything(write(graph))


@settings(PATIENT, max_examples=200)
@given(EXTS, st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=8))
def test_changed_infos_give_infos_or_an_error(ext: BtfExt, changes: list[tuple[int, int]]) -> None:
    strings = StringTable()
    data = bytearray(write_ext(ext, strings))
    for position, value in changes:
        data[position % len(data)] = value
    try:
        assert isinstance(read_ext(bytes(data), Reader(write([], strings))), BtfExt)
    except BtfError as error:
        assert error.offset >= 0


def refuse_or_answer(data: bytes) -> None:
    start = process_time()
    with suppress(BtfError):
        Btf.from_bytes(data)
        ask_everything(data)
    assert process_time() - start < MAX_SECONDS


def test_the_sample_answers() -> None:
    assert read(BLOB) == tuple(SAMPLE)
    ask_everything(BLOB)
    assert "struct task {" in str(Btf.from_bytes(BLOB))
