"""bpf(2), one function a command: fds and bytes in, fds and bytes out, no policy.

Sizes are the caller's to check: the kernel copies as many bytes as the map was made with, whatever
the length of the buffer that it is given.
"""

from __future__ import annotations

import errno
from ctypes import Array, Structure, addressof, c_char, create_string_buffer, sizeof
from typing import TypeVar

from seismo.base.dataclass import dataclass
from seismo.base.errors import SyscallError
from seismo.isa.prog_types import AttachType
from seismo.kernel.abi import (
    BPF_OBJ_NAME_LEN,
    BPF_STATS_RUN_TIME,
    BatchAttr,
    BpfMapInfo,
    BpfProgInfo,
    BtfLoadAttr,
    Cmd,
    EnableStatsAttr,
    IdAttr,
    MapCreateAttr,
    MapElemAttr,
    ObjAttr,
    ObjInfoAttr,
    PerfLinkAttr,
    ProgLoadAttr,
    RawTracepointAttr,
    TestRunAttr,
)
from seismo.kernel.protocol import Kernel

__all__ = (
    "Batch",
    "LoadRefused",
    "TestRun",
    "btf_load",
    "enable_run_time_stats",
    "link_create_perf",
    "map_contains_value",
    "map_create",
    "map_delete",
    "map_delete_batch",
    "map_freeze",
    "map_info",
    "map_lookup",
    "map_lookup_batch",
    "map_next_key",
    "map_pop",
    "map_update",
    "map_update_batch",
    "obj_get",
    "obj_pin",
    "object_name",
    "prog_info",
    "prog_load",
    "prog_next_id",
    "prog_open",
    "prog_test_run",
    "raw_tracepoint_open",
)

Info = TypeVar("Info", bound=Structure)

# The largest cursor is a key: hash maps use a bucket number, arrays and tries the key itself.
_CURSOR_BYTES = 4


def object_name(name: str) -> bytes:
    """`name` as the kernel takes it: 15 bytes of [A-Za-z0-9_.], others become `_`."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "_.") else "_" for c in name)
    return kept.encode()[: BPF_OBJ_NAME_LEN - 1]


def map_create(kernel: Kernel, attr: MapCreateAttr) -> int:
    """BPF_MAP_CREATE: the map's fd. Since Linux 3.18, names since 4.15."""
    return kernel.bpf(Cmd.MAP_CREATE, attr)


def map_lookup(kernel: Kernel, fd: int, key: bytes | None, size: int) -> bytes:
    """BPF_MAP_LOOKUP_ELEM: the `size` bytes of the value; ENOENT when there is none."""
    value = create_string_buffer(size)
    kernel.bpf(Cmd.MAP_LOOKUP_ELEM, MapElemAttr(map_fd=fd, key=key, value=addressof(value)))
    return value.raw


def map_contains_value(kernel: Kernel, fd: int, value: bytes) -> None:
    """BPF_MAP_LOOKUP_ELEM of a bloom filter: ENOENT when `value` was surely never added."""
    kernel.bpf(Cmd.MAP_LOOKUP_ELEM, MapElemAttr(map_fd=fd, value=value))


def map_pop(kernel: Kernel, fd: int, key: bytes | None, size: int) -> bytes:
    """BPF_MAP_LOOKUP_AND_DELETE_ELEM. Since Linux 4.20 for queues, 5.14 for hash maps."""
    value = create_string_buffer(size)
    attr = MapElemAttr(map_fd=fd, key=key, value=addressof(value))
    kernel.bpf(Cmd.MAP_LOOKUP_AND_DELETE_ELEM, attr)
    return value.raw


def map_update(kernel: Kernel, fd: int, key: bytes | None, value: bytes, flags: int = 0) -> None:
    """BPF_MAP_UPDATE_ELEM; no key for queues, stacks and bloom filters."""
    attr = MapElemAttr(map_fd=fd, key=key, value=value, flags=flags)
    kernel.bpf(Cmd.MAP_UPDATE_ELEM, attr)


def map_delete(kernel: Kernel, fd: int, key: bytes) -> None:
    """BPF_MAP_DELETE_ELEM: ENOENT when there is no such key."""
    kernel.bpf(Cmd.MAP_DELETE_ELEM, MapElemAttr(map_fd=fd, key=key))


def map_next_key(kernel: Kernel, fd: int, key: bytes | None, size: int) -> bytes:
    """BPF_MAP_GET_NEXT_KEY: the key after `key`, the first when `key` is None or has gone.

    ENOENT after the last.
    """
    following = create_string_buffer(size)
    attr = MapElemAttr(map_fd=fd, key=key, value=addressof(following))
    kernel.bpf(Cmd.MAP_GET_NEXT_KEY, attr)
    return following.raw


