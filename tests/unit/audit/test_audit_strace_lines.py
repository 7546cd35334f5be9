"""Lines of `seismo strace`, of records as the kernel's programs send them."""

from __future__ import annotations

import errno
import struct
from collections.abc import Sequence
from socket import AF_INET, AF_INET6, AF_UNIX, htons, inet_pton

import pytest

from audit_bytes import file_bytes, section, socket_bytes, syscall
from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.record.decode import Decoder
from seismo.audit.record.event import AuditEvent
from seismo.audit.record.layout import NO_ARGUMENT, EventFlag, Section, SectionFlag
from seismo.audit.strace.line import LineOptions, call_text, return_text

CATALOG = shipped_catalog()
PLAIN = LineOptions()
WITH_PATHS = LineOptions(has_paths=True)
WITH_ALL = LineOptions(has_paths=True, has_addresses=True)


def event(name: str, args: Sequence[int] = (), sections: bytes = b"", **values: int) -> AuditEvent:
    return Decoder(CATALOG).event(syscall(CATALOG[name].id, args, sections, **values))


def line(
    name: str,
    args: Sequence[int] = (),
    sections: bytes = b"",
    options: LineOptions = PLAIN,
    **values: int,
) -> str:
    one = event(name, args, sections, **values)
    return f"{call_text(one, options)} = {return_text(one, options)}"


def text(data: bytes, argument: int) -> bytes:
    return section(Section.STRING, data, argument)


def data(form: str, *values: int, argument: int) -> bytes:
    return section(Section.STRUCT, struct.pack(form, *values), argument)


def test_mode_is_an_argument_only_where_a_file_may_be_created() -> None:
    name = text(b"/etc/hosts", 1)
    assert line("openat", (-100, 8, 0o2000000, 0o777), name, ret=3) == (
        'openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 3'
    )
    assert line("openat", (-100, 8, 0o101, 0o640), name, ret=3) == (
        'openat(AT_FDCWD, "/etc/hosts", O_WRONLY|O_CREAT, 0640) = 3'
    )
    assert line("open", (8, 0o20200002, 0o600), text(b"/tmp", 0), ret=4) == (
        'open("/tmp", O_RDWR|O_TMPFILE, 0600) = 4'
    )


def test_errors_have_their_names_and_words() -> None:
    assert line("close", (9,), ret=-errno.EBADF) == "close(9) = -1 EBADF (Bad file descriptor)"
    assert line("pause", ret=-514) == "pause() = ? ERESTARTNOHAND (To be restarted if no handler)"


def test_what_was_read_of_nothing_is_an_empty_string() -> None:
    assert line("read", (3, 4096, 64), ret=0) == 'read(3, "", 64) = 0'
    assert line("write", (3, 4096, 0), ret=0) == 'write(3, "", 0) = 0'
    failed = line("read", (3, 4096, 64), ret=-errno.EIO)
    assert failed == "read(3, 0x1000, 64) = -1 EIO (Input/output error)"


def test_contents_are_cut_where_they_are_longer() -> None:
    cut = section(Section.BYTES, b"0123456789", 1, flags=SectionFlag.TRUNCATED)
    assert line("read", (0, 8, 99), cut, ret=50) == 'read(0, "0123456789"..., 99) = 50'
    short = LineOptions(string_bytes=4)
    assert line("read", (0, 8, 99), cut, short, ret=50) == 'read(0, "0123"..., 99) = 50'
    none = LineOptions(string_bytes=0)
    assert line("read", (0, 8, 99), b"", none, ret=50) == 'read(0, ""..., 99) = 50'
    random = section(Section.BYTES, b"\x1fA", 0)
    assert line("getrandom", (8, 2, 1), random, ret=2) == (
        r'getrandom("\x1f\x41", 2, GRND_NONBLOCK) = 2'
    )


