"""Objects of clang: what we hand to the kernel is what libbpf hands to it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from c_objects import CASES, CLANGS, ObjectCase, build
from libbpf_oracle import HAS_LIBBPF, Answer, SeenMap, SeenProgram, as_seen, ask_libbpf
from seismo.base.errors import BpfError, NotSupported, SyscallError
from seismo.facts import LiveFacts
from seismo.kernel.live import LiveKernel
from seismo.objects.load import load
from seismo.objects.verifier_log import VerifierError
from seismo.objfile.link import link
from seismo.objfile.read import read_object
from seismo.spec.types import ObjectSpec

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not HAS_LIBBPF, reason="needs gcc and libbpf's headers"),
    pytest.mark.skipif(not CLANGS, reason="needs clang-14 or clang-19"),
]

KPROBES = Path("/sys/bus/event_source/devices/kprobe")
PAIRS = [(case, clang) for case in CASES for clang in CLANGS if clang >= case.since]
ALL = [pytest.param(*pair, id=f"{pair[0].name}-{pair[1]}") for pair in PAIRS]
BOTH_REFUSE = {
    "core_ambiguous",
    "kconfig_missing",
    "kconfig_too_large",
    "kfuncs_missing",
    "ksyms_missing",
    "maps_broken",
    "maps_unknown_attribute",
    "sections_unknown",
}
NEWER = {"kfuncs"}
"""What Linux before 6.2 does not have: both load it, or both refuse it."""
OURS_ALONE = {"calls_in_section", "maps_static", "old_maps", "old_tool"}
"""What libbpf refuses to open since 1.0: maps that BTF does not define or that are static, and
programs that are called."""
MAPS_ALONE = {"maps_pinned"}
"""What libbpf does not load where there is no bpf file system."""
CALLS_OF_SYSTEM_CALLS = {"kconfig", "tracing_macros", "usdt"}
"""libbpf finds out by a kprobe how system calls take their arguments: without them, wrongly."""

BTF_REFUSED = "Error loading .BTF into kernel: -22"
"""Clang 14 describes a variable that the compiler has put into another section: the kernel does not
take such types, so libbpf leaves them all out."""


def linked(kernel: LiveKernel, path: Path, target: Path | None) -> ObjectSpec:
    """Our reading of the object, for the same types."""
    file = read_object(path.read_bytes(), path.name)
    return link(file, LiveFacts(kernel, str(target or "")))


@pytest.mark.parametrize(("case", "clang"), ALL)
def test_the_kernel_gets_what_libbpf_gives_it(
    kernel: LiveKernel, case: ObjectCase, clang: str
) -> None:
    path, target = build(case, clang)
    theirs = ask_libbpf(path, target=target)
    if is_refused(case, clang) or (theirs.stage and case.name in NEWER):
        assert theirs.stage
        with pytest.raises(BpfError):
            linked(kernel, path, target)
        return
    ours = as_seen(linked(kernel, path, target))
    if case.name in OURS_ALONE:
        assert theirs.stage == "open"
        return
    if case.name not in MAPS_ALONE:
        assert not theirs.stage, theirs.messages
        assert_same_programs(ours, theirs)
    assert_same_maps(ours, theirs, case.name in CALLS_OF_SYSTEM_CALLS and not KPROBES.exists())


def is_refused(case: ObjectCase, clang: str) -> bool:
    """Whether nobody can load the object."""
    return case.name in BOTH_REFUSE or (case.name, clang) == ("core_enum64", "clang-14")


def assert_same_programs(ours: Answer, theirs: Answer) -> None:
    """One by one, so that a failure shows the one that differs."""
    assert [one.name for one in ours.programs] == [one.name for one in theirs.programs]
    for mine, other in zip(ours.programs, theirs.programs, strict=True):
        found = differences(mine, other)
        if BTF_REFUSED in theirs.messages:
            found.pop("func_infos", None)
            found.pop("lines", None)
        assert found == {}, mine.name


def assert_same_maps(ours: Answer, theirs: Answer, is_guess: bool) -> None:
    """The same of maps; with `is_guess` the values of externs are not compared."""
    assert [one.name for one in ours.maps] == [one.name for one in theirs.maps]
    for mine, other in zip(ours.maps, theirs.maps, strict=True):
        found = differences(mine, other)
        retried = f"({mine.name}):Invalid argument(-22). Retrying without BTF"
        if retried in theirs.messages or BTF_REFUSED in theirs.messages:
            found.pop("key_type", None)
            found.pop("value_type", None)
        if mine.name.endswith(".kconfig") and (is_guess or _but_for_version(mine, other)):
            found.pop("contents", None)
        assert found == {}, mine.name


def _but_for_version(mine: SeenMap, other: SeenMap) -> bool:
    """Whether the values are the same but for the version: libbpf before 1.2 takes it from a
    release such as 6.1.0-56-amd64, Debian's own is elsewhere."""
    release = [int(one) for one in re.findall(r"\d+", os.uname().release)[:3]]
    told = (release[0] << 16 | release[1] << 8 | min(release[2], 255)).to_bytes(4, "little")
    own = LiveFacts(LiveKernel()).version().to_bytes(4, "little")
    return mine.contents == other.contents.replace(told.hex(), own.hex())


