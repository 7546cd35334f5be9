"""Files that are in no directory: pipes, sockets, namespaces, what eventfd() and its like give.

They are called as /proc/PID/fd calls them, by what their file systems (fs/pipe.c, net/socket.c,
fs/nsfs.c, fs/anon_inodes.c, fs/pidfs.c, mm/shmem.c) say of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from seismo.builtin.kernel_records import read_members
from seismo.builtin.path_text import DELETED, PathText
from seismo.builtin.record import Lowering
from seismo.ir.ops import BinaryKind, Cond, Value

__all__ = ("put_pseudo_file",)

_DENTRY, _INODE, _FILE_SYSTEM = "struct dentry", "struct inode", "struct super_block"
_NAMESPACE, _KIND = "struct ns_common", "struct proc_ns_operations"
_KIND_BYTES = 32

# include/uapi/linux/magic.h
_PIPEFS_MAGIC, _SOCKFS_MAGIC = 0x50495045, 0x534F434B
_NSFS_MAGIC, _PIDFS_MAGIC = 0x6E736673, 0x50494446
_ANON_INODE_FS_MAGIC = 0x09041934

_Put: TypeAlias = Callable[[], Value]


def put_pseudo_file(low: Lowering, text: PathText, dentry: Value) -> Value:
    """Put what the file of a `struct dentry` without a parent is called before the empty text:
    where that begins then."""
    b, end = low.b, low.b.const(text.end)
    (inode,) = read_members(low, _DENTRY, dentry, "d_inode")
    (file_system,) = read_members(low, _DENTRY, dentry, "d_sb")
    (magic,) = read_members(low, _FILE_SYSTEM, file_system, "s_magic")
    name = read_members(low, _DENTRY, dentry, "d_name.name", "d_name.len")

    def call_anonymous() -> Value:
        return text.put(low, text.put_string(low, end, *name), "anon_inode:")

    def call_by_name() -> Value:
        return text.put_name(low, text.put(low, end, DELETED), *name)

    is_numbered = b.const(0)
    for one in (_PIPEFS_MAGIC, _SOCKFS_MAGIC, _NSFS_MAGIC):
        is_one = b.compare(Cond.EQ, magic, b.const(one))
        is_numbered = b.binary(BinaryKind.OR, is_numbered, is_one)
    cases: dict[Value, _Put] = {
        is_numbered: lambda: _put_numbered(low, text, magic, inode),
        b.compare(Cond.EQ, magic, b.const(_ANON_INODE_FS_MAGIC)): call_anonymous,
        b.compare(Cond.EQ, magic, b.const(_PIDFS_MAGIC)): (
            lambda: text.put(low, end, "anon_inode:[pidfd]")
        ),
    }
    return _first_of(low, cases, call_by_name)


def _put_numbered(low: Lowering, text: PathText, magic: Value, inode: Value) -> Value:
    """`pipe:[123]`, `socket:[123]`, `net:[123]`."""
    b = low.b
    (number,) = read_members(low, _INODE, inode, "i_ino")
    digits = text.put_number(low, text.put(low, b.const(text.end), "]"), number)
    opened = text.put(low, digits, ":[")

    def put_namespace() -> Value:
        (namespace,) = read_members(low, _INODE, inode, "i_private")
        (kind,) = read_members(low, _NAMESPACE, namespace, "ops")
        (name,) = read_members(low, _KIND, kind, "name")
        copy, size = low.temporary("kind", _KIND_BYTES), b.const(_KIND_BYTES)
        used = b.call("probe_read_kernel_str", low.address(copy), size, name)
        return text.put_string(low, opened, name, b.add(used, b.const(-1)))

    cases: dict[Value, _Put] = {
        b.compare(Cond.EQ, magic, b.const(_PIPEFS_MAGIC)): lambda: text.put(low, opened, "pipe"),
        b.compare(Cond.EQ, magic, b.const(_SOCKFS_MAGIC)): lambda: text.put(low, opened, "socket"),
    }
    return _first_of(low, cases, put_namespace)


def _first_of(low: Lowering, cases: dict[Value, _Put], otherwise: _Put) -> Value:
    """What the first case whose condition is not 0 gives."""
    result, rest = low.fresh("called"), list(cases.items())

    def decide() -> None:
        if not rest:
            low.b.write(result, otherwise())
            return
        condition, put = rest.pop(0)
        low.b.when_set(condition, lambda: low.b.write(result, put()), decide)

    decide()
    return low.b.read(result)
