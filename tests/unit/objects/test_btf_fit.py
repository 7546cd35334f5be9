"""BTF made to fit older kernels: what is missing is replaced, all else stays as it was."""

from __future__ import annotations

import pytest

from seismo.btf.read import read
from seismo.btf.types import (
    Const,
    DeclTag,
    Enum,
    Enum64,
    Enumerator,
    Float,
    Func,
    FuncLinkage,
    FuncProto,
    Int,
    Member,
    Ptr,
    Struct,
    Type,
    TypeTag,
    Union,
)
from seismo.btf.write import StringTable, write
from seismo.objects.btf_fit import Novelty, fit_btf, novelties

TYPES: tuple[Type, ...] = (
    Int("int", 4),
    Float("double", 8),
    TypeTag("user", 1),
    Ptr(3),
    Enum("small", 4, (Enumerator("MINUS", -1),), signed=True),
    Enum64("large", 8, (Enumerator("HIGH", 1 << 40), Enumerator("LOW", 1))),
    FuncProto(1),
    Func("f", 7, FuncLinkage.GLOBAL),
    DeclTag("kfunc", 8),
    Struct("all", 16, (Member("d", 2, 0), Member("e", 6, 64))),
)
REPLACED: dict[Novelty, dict[int, Type]] = {
    Novelty.FLOAT: {2: Struct("", 8)},
    Novelty.TYPE_TAG: {3: Const(1)},
    Novelty.ENUM64: {
        5: Enum("small", 4, (Enumerator("MINUS", 0xFFFFFFFF),)),
        6: Union("large", 8, (Member("HIGH", 11, 0), Member("LOW", 11, 0))),
        11: Int("enumerator", 1),
    },
    Novelty.GLOBAL_FUNCTION: {8: Func("f", 7, FuncLinkage.STATIC)},
    Novelty.DECL_TAG: {9: Int("kfunc", 1)},
}


@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("missing", Novelty, ids=lambda one: one.name)
def test_only_what_is_missing_changes(missing: Novelty, byte_order: str) -> None:
    fitted = read(fit_btf(write(TYPES, byte_order=byte_order), (missing,)))
    expected = dict(enumerate(TYPES, start=1)) | REPLACED[missing]
    assert dict(enumerate(fitted, start=1)) == expected


def test_all_at_once() -> None:
    fitted = fit_btf(write(TYPES), tuple(Novelty))
    expected = dict(enumerate(TYPES, start=1))
    for one in REPLACED.values():
        expected |= one
    assert dict(enumerate(read(fitted), start=1)) == expected
    assert not novelties(fitted)


def test_what_knows_everything_gets_every_byte() -> None:
    blob = write(TYPES)
    assert fit_btf(blob, ()) == blob
    assert novelties(blob) == frozenset(Novelty)
    assert novelties(write(TYPES[:1])) == frozenset()


def test_strings_of_lines_stay_where_they_are() -> None:
    strings = StringTable()
    place = strings.add("return 0;")
    blob = write(TYPES, strings)
    fitted = fit_btf(blob, (Novelty.ENUM64,))
    old, new = blob.index(b"\0return 0;\0"), fitted.index(b"\0return 0;\0")
    assert new - old == 16  # One more record stands before the strings.
    assert place == 1