def test_stat_is_abridged() -> None:
    def stat(mode: int, rdev: int, size: int) -> bytes:
        zeros = [0] * 6
        packed = struct.pack("=3Q4I2q", 1, 2, 1, mode, 0, 0, 0, rdev, size)
        return section(Section.STRUCT, packed + struct.pack("=8q", *zeros, 0, 0) + bytes(24), 1)

    assert line("fstat", (3, 8), stat(0o100644, 0, 77)) == (
        "fstat(3, {st_mode=S_IFREG|0644, st_size=77, ...}) = 0"
    )
    assert line("fstat", (3, 8), stat(0o020666, 0x103, 0)) == (
        "fstat(3, {st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}) = 0"
    )


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (0x300, "WIFEXITED(s) && WEXITSTATUS(s) == 3"),
        (9, "WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL"),
        (0x8B, "WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)"),
        (0x137F, "WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP"),
        (0xFFFF, "WIFCONTINUED(s)"),
    ],
)
def test_wait_status(status: int, shown: str) -> None:
    found = section(Section.NUMBERS, struct.pack("=i", status), 1)
    assert line("wait4", (-1, 8, 0, 0), found, ret=70_009) == (
        f"wait4(-1, [{{{shown}}}], 0, NULL) = 70009"
    )


def test_wait_without_a_child_has_an_address() -> None:
    found = section(Section.NUMBERS, struct.pack("=i", 7), 1)
    assert line("wait4", (-1, 16, 1, 0), found, ret=0) == "wait4(-1, 0x10, WNOHANG, NULL) = 0"


def test_signal_sets_and_actions() -> None:
    assert line("rt_sigprocmask", (0, 8, 0, 8), data("=Q", 0x4_0000_0800, argument=1)) == (
        "rt_sigprocmask(SIG_BLOCK, [USR2 RT_3], NULL, 8) = 0"
    )
    most = data("=Q", (1 << 64) - 1 & ~(3 << 31), argument=1)
    assert line("rt_sigprocmask", (2, 8, 0, 8), most) == (
        "rt_sigprocmask(SIG_SETMASK, ~[RTMIN RT_1], NULL, 8) = 0"
    )
    action = data("=4Q", 0x5000, 0x14000000, 0x7000, 2, argument=1)
    former = data("=4Q", 0, 0, 0, 0, argument=2)
    assert line("rt_sigaction", (10, 8, 16, 8), action + former) == (
        "rt_sigaction(SIGUSR1, {sa_handler=0x5000, sa_mask=[INT], "
        "sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x7000}, "
        "{sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, 8) = 0"
    )


def test_clone_names_its_arguments() -> None:
    assert line("clone", (0x1200011, 0, 0, 0x7000, 0), ret=70_010) == (
        "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, "
        "child_tidptr=0x7000) = 70010"
    )
    args = data("=8Q", 0x180100, 0, 0, 0x9000, 17, 0x6000, 0x80, 0x5000, argument=0)
    assert line("clone3", (8, 64), args, ret=70_011) == (
        "clone3({flags=CLONE_VM|CLONE_SETTLS|CLONE_PARENT_SETTID, parent_tid=0x9000, "
        "exit_signal=SIGCHLD, stack=0x6000, stack_size=0x80, tls=0x5000} => "
        "{parent_tid=[70011]}, 64) = 70011"
    )


def test_futex_has_the_arguments_of_its_operation() -> None:
    assert line("futex", (0x10, 129, 1, 7, 8, 9), ret=1) == (
        "futex(0x10, FUTEX_WAKE_PRIVATE, 1) = 1"
    )
    assert line("futex", (0x10, 128, 2, 0, 8, 9), ret=0) == (
        "futex(0x10, FUTEX_WAIT_PRIVATE, 2, NULL) = 0"
    )
    assert line("futex", (0x10, 0x189, 5, 0, 0, 0xFFFFFFFF), ret=0) == (
        "futex(0x10, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 5, NULL, "
        "FUTEX_BITSET_MATCH_ANY) = 0"
    )
    assert line("futex", (0x10, 132, 1, 2, 0x20, 3), ret=0) == (
        "futex(0x10, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, 0x20, 3) = 0"
    )


