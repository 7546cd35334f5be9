"""System calls of 32-bit programs on x86-64: those of i386, by their own numbers.

Most are those of 64-bit programs, with the same arguments and meanings; `_ALIKE` says which others
are, and `_OTHERS` has those that are like none: the form is that of `meaning.py`, with arguments'
names and types behind the name. Structs of pointers and of `long` differ; what they hold is not
recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seismo.audit.catalog.i386_names import I386_NAMES
from seismo.audit.catalog.meaning import ArgumentMeaning, Meaning, meanings, parse_meanings
from seismo.audit.catalog.model import FieldKind
from seismo.audit.catalog.signature import Signature, parse_signature
from seismo.audit.catalog.structs import STRUCTS
from seismo.audit.record.layout import Capture
from seismo.base.dataclass import replace

__all__ = ("compat_calls",)

_ALIKE = """
_newselect select
chown32 chown
clock_adjtime64 clock_adjtime
clock_getres_time64 clock_getres
clock_gettime64 clock_gettime
clock_nanosleep_time64 clock_nanosleep
clock_settime64 clock_settime
fchown32 fchown
fcntl64 fcntl
fstat64 fstat
fstatat64 newfstatat
futex_time64 futex
getegid32 getegid
geteuid32 geteuid
getgid32 getgid
getgroups32 getgroups
getresgid32 getresgid
getresuid32 getresuid
getuid32 getuid
io_pgetevents_time64 io_pgetevents
lchown32 lchown
lstat64 lstat
mmap2 mmap
mq_timedreceive_time64 mq_timedreceive
mq_timedsend_time64 mq_timedsend
oldfstat fstat
oldlstat lstat
oldstat stat
olduname uname
oldolduname uname
ppoll_time64 ppoll
pselect6_time64 pselect6
recvmmsg_time64 recvmmsg
rt_sigtimedwait_time64 rt_sigtimedwait
sched_rr_get_interval_time64 sched_rr_get_interval
semtimedop_time64 semtimedop
sendfile64 sendfile
setfsgid32 setfsgid
setfsuid32 setfsuid
setgid32 setgid
setgroups32 setgroups
setregid32 setregid
setresgid32 setresgid
setresuid32 setresuid
setreuid32 setreuid
setuid32 setuid
stat64 stat
timer_gettime64 timer_gettime
timer_settime64 timer_settime
timerfd_gettime64 timerfd_gettime
timerfd_settime64 timerfd_settime
ugetrlimit getrlimit
utimensat_time64 utimensat
"""

_OTHERS = """
[file attributes]
chown(const char * filename, old_uid_t user, old_gid_t group) | \
path uid gid | Change owner and group
fchown(unsigned int fd, old_uid_t user, old_gid_t group) | fd uid gid | Change owner and group
lchown(const char * filename, old_uid_t user, old_gid_t group) | \
path uid gid | Change owner and group
[file read]
pread64(unsigned int fd, char * buf, u32 count, u32 pos_low, u32 pos_high) | \
fd out@2 size uint uint -> size | Read from a place of a file
readdir(unsigned int fd, void * dirent, unsigned int count) | fd ptr uint | Read an entry (old)
[file write]
pwrite64(unsigned int fd, const char * buf, u32 count, u32 pos_low, u32 pos_high) | \
fd in@2 size uint uint -> size | Write to a place of a file
[file desc]
_llseek(unsigned int fd, unsigned long offset_high, unsigned long offset_low, loff_t * result, \
unsigned int whence) | fd uint uint ptr enum:whence | Move a descriptor's position
readahead(int fd, u32 off_low, u32 off_high, size_t count) | fd uint uint size | \
Read a file into the page cache
fadvise64(int fd, u32 off_low, u32 off_high, size_t len, int advice) | \
fd uint uint size enum:fadvise | Say how a file is going to be read
fadvise64_64(int fd, u32 off_low, u32 off_high, u32 len_low, u32 len_high, int advice) | \
fd uint uint uint uint enum:fadvise | Say how a file is going to be read
sync_file_range(int fd, u32 off_low, u32 off_high, u32 n_low, u32 n_high, unsigned int flags) | \
fd uint uint uint uint flags:sync_file_range | Write part of a file to disk
fallocate(int fd, int mode, u32 off_low, u32 off_high, u32 len_low, u32 len_high) | \
fd flags:fallocate uint uint uint uint | Allocate, or take away, a file's room
truncate64(const char * filename, u32 length_low, u32 length_high) | path uint uint | Cut a file
ftruncate64(unsigned int fd, u32 length_low, u32 length_high) | fd uint uint | Cut a file
[file stat]
statfs64(const char * pathname, u32 sz, struct statfs64 * buf) | path size ptr | \
What is known of the file system of a path
fstatfs64(unsigned int fd, u32 sz, struct statfs64 * buf) | fd size ptr | \
What is known of the file system of an open file
lookup_dcookie(u32 cookie_low, u32 cookie_high, char * buf, size_t len) | \
uint uint out@3 size -> size | The path of a dcookie (removed in Linux 6.7)
[desc events]
fanotify_mark(int fanotify_fd, unsigned int flags, u32 mask_low, u32 mask_high, int dfd, \
const char * pathname) | fd flags:fanotify_mark flags:fanotify uint dirfd path@4 | \
Watch a file, mount, file system
select(void * arg) | ptr | Wait for descriptors (old: one struct of all arguments)
[mounts file]
umount(char * name) | path | Unmount a file system
[memory]
mmap(void * arg) | ptr -> ptr | Map a file or memory (old: one struct of all arguments)
[process fork]
clone(unsigned long clone_flags, unsigned long newsp, int * parent_tidptr, unsigned long tls, \
int * child_tidptr) | flags:clone_call ptr ptr ptr ptr -> pid | Make a child or a thread
[process wait]
waitpid(pid_t pid, int * stat_addr, int options) | pid nums@1 flags:wait -> pid | Wait for a child
[process]
vm86(unsigned long cmd, unsigned long arg) | uint ptr | Run in virtual 8086 mode
vm86old(void * user_vm86) | ptr | Run in virtual 8086 mode (old)
[sched]
nice(int increment) | int | Change how nice the process is
[credentials]
getuid() | -> uid | The user (16 bits)
getgid() | -> gid | The group (16 bits)
geteuid() | -> uid | The user that counts (16 bits)
getegid() | -> gid | The group that counts (16 bits)
getresuid(old_uid_t * ruid, old_uid_t * euid, old_uid_t * suid) | ptr ptr ptr | \
Real, effective and saved user (16 bits)
getresgid(old_gid_t * rgid, old_gid_t * egid, old_gid_t * sgid) | ptr ptr ptr | \
Real, effective and saved group (16 bits)
getgroups(int gidsetsize, old_gid_t * grouplist) | int ptr | The further groups (16 bits)
[credentials setid]
setuid(old_uid_t uid) | uid | Become a user (16 bits)
setgid(old_gid_t gid) | gid | Become a group (16 bits)
setreuid(old_uid_t ruid, old_uid_t euid) | uid uid | Set real and effective user (16 bits)
setregid(old_gid_t rgid, old_gid_t egid) | gid gid | Set real and effective group (16 bits)
setresuid(old_uid_t ruid, old_uid_t euid, old_uid_t suid) | uid uid uid | \
Set real, effective and saved user (16 bits)
setresgid(old_gid_t rgid, old_gid_t egid, old_gid_t sgid) | gid gid gid | \
Set real, effective and saved group (16 bits)
setfsuid(old_uid_t uid) | uid -> uid | Set the user for files (16 bits)
setfsgid(old_gid_t gid) | gid -> gid | Set the group for files (16 bits)
setgroups(int gidsetsize, old_gid_t * grouplist) | int ptr | Set the further groups (16 bits)
[network desc]
socketcall(int call, unsigned long * args) | enum:socketcall ptr | Any call of sockets
[ipc]
ipc(unsigned int call, int first, unsigned long second, unsigned long third, void * ptr, \
long fifth) | enum:ipc int uint uint ptr int | Any call of System V IPC
[signals]
signal(int sig, void * handler) | sig ptr -> ptr | What a signal does (old)
sigaction(int sig, const void * act, void * oact) | sig ptr ptr | What a signal does (old)
sgetmask() | | Which signals wait (old)
ssetmask(int newmask) | int | Set which signals wait (old)
sigsuspend(int unused1, int unused2, old_sigset_t mask) | int int uint | Wait for a signal (old)
sigpending(old_sigset_t * uset) | ptr | Which signals are waiting (old)
sigprocmask(int how, old_sigset_t * nset, old_sigset_t * oset) | enum:sigmask ptr ptr | \
Which signals wait (old)
sigreturn() | | Go on where a signal came (old)
[time settime]
stime(int * tptr) | ptr | Set the time (seconds)
[system obsolete]
break() | | Not implemented
stty() | | Not implemented
gtty() | | Not implemented
ftime() | | Not implemented
prof() | | Not implemented
lock() | | Not implemented
mpx() | | Not implemented
ulimit() | | Not implemented
profil() | | Not implemented
idle() | | Not implemented
bdflush(int func, long data) | int int | Removed in Linux 5.15
"""

_FIRST_OF_64_BIT_TIME = 403
"""From this number on (clock_gettime64) times are those of 64-bit programs."""

_TIMES = frozenset(("itimerspec", "timespec", "timespec_pair", "timex"))
_UNLIKE = frozenset(
    (Capture.WORDS, Capture.IOVEC_IN, Capture.IOVEC_OUT, Capture.MSGHDR_IN, Capture.MSGHDR_OUT)
)
"""What leads through pointers, which have 32 bits there."""


def compat_calls(
    shipped: Mapping[str, Signature],
) -> Iterator[tuple[int, str, Signature, Meaning]]:
    """(number, name, arguments, meaning) of each, made of 64-bit programs' `shipped` arguments.

    A meaning has the name of the call that it is alike.
    """
    known = meanings()
    alike = dict(line.split(" ") for line in _ALIKE.split("\n")[1:-1])
    others = {one.name.partition("(")[0]: one for one in parse_meanings(_OTHERS)}
    for number, name in enumerate(I386_NAMES):
        if not name:
            continue
        base = alike.get(name, name)
        if name in others:
            meaning = others[name]
            parameters = parse_signature(meaning.name)[1]
        else:
            meaning, parameters = known[base], shipped[base]
        arguments = tuple([_narrow(one, number) for one in meaning.arguments])
        yield number, name, parameters, replace(meaning, name=base, arguments=arguments)


def _narrow(argument: ArgumentMeaning, number: int) -> ArgumentMeaning:
    """The argument without what cannot be read of a 32-bit program."""
    if argument.capture is None:
        return argument
    is_readable = argument.capture.kind not in _UNLIKE
    if argument.kind is FieldKind.STRUCT:
        is_readable = STRUCTS[argument.table].is_same_in_compat
        if argument.table in _TIMES:
            is_readable = number >= _FIRST_OF_64_BIT_TIME
    return argument if is_readable else ArgumentMeaning(kind=FieldKind.POINTER)
