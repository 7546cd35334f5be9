"""`StructType`: the structs that system calls' arguments point to, as far as they are recorded.

A row of `_ROWS` is a name, and the members: name, type, and what it means where that is more than a
number. Types are those of x86-64 and arm64 alike but for `epoll_event` and `stat`, which are
x86-64's; a `*` behind a name says that programs of 32 bits have the struct alike (of times: the
calls since Linux 5.1).

>>> decode_struct("timespec", struct.pack("qq", 1, 500))
{'tv_sec': 1, 'tv_nsec': 500}
"""

from __future__ import annotations

import struct

from seismo.audit.catalog.model import FieldKind
from seismo.base.bits import align_up
from seismo.base.dataclass import dataclass
from seismo.base.layout import S16, S32, S64, U16, U32, U64, Field, FieldType, Int, Layout, Text

__all__ = ("STRUCTS", "StructMember", "StructType", "decode_struct", "variant_of")

_ROWS = """
timespec*: tv_sec s64, tv_nsec s64
timespec_pair*: atime_sec s64, atime_nsec s64, mtime_sec s64, mtime_nsec s64
timeval: tv_sec s64, tv_usec s64
timeval_pair: atime_sec s64, atime_usec s64, mtime_sec s64, mtime_usec s64
utimbuf: actime s64, modtime s64
itimerspec*: interval_sec s64, interval_nsec s64, value_sec s64, value_nsec s64
itimerval: interval_sec s64, interval_usec s64, value_sec s64, value_usec s64
tms: utime s64, stime s64, cutime s64, cstime s64
timex*: modes u32 flags:timex, offset s64, freq s64, maxerror s64, esterror s64, \
status s32 flags:timex_status, constant s64, precision s64, tolerance s64, time_sec s64, \
time_usec s64, tick s64, ppsfreq s64, jitter s64, shift s32, stabil s64, jitcnt s64, calcnt s64, \
errcnt s64, stbcnt s64, tai s32 = 208
open_how*: flags u64 flags:open, mode u64 mode, resolve u64 flags:resolve
file_handle*: handle_bytes u32, handle_type s32
stat: st_dev u64 device, st_ino u64, st_nlink u64, st_mode u32 enum:st_mode, st_uid u32 uid, \
st_gid u32 gid, st_rdev u64@40 device, st_size s64, st_blksize s64, st_blocks s64, st_atime s64, \
st_atime_nsec u64, st_mtime s64, st_mtime_nsec u64, st_ctime s64, st_ctime_nsec u64 = 144
statx*: stx_mask u32 flags:statx, stx_blksize u32, stx_attributes u64 flags:statx_attributes, \
stx_nlink u32, stx_uid u32 uid, stx_gid u32 gid, stx_mode u16 enum:st_mode, stx_ino u64@32, \
stx_size u64, stx_blocks u64, stx_attributes_mask u64 flags:statx_attributes, \
stx_atime s64@64, stx_atime_nsec u32, stx_btime s64@80, stx_btime_nsec u32, stx_ctime s64@96, \
stx_ctime_nsec u32, stx_mtime s64@112, stx_mtime_nsec u32, stx_rdev_major u32@128, \
stx_rdev_minor u32, stx_dev_major u32, stx_dev_minor u32, stx_mnt_id u64 = 152
statfs: f_type s64 enum:fs_magic, f_bsize s64, f_blocks u64, f_bfree u64, f_bavail u64, \
f_files u64, f_ffree u64, f_fsid u64, f_namelen s64, f_frsize s64, f_flags s64 flags:statfs = 120
xattr_args*: value u64 pointer, size u32, flags u32 flags:xattr
file_attr*: fa_xflags u64, fa_extsize u32, fa_nextents u32, fa_projid u32, fa_cowextsize u32
cachestat_range*: off u64, len u64
cachestat*: nr_cache u64, nr_dirty u64, nr_writeback u64, nr_evicted u64, nr_recently_evicted u64
mount_attr*: attr_set u64 flags:mount_attr, attr_clr u64 flags:mount_attr, \
propagation u64 flags:mount, userns_fd u64 fd
mnt_id_req*: size u32, mnt_ns_fd u32, mnt_id u64, param u64
pollfd*: fd s32 fd, events s16 flags:poll, revents s16 flags:poll
fd_set*: bits u64
epoll_event*: events u32 flags:epoll, data u64@4 = 12
io_uring_params*: sq_entries u32, cq_entries u32, flags u32 flags:io_uring_setup, \
sq_thread_cpu u32, sq_thread_idle u32, features u32, wq_fd u32 fd = 120
clone_args*: flags u64 flags:clone3, pidfd u64 pointer, child_tid u64 pointer, \
parent_tid u64 pointer, exit_signal u64 signal, stack u64 pointer, stack_size u64, \
tls u64 pointer, set_tid u64 pointer, set_tid_size u64, cgroup u64 fd
rlimit: rlim_cur u64 enum:rlim, rlim_max u64 enum:rlim
rusage: utime_sec s64, utime_usec s64, stime_sec s64, stime_usec s64, maxrss s64, ixrss s64, \
idrss s64, isrss s64, minflt s64, majflt s64, nswap s64, inblock s64, oublock s64, msgsnd s64, \
msgrcv s64, nsignals s64, nvcsw s64, nivcsw s64
cap_header*: version u32 enum:cap_version, pid s32 pid
cap_data*: effective u32 flags:cap_low, permitted u32 flags:cap_low, \
inheritable u32 flags:cap_low, effective_high u32 flags:cap_high, \
permitted_high u32 flags:cap_high, inheritable_high u32 flags:cap_high
sigset*: mask u64 flags:sigset
sigaction: handler u64 enum:sa_handler, flags u64 flags:sigaction, restorer u64 pointer, \
mask u64 flags:sigset
siginfo: signo s32 signal, errno s32, code s32 enum:si_code, pid s32@16 pid, uid u32 uid, \
status s32 = 128
stack: ss_sp u64 pointer, ss_flags s32 flags:sigaltstack, ss_size u64
sched_param*: sched_priority s32
sched_attr*: size u32, policy u32 enum:sched, flags u64 flags:sched_flags, nice s32, \
priority u32, runtime u64, deadline u64, period u64
cpu_mask*: mask u64
landlock_ruleset*: handled_access_fs u64 flags:landlock_fs, \
handled_access_net u64 flags:landlock_net, scoped u64 flags:landlock_scope
perf_event_attr*: type u32 enum:perf_type, size u32, config u64, sample_period u64, \
sample_type u64 flags:perf_sample, read_format u64 flags:perf_read, bits u64, wakeup_events u32, \
bp_type u32, config1 u64
bpf_attr*: words0 u64, words1 u64 = 120
bpf_map_create*: map_type u32 enum:bpf_map_type, key_size u32, value_size u32, max_entries u32, \
map_flags u32 flags:bpf_map, inner_map_fd u32 fd, numa_node u32, map_name text16, \
map_ifindex u32, btf_fd u32 fd = 120
bpf_map_elem*: map_fd u32 fd, key u64 pointer, value u64 pointer, flags u64 = 120
bpf_prog_load*: prog_type u32 enum:bpf_prog_type, insn_cnt u32, insns u64 pointer, \
license u64 pointer, log_level u32, log_size u32, log_buf u64 pointer, kern_version u32, \
prog_flags u32 flags:bpf_prog, prog_name text16, prog_ifindex u32, \
expected_attach_type u32 enum:bpf_attach, prog_btf_fd u32 fd, attach_btf_id u32@108, \
attach_prog_fd u32 fd = 120
bpf_obj*: pathname u64 pointer, bpf_fd u32 fd, file_flags u32, path_fd s32 fd = 120
bpf_prog_attach*: target_fd u32 fd, attach_bpf_fd u32 fd, attach_type u32 enum:bpf_attach, \
attach_flags u32, replace_bpf_fd u32 fd = 120
bpf_get_id*: id u32, next_id u32, open_flags u32 = 120
bpf_info*: bpf_fd u32 fd, info_len u32, info u64 pointer = 120
bpf_raw_tracepoint*: name u64 pointer, prog_fd u32 fd = 120
bpf_btf_load*: btf u64 pointer, btf_log_buf u64 pointer, btf_size u32, btf_log_size u32, \
btf_log_level u32 = 120
bpf_link_create*: prog_fd u32 fd, target_fd u32 fd, attach_type u32 enum:bpf_attach, \
flags u32 = 120
utsname*: sysname text65, nodename text65, release text65
sysinfo: uptime s64, load1 u64, load5 u64, load15 u64, totalram u64, freeram u64, sharedram u64, \
bufferram u64, totalswap u64, freeswap u64, procs u16, totalhigh u64@88, freehigh u64, \
mem_unit u32 = 112
sembuf*: sem_num u16, sem_op s16, sem_flg s16 flags:msg_queue
mq_attr: mq_flags s64 flags:pipe, mq_maxmsg s64, mq_msgsize s64, mq_curmsgs s64 = 64
audit_file*: inode u64, device u32 device, mode u32 enum:st_mode, flags u32 flags:open, fd s32 fd, \
position s64, links u32, uid u32 uid
"""