def differences(mine: SeenProgram | SeenMap, other: SeenProgram | SeenMap) -> dict[str, object]:
    """The fields that differ, each with what we and what libbpf have; of sequences the first
    element that does."""
    found: dict[str, object] = {}
    for name in type(mine).__slots__:
        left, right = getattr(mine, name), getattr(other, name)
        if left == right:
            continue
        pair = (left, right)
        if isinstance(left, tuple) and len(left) == len(right):
            pair = next((a, b) for a, b in zip(left, right, strict=True) if a != b)
        found[name] = tuple([str(one) for one in pair])
    return found


@pytest.mark.parametrize(("case", "clang"), ALL)
def test_the_kernel_takes_what_it_takes_of_libbpf(
    kernel: LiveKernel, case: ObjectCase, clang: str
) -> None:
    path, target = build(case, clang)
    theirs = ask_libbpf(path, target=target)
    if theirs.stage:
        pytest.skip("libbpf does not get as far as that")
    file = read_object(path.read_bytes(), path.name)
    facts = LiveFacts(kernel, str(target or ""))
    for one in theirs.programs:
        spec = link(file, facts, {one.name})
        if one.name in theirs.errors:
            with pytest.raises((VerifierError, SyscallError, NotSupported)), load(spec, kernel):
                pass
        else:
            with load(spec, kernel) as loaded:
                assert list(loaded.programs) == [one.name]
                for map_ in spec.maps:
                    if map_.pin:
                        kernel.unlink(map_.pin)


OLD = [one for one, pair in zip(ALL, PAIRS, strict=True) if pair[0].name in OURS_ALONE]
OLD_MAPS = {
    "old_maps": {"counts": (1, 8, 16, 10, 1), "array": (2, 4, 4, 2, 0)},
    "old_tool": {"events": (4, 4, 4, 1024, 0), "calls": (1, 8, 8, 1024, 0)},
}
"""Type, sizes of key and value, entries and flags of each map."""


@pytest.mark.parametrize(("case", "clang"), OLD)
def test_what_libbpf_no_longer_takes(kernel: LiveKernel, case: ObjectCase, clang: str) -> None:
    path, target = build(case, clang)
    spec = linked(kernel, path, target)
    if case.name in OLD_MAPS:
        found = {
            one.name: (one.type, one.key_size, one.value_size, one.max_entries, one.flags)
            for one in spec.maps
        }
        assert found == OLD_MAPS[case.name]
    with load(spec, kernel) as loaded:
        assert set(loaded.programs) == {one.name for one in spec.programs}
        assert set(loaded.maps) == {one.name for one in spec.maps}
