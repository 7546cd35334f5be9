"""The structures against the C compiler's own layout of the kernel's headers."""

from __future__ import annotations

import shutil
import subprocess
from ctypes import Structure, sizeof
from pathlib import Path

import pytest

from seismo.kernel import abi, link_abi

COMPILER = shutil.which("cc")
HEADERS = Path("/usr/include/linux/bpf.h")
ATTR = "union bpf_attr"

# Our structure, the C type, where its fields begin within it, and our names for C's.
LAYOUTS: list[tuple[type[Structure], str, str, dict[str, str]]] = [
    (abi.MapCreateAttr, ATTR, "", {}),
    (abi.MapElemAttr, ATTR, "", {}),
    (abi.BatchAttr, ATTR, "batch.", {}),
    (abi.ProgLoadAttr, ATTR, "", {}),
    (abi.ObjAttr, ATTR, "", {}),
    (abi.TestRunAttr, ATTR, "test.", {}),
    (abi.ObjInfoAttr, ATTR, "info.", {}),
    (abi.RawTracepointAttr, ATTR, "raw_tracepoint.", {}),
    (abi.BtfLoadAttr, ATTR, "", {}),
    (abi.PerfLinkAttr, ATTR, "link_create.", {"bpf_cookie": "perf_event.bpf_cookie"}),
    (
        link_abi.KprobeMultiLinkAttr,
        ATTR,
        "link_create.",
        {
            "multi_flags": "kprobe_multi.flags",
            "cnt": "kprobe_multi.cnt",
            "syms": "kprobe_multi.syms",
            "addrs": "kprobe_multi.addrs",
            "cookies": "kprobe_multi.cookies",
        },
    ),
    (abi.IterCreateAttr, ATTR, "iter_create.", {}),
    (abi.EnableStatsAttr, ATTR, "enable_stats.", {}),
    (abi.BpfMapInfo, "struct bpf_map_info", "", {"btf_vmlinux_id": ""}),
    (abi.BpfProgInfo, "struct bpf_prog_info", "", {"gpl_compatible": "", "pad": ""}),
    (link_abi.BpfLinkInfo, "struct bpf_link_info", "", {"pad": "", "details": "raw_tracepoint"}),
    (link_abi.BpfBtfInfo, "struct bpf_btf_info", "", {}),
    (abi.PerfEventAttr, "struct perf_event_attr", "", {"bits": ""}),
]


def fields(structure: type[Structure]) -> list[str]:
    """All fields, those of the structure that it continues first."""
    parts = [one for one in reversed(structure.__mro__) if "_fields_" in vars(one)]
    return [name for one in parts for name, *_ in one._fields_]


def offsets_in_c(names: list[tuple[str, str]], folder: Path) -> list[int]:
    """offsetof every (type, member), as the C compiler has it."""
    lines = "\n".join(f'printf("%zu\\n", offsetof({type_}, {name}));' for type_, name in names)
    source = folder / "offsets.c"
    source.write_text(
        "#include <stddef.h>\n#include <stdio.h>\n"
        "#include <linux/bpf.h>\n#include <linux/perf_event.h>\n"
        f"int main(void) {{ {lines} return 0; }}\n"
    )
    program = folder / "offsets"
    subprocess.run([str(COMPILER), "-o", program, source], check=True)
    output = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    return [int(line) for line in output.split()]


@pytest.mark.skipif(COMPILER is None or not HEADERS.exists(), reason="needs cc and linux/bpf.h")
def test_every_field_is_where_c_has_it(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []
    ours: list[int] = []
    for structure, c_type, prefix, renamed in LAYOUTS:
        for name in fields(structure):
            c_name = renamed.get(name, name)
            if c_name:
                asked.append((c_type, prefix + c_name))
                ours.append(getattr(structure, name).offset)
    assert len(asked) > 120
    theirs = offsets_in_c(asked, tmp_path)
    wrong = [row for row in zip(asked, ours, theirs, strict=True) if row[1] != row[2]]
    assert wrong == []


def test_structures_have_the_published_sizes() -> None:
    assert sizeof(abi.PerfEventAttr) == 112  # PERF_ATTR_SIZE_VER5
    assert sizeof(abi.BpfMapInfo) == 88
    assert sizeof(abi.BpfProgInfo) == 232
    assert sizeof(abi.BatchAttr) == 56
    assert sizeof(abi.PerfLinkAttr) == 24
    assert sizeof(link_abi.KprobeMultiLinkAttr) == 48
    assert sizeof(link_abi.UprobeMultiLinkAttr) == 64
    assert sizeof(link_abi.BpfLinkInfo) == 56


def test_commands_are_kernel_spelled() -> None:
    assert abi.Cmd.MAP_LOOKUP_AND_DELETE_BATCH.kernel_name == "BPF_MAP_LOOKUP_AND_DELETE_BATCH"
    assert [abi.Cmd.PROG_LOAD, abi.Cmd.LINK_CREATE, abi.Cmd.ENABLE_STATS] == [5, 28, 32]