def test_fcntl_has_the_arguments_of_its_command() -> None:
    assert line("fcntl", (3, 1, 99), ret=1) == "fcntl(3, F_GETFD) = 0x1 (flags FD_CLOEXEC)"
    assert line("fcntl", (3, 1, 99), ret=0) == "fcntl(3, F_GETFD) = 0"
    assert line("fcntl", (3, 3, 99), ret=0o100002) == (
        "fcntl(3, F_GETFL) = 0x8002 (flags O_RDWR|O_LARGEFILE)"
    )
    assert line("fcntl", (3, 4, 0o2000)) == "fcntl(3, F_SETFL, O_RDONLY|O_APPEND) = 0"
    assert line("fcntl", (3, 2, 1)) == "fcntl(3, F_SETFD, FD_CLOEXEC) = 0"
    assert line("fcntl", (3, 0, 10), ret=10) == "fcntl(3, F_DUPFD, 10) = 10"
    assert line("fcntl", (3, 10, 29)) == "fcntl(3, F_SETSIG, SIGIO) = 0"
    assert line("fcntl", (3, 1034), ret=5) == (
        "fcntl(3, F_GET_SEALS) = 0x5 (seals F_SEAL_SEAL|F_SEAL_GROW)"
    )


def test_numbers_in_hexadecimal_and_octal() -> None:
    mapped = line("mmap", (0, 8192, 1, 2, 3, 0x7000), ret=0x7F00_0000_0000)
    assert mapped == "mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3, 0x7000) = 0x7f0000000000"
    mapped = line("mmap", (0, 8192, 1, 0x22, -1, 0), ret=0x7F00_0000_0000)
    assert mapped.endswith("MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000")
    assert line("arch_prctl", (0x1002, 0x5000)) == "arch_prctl(ARCH_SET_FS, 0x5000) = 0"
    assert line("rseq", (16, 32, 0, 0x53053053)) == "rseq(0x10, 0x20, 0, 0x53053053) = 0"
    assert line("umask", (0o22,), ret=0o7) == "umask(022) = 007"
    assert line("ioctl", (3, 0x1234ABCD, 5), ret=-errno.ENOTTY).startswith(
        "ioctl(3, _IOC(_IOC_NONE, 0xab, 0xcd, 0x1234), 0x5) = -1 ENOTTY"
    )
    assert line("ioctl", (1, 0x5401, 16)) == "ioctl(1, TCGETS, 0x10) = 0"
    assert line("chown", (8, -1, 5), text(b"a", 0)) == 'chown("a", -1, 5) = 0'


def test_nodes_have_a_device_only_where_they_are_one() -> None:
    name = text(b"n", 1)
    assert line("mknodat", (-100, 8, 0o010600, 9), name) == (
        'mknodat(AT_FDCWD, "n", S_IFIFO|0600) = 0'
    )
    assert line("mknodat", (-100, 8, 0o020600, 0x103), name) == (
        'mknodat(AT_FDCWD, "n", S_IFCHR|0600, makedev(0x1, 0x3)) = 0'
    )


def test_poll_select_and_epoll() -> None:
    polled = data("=ihh", 3, 1, 1, argument=0)
    assert line("poll", (8, 1, -1), polled, ret=1) == (
        "poll([{fd=3, events=POLLIN}], 1, -1) = 1 ([{fd=3, revents=POLLIN}])"
    )
    idle = data("=ihh", 3, 1, 0, argument=0)
    assert line("poll", (8, 2, 5), idle, ret=0) == (
        "poll([{fd=3, events=POLLIN}, ...], 2, 5) = 0 (Timeout)"
    )
    sets = data("=Q", 8, argument=1) + data("=2q", 4, 5, argument=4)
    assert line("select", (4, 16, 0, 0, 32), sets, ret=1) == (
        "select(4, 0x10, NULL, NULL, 0x20) = 1 (in [3], left {tv_sec=4, tv_usec=5})"
    )
    ready = data("=IQ", 1, 1 << 32 | 7, argument=1)
    assert line("epoll_wait", (4, 8, 9, -1), ready, ret=1) == (
        "epoll_wait(4, [{events=EPOLLIN, data={u32=7, u64=4294967303}}], 9, -1) = 1"
    )
    assert line("epoll_wait", (4, 8, 9, 1), ready, ret=0) == "epoll_wait(4, [], 9, 1) = 0"


