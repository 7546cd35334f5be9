"""Names without flavours, the candidates that they find, and accesses in words."""

from __future__ import annotations

import pytest

from core_cases import KernelOf
from seismo.btf.ext import CoreRelo
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Enum,
    Enum64,
    Enumerator,
    Fwd,
    Int,
    IntEncoding,
    Member,
    Struct,
    Type,
    Typedef,
    Union,
)
from seismo.btf.write import write
from seismo.core.access import Step, parse_access, words
from seismo.core.candidates import Candidates
from seismo.core.types import Budget, LocalTypes, essential


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sk_buff", "sk_buff"),
        ("sk_buff___old", "sk_buff"),
        ("a___b___c", "a___b"),
        ("a____b", "a____b"),
        ("a___b____c", "a"),
        ("___a", "___a"),
        ("a___", "a___"),
        ("a____", "a____"),
        ("a___b___", "a"),
        ("", ""),
        ("___", "___"),
    ],
)
def test_essential_names(name: str, expected: str) -> None:
    assert essential(name) == expected


def ids(type_: Type, *kernel: Type) -> list[int]:
    candidates = Candidates(KernelOf(Btf.from_bytes(write(kernel))), Budget())
    return [one.id for one in candidates.of(1, type_)]


S, S2, S3 = Struct("s", 0), Struct("s___2", 0), Struct("s___2___3", 0)


def test_flavours_count_on_neither_side() -> None:
    kernel = (S2, Union("s", 0), S, Struct("ss", 0), S3, Struct("", 0), Struct("s___", 0), S)
    assert ids(S, *kernel) == [1, 3, 8]
    assert ids(Struct("s___mine", 0), *kernel) == [1, 3, 8]
    assert ids(S3, *kernel) == [5]
    assert ids(S2, S2, S3) == [1]


def test_a_flavour_whose_name_is_the_end_of_another_string() -> None:
    blob = write([Struct("prefix_s___2", 0)])
    name_at, name = 24, 1 + len("prefix_")
    moved = blob[:name_at] + name.to_bytes(4, "little") + blob[name_at + 4 :]
    btf = Btf.from_bytes(moved)
    assert btf.type(1).name == "s___2"
    assert [one.id for one in Candidates(KernelOf(btf), Budget()).of(1, S)] == [1]


def test_enums_of_both_widths_are_one_kind_and_others_are_not() -> None:
    kernel = (Enum("e", 4), Enum64("e", 8), Typedef("e", 1), Fwd("e"))
    assert ids(Enum("e", 4), *kernel) == [1, 2]
    assert ids(Enum64("e", 8), *kernel) == [1, 2]
    assert ids(Typedef("e", 0), *kernel) == [3]
    assert ids(Fwd("e"), *kernel) == [4]
    assert ids(Struct("e", 0), *kernel) == []


INT = Int("int", 4, IntEncoding.SIGNED)
SAMPLE = LocalTypes(
    Btf.from_bytes(
        write(
            [
                INT,
                Array(1, 1, 7),
                Struct("", 32, (Member("b", 1, 0), Member("c", 2, 32))),
                Struct("sample", 40, (Member("a", 1, 0), Member("", 3, 64))),
                Typedef("sample_t", 4),
                Enum("color", 4, (Enumerator("RED", 1),)),
            ]
        )
    )
)


def relo(type: int, access: str, kind: int = 0) -> CoreRelo:
    return CoreRelo(instruction=0, type=type, access=access, kind=kind)


def test_steps_are_what_has_a_meaning_elsewhere() -> None:
    access = parse_access(SAMPLE, relo(5, "1:1:1:3"))
    assert access.raw == ((4, 1), (4, 1), (3, 1), (2, 3))
    assert access.steps == (Step(4, 1), Step(3, 1, "c"), Step(1, 3))
    assert access.bits == 8 * (40 + 8 + 4 + 12)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (relo(4, "0:0"), "struct sample: a, offset (0:0 of type 4)"),
        (relo(5, "0:1:1:3", 1), "typedef sample_t: c[3], size (0:1:1:3 of type 5)"),
        (relo(4, "2:0", 2), "struct sample: [2].a, existence (2:0 of type 4)"),
        (relo(4, "0"), "struct sample, offset (0 of type 4)"),
        (relo(4, "0", 9), "struct sample, size (0 of type 4)"),
        (relo(6, "0", 11), "enum color: RED, value (0 of type 6)"),
    ],
)
def test_relocations_in_words(one: CoreRelo, expected: str) -> None:
    assert words(one, parse_access(SAMPLE, one).noun) == expected
