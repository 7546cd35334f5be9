"""Relocations end, and come to the same with a kernel's types or with the few that they touch."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, reject
from hypothesis import strategies as st

from core_cases import SCALARS, CoreCase, KernelOf, core_case
from seismo.btf.errors import BtfError
from seismo.btf.ext import CoreRelo
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Const,
    Enum,
    Enumerator,
    FuncProto,
    Fwd,
    Int,
    Member,
    Param,
    Ptr,
    Struct,
    Type,
    Typedef,
    Union,
    map_references,
)
from seismo.btf.write import StringTable, write
from seismo.core.errors import CoreError
from seismo.core.minimise import minimised
from seismo.core.relocate import Relocator, relocate
from seismo.core.subset import subset
from seismo.isa.relo_kinds import CoreKind

CASES = st.randoms(use_true_random=False).map(core_case)
IDS = st.integers(0, 15)
NAMES = st.sampled_from(["", "s", "s___old", "a"])
MEMBERS = st.lists(st.builds(Member, NAMES, IDS, st.integers(0, 1 << 20)), max_size=3).map(tuple)
PARAMS = st.lists(st.builds(Param, NAMES, IDS), max_size=3).map(tuple)
TYPES = st.one_of(
    st.builds(Int, NAMES, st.just(4)),
    st.builds(Struct, NAMES, st.integers(0, 1 << 32 - 1), MEMBERS),
    st.builds(Union, NAMES, st.integers(0, 64), MEMBERS),
    st.builds(Array, IDS, IDS, st.integers(0, 1 << 32 - 1)),
    st.builds(Enum, NAMES, st.just(4), st.just((Enumerator("a", 1),))),
    st.builds(FuncProto, IDS, PARAMS),
    st.builds(Fwd, NAMES, st.booleans()),
    st.builds(Typedef, NAMES, IDS),
    st.builds(Const, IDS),
    st.builds(Ptr, IDS),
)
TANGLES = st.lists(TYPES, min_size=1, max_size=12).map(
    lambda types: [map_references(one, lambda id: id % (len(types) + 1)) for one in types]
)
"""Types that refer to each other in any way, themselves included."""
RELOS = st.builds(
    CoreRelo,
    instruction=st.just(0),
    type=st.integers(0, 13),
    access=st.from_regex(r"[0-2](:[0-2]){0,6}|0", fullmatch=True),
    kind=st.integers(0, 13),
)


@given(TANGLES, TANGLES, st.lists(RELOS, max_size=8))
def test_any_types_end_in_a_resolution_or_an_error(
    local: list[Type], kernel: list[Type], relos: list[CoreRelo]
) -> None:
    for target in (kernel, local):
        types = KernelOf(Btf.from_bytes(write(target)))
        relocator = Relocator(Btf.from_bytes(write(local)), types)
        for relo in relos:
            with suppress(CoreError):
                resolution = relocator.resolve(relo)
                assert (resolution.new is None) <= (not resolution.found)


@given(TANGLES, st.lists(st.integers(0, 12), max_size=4), st.booleans())
def test_a_subset_of_any_types_is_complete(
    types: list[Type], ids: list[int], has_members: bool
) -> None:
    table = Btf.from_bytes(write(types))
    with suppress(BtfError):
        chosen = subset(table, ids, None if has_members else {})
        again = Btf.from_bytes(write(chosen.types))
        assert all(again.type(id) for id in again.ids)
        for id in set(ids):
            assert again.type(chosen.ids[id]).name == table.type(id).name


def kernel_of(case: CoreCase, *, in_module: bool) -> KernelOf:
    """The case's kernel; all but its scalars may be a module's."""
    if not in_module:
        return KernelOf(Btf.from_bytes(write(case.kernel)))
    vmlinux = Btf.from_bytes(write(SCALARS))
    rest = write(case.kernel[len(SCALARS) :], StringTable(start=vmlinux.string_bytes))
    return KernelOf(vmlinux, module=Btf.from_bytes(rest, vmlinux))


@given(CASES, st.booleans())
def test_the_types_that_are_touched_are_enough(case: CoreCase, in_module: bool) -> None:
    kernel = kernel_of(case, in_module=in_module)
    local = Btf.from_bytes(write(case.local))
    # An id means nothing in another BTF.
    relos = [one for one in case.relos if one.kind != CoreKind.TYPE_ID_TARGET]
    try:
        expected = relocate(case.insns, relos, local, kernel)
    except CoreError:
        reject()
    few = Btf.from_bytes(minimised(kernel, [(local, relos)]))
    assert relocate(case.insns, relos, local, KernelOf(few)) == expected
    assert len(few) <= len(case.kernel) + 1


@given(CASES)
def test_a_kernel_of_the_same_types_changes_nothing(case: CoreCase) -> None:
    local = Btf.from_bytes(write(case.local))
    relocator = Relocator(local, KernelOf(local))
    for relo in case.relos:
        with suppress(CoreError):
            resolution = relocator.resolve(relo)
            # Of names that differ by flavour alone the first is found, which may be another.
            own = (relo.type, resolution.wanted.raw)
            if own in [(access.root, access.raw) for access in resolution.found]:
                assert resolution.new is not None
                is_id = relo.kind in (CoreKind.TYPE_ID_LOCAL, CoreKind.TYPE_ID_TARGET)
                assert is_id or resolution.new.number == resolution.old.number