def map_freeze(kernel: Kernel, fd: int) -> None:
    """BPF_MAP_FREEZE: user space may not write the map any more. Since Linux 5.2."""
    kernel.bpf(Cmd.MAP_FREEZE, MapElemAttr(map_fd=fd))


@dataclass(frozen=True, slots=True)
class Batch:
    """`count` entries end to end; `cursor` goes into the next call, unless `is_last`."""

    keys: bytes
    values: bytes
    count: int
    cursor: bytes
    is_last: bool


def map_lookup_batch(
    kernel: Kernel,
    fd: int,
    sizes: tuple[int, int],
    count: int,
    cursor: bytes = b"",
    *,
    delete: bool = False,
) -> Batch:
    """BPF_MAP_LOOKUP_BATCH, or BPF_MAP_LOOKUP_AND_DELETE_BATCH when `delete`.

    `sizes` are the bytes of a key and of a value, `count` the most entries wanted. ENOSPC means
    that one hash bucket holds more than `count`. Since Linux 5.6.
    """
    key_size, value_size = sizes
    keys = create_string_buffer(count * key_size)
    values = create_string_buffer(count * value_size)
    following = create_string_buffer(max(_CURSOR_BYTES, key_size))
    attr = BatchAttr(
        in_batch=cursor or None,
        out_batch=addressof(following),
        keys=addressof(keys),
        values=addressof(values),
        count=count,
        map_fd=fd,
    )
    is_last = False
    try:
        kernel.bpf(Cmd.MAP_LOOKUP_AND_DELETE_BATCH if delete else Cmd.MAP_LOOKUP_BATCH, attr)
    except SyscallError as error:
        # The last batch is told by ENOENT, with its entries in place.
        if error.errno != errno.ENOENT:
            raise
        is_last = True
    got: int = attr.count
    return Batch(
        _head(keys, got * key_size), _head(values, got * value_size), got, following.raw, is_last
    )


def map_update_batch(kernel: Kernel, fd: int, keys: bytes, values: bytes, count: int) -> None:
    """BPF_MAP_UPDATE_BATCH of `count` entries that lie end to end. Since Linux 5.6."""
    kernel.bpf(Cmd.MAP_UPDATE_BATCH, BatchAttr(keys=keys, values=values, count=count, map_fd=fd))


def map_delete_batch(kernel: Kernel, fd: int, keys: bytes, count: int) -> int:
    """BPF_MAP_DELETE_BATCH: how many went; it stops at the first key that is not there.

    Since Linux 5.6.
    """
    attr = BatchAttr(keys=keys, count=count, map_fd=fd)
    try:
        kernel.bpf(Cmd.MAP_DELETE_BATCH, attr)
    except SyscallError as error:
        if error.errno != errno.ENOENT:
            raise
    gone: int = attr.count
    return gone


def map_info(kernel: Kernel, fd: int) -> BpfMapInfo:
    """BPF_OBJ_GET_INFO_BY_FD of a map. Since Linux 4.13."""
    return _info(kernel, fd, BpfMapInfo())


def prog_info(kernel: Kernel, fd: int) -> BpfProgInfo:
    """BPF_OBJ_GET_INFO_BY_FD of a program. Since Linux 4.13, run counts since 5.1."""
    return _info(kernel, fd, BpfProgInfo())


def prog_next_id(kernel: Kernel, after: int) -> int:
    """BPF_PROG_GET_NEXT_ID: the lowest program id above `after`, 0 at the end. Since Linux 4.13."""
    attr = IdAttr(start_id=after)
    try:
        kernel.bpf(Cmd.PROG_GET_NEXT_ID, attr)
    except SyscallError as error:
        if error.errno != errno.ENOENT:
            raise
        return 0
    found: int = attr.next_id
    return found


def prog_open(kernel: Kernel, number: int) -> int:
    """BPF_PROG_GET_FD_BY_ID: a new fd of a loaded program. Since Linux 4.13."""
    return kernel.bpf(Cmd.PROG_GET_FD_BY_ID, IdAttr(start_id=number))


def obj_pin(kernel: Kernel, fd: int, path: str) -> None:
    """BPF_OBJ_PIN: `path` (on a bpffs, not there yet) keeps the object alive. Since Linux 4.4."""
    kernel.bpf(Cmd.OBJ_PIN, ObjAttr(pathname=path.encode(), bpf_fd=fd))


def obj_get(kernel: Kernel, path: str) -> int:
    """BPF_OBJ_GET: a new fd of a pinned object. Since Linux 4.4."""
    return kernel.bpf(Cmd.OBJ_GET, ObjAttr(pathname=path.encode()))


class LoadRefused(SyscallError):
    """BPF_PROG_LOAD or BPF_BTF_LOAD failed; `log` is what the kernel's check wrote, '' when it was
    not asked to."""

    def __init__(self, error: SyscallError, log: str) -> None:
        super().__init__(error.call, error.errno or 0, error.hint)
        self.log = log