def test_limits_and_times() -> None:
    limits = data("=2Q", 8192 * 1024, (1 << 64) - 1, argument=3)
    assert line("prlimit64", (0, 3, 0, 8), limits) == (
        "prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0"
    )
    times = data("=4q", 0, (1 << 30) - 1, 0, (1 << 30) - 2, argument=2)
    assert line("utimensat", (-100, 8, 8, 0), text(b"f", 1) + times) == (
        'utimensat(AT_FDCWD, "f", [UTIME_NOW, UTIME_OMIT], 0) = 0'
    )
    timer = data("=4q", 1, 2, 3, 4, argument=1)
    assert line("setitimer", (0, 8, 0), timer) == (
        "setitimer(ITIMER_REAL, {it_interval={tv_sec=1, tv_usec=2}, "
        "it_value={tv_sec=3, tv_usec=4}}, NULL) = 0"
    )
    left = data("=2q", 5, 6, argument=3)
    slept = data("=2q", 7, 8, argument=2)
    assert line("clock_nanosleep", (1, 0, 8, 16), slept + left) == (
        "clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=7, tv_nsec=8}, 0x10) = 0"
    )


def address(family: int, rest: bytes, argument: int = 1) -> bytes:
    return section(Section.SOCKADDR, struct.pack("=H", family) + rest, argument)


def test_addresses() -> None:
    local = struct.pack("=H", htons(80)) + bytes([127, 0, 0, 1]) + bytes(8)
    assert line("connect", (3, 8, 16), address(AF_INET, local)) == (
        'connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16)'
        " = 0"
    )
    six = struct.pack("=H", htons(7)) + struct.pack(">I", 5) + inet_pton(AF_INET6, "::1")
    assert line("connect", (3, 8, 28), address(AF_INET6, six + struct.pack("=I", 2))) == (
        "connect(3, {sa_family=AF_INET6, sin6_port=htons(7), sin6_flowinfo=htonl(5), "
        'inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=2}, 28) = 0'
    )
    assert line("connect", (3, 8, 6), address(AF_UNIX, b"\0abs")) == (
        'connect(3, {sa_family=AF_UNIX, sun_path=@"abs"}, 6) = 0'
    )
    length = section(Section.NUMBERS, struct.pack("=i", 16), 2)
    assert line("getsockname", (3, 8, 8), address(AF_INET, local) + length) == (
        'getsockname(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")},'
        " [16]) = 0"
    )
    assert line("socket", (16, 3, 0), ret=3) == "socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 3"


def test_messages_and_vectors_are_their_contents() -> None:
    contents = section(Section.IOVEC, b"abcde", 1)
    assert line("sendmsg", (3, 8, 0), contents, ret=5) == (
        'sendmsg(3, {msg_name=NULL, msg_iov=["abcde"]}, 0) = 5'
    )
    assert line("writev", (3, 8, 2), contents, ret=5) == (
        'writev(3, ["abcde" /* 2 vectors */], 2) = 5'
    )


def test_vectors_at_a_place_have_one_position() -> None:
    contents = section(Section.IOVEC, b"abcde", 1)
    assert line("pwritev", (3, 8, 2, 7, 9), contents, ret=5) == (
        'pwritev(3, ["abcde" /* 2 vectors */], 2, 7) = 5'
    )
    assert line("preadv2", (3, 8, 2, -1, 9, 0), contents, ret=5) == (
        'preadv2(3, ["abcde" /* 2 vectors */], 2, -1, 0) = 5'
    )
    assert line("compat:pwritev", (3, 8, 2, 7, 1), ret=5) == "pwritev(3, 0x8, 2, 4294967303) = 5"


