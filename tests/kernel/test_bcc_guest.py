"""Programs written for BCC at functions of a kernel that lets them be there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seismo.bcc import BPF

pytestmark = [pytest.mark.kernel, pytest.mark.guest]

_PID = f"(bpf_get_current_pid_tgid() >> 32 == {os.getpid()})"


def _entries(b: BPF, table: str) -> dict[int, int]:
    return {key.value: value.value for key, value in b[table].items()}


def test_arguments_and_results() -> None:
    """`file` is a pointer of the kernel's, read through as C has it."""
    text = f"""
    #include <linux/fs.h>
    BPF_HASH(inodes, u64, u64);
    BPF_HASH(results, int, u64);
    int kprobe__vfs_read(struct pt_regs *ctx, struct file *file, char *buf, size_t count) {{
        u64 inode = file->f_inode->i_ino;
        if ({_PID} && count == 1234)
            inodes.increment(inode);
        return 0;
    }}
    int kretprobe__vfs_read(struct pt_regs *ctx) {{
        int result = PT_REGS_RC(ctx);
        if ({_PID})
            results.increment(result);
        return 0;
    }}
    """
    with BPF(text=text) as b, open("/etc/passwd", "rb", buffering=0) as file:
        file.read(1234)
        size = min(1234, Path("/etc/passwd").stat().st_size)
        assert _entries(b, "inodes") == {os.fstat(file.fileno()).st_ino: 1}
        assert _entries(b, "results")[size] >= 1
        assert b.num_open_kprobes() == 2


def test_a_pattern_and_an_offset() -> None:
    text = f"""
    BPF_HASH(places, u64, u64);
    int on_hit(struct pt_regs *ctx) {{
        u64 place = PT_REGS_IP(ctx);
        if ({_PID})
            places.increment(place);
        return 0;
    }}
    """
    with BPF(text=text) as b:
        assert BPF.get_kprobe_functions("^vfs_(read|write)$") == {b"vfs_read", b"vfs_write"}
        b.attach_kprobe(event_re=b"^vfs_(read|write)$", fn_name="on_hit")
        assert b.num_open_kprobes() == 2
        read, write = os.pipe()
        os.write(write, b"x")
        os.read(read, 1)
        names = {BPF.ksym(place) for place in _entries(b, "places")}
        assert names == {b"vfs_read", b"vfs_write"}
        for fd in (read, write):
            os.close(fd)


@pytest.mark.parametrize("probe", ["KFUNC_PROBE", "KRETFUNC_PROBE"])
def test_functions_by_their_types(probe: str) -> None:
    if not BPF.support_kfunc():
        pytest.skip("this kernel has no fentry")
    result = ", long result" if probe == "KRETFUNC_PROBE" else ""
    text = f"""
    BPF_HASH(counts, u64, u64);
    {probe}(vfs_read, struct file *file, char *buf, size_t count, loff_t *pos{result}) {{
        u64 size = count;
        if ({_PID})
            counts.increment(size);
        return 0;
    }}
    """
    with BPF(text=text) as b:
        read, write = os.pipe()
        os.write(write, b"x")
        os.read(read, 4321)
        assert _entries(b, "counts")[4321] == 1
        for fd in (read, write):
            os.close(fd)
