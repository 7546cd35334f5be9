"""What a program is by its section: every name that libbpf has, and those of older loaders."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seismo.isa.prog_types import AttachType, ProgType
from seismo.objfile.section_table import BPF_F_SLEEPABLE, BPF_F_XDP_HAS_FRAGS, OLD_NAMES, SECTIONS
from seismo.objfile.sections import SectionKind, UnknownSection, section_kind
from seismo.spec import object_attach, types
from seismo.spec.types import ProgramTarget

LIBBPF = Path("/usr/lib/x86_64-linux-gnu/libbpf.so.1")
GO = AttachType


def kind(
    type_: ProgType,
    attach_type: AttachType | None = None,
    at: types.AttachSpec | object_attach.ObjectAttach | None = None,
    target: str = "",
    flags: int = 0,
) -> SectionKind:
    named = ProgramTarget(target) if target else None
    return SectionKind(type=type_, attach_type=attach_type, flags=flags, target=named, at=at)


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("kprobe/vfs_read", kind(ProgType.KPROBE, at=types.KprobeAttach("vfs_read"))),
        ("kprobe/vfs_read+0x10", kind(ProgType.KPROBE, at=types.KprobeAttach("vfs_read", 16))),
        ("kprobe/SyS_open", kind(ProgType.KPROBE, at=types.KprobeAttach("SyS_open"))),
        ("kprobe/t.isra.0", kind(ProgType.KPROBE, at=types.KprobeAttach("t.isra.0"))),
        ("kretprobe/f", kind(ProgType.KPROBE, at=types.KprobeAttach("f", is_return=True))),
        (
            "kretprobe.multi/vfs_*",
            kind(
                *(ProgType.KPROBE, GO.TRACE_KPROBE_MULTI),
                object_attach.KprobePatternAttach("vfs_*", is_return=True),
            ),
        ),
        (
            "kprobe.session/a?c",
            kind(
                *(ProgType.KPROBE, GO.TRACE_KPROBE_SESSION),
                object_attach.KprobePatternAttach("a?c"),
            ),
        ),
        ("ksyscall/openat", kind(ProgType.KPROBE, at=object_attach.SyscallAttach("openat"))),
        (
            "kretsyscall/openat",
            kind(ProgType.KPROBE, at=object_attach.SyscallAttach("openat", is_return=True)),
        ),
        (
            "uprobe//bin/bash:readline+8",
            kind(ProgType.KPROBE, at=object_attach.NamedUprobeAttach("/bin/bash", "readline", 8)),
        ),
        (
            "uretprobe.s/libc.so.6:malloc",
            kind(
                ProgType.KPROBE,
                at=object_attach.NamedUprobeAttach("libc.so.6", "malloc", is_return=True),
                flags=BPF_F_SLEEPABLE,
            ),
        ),
        (
            "uprobe.multi.s//a:b*",
            kind(
                *(ProgType.KPROBE, GO.TRACE_UPROBE_MULTI),
                object_attach.UprobePatternAttach("/a", "b*"),
                flags=BPF_F_SLEEPABLE,
            ),
        ),
        (
            "usdt/libc.so.6:libc:setjmp",
            kind(ProgType.KPROBE, at=object_attach.UsdtAttach("libc.so.6", "libc", "setjmp")),
        ),
        (
            "tracepoint/syscalls/sys_enter_open",
            kind(ProgType.TRACEPOINT, at=types.TracepointAttach("syscalls", "sys_enter_open")),
        ),
        ("tp/a/b", kind(ProgType.TRACEPOINT, at=types.TracepointAttach("a", "b"))),
        ("raw_tp/x", kind(ProgType.RAW_TRACEPOINT, at=types.RawTracepointAttach("x"))),
        (
            "raw_tracepoint.w/x",
            kind(ProgType.RAW_TRACEPOINT_WRITABLE, at=types.RawTracepointAttach("x")),
        ),
        (
            "tp_btf/sched_switch",
            kind(
                ProgType.TRACING, GO.TRACE_RAW_TP, types.TracingAttach(), "btf_trace_sched_switch"
            ),
        ),
        ("fentry/f", kind(ProgType.TRACING, GO.TRACE_FENTRY, types.TracingAttach(), "f")),
        (
            "fmod_ret.s/f",
            kind(ProgType.TRACING, GO.MODIFY_RETURN, types.TracingAttach(), "f", BPF_F_SLEEPABLE),
        ),
        ("freplace/f", kind(ProgType.EXT, None, types.TracingAttach(), "f")),
        ("lsm/bpf", kind(ProgType.LSM, GO.LSM_MAC, types.TracingAttach(), "bpf_lsm_bpf")),
        ("lsm_cgroup/bpf", kind(ProgType.LSM, GO.LSM_CGROUP, None, "bpf_lsm_bpf")),
        (
            "iter.s/task",
            kind(
                *(ProgType.TRACING, GO.TRACE_ITER, types.IterAttach()),
                *("bpf_iter_task", BPF_F_SLEEPABLE),
            ),
        ),
        ("syscall", kind(ProgType.SYSCALL, flags=BPF_F_SLEEPABLE)),
        ("xdp", kind(ProgType.XDP, GO.XDP)),
        ("xdp.frags/cpumap", kind(ProgType.XDP, GO.XDP_CPUMAP, flags=BPF_F_XDP_HAS_FRAGS)),
        ("cgroup_skb/ingress", kind(ProgType.CGROUP_SKB, GO.CGROUP_INET_INGRESS)),
        ("cgroup/skb", kind(ProgType.CGROUP_SKB)),
        ("cgroup/connect_unix", kind(ProgType.CGROUP_SOCK_ADDR, GO.CGROUP_UNIX_CONNECT)),
        ("struct_ops.s/init", kind(ProgType.STRUCT_OPS, flags=BPF_F_SLEEPABLE)),
        ("tc", kind(ProgType.SCHED_CLS)),
        ("tc/egress", kind(ProgType.SCHED_CLS, GO.TCX_EGRESS)),
        ("netkit/peer", kind(ProgType.SCHED_CLS, GO.NETKIT_PEER)),
        ("sk_skb/verdict", kind(ProgType.SK_SKB, GO.SK_SKB_VERDICT)),
        ("netfilter", kind(ProgType.NETFILTER, GO.NETFILTER)),
    ],
)
def test_a_section_says_type_target_and_place(section: str, expected: SectionKind) -> None:
    assert section_kind(section) == expected


def test_a_module_narrows_the_target_down() -> None:
    assert section_kind("fentry/xfs:xfs_read").target == ProgramTarget("xfs_read", "xfs")


def test_a_question_mark_makes_it_optional() -> None:
    optional = section_kind("?fexit/f")
    assert optional.is_optional
    assert optional.target == ProgramTarget("f")
    assert not section_kind("fexit/f").is_optional


@pytest.mark.parametrize(
    "section",
    [
        *(
            "kprobe",
            "kprobe/",
            "kprobe/f+",
            "kprobe/f+010",
            f"kprobe/f+{'9' * 5000}",
            "kretprobe/f+8",
            "kprobe.multi/a b",
        ),
        *("uprobe", "uprobe/SSL_write", "uprobe//bin/bash", "uprobe/:f", "uprobe.multi//bin/bash"),
        *("usdt", "usdt//bin/bash:a", "usdt/a:b:c:d", "tp/sched", "tracepoint", "raw_tp", "fentry"),
        *("iter", "lsm", "ksyscall", "ksyscall/a/b", "freplace"),
    ],
)
def test_a_section_that_says_no_place_is_loaded_all_the_same(section: str) -> None:
    assert section_kind(section).at is None


@pytest.mark.parametrize("section", ["fentry", "tp_btf", "lsm.s", "iter", "freplace"])
def test_without_details_there_is_no_target(section: str) -> None:
    assert section_kind(section).target is None


@pytest.mark.parametrize(
    ("section", "same"),
    [
        ("xdp1", "xdp"),
        ("xdp_drop", "xdp"),
        ("xdp/drop", "xdp"),
        ("xdp/devmap/a", "xdp/devmap"),
        ("socket1", "socket"),
        ("socket_filter/a", "socket"),
        ("classifier/ingress", "classifier"),
        ("sched_cls/a", "tc"),
        ("cgroup/skb/a", "cgroup/skb"),
        ("cgroup/connect4_a", "cgroup/connect4"),
        ("sk_skb/stream_parser/a", "sk_skb/stream_parser"),
        ("perf_event/a", "perf_event"),
        ("lwt_in_a", "lwt_in"),
        ("extension/f", "freplace/f"),
    ],
)
def test_older_objects_have_labels_and_other_names(section: str, same: str) -> None:
    assert section_kind(section) == section_kind(same)


@pytest.mark.parametrize(
    ("section", "hint"),
    [
        ("kprob/vfs_read", "did you mean 'kprobe'?"),
        ("cgroup/conect4", "did you mean 'cgroup/connect4'?"),
        ("uprobe.x/f", "did you mean 'uprobe.s'?"),
        ("xdpx", "did you mean 'xdp'?"),
        ("maps/counts", ""),
        (".text.unlikely", ""),
    ],
)
def test_what_is_no_kind_of_program_has_a_near_name(section: str, hint: str) -> None:
    with pytest.raises(UnknownSection) as caught:
        section_kind(section)
    assert caught.value.hint == hint
    assert str(caught.value).splitlines()[0] == f'SEC("{section}") is no kind of program'


PARTS = st.sampled_from(
    [*(row.name for row in SECTIONS), "/", "+", ":", "0x", "9", "*", "?", "f", "lib.so", ""]
)


@given(st.lists(PARTS | st.text(max_size=8), max_size=8).map("".join))
def test_any_name_is_a_kind_or_unknown(section: str) -> None:
    try:
        found = section_kind(section)
    except UnknownSection as unknown:
        assert unknown.section == section.removeprefix("?")
    else:
        assert found.is_optional == section.startswith("?")
        assert section_kind(section) == found


def test_every_name_stands_once_and_is_found() -> None:
    names = [row.name for row in (*SECTIONS, *OLD_NAMES)]
    assert len(set(names)) == len(names)
    for row in (*SECTIONS, *OLD_NAMES):
        found = section_kind(row.name)
        assert (found.type, found.attach_type, found.flags) == (
            *(row.type, row.attach_type),
            row.flags,
        )


@pytest.mark.skipif(
    not LIBBPF.exists() or shutil.which("cc") is None, reason="needs libbpf and a C compiler"
)
def test_libbpf_says_the_same(tmp_path: Path) -> None:
    """`libbpf_prog_type_by_name` of the installed libbpf, for the names that it knows."""
    names = [row.name for row in SECTIONS]
    asked = tmp_path / "ask.c"
    asked.write_text(
        "int libbpf_prog_type_by_name(const char *, int *, int *);\n"
        "int libbpf_set_print(void *);\nint printf(const char *, ...);\n"
        "int main(int n, char **names) { libbpf_set_print(0); while (*++names) {\n"
        "int type = 0, attach = 0, error = libbpf_prog_type_by_name(*names, &type, &attach);\n"
        'printf("%d %d %d\\n", !error, type, attach); } }\n'
    )
    program = tmp_path / "ask"
    subprocess.run(["cc", "-o", program, asked, LIBBPF], check=True)
    output = subprocess.check_output([program, *names], text=True)
    known = 0
    for name, line in zip(names, output.splitlines(), strict=True):
        is_known, type_, attach_type = map(int, line.split())
        if is_known:
            known += 1
            ours = section_kind(name)
            assert (name, ours.type, ours.attach_type or 0) == (name, type_, attach_type)
    assert known > len(names) // 2
