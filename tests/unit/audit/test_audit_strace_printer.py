"""The stream of events as `seismo strace` shows it: prefixes, times, what is left out, counts."""

from __future__ import annotations

import errno
import signal
import struct
from collections.abc import Sequence

import pytest

from audit_bytes import header, section, syscall
from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.catalog.table import UnknownEvent
from seismo.audit.record.decode import Decoder
from seismo.audit.record.event import AuditEvent
from seismo.audit.record.layout import EventFlag, KernelEvent, Section
from seismo.audit.strace.choice import BadChoice, calls_of, signals_of
from seismo.audit.strace.printer import Printer, PrinterOptions
from seismo.audit.strace.summary import SORTS, Summary

CATALOG = shipped_catalog()
SECOND = 1_000_000_000
EVERY = calls_of("all", CATALOG)
NAMES = {one.name.removeprefix("SIG"): one.value for one in signal.Signals}


def call(name: str, args: Sequence[int] = (), sections: bytes = b"", **values: int) -> AuditEvent:
    return Decoder(CATALOG).event(syscall(CATALOG[name].id, args, sections, **values))


def other(type_: KernelEvent, fixed: bytes, sections: bytes = b"", **values: int) -> AuditEvent:
    return Decoder(CATALOG).event(header(type_, **values) + fixed + sections)


def born(child: int) -> AuditEvent:
    return other(KernelEvent.PROCESS_FORK, struct.pack("=2I3Q", child, child, 1, 0, 1), tid=10)


def ended(tid: int, code: int = 0, by: int = 0, dumped: int = 0) -> AuditEvent:
    fixed = struct.pack("=4I", code, by, dumped, 1)
    return other(KernelEvent.PROCESS_EXIT, fixed, tid=tid, tgid=10)


def delivered(number: int, code: int) -> AuditEvent:
    return other(KernelEvent.SIGNAL_DELIVER, struct.pack("=IiQ", number, code, 0), tid=10)


def shown(events: Sequence[AuditEvent], **options: object) -> list[str]:
    """The lines; those that are not about an event begin with `strace:`."""
    lines: list[str] = []
    chosen = PrinterOptions(**{"calls": EVERY, **options})  # type: ignore[arg-type]
    printer = Printer(
        options=chosen, write=lines.append, tell=lines.append, real_minus_monotonic_ns=0
    )
    for one in events:
        printer.take(one)
    return [one.removesuffix("\n") for one in lines]


def test_results_stand_in_column_40() -> None:
    (line,) = shown([call("close", (3,), tid=10)])
    assert line == "close(3)" + " " * 31 + " = 0"
    (line,) = shown([call("close", (3,), tid=10)], prefix="bare")
    assert line == "10    close(3)" + " " * 25 + " = 0"
    long = section(Section.STRING, b"/a/path/that/is/long/enough/to/get/there", 0)
    (line,) = shown([call("chdir", (8,), long)])
    assert line == 'chdir("/a/path/that/is/long/enough/to/get/there") = 0'


def test_processes_have_their_number_while_there_are_several() -> None:
    events = [call("getpid", tid=10), born(11), call("getpid", tid=11), ended(11, 3)]
    lines = shown([*events, call("getuid", tid=10)], prefix="pid")
    assert [one.split(" =")[0].rstrip() for one in lines] == [
        "getpid()",
        "strace: Process 11 attached",
        "[pid    11] getpid()",
        "[pid    11] +++ exited with 3 +++",
        "getuid()",
    ]


def test_quiet_says_nothing_of_those_that_come_and_then_of_those_that_end() -> None:
    events = [born(11), ended(11)]
    assert len(shown(events)) == 2
    assert shown(events, quiet=1) == ["+++ exited with 0 +++"]
    assert shown(events, quiet=2) == []


def test_ends_and_signals() -> None:
    assert shown([ended(10, 0, signal.SIGSEGV, 1)]) == ["+++ killed by SIGSEGV (core dumped) +++"]
    signals = signals_of("all", NAMES)
    events = [delivered(signal.SIGCHLD, 1), delivered(signal.SIGSEGV, 2), delivered(10, 0)]
    assert shown(events, signals=signals) == [
        "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, ...} ---",
        "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_ACCERR, ...} ---",
        "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, ...} ---",
    ]
    assert shown(events, signals=signals_of("!chld,SIGSEGV", NAMES)) == [
        "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, ...} ---"
    ]


def test_a_fatal_signal_is_the_one_that_ended_the_process() -> None:
    signals = signals_of("all", NAMES)
    killed = delivered(signal.SIGKILL, 0)
    assert shown([killed, ended(10, 0, signal.SIGTERM)], signals=signals) == [
        "--- SIGTERM {si_signo=SIGTERM, ...} ---",
        "+++ killed by SIGTERM +++",
    ]
    assert shown([killed, ended(10, 0, signal.SIGKILL)], signals=signals) == [
        "+++ killed by SIGKILL +++"
    ]
    assert shown([killed, ended(10, 0, signal.SIGTERM)]) == ["+++ killed by SIGTERM +++"]
    # This one was delivered to another thread.
    assert shown([killed, ended(10, 0, signal.SIGSEGV)], signals=signals) == [
        "+++ killed by SIGSEGV +++"
    ]