def test_arrays_of_messages() -> None:
    contents = section(Section.IOVEC, b"ab", 1)
    sent = section(Section.IOVEC, b"abcdef", 1)
    assert line("sendmmsg", (3, 8, 2, 0), sent, ret=2) == (
        'sendmmsg(3, [{msg_hdr={msg_name=NULL, msg_iov=["abcdef"]}}, ...], 2, 0) = 2'
    )
    left = data("=2q", 0, 999, argument=4)
    assert line("recvmmsg", (3, 8, 2, 0, 16), contents + left, ret=2) == (
        'recvmmsg(3, [{msg_hdr={msg_name=NULL, msg_iov=["ab"...]}}, ...], 2, 0, 0x10) = 2 '
        "(left {tv_sec=0, tv_nsec=999})"
    )


def test_a_longer_message_ends_with_the_buffer() -> None:
    """MSG_TRUNC: the length that is returned is the message's, not the buffer's."""
    whole = section(Section.BYTES, b"abcdXX", 1)
    assert line("recvfrom", (3, 8, 4, 0x20, 0, 0), whole, ret=6) == (
        'recvfrom(3, "abcd", 4, MSG_TRUNC, NULL, NULL) = 6'
    )
    cut = section(Section.BYTES, b"abcdefgh", 1, flags=SectionFlag.TRUNCATED)
    assert line("recvfrom", (3, 8, 8, 0x20, 0, 0), cut, ret=9).startswith(
        'recvfrom(3, "abcdefgh", '
    )
    assert line("recvfrom", (3, 8, 9, 0x20, 0, 0), cut, ret=9).startswith(
        'recvfrom(3, "abcdefgh"..., '
    )


def test_what_the_answer_lies_over_is_not_known() -> None:
    old = "{ss_sp=NULL, ss_flags=SS_DISABLE, ss_size=0}"
    stack = data("=Qi4xQ", 0x7000, 0, 4096, argument=0) + data("=Qi4xQ", 0, 2, 0, argument=1)
    assert line("sigaltstack", (8, 8), stack) == f"sigaltstack(0x8, {old}) = 0"
    assert line("sigaltstack", (8, 16), stack) == (
        f"sigaltstack({{ss_sp=0x7000, ss_flags=0, ss_size=4096}}, {old}) = 0"
    )
    slept = data("=2q", 7, 8, argument=0)
    assert line("nanosleep", (8, 8), slept) == "nanosleep({tv_sec=7, tv_nsec=8}, 0x8) = 0"
    assert line("nanosleep", (8, 8), slept, ret=-516).startswith("nanosleep(0x8, 0x8) = ? ERESTART")
    left = data("=2q", 1, 2, argument=2) + data("=ihh", 3, 1, 1, argument=0)
    assert line("ppoll", (8, 1, 16, 0, 8), left, ret=1) == (
        "ppoll([{fd=3, events=POLLIN}], 1, 0x10, NULL, 8) = 1 "
        "([{fd=3, revents=POLLIN}], left {tv_sec=1, tv_nsec=2})"
    )


def test_what_other_registers_hold_is_not_shown() -> None:
    assert line("prctl", (1, 15, 7, 7, 7)) == "prctl(PR_SET_PDEATHSIG, SIGTERM) = 0"
    assert line("prctl", (2, 0x7000, 7, 7, 7)) == "prctl(PR_GET_PDEATHSIG, 0x7000) = 0"
    assert line("prctl", (23, 5, 7, 7, 7), ret=1) == "prctl(PR_CAPBSET_READ, CAP_KILL) = 1"
    assert line("prctl", (38, 1, 0, 0, 0)) == "prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) = 0"
    assert line("mremap", (4096, 1, 2, 1, 7), ret=4096) == (
        "mremap(0x1000, 1, 2, MREMAP_MAYMOVE) = 0x1000"
    )
    assert line("mremap", (4096, 1, 2, 3, 8192), ret=8192) == (
        "mremap(0x1000, 1, 2, MREMAP_MAYMOVE|MREMAP_FIXED, 0x2000) = 0x2000"
    )
    assert line("ioctl", (3, 0x5451, 7)) == "ioctl(3, FIOCLEX) = 0"
    assert line("membarrier", (0, 0, 7)) == "membarrier(MEMBARRIER_CMD_QUERY, 0) = 0"
    assert line("mmap", (0, 1, 1, 0x40022 | 21 << 26, -1, 0)) == (
        "mmap(NULL, 1, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT, "
        "-1, 0) = 0x0"
    )