_TYPES = {"u16": U16, "s16": S16, "u32": U32, "s32": S32, "u64": U64, "s64": S64}
_CODES = {(2, False): "H", (2, True): "h", (4, False): "I", (4, True): "i"}
_CODES |= {(8, False): "Q", (8, True): "q"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StructMember:
    """One member; `table` names the constants of FLAGS and ENUM."""

    name: str
    kind: FieldKind
    table: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StructType:
    """A struct: where its members are (`layout`, by C's rules) and what they mean, in their order.

    `is_same_in_compat`: programs of 32 bits have it alike.
    """

    name: str
    layout: Layout
    members: tuple[StructMember, ...]
    is_same_in_compat: bool

    def member(self, name: str) -> StructMember:
        """The member called so; KeyError."""
        for one in self.members:
            if one.name == name:
                return one
        raise KeyError(name)


def _member(text: str) -> tuple[StructMember, FieldType, int]:
    """The member, its type, and its offset where the row says one, else -1."""
    name, type_, *meaning = text.split()
    type_, _, offset = type_.partition("@")
    shown: FieldType = Text(int(type_[4:])) if type_.startswith("text") else _TYPES[type_]
    kind, _, table = meaning[0].partition(":") if meaning else ("", "", "")
    if not meaning:
        kind = "text" if isinstance(shown, Text) else "int" if type_[0] == "s" else "uint"
    member = StructMember(name=name, kind=FieldKind(kind), table=table)
    return member, shown, int(offset or -1)


def _struct(row: str) -> StructType:
    title, _, rest = row.partition(": ")
    rest, _, size = rest.partition(" = ")
    name = title.rstrip("*")
    found = [_member(one) for one in rest.split(", ")]
    fields: list[Field] = []
    end = 0
    for member, type_, offset in found:
        start = offset if offset >= 0 else align_up(end, type_.alignment)
        fields.append(Field(member.name, start, type_))
        end = start + type_.size
    alignment = max(type_.alignment for _, type_, _ in found)
    layout = Layout(name, tuple(fields), int(size or align_up(end, alignment)), alignment)
    return StructType(
        name=name,
        layout=layout,
        members=tuple([member for member, _, _ in found]),
        is_same_in_compat=title.endswith("*"),
    )


STRUCTS = {one.name: one for one in map(_struct, _ROWS.strip().splitlines())}
"""By name, as in the tables of meanings."""

_BPF_VARIANTS = {
    "bpf_map_create": (0,),
    "bpf_map_elem": (1, 2, 3, 4, 21, 22),
    "bpf_prog_load": (5,),
    "bpf_obj": (6, 7),
    "bpf_prog_attach": (8, 9),
    "bpf_get_id": (11, 12, 13, 14, 19, 23, 30, 31),
    "bpf_info": (15,),
    "bpf_raw_tracepoint": (17,),
    "bpf_btf_load": (18,),
    "bpf_link_create": (28,),
}
_BPF_BY_COMMAND = {
    command: name for name, commands in _BPF_VARIANTS.items() for command in commands
}


def variant_of(name: str, selector: int) -> str:
    """The struct that a union is, by the call's first argument: bpf(2)'s by the command."""
    return _BPF_BY_COMMAND.get(selector, name) if name == "bpf_attr" else name


def decode_struct(name: str, data: bytes, size: int = -1) -> dict[str, int | str]:
    """The members that lie within `data`, and within `size` bytes where that is not negative: some
    calls say how large their struct is. KeyError for a struct that is not in `STRUCTS`."""
    end = len(data) if size < 0 else min(size, len(data))
    found: dict[str, int | str] = {}
    for field in STRUCTS[name].layout.fields:
        if isinstance(field.type, Text):
            if field.offset < end:
                text = data[field.offset : min(field.end, end)].partition(b"\0")[0]
                found[field.name] = text.decode(errors="backslashreplace")
        elif isinstance(field.type, Int) and field.end <= end:
            code = _CODES[field.type.size, field.type.signed]
            found[field.name] = struct.unpack_from(f"={code}", data, field.offset)[0]
    return found