def test_an_exec_has_the_words_that_the_kernel_was_given() -> None:
    fixed = struct.pack("=4I", 10, 2, 39, 0)
    words = section(Section.WORDS, b"true\0a b\0")
    done = call("execve", (8, 16, 0x7000), section(Section.STRING, b"/bin/true", 0), tid=10)
    before = other(KernelEvent.PROCESS_EXEC, fixed, words, tid=10)
    assert shown([before, done]) == [
        'execve("/bin/true", ["true", "a b"], 0x7000 /* 39 vars */) = 0'
    ]


def test_a_thread_that_execs_becomes_the_first() -> None:
    fixed = struct.pack("=4I", 11, 2, 39, 0)
    became = other(KernelEvent.PROCESS_EXEC, fixed, tid=10, tgid=10)
    events = [born(11), ended(10), became, call("getpid", tid=10)]
    assert shown(events, prefix="pid")[-1] == "getpid()                                = 0"


def test_times() -> None:
    one = call("close", (3,), time_ns=5 * SECOND + 2000, duration_ns=1000, tid=10)
    two = call("close", (4,), time_ns=5 * SECOND + 9000, duration_ns=6000, tid=10)
    assert shown([one], clock="%s")[0].startswith("5 close(3)")
    assert shown([one], clock="%s", has_micros=True)[0].startswith("5.000001 close(3)")
    first, second = shown([one, two], is_relative=True)
    assert first.startswith("     0.000000 close(3)")
    assert second.startswith("     0.000002 close(4)")
    _, second = shown([one, two], is_relative=True, clock="%s")
    assert second.startswith("5 (+     0.000002) close(4)")
    assert shown([one], has_durations=True)[0].endswith(" = 0 <0.000001>")


def test_status_and_paths() -> None:
    name = section(Section.STRING, b"/a", 1)
    good = call("openat", (-100, 8), name, ret=3)
    bad = call("openat", (-100, 8), name, ret=-errno.ENOENT)
    lost = call("read", (3, 8, 9), flags=int(EventFlag.NO_RETURN))
    events = [good, bad, lost]
    assert len(shown(events)) == 3
    assert [one[-1] for one in shown(events, status={"successful"})] == ["3"]
    assert shown(events, status={"failed"})[0].endswith("ENOENT (No such file or directory)")
    assert shown(events, status={"unfinished"}) == [f"{'read(3,  <unfinished ...>)':<39} = ?"]
    assert len(shown(events, paths={"/a"})) == 2
    assert shown(events, paths={"/b"}) == []


def test_calls_that_are_not_asked_for_are_not_shown() -> None:
    events = [call("getuid"), call("getgid")]
    assert len(shown(events, calls=calls_of("getuid", CATALOG))) == 1
    assert shown(events, has_lines=False) == []


@pytest.mark.parametrize(
    ("text", "has", "has_not"),
    [
        ("open,close", "close", "read"),
        ("open", "open", "openat"),
        ("read", "read", "pread64"),
        ("%file", "openat", "read"),
        ("file", "openat", "read"),
        ("!%file", "read", "openat"),
        ("/^open", "openat", "close"),
        ("!/^open", "close", "openat"),
        ("?nosuch,read", "read", "close"),
        ("?/^open", "openat", "close"),
        ("%process", "execve", "read"),
        ("network", "connect", "getpid"),
    ],
)
def test_which_calls(text: str, has: str, has_not: str) -> None:
    found = calls_of(text, CATALOG)
    assert CATALOG[has].id in found
    assert CATALOG[has_not].id not in found


def test_choices_that_mean_nothing() -> None:
    assert calls_of("none", CATALOG) == frozenset()
    with pytest.raises(UnknownEvent, match="opennat"):
        calls_of("opennat", CATALOG)
    for word in ("process_exec", "/no_such_call"):
        with pytest.raises(BadChoice, match=f"-e trace={word}: that is no system call"):
            calls_of(word, CATALOG)
        assert calls_of(f"?{word}", CATALOG) == frozenset()
    with pytest.raises(BadChoice, match="no regular expression"):
        calls_of("/(", CATALOG)
    with pytest.raises(BadChoice, match="SIGFOO"):
        signals_of("SIGFOO", NAMES)


def test_counts() -> None:
    summary = Summary("calls")
    for duration, ret in ((2000, 0), (4000, -errno.EBADF)):
        summary.add(call("close", (3,), duration_ns=duration, ret=ret))
    summary.add(call("getpid", duration_ns=14_000))
    summary.add(call("exit_group", flags=int(EventFlag.NO_RETURN)))
    assert str(summary).splitlines() == [
        "% time     seconds  usecs/call     calls    errors syscall",
        "------ ----------- ----------- --------- --------- ----------------",
        " 30.00    0.000006           3         2         1 close",
        " 70.00    0.000014          14         1           getpid",
        "------ ----------- ----------- --------- --------- ----------------",
        "100.00    0.000020           6         3         1 total",
    ]


@pytest.mark.parametrize("sort", SORTS)
def test_counts_are_sorted(sort: str) -> None:
    summary = Summary(sort)
    summary.add(call("close", (3,), duration_ns=1000, ret=-errno.EBADF))
    summary.add(call("close", (3,), duration_ns=2000))
    summary.add(call("getpid", duration_ns=9000))
    first = str(summary).splitlines()[2].split()[-1]
    is_by_time = sort not in ("calls", "errors", "name", "syscall", "nothing", "none")
    assert first == ("getpid" if is_by_time else "close")