def test_what_is_told_of_signals() -> None:
    def about(*values: int) -> bytes:
        return data("=4i2Ii104x", *values, argument=2)

    child = about(17, 0, 1, 0, 44, 5, 3)
    assert line("waitid", (1, 44, 8, 4, 0), child) == (
        "waitid(P_PID, 44, {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=44, si_uid=5, "
        "si_status=3, ...}, WEXITED, NULL) = 0"
    )
    killed = about(17, 0, 2, 0, 44, 5, 15)
    assert "si_code=CLD_KILLED, si_pid=44, si_uid=5, si_status=SIGTERM, ...}" in line(
        "waitid", (1, 44, 8, 4, 0), killed
    )
    assert line("waitid", (1, 44, 8, 5, 0), about(*[0] * 7)) == (
        "waitid(P_PID, 44, {}, WNOHANG|WEXITED, NULL) = 0"
    )
    sent = about(12, 0, -6, 0, 44, 5, 0)
    assert "{si_signo=SIGUSR2, si_code=SI_TKILL, si_pid=44, si_uid=5}" in line(
        "rt_sigqueueinfo", (44, 12, 8), sent
    )


def test_structs_end_where_the_call_says() -> None:
    """Behind is other memory of the program."""
    args = data("=11Q", 0, 0, 0, 0, 17, 0, 0, 0, 0x1234, 3, 7, argument=0)
    assert line("clone3", (8, 64), args, ret=5) == (
        "clone3({flags=0, exit_signal=SIGCHLD, stack=NULL, stack_size=0}, 64) = 5"
    )
    whole = line("clone3", (8, 88), args, ret=5)
    assert whole.endswith("stack_size=0, set_tid=0x1234, set_tid_size=3}, 88) = 5")
    assert line("clone3", (8, 5), args, ret=-22).startswith("clone3(0x8, 5) = -1 EINVAL")
    assert line("clone3", (8, 8), args, ret=-22).startswith("clone3({flags=0}, 8) = -1 EINVAL")
    made = data("=30I", 2, 4, 4, 1, *[0x41414141] * 26, argument=1)
    assert line("bpf", (0, 8, 16), made, ret=3) == (
        "bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_ARRAY, key_size=4, value_size=4, "
        "max_entries=1}, 16) = 3"
    )
    mask = data("=Q", 1 << 9, argument=0) + data("=2q", 1, 2, argument=2)
    assert line("rt_sigtimedwait", (8, 0, 16, 8), mask, ret=10) == (
        "rt_sigtimedwait([USR1], NULL, {tv_sec=1, tv_nsec=2}, 8) = 10"
    )


def test_structs_have_the_names_of_c() -> None:
    times = data("=4q", 1, 2, 3, 4, argument=0)
    assert line("times", (8,), times, ret=9) == (
        "times({tms_utime=1, tms_stime=2, tms_cutime=3, tms_cstime=4}) = 9"
    )
    priority = data("=i", 5, argument=1)
    assert line("sched_getparam", (0, 8), priority) == "sched_getparam(0, [5]) = 0"
    operation = data("=Hhh", 1, -1, 0o4000, argument=1)
    assert line("semop", (7, 8, 2), operation) == (
        "semop(7, [{sem_num=1, sem_op=-1, sem_flg=IPC_NOWAIT}, ...], 2) = 0"
    )


