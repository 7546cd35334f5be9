"""What an iterator's program begins with: the end of the objects, and the pace of the reader."""

from __future__ import annotations

from seismo.ir.builder import Builder
from seismo.ir.ops import Cond, Kind, Value

__all__ = ("emit_iteration", "reader")

# Every context begins so (kernel/bpf/task_iter.c: struct bpf_iter__task, and all the others).
_META_OFFSET, _OBJECT_OFFSET = 0, 8
_SEQ_OFFSET = 0  # include/linux/bpf.h: struct bpf_iter_meta


def emit_iteration(b: Builder, *, is_pinned: bool) -> None:
    """Return from here when the objects are at their end: the kernel runs the program once more
    then, with null pointers (kernel/bpf/task_iter.c: `task_seq_stop`).

    The iterator that we read ourselves writes a byte for every object, which makes a read stop
    after as many objects as it has bytes: so the rings are emptied while it goes on.
    """
    found, done = b.new_block("object"), b.new_block("done")
    b.branch(Cond.NE, b.load(b.context, _OBJECT_OFFSET, 8), b.const(0), found, done)
    for block in (done, found):
        b.seal(block)
    b.start(done)
    b.ret(b.const(0))
    b.start(found)
    if is_pinned:
        return
    byte = b.slot("byte", 8)
    b.store(byte, 0, b.const(0), 8)
    b.call("seq_write", reader(b), byte, b.const(1))


def reader(b: Builder) -> Value:
    """The `struct seq_file` that what the program writes goes to."""
    meta = b.load(b.context, _META_OFFSET, 8, kind=Kind.PTR)
    return b.load(meta, _SEQ_OFFSET, 8, kind=Kind.PTR)