def prog_load(kernel: Kernel, attr: ProgLoadAttr, log_bytes: int = 0) -> int:
    """BPF_PROG_LOAD: the program's fd; with `log_bytes` the verifier explains itself.

    Raises `LoadRefused`; its ENOSPC means that the log needs more room. Since Linux 3.18.
    """
    log = create_string_buffer(log_bytes)
    attr.log_level = 1 if log_bytes else 0
    attr.log_size = log_bytes
    attr.log_buf = addressof(log) if log_bytes else None
    try:
        return kernel.bpf(Cmd.PROG_LOAD, attr)
    except SyscallError as error:
        raise LoadRefused(error, log.value.decode(errors="replace")) from None


@dataclass(frozen=True, slots=True)
class TestRun:
    """What a test run gave: r0, the mean time of one run, the packet and the context as the program
    left them."""

    retval: int
    duration_ns: int
    data: bytes
    ctx: bytes = b""


def prog_test_run(
    kernel: Kernel,
    fd: int,
    *,
    data: bytes = b"",
    ctx: bytes = b"",
    repeat: int = 0,
    has_ctx_out: bool = False,
) -> TestRun:
    """BPF_PROG_TEST_RUN. Since Linux 4.12 for packet programs, 5.10 for raw tracepoints.

    A raw tracepoint takes `ctx` alone (u64 arguments) and no `repeat`. `has_ctx_out` asks for the
    context that a packet program leaves.
    """
    # More than XDP's headroom lets a program make a packet longer.
    out = create_string_buffer(len(data) * 2 + 256) if data else None
    # Memory of its own: what a syscall program writes to its context comes back there.
    context = create_string_buffer(ctx, len(ctx)) if ctx else None
    attr = TestRunAttr(
        prog_fd=fd,
        data_in=data or None,
        data_size_in=len(data),
        data_out=addressof(out) if out else None,
        data_size_out=len(out) if out else 0,
        ctx_in=addressof(context) if context else None,
        ctx_size_in=len(ctx),
        repeat=repeat,
    )
    if context and has_ctx_out:
        attr.ctx_out, attr.ctx_size_out = addressof(context), len(context)
    kernel.bpf(Cmd.PROG_TEST_RUN, attr)
    changed = _head(out, attr.data_size_out) if out else b""
    return TestRun(attr.retval, attr.duration, changed, context.raw if context else b"")


def raw_tracepoint_open(kernel: Kernel, program: int, name: str = "") -> int:
    """BPF_RAW_TRACEPOINT_OPEN: the link's fd; no name for programs that know their BTF target.

    Since Linux 4.17.
    """
    attr = RawTracepointAttr(name=name.encode() or None, prog_fd=program)
    return kernel.bpf(Cmd.RAW_TRACEPOINT_OPEN, attr)


def btf_load(kernel: Kernel, btf: bytes, log_bytes: int = 0) -> int:
    """BPF_BTF_LOAD: an fd of the type information; with `log_bytes` the kernel explains itself.

    Raises `LoadRefused`. Since Linux 4.18.
    """
    log = create_string_buffer(log_bytes)
    attr = BtfLoadAttr(btf=btf, btf_size=len(btf))
    if log_bytes:
        attr.btf_log_buf, attr.btf_log_size, attr.btf_log_level = addressof(log), log_bytes, 1
    try:
        return kernel.bpf(Cmd.BTF_LOAD, attr)
    except SyscallError as error:
        raise LoadRefused(error, log.value.decode(errors="replace")) from None


def link_create_perf(kernel: Kernel, program: int, event: int, cookie: int = 0) -> int:
    """BPF_LINK_CREATE of a program and a perf event: the link's fd. Since Linux 5.15.

    `cookie` is what `bpf_get_attach_cookie` gives the program there.
    """
    attr = PerfLinkAttr(
        prog_fd=program, target_fd=event, attach_type=AttachType.PERF_EVENT, bpf_cookie=cookie
    )
    return kernel.bpf(Cmd.LINK_CREATE, attr)


def enable_run_time_stats(kernel: Kernel) -> int:
    """BPF_ENABLE_STATS: while the fd is open the kernel counts and times every program's runs.

    Needs CAP_SYS_ADMIN. Since Linux 5.8.
    """
    return kernel.bpf(Cmd.ENABLE_STATS, EnableStatsAttr(type=BPF_STATS_RUN_TIME))


def _info(kernel: Kernel, fd: int, info: Info) -> Info:
    attr = ObjInfoAttr(bpf_fd=fd, info_len=sizeof(info), info=addressof(info))
    kernel.bpf(Cmd.OBJ_GET_INFO_BY_FD, attr)
    return info


def _head(buffer: Array[c_char], size: int) -> bytes:
    return memoryview(buffer)[:size].tobytes()
