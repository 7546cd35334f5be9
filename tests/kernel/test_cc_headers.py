"""Programs written with our own headers: what their macros read is what there is."""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

import pytest

import seismo
from c_objects import CLANGS
from elf_builds import PROBES, build, sdt_source
from seismo.ui.cli.cc import run_cc

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not CLANGS, reason="needs clang-14 or clang-19"),
]

INCLUDES = """
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
char LICENSE[] SEC("license") = "GPL";
"""

READS = """
int parent, parent_into, exists, order;
unsigned nice_bits, long_size;
u64 flags_offset, pid_kind;
char comm[16], text[32];

SEC("raw_tp/sys_enter") int BPF_PROG(read, struct pt_regs *regs, long number)
{
    struct task_struct *task = (void *)bpf_get_current_task();
    parent = BPF_CORE_READ(task, real_parent, tgid);
    BPF_CORE_READ_INTO(&parent_into, task, real_parent, group_leader, tgid);
    BPF_CORE_READ_STR_INTO(&comm, task, comm);
    nice_bits = BPF_CORE_READ_BITFIELD_PROBED(task, no_cgroup_migration);
    exists = bpf_core_field_exists(struct task_struct, tgid)
         + 2 * bpf_core_type_exists(struct task_struct)
         + 4 * bpf_core_enum_value_exists(enum pid_type, PIDTYPE_TGID);
    long_size = bpf_core_field_size(task->comm);
    pid_kind = bpf_core_enum_value(enum pid_type, PIDTYPE_TGID);
    order = bpf_htons(0x1234) == 0x3412 && bpf_ntohl(bpf_htonl(7)) == 7;
    BPF_SNPRINTF(text, sizeof(text), "%d %s", 7, "words");
    return number;
}
"""

ARGUMENTS = """
#include <bpf/usdt.bpf.h>
struct event { long first, second, third, fourth, beyond; int count, cookie; };
struct event *unused __unused;
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");

SEC("usdt/PATH:app:first") int BPF_USDT(probe, int first, long second, char third, int fourth)
{
    struct event event = { first, second, third, fourth };
    event.count = bpf_usdt_arg_cnt(ctx);
    event.cookie = bpf_usdt_cookie(ctx);
    event.beyond = bpf_usdt_arg(ctx, 4, &event.beyond);
    bpf_ringbuf_output(&events, &event, sizeof(event), 0);
    return 0;
}
"""

FUNCTIONS = """
u64 sum, result, stack;

SEC("uprobe/PATH:three") int BPF_UPROBE(enter, int first, long second, char third)
{
    sum = first + second * 10 + third * 100;
    stack = PT_REGS_SP(ctx);
    return 0;
}
SEC("uretprobe/PATH:three") int BPF_URETPROBE(leave, int value)
{
    result = value;
    return 0;
}
"""

LOOPS = """
#include <bpf/usdt.bpf.h>
int sum = -ENOENT;
const volatile int many = 7;
SEC("raw_tp/sys_enter") int loops(void *ctx)
{
    int i, j, *number;
    bpf_for(i, 0, 10) {
        if (i == 8)
            break;
        sum += i;
        bpf_for(j, 0, 2)
            sum += 100;
    }
    bpf_repeat(many)
        sum += 10000;
    bpf_for_each(num, number, 2, 5)
        sum += *number * 1000000;
    return 0;
}
"""
RELEASE = tuple(map(int, os.uname().release.split("-")[0].split(".")[:2]))


def compiled(directory: Path, source: str, clang: str) -> Path:
    """The object of a source, by `seismo cc`."""
    path = directory / "tool.bpf.c"
    path.write_text(INCLUDES + source)
    output = path.with_suffix(".o")
    assert run_cc([str(path), "-o", str(output), "--clang", clang, "--", "-Wall", "-Werror"]) == 0
    return output


@pytest.mark.parametrize("clang", CLANGS)
def test_reads_of_kernel_types(tmp_path: Path, clang: str) -> None:
    with seismo.Object.open(compiled(tmp_path, READS, clang)) as obj:
        obj.load()
        obj.programs["read"].test_run(ctx=bytes(16))
        assert (obj.bss.parent, obj.bss.parent_into) == (os.getppid(), os.getppid())
        assert obj.bss.comm == Path("/proc/self/comm").read_bytes().rstrip(b"\n")
        assert obj.bss.text == b"7 words"
        assert (obj.bss.exists, obj.bss.long_size, obj.bss.pid_kind) == (7, 16, 1)
        assert (obj.bss.order, obj.bss.nice_bits) == (1, 0)


@pytest.mark.parametrize("clang", CLANGS)
def test_arguments_of_static_probes(tmp_path: Path, clang: str) -> None:
    program = build(tmp_path / "traced", sdt_source(PROBES))
    with seismo.Object.open(
        compiled(tmp_path, ARGUMENTS.replace("PATH", str(program)), clang)
    ) as obj:
        obj.load()
        obj.attach()
        subprocess.run([program, "an argument"], check=True)
        (event,) = obj.events("events", type="struct event", timeout=1.0)
    assert (event.first, event.second, event.third, event.fourth) == (2, 20, 3, 17)
    assert (event.count, event.cookie) == (4, 0)
    assert os.strerror(-event.beyond) == "No such file or directory"


@pytest.mark.parametrize("clang", CLANGS)
def test_arguments_of_functions(tmp_path: Path, clang: str) -> None:
    source = "int three(int a, long b, char c) { return a - b + c; }"
    library = build(tmp_path / "three.so", source, "-shared", "-fPIC")
    with seismo.Object.open(
        compiled(tmp_path, FUNCTIONS.replace("PATH", str(library)), clang)
    ) as obj:
        obj.load()
        obj.attach()
        ctypes.CDLL(str(library)).three(5, ctypes.c_long(7), ctypes.c_char(9))
        assert (obj.bss.sum, obj.bss.result) == (5 + 70 + 900, 5 - 7 + 9)
        assert obj.bss.stack


@pytest.mark.skipif(RELEASE < (6, 4), reason="the kernel has no iterators of numbers")
@pytest.mark.parametrize("clang", CLANGS)
def test_loops(tmp_path: Path, clang: str) -> None:
    with seismo.Object.open(compiled(tmp_path, LOOPS, clang)) as obj:
        obj.load()
        obj.programs["loops"].test_run(ctx=bytes(16))
        assert obj.data.sum == -2 + 28 + 8 * 2 * 100 + 7 * 10000 + (2 + 3 + 4) * 1000000
