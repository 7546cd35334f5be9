"""Damaged files of scripts are refused by an error of ours, whatever the damage."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seismo.base.errors import BpfError
from seismo.ship.read import read_shipped
from seismo.ship.write import write_object
from ship_plans import TYPES, btf_of, manifest, plan_of

FILE = write_object(
    manifest(plan_of('BEGIN { @x[1] = 2; for ($kv : @x) { print($kv) } printf("%s", comm) }')),
    btf_of(TYPES),
)  # fmt: skip
PLACES = st.integers(0, len(FILE) - 1)


@given(st.lists(st.tuples(PLACES, st.integers(0, 255)), min_size=1, max_size=8))
def test_changed_bytes(changes: list[tuple[int, int]]) -> None:
    data = bytearray(FILE)
    for at, value in changes:
        data[at] = value
    read(bytes(data))


@given(PLACES)
def test_a_file_that_is_cut_off(size: int) -> None:
    read(FILE[:size])


@given(PLACES, PLACES, PLACES)
def test_parts_in_other_places(start: int, end: int, to: int) -> None:
    read(FILE[:to] + FILE[min(start, end) : max(start, end)] + FILE[to:])


def read(data: bytes) -> None:
    """Nothing but an error of ours comes out, or a script."""
    try:
        read_shipped(data, "x.bo")
    except BpfError as error:
        assert str(error)
