"""Structures that installed headers may be too old for, against the running kernel's own BTF."""

from __future__ import annotations

from ctypes import Structure, sizeof

import pytest

from seismo.btf.errors import BtfNotFound
from seismo.btf.spec import VMLINUX, Btf
from seismo.kernel import link_abi

pytestmark = pytest.mark.kernel

LINK = link_abi.BpfLinkInfo


@pytest.fixture(scope="module")
def btf() -> Btf:
    return Btf.open(VMLINUX)


def offset(btf: Btf, path: str) -> int:
    try:
        return btf.resolve(path).offset
    except BtfNotFound:
        pytest.skip(f"this kernel has no {path}")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("path", "path"),
        ("offsets", "offsets"),
        ("ref_ctr_offsets", "ref_ctr_offsets"),
        ("cookies", "cookies"),
        ("cnt", "cnt"),
        ("multi_flags", "flags"),
        ("pid", "pid"),
    ],
)
def test_uprobe_multi_links(btf: Btf, ours: str, theirs: str) -> None:
    attr: type[Structure] = link_abi.UprobeMultiLinkAttr
    assert getattr(attr, ours).offset == offset(btf, f"bpf_attr: link_create.uprobe_multi.{theirs}")


@pytest.mark.parametrize("name", ["addrs", "count", "flags", "missed"])
def test_what_kprobe_multi_links_tell(btf: Btf, name: str) -> None:
    details = LINK.details.offset
    field = getattr(link_abi.KprobeMultiInfo, name)
    assert details + field.offset == offset(btf, f"bpf_link_info: kprobe_multi.{name}")


@pytest.mark.parametrize("name", ["func_name", "name_len", "offset", "addr", "missed"])
def test_what_kprobe_links_tell(btf: Btf, name: str) -> None:
    details = LINK.details.offset
    field = getattr(link_abi.PerfKprobeInfo, name)
    assert details + field.offset == offset(btf, f"bpf_link_info: perf_event.kprobe.{name}")


def test_a_kernel_that_counts_misses_fills_our_structure(btf: Btf) -> None:
    missed = offset(btf, "bpf_link_info: perf_event.kprobe.missed")
    assert sizeof(LINK) == missed + 8
