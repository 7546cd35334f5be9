"""The package's compiled programs: that they are fresh, whole, and chosen rightly."""

from __future__ import annotations

import io
import tarfile

import pytest

from audit_batches import catalog
from seismo.audit.config.resolve import LivePlaces
from seismo.audit.program.backends import BACKENDS, NAMES_FROM_KERNEL, Needs
from seismo.audit.program.battery import read_battery
from seismo.audit.program.bundle import CONFIG, PROGRAMS, build_bundle
from seismo.audit.program.compile import audit_text, digest_of
from seismo.audit.program.profile_filters import filters_of_profiles
from seismo.audit.program.variants import (
    NOTE,
    DamagedArchive,
    Description,
    best_variant,
    pack,
    read_description,
    unpack,
    variants,
    write_description,
)
from seismo.base.errors import NotSupported
from seismo.elf.file import ElfFile
from seismo.kernel.live import LiveKernel
from seismo.objfile.model import ObjectFile
from seismo.objfile.read import read_object

ALL = tuple([one.file for one in (*BACKENDS, NAMES_FROM_KERNEL)])
FUNCTIONS = {one.file for one in (*BACKENDS, NAMES_FROM_KERNEL) if one.needs is Needs.FUNCTION}


@pytest.fixture(scope="module")
def objects() -> tuple[ObjectFile, ...]:
    return tuple([read_object(one, "battery") for one in unpack(read_battery("x86_64"))])


@pytest.fixture(scope="module")
def described(objects: tuple[ObjectFile, ...]) -> tuple[Description, ...]:
    return tuple([read_description(one.notes[NOTE]) for one in objects])


def test_there_is_one_of_each_variant(described: tuple[Description, ...]) -> None:
    assert tuple([one.variant for one in described]) == variants()
    assert {one.machine for one in described} == {"x86_64"}


def test_they_are_made_of_the_texts_that_are_there(described: tuple[Description, ...]) -> None:
    stale = [
        one.variant
        for one in described
        if one.digest != digest_of(audit_text(optional=one.variant))
    ]
    assert not stale, "the programs have changed: PYTHONPATH=src:dev python dev/gen_battery.py"


def test_those_of_profiles_are_made_of_their_filters() -> None:
    texts = filters_of_profiles(catalog(), LivePlaces(LiveKernel()))
    assert len(texts) == 3  # default, network, security
    for filters in texts:
        notes = [
            read_object(one, "battery").notes for one in unpack(read_battery("x86_64", filters))
        ]
        described = [read_description(one[NOTE]) for one in notes]
        assert tuple([one.variant for one in described]) == variants()
        for one in described:
            assert one.digest == digest_of(audit_text(filters, one.variant)), "gen_battery.py"


def test_each_has_the_programs_that_it_says(
    objects: tuple[ObjectFile, ...], described: tuple[Description, ...]
) -> None:
    for file, description in zip(objects, described, strict=True):
        assert {one.name for one in file.programs} == set(description.programs)
        assert set(description.backends) == set(description.variant)
        assert all(one.core_relos is not None and one.line_infos for one in file.programs)


def test_all_maps_of_the_contract_are_there(objects: tuple[ObjectFile, ...]) -> None:
    contract = {
        *("events", "settings", "plans", "handler_events", "watched_processes", "watched_cgroups"),
        *("watched_exes", "pending", "pending_text", "counters", "sequence", "path_prefixes"),
        "scratch",
    }
    for file in objects:
        assert contract <= {one.name for one in file.maps}


def test_backends_bring_their_programs(described: tuple[Description, ...]) -> None:
    for one in described:
        core = one.programs_for(())
        assert {"raw_tracepoint__sys_enter", "raw_tracepoint__sys_exit"} <= set(core)
        assert one.programs_for(one.variant) == tuple(one.programs)
        signals = one.programs_for(["signal_events.h"])
        assert set(signals) - set(core) == {
            "raw_tracepoint__signal_generate",
            "raw_tracepoint__signal_deliver",
        }


def test_what_two_backends_share_is_there_for_each() -> None:
    one = Description(
        variant=("a.h", "b.h"),
        machine="x86_64",
        digest="",
        programs={"main": "main.h", "both": "shared.h", "a": "a.h", "b": "b.h"},
        backends={"a.h": ("a.h", "shared.h"), "b.h": ("b.h", "shared.h")},
    )
    assert read_description(write_description(one)) == one
    assert one.programs_for(()) == ("main",)
    assert one.programs_for(["a.h"]) == ("main", "both", "a")
    assert one.programs_for(["b.h"]) == ("main", "both", "b")


def test_variants_differ_by_what_kernels_can() -> None:
    without, with_functions, without_newer = variants()
    assert FUNCTIONS.isdisjoint(without)
    assert "capability_events.h" in with_functions
    assert "capability_function.h" not in with_functions
    assert "capability_events.h" not in without_newer
    assert "capability_function.h" in without_newer


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (FUNCTIONS, 0),
        ({*FUNCTIONS, "capability_events.h", "module_events.h"}, 0),
        (set(), 1),
        ({"module_events.h"}, 1),
        ({"capability_events.h"}, 2),
        ({"kernel_names.h"}, 0),
    ],
)
def test_the_best_is_taken(missing: set[str], expected: int) -> None:
    works = [one for one in ALL if one not in missing]
    assert best_variant(variants(), works) == variants()[expected]


def test_functions_that_cannot_be_traced_must_not_be_needed() -> None:
    _, *with_functions = variants()
    with pytest.raises(KeyError):
        best_variant(with_functions, [one for one in ALL if one not in FUNCTIONS])


def test_packing_is_the_same_every_time() -> None:
    objects = {("a.h",): b"one" * 1000, ("b.h",): b"two" * 1000}
    assert pack(objects) == pack(objects)
    assert unpack(pack(objects)) == (b"one" * 1000, b"two" * 1000)
    with tarfile.open(fileobj=io.BytesIO(pack(objects))) as archive:
        assert archive.getnames() == ["0.bpf.o", "1.bpf.o"]


@pytest.mark.parametrize("data", [b"", b"no archive", pack({("a",): b"x" * 5000})[:-40]])
def test_a_damaged_archive_is_told(data: bytes) -> None:
    with pytest.raises(DamagedArchive):
        unpack(data)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"variant": 1}', b"\xff"])
def test_a_damaged_description_is_told(data: bytes) -> None:
    with pytest.raises(DamagedArchive):
        read_description(data)


def test_there_is_none_for_another_machine() -> None:
    with pytest.raises(NotSupported, match="for s390x"):
        read_battery("s390x")


def test_the_files_are_what_bpftool_knows(objects: tuple[ObjectFile, ...]) -> None:
    names = set(ElfFile(unpack(read_battery("x86_64"))[0]).sections)
    assert {".maps", ".BTF", ".BTF.ext", "license", "raw_tp/sys_enter", "raw_tp"} <= names


def test_a_bundle_holds_what_it_was_given() -> None:
    entry = "seismo.audit.program.battery"
    data = build_bundle(b"name: x", b"programs", entry=entry, function="read_bundle")
    assert data.startswith(b"#!/usr/bin/env python3\n")
    assert CONFIG.encode() in data and PROGRAMS.encode() in data