def test_options_that_are_numbers() -> None:
    value = section(Section.BYTES, struct.pack("=i", 1), 3)
    assert line("setsockopt", (3, 1, 2, 8, 4), value) == (
        "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0"
    )
    got = section(Section.NUMBERS, struct.pack("=i", 111), 3)
    four = section(Section.NUMBERS, struct.pack("=i", 4), 4)
    assert line("getsockopt", (3, 1, 4, 8, 8), got + four) == (
        "getsockopt(3, SOL_SOCKET, SO_ERROR, [111], [4]) = 0"
    )
    more = section(Section.NUMBERS, struct.pack("=i", 8), 4)
    assert line("getsockopt", (3, 1, 13, 16, 8), got + more) == (
        "getsockopt(3, SOL_SOCKET, SO_LINGER, 0x10, [8]) = 0"
    )


def test_a_call_that_never_ended_is_unfinished() -> None:
    flags = int(EventFlag.NO_RETURN)
    assert line("read", (0, 8, 9), flags=flags) == "read(0,  <unfinished ...>) = ?"
    assert line("pause", flags=flags) == "pause( <unfinished ...>) = ?"
    assert line("exit_group", (3,), flags=flags) == "exit_group(3) = ?"


def behind(argument: int, names: bytes, flags: int = 0, **values: int) -> bytes:
    return section(Section.FILE, file_bytes(**values), argument) + section(
        Section.PATH, names, argument, SectionFlag.ABSOLUTE | flags
    )


def test_descriptors_have_their_paths() -> None:
    assert line("close", (3,), behind(0, b"hosts\0etc\0"), WITH_PATHS) == (
        "close(3</etc/hosts>) = 0"
    )
    assert line("close", (3,), behind(0, b"hosts\0etc\0")) == "close(3) = 0"
    gone = behind(0, b"x\0tmp\0", SectionFlag.DELETED)
    assert line("close", (3,), gone, WITH_PATHS) == "close(3</tmp/x>(deleted)) = 0"
    opened = text(b"f", 1) + section(Section.DIRECTORY, b"tmp\0", 1, SectionFlag.ABSOLUTE)
    opened += behind(NO_ARGUMENT, b"f\0tmp\0")
    assert line("openat", (-100, 8, 0, 0), opened, WITH_PATHS, ret=3) == (
        'openat(AT_FDCWD</tmp>, "f", O_RDONLY) = 3</tmp/f>'
    )
    odd = behind(0, b'a\n+++\\<b>"\xc3\0tmp\0')
    assert line("close", (3,), odd, WITH_PATHS) == (r"close(3</tmp/a\n+++\\\74b\76\"\303>) = 0")
    inside = text(b"f", 1) + section(Section.DIRECTORY, b"t\nmp\0", 1, SectionFlag.ABSOLUTE)
    assert line("openat", (-100, 8, 0, 0), inside, WITH_PATHS, ret=3) == (
        r'openat(AT_FDCWD</t\nmp>, "f", O_RDONLY) = 3'
    )
    null = behind(0, b"null\0dev\0", mode=0o020666)
    assert line("close", (1,), null, WITH_ALL) == "close(1</dev/null<char 1:3>>) = 0"


def test_descriptors_have_their_sockets() -> None:
    ends = socket_bytes(bytes([127, 0, 0, 1]) + bytes(12), bytes([127, 0, 0, 2]) + bytes(12))
    found = section(Section.SOCKET, ends, 0)
    assert line("shutdown", (4, 2), found, WITH_PATHS) == "shutdown(4<socket:[6]>, SHUT_RDWR) = 0"
    assert line("shutdown", (4, 2), found, WITH_ALL) == (
        "shutdown(4<TCP:[127.0.0.1:40001->127.0.0.2:80]>, SHUT_RDWR) = 0"
    )
    unix = section(Section.SOCKET, socket_bytes(bytes(16), bytes(16), family=AF_UNIX), 0)
    assert line("shutdown", (4, 2), unix, WITH_ALL) == (
        "shutdown(4<UNIX-STREAM:[6]>, SHUT_RDWR) = 0"
    )
