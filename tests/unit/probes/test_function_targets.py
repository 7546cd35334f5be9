"""Kernel functions as targets: how they are written, found, served, and what replaces them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from seismo.base.source import NOWHERE
from seismo.btf.types import Func, FuncProto, Int, IntEncoding, Param, Ptr, Struct, Typedef
from seismo.btf.write import write
from seismo.isa.prog_types import AttachType, ProgType
from seismo.probes.arguments import BtfArguments
from seismo.probes.backend import Backend, Context, Use
from seismo.probes.kind import TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.table import find_kind
from seismo.spec.types import (
    KprobeAttach,
    KprobeMultiAttach,
    ProgramTarget,
    RawTracepointAttach,
    TracingAttach,
)
from seismo.views import RecordedView

EVERYTHING = "kprobe kprobe_multi fentry cookie raw_tracepoint"
FUNCTIONS = """
copy_large
do_exit
finish_task_switch.isra.0
kernel_clone
kvmalloc_node_noprof
netfs_open [netfs]
netfs_read [netfs]
printk
same
same
shared [fuse]
shared [netfs]
untyped
vfs_read
vfs_readv
vfs_write
with_path
with_seven
"""
EVENTS = ("sched:sched_process_fork", "sched:sched_switch", "syscalls:sys_enter_read")

INT, LONG, PAIR, LARGE, POINTER = 1, 2, 3, 4, 5
_VOID_OF_LONG, _LONG_OF_POINTER, _OF_PAIR, _OF_LARGE, _ANY, _CALLER, _EVENT = range(6, 13)
TYPES = (
    Int("int", 4, IntEncoding.SIGNED),
    Int("long int", 8, IntEncoding.SIGNED),
    Struct("path", 16),
    Struct("large", 24),
    Ptr(0),
    FuncProto(0, (Param("code", LONG),)),
    FuncProto(LONG, (Param("file", POINTER), Param("count", LONG))),
    FuncProto(INT, (Param("path", PAIR), Param("flags", INT))),
    FuncProto(INT, (Param("large", LARGE),)),
    FuncProto(INT, (Param("format", POINTER), Param("", 0))),
    FuncProto(0, (Param("__data", POINTER), Param("preempt", INT), Param("prev", POINTER))),
    FuncProto(0, (Param("", POINTER), Param("", INT), Param("", POINTER))),
    Func("do_exit", _VOID_OF_LONG),
    Func("vfs_read", _LONG_OF_POINTER),
    Func("vfs_write", _LONG_OF_POINTER),
    Func("with_path", _OF_PAIR),
    Func("copy_large", _OF_LARGE),
    Func("printk", _ANY),
    Func("__traceiter_sched_switch", _CALLER),
    Ptr(_EVENT),
    Typedef("btf_trace_sched_switch", 20),
    Typedef("btf_trace_sys_enter", 20),
    FuncProto(0, tuple(Param(f"a{number}", LONG) for number in range(7))),
    Func("with_seven", 23),
)

MakeView = Callable[[str], RecordedView]


@pytest.fixture
def kernel(tmp_path: Path) -> MakeView:
    """A recorded kernel with some features."""

    def make(features: str = EVERYTHING) -> RecordedView:
        for event in EVENTS:
            (tmp_path / "events" / event.replace(":", "/")).mkdir(parents=True, exist_ok=True)
        (tmp_path / "machine").write_text("x86_64\n")
        (tmp_path / "functions").write_text(FUNCTIONS.lstrip())
        (tmp_path / "blacklist").write_text("vfs_readv\n")
        (tmp_path / "features").write_text("\n".join(features.split()))
        (tmp_path / "btf").write_bytes(write(TYPES))
        return RecordedView(tmp_path)

    return make


def expanded(text: str, view: RecordedView) -> tuple[AttachPoint, ...]:
    word, _, rest = text.partition(":")
    kind = find_kind(word)
    found = kind.expand(kind.parse(rest), view)
    return tuple([AttachPoint(kind.name, one, NOWHERE) for one in found])


def chosen(text: str, view: RecordedView, *names: str) -> Backend:
    points = expanded(text, view)
    use = Use(names=frozenset(names), is_wild="*" in text, is_unsafe=True)
    return find_kind(points[0].kind).choose(points, use, view)


def mistake(text: str, view: RecordedView, *names: str) -> str:
    with pytest.raises(TargetError) as caught:
        chosen(text, view, *names)
    hint = caught.value.hint
    return f"{caught.value.message} ({hint})" if hint else caught.value.message


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("kprobe:vfs_read", "kprobe:vfs_read"),
        ("k:vmlinux:vfs_read", "kprobe:vmlinux:vfs_read"),
        ("k:netfs:netfs_read", "kprobe:netfs:netfs_read"),
        ("k:vfs_read+0x10", "kprobe:vfs_read+16"),
        ("k:netfs:netfs_read+8", "kprobe:netfs:netfs_read+8"),
        ("k:vfs_read+0", "kprobe:vfs_read"),
        ("k:0xffffffff81000000", "kprobe:0xffffffff81000000"),
        ("k:vfs_*", "kprobe:vfs_read kprobe:vfs_write"),
        ("k:*:vfs_*", "kprobe:vmlinux:vfs_read kprobe:vmlinux:vfs_write"),
        ("kr:net*:*read", "kretprobe:netfs:netfs_read"),
        ("k:netfs:*", "kprobe:netfs:netfs_open kprobe:netfs:netfs_read kprobe:netfs:shared"),
        ("k:s*", ""),
        ("f:vfs_read", "fentry:vmlinux:vfs_read"),
        ("kretfunc:netfs_read", "fexit:netfs:netfs_read"),
        ("f:*_[rwp]*", "fentry:vmlinux:vfs_read fentry:vmlinux:vfs_write fentry:vmlinux:with_path"),
        ("rt:sched_switch", "rawtracepoint:vmlinux:sched_switch"),
        ("rt:s*", "rawtracepoint:vmlinux:sched_switch rawtracepoint:vmlinux:sys_enter"),
        ("rt:vm*:sys_enter", "rawtracepoint:vmlinux:sys_enter"),
    ],
)
def test_expanded(text: str, names: str, kernel: MakeView) -> None:
    view = kernel(EVERYTHING)
    if names:
        assert [str(one) for one in expanded(text, view)] == names.split()
    else:
        assert mistake(text, view) == "no kernel function matches 's*'"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("k:", "'' is no kernel function (write kprobe:[module:]function[+offset])"),
        ("k:a:b:c", "'a:b:c' is no kernel function (write kprobe:[module:]function[+offset])"),
        ("k:a b", "'a b' is no kernel function (write kprobe:[module:]function[+offset])"),
        ("k:f/pid/", "'f/pid/' is no kernel function (a predicate needs a blank before its"),
        ("k:vfs_read+x", "'x' is no offset (write function+8 or function+0x8)"),
        ("k:vfs_*+8", "'vfs_*+8' means many functions, but one offset (name one function)"),
        ("kr:vfs_read+8", "a kretprobe is where a function returns, and takes no offset (write"),
        ("f:vfs_read+8", "fentry is about whole functions: 'vfs_read+8' is none (write kprobe:vfs"),
        ("fr:0x10", "fexit is about whole functions: '0x10' is none (write kprobe:0x10 for a"),
        ("f:bpf:x:y", "'bpf:x:y' is no BPF program (write fentry:bpf:[id:]program)"),
        (
            "f:bpf:name",
            "there is no BPF program 'name' (no program that has types (BTF) is loaded)",
        ),
        ("rt:a:b:c", "'a:b:c' is no raw tracepoint (write rawtracepoint:[module:]event)"),
        ("rt:a/1/", "'a/1/' is no raw tracepoint (a predicate needs a blank before its first '/')"),
        (
            "rt:sys_exit_read",
            "there is no raw tracepoint 'sys_exit_read' (write tracepoint:syscalls",
        ),
        (
            "rt:sched:sched_switch",
            "in module sched (it has no category: write rawtracepoint:sched_",
        ),
        (
            "rt:sched_swich",
            "there is no raw tracepoint 'sched_swich' (did you mean 'sched_switch'?)",
        ),
        ("rt:x*", "no raw tracepoint matches 'x*'"),
        ("k:vfs_readv", "the kernel lets nobody probe 'vfs_readv' (probe a function that calls"),
        ("k:same", "2 functions are called 'same', so that it means none (/proc/kallsyms has"),
        ("k:shared", "functions are called 'shared' (write kprobe:fuse:shared or kprobe:netfs:sh"),
        ("k:fuse:vfs_read", "'vfs_read' in fuse (it is in vmlinux: write kprobe:vmlinux:vfs_read)"),
        (
            "k:xfs:*",
            "no kernel function matches 'xfs:*' (module xfs is not loaded; these are: fuse",
        ),
        ("k:xfs:f", "there is no function 'f' in xfs (module xfs is not loaded; these are: fuse"),
        ("k:vfs_raed", "there is no function 'vfs_raed' in this kernel (did you mean 'vfs_read'?)"),
        ("k:nothing_like_it", "(the compiler may have inlined it: probe a function that calls it)"),
    ],
)
def test_what_means_nothing(text: str, message: str, kernel: MakeView) -> None:
    assert message in mistake(text, kernel(EVERYTHING))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (
            "k:_do_fork",
            "(renamed in Linux 5.10: write kprobe:kernel_clone; the nearest tracepoint is "
            "tracepoint:sched:sched_process_fork)",
        ),
        (
            "kr:finish_task_switch",
            "(the compiler has made finish_task_switch.isra.0 of it: write "
            "kretprobe:finish_task_switch.isra.0; the nearest tracepoint is "
            "tracepoint:sched:sched_switch)",
        ),
        ("f:kvmalloc_node", "end in _noprof: write fentry:kvmalloc_node_noprof)"),
        (
            "k:sys_read",
            "in their names; the nearest tracepoint is tracepoint:syscalls:sys_enter_re",
        ),
    ],
)
def test_successors(text: str, hint: str, kernel: MakeView) -> None:
    assert hint in mistake(text, kernel(EVERYTHING))


def test_without_kprobes(kernel: MakeView) -> None:
    view = kernel("raw_tracepoint")
    assert mistake("k:vfs_read", view) == (
        "kprobe:vfs_read cannot be attached: the kernel has no kprobe "
        "(take another kernel; the nearest that works here is tracepoint:syscalls:sys_enter_read)"
    )
    assert mistake("k:_do_fork", view) == (
        "there is no function '_do_fork' in this kernel, and none can be probed: the kernel has no "
        "kprobe (renamed in Linux 5.10: today's is kernel_clone; the nearest tracepoint is "
        "tracepoint:sched:sched_process_fork)"
    )
    assert "the kernel has no kprobe" in mistake("k:vfs_*", view)
    assert "the kernel has no fentry" in mistake("f:vfs_read", view)
    assert "(write kprobe:vfs_read)" in mistake("f:vfs_read", kernel("kprobe"))
    assert mistake("rt:sched_switch", kernel("")) == (
        "rawtracepoint:vmlinux:sched_switch cannot be attached: the kernel has no raw tracepoint "
        "(take another kernel)"
    )


def fentry(name: str, attach_type: AttachType, why: str) -> Backend:
    return Backend(
        prog_type=ProgType.TRACING,
        context=Context.TRAMPOLINE,
        attach=(TracingAttach(),),
        attach_type=attach_type,
        target=ProgramTarget(name),
        why=why,
    )


def test_one_function_goes_by_fentry(kernel: MakeView) -> None:
    view = kernel(EVERYTHING)
    entry = fentry("vfs_read", AttachType.TRACE_FENTRY, "fentry: faster than a kprobe")
    assert chosen("k:vfs_read", view) == entry
    assert chosen("k:vmlinux:vfs_read", view, "arg1", "func", "ustack", "probe") == entry
    why = "fexit: faster than a kretprobe, and misses no return"
    assert chosen("kr:vfs_read", view, "retval") == fentry("vfs_read", AttachType.TRACE_FEXIT, why)
    assert chosen("k:do_exit", view).context is Context.TRAMPOLINE


@pytest.mark.parametrize(
    ("text", "names", "why"),
    [
        ("k:vfs_read", "reg", "kprobe: the script uses reg, which fentry has not"),
        ("k:vfs_read", "kstack", "kprobe: the script uses kstack, which fentry has not"),
        ("k:vfs_read", "override", "kprobe: the script uses override, which fentry has not"),
        ("k:vfs_read", "arg2", "kprobe: vfs_read has no arg2"),
        ("k:vfs_read+8", "", "kprobe: fentry is at the beginning of functions alone"),
        ("k:0x10", "", "kprobe: fentry is at the beginning of functions alone"),
        ("k:untyped", "", "kprobe: untyped is not in the kernel's types (BTF)"),
        ("k:netfs_read", "", "kprobe: no fentry: there are none of module netfs"),
        ("k:printk", "", "kprobe: printk takes any number of arguments"),
        ("k:copy_large", "", "kprobe: copy_large takes a large struct by value"),
        ("kr:do_exit", "", "kretprobe: do_exit never returns"),
        ("kr:vfs_read", "ctx", "kretprobe: the script uses ctx, which fentry has not"),
    ],
)
def test_one_function_goes_by_kprobe(text: str, names: str, why: str, kernel: MakeView) -> None:
    backend = chosen(text, kernel(EVERYTHING), *names.split())
    assert (backend.prog_type, backend.context) == (ProgType.KPROBE, Context.REGISTERS)
    assert backend.attach_type is None and backend.target is None
    assert backend.why == why


def test_arguments_on_the_stack_need_a_newer_trampoline(kernel: MakeView) -> None:
    """Before Linux 6.6 there are six registers; the feature is of that version, too."""
    old = chosen("k:with_seven", kernel(EVERYTHING))
    assert old.why == "kprobe: with_seven takes more than 6 arguments"
    assert old.prog_type is ProgType.KPROBE
    new = chosen("k:with_seven", kernel(f"{EVERYTHING} uprobe_multi"))
    assert new.prog_type is ProgType.TRACING


def test_an_address_takes_leave(kernel: MakeView) -> None:
    points = expanded("k:0x10", kernel(EVERYTHING))
    with pytest.raises(TargetError) as caught:
        find_kind("kprobe").choose(points, Use(), kernel(EVERYTHING))
    assert caught.value.message == "kprobe:0x10 may be in the middle of an instruction"
    assert caught.value.hint == "allow it with --unsafe, or name a function"


def test_probes_of_one_function_run_in_script_order(kernel: MakeView) -> None:
    """A trampoline runs after the kprobes of its function; returns are better not missed."""

    def shared(text: str, view: RecordedView) -> Backend:
        points = expanded(text, view)
        return find_kind(points[0].kind).choose(points, Use(is_shared=True), view)

    entry = shared("k:vfs_read", kernel(EVERYTHING))
    assert entry.attach == (KprobeAttach("vfs_read"),)
    assert (
        entry.why == "kprobe: another probe is at vfs_read, and fentry would run after its kprobe"
    )
    assert shared("kr:vfs_read", kernel(EVERYTHING)).context is Context.TRAMPOLINE
    assert shared("k:vfs_read", kernel("fentry")).context is Context.TRAMPOLINE


@pytest.mark.parametrize(
    ("text", "attach"),
    [
        ("k:untyped", KprobeAttach("untyped")),
        ("kr:untyped", KprobeAttach("untyped", is_return=True)),
        ("k:vfs_read+8", KprobeAttach("vfs_read", 8)),
        ("k:vmlinux:untyped", KprobeAttach("untyped")),
        ("k:netfs:netfs_read", KprobeAttach("netfs_read", module="netfs")),
        ("kr:0x10", KprobeAttach("", address=16, is_return=True)),
    ],
)
def test_kprobe_attach(text: str, attach: KprobeAttach, kernel: MakeView) -> None:
    assert chosen(text, kernel(EVERYTHING)).attach == (attach,)


def test_many_functions_go_by_one_link(kernel: MakeView) -> None:
    view = kernel(EVERYTHING)
    plain = chosen("k:vfs_*", view)
    assert plain.attach == (KprobeMultiAttach(("vfs_read", "vfs_write")),)
    assert plain.attach_type is AttachType.TRACE_KPROBE_MULTI
    assert plain.why == "kprobe_multi: 2 functions by one link"
    told = chosen("kr:vfs_*", view, "probe")
    assert told.has_cookies
    assert told.attach == (KprobeMultiAttach(("vfs_read", "vfs_write"), (1, 2), is_return=True),)
    # A name alone tells the kernel no module.
    assert chosen("k:netfs:*", view).why == "kprobe: 3 functions one by one"
    assert chosen("k:vfs_read", kernel("kprobe_multi")).attach == (
        KprobeMultiAttach(("vfs_read",)),
    )


def test_many_functions_one_by_one(kernel: MakeView) -> None:
    backend = chosen("k:vfs_*", kernel("kprobe cookie"), "probe")
    assert backend.has_cookies
    assert backend.attach == (
        KprobeAttach("vfs_read", cookie=1),
        KprobeAttach("vfs_write", cookie=2),
    )
    assert backend.why == "kprobe: 2 functions one by one"
    backend = chosen("k:vfs_*", kernel("kprobe"), "probe")
    assert not backend.has_cookies
    assert backend.attach == (KprobeAttach("vfs_read"), KprobeAttach("vfs_write"))


def test_fentry(kernel: MakeView) -> None:
    view = kernel(EVERYTHING)
    assert chosen("f:vfs_read", view) == fentry("vfs_read", AttachType.TRACE_FENTRY, "")
    assert chosen("fr:vfs_read", view) == fentry("vfs_read", AttachType.TRACE_FEXIT, "")
    assert mistake("fr:do_exit", view) == (
        "fexit:vmlinux:do_exit cannot be attached: do_exit never returns (write fentry:do_exit)"
    )
    assert "printk takes any number of arguments (write kprobe:printk)" in mistake("f:printk", view)
    assert "there are none of module netfs" in mistake("f:netfs_read", view)


def test_arguments(kernel: MakeView) -> None:
    view = kernel(EVERYTHING)

    def told(text: str) -> tuple[tuple[tuple[str, int], ...], int]:
        (point,) = expanded(text, view)
        arguments = find_kind(point.kind).arguments
        assert arguments is not None
        found = arguments(point, view)
        assert isinstance(found, BtfArguments)
        assert found.btf is view.btf()
        return found.params, found.returns

    assert told("f:vfs_read") == ((("file", POINTER), ("count", LONG)), LONG)
    assert told("fr:do_exit") == ((("code", LONG),), 0)
    # A struct of 16 bytes is in two registers.
    assert told("f:with_path") == ((("path", PAIR), ("", 0), ("flags", INT)), INT)
    assert told("rt:sched_switch") == ((("preempt", INT), ("prev", POINTER)), 0)
    assert told("rt:sys_enter") == ((("arg0", INT), ("arg1", POINTER)), 0)
    point = AttachPoint("fentry", ("bpf", "7", "filter"), NOWHERE)
    with pytest.raises(TargetError, match="BPF program 'filter' has no args here"):
        find_kind("fentry").arguments(point, view)  # type: ignore[misc]


def test_raw_tracepoints(kernel: MakeView) -> None:
    view = kernel(EVERYTHING)
    plain = chosen("rt:s*", view, "args")
    assert (plain.prog_type, plain.context) == (ProgType.RAW_TRACEPOINT, Context.SLOTS)
    assert plain.attach == (RawTracepointAttach("sched_switch"), RawTracepointAttach("sys_enter"))
    typed = chosen("rt:sched_switch", view, "socket_cookie")
    assert (typed.prog_type, typed.context) == (ProgType.TRACING, Context.TRAMPOLINE)
    assert typed.attach_type is AttachType.TRACE_RAW_TP
    assert typed.target == ProgramTarget("btf_trace_sched_switch")
    assert "skboutput works at one raw tracepoint alone" in mistake("rt:s*", view, "skboutput")


def test_raw_tracepoints_without_types(kernel: MakeView, tmp_path: Path) -> None:
    """The tracepoints of tracefs are raw ones, too, but for those of each system call."""
    view = kernel(EVERYTHING)
    (tmp_path / "btf").unlink()
    names = [str(one).rpartition(":")[2] for one in expanded("rt:s*", view)]
    assert names == ["sched_process_fork", "sched_switch", "sys_enter", "sys_exit"]
    (point,) = expanded("rt:vmlinux:sys_exit", view)
    with pytest.raises(TargetError, match="no args here"):
        find_kind("rt").arguments(point, view)  # type: ignore[misc]
    assert "no fentry" in chosen("k:vfs_read", view).why
    assert "CONFIG_DEBUG_INFO_BTF" in mistake("f:vfs_read", view)


@pytest.mark.parametrize(
    ("kind", "pattern", "targets"),
    [
        ("kprobe", "vfs_w*", "vfs_write"),
        ("kprobe", "*:vfs_w*", "vmlinux:vfs_write"),
        ("kretprobe", "netfs:*_read", "netfs:netfs_read"),
        ("fentry", "vfs_*", "vfs_read vfs_write"),
        ("fexit", "vm*:vfs_*", "vmlinux:vfs_read vmlinux:vfs_write"),
        ("rawtracepoint", "*", "sched_switch sys_enter"),
        ("rawtracepoint", "vmlinux:sched*", "vmlinux:sched_switch"),
        ("fentry", "nosuch", ""),
    ],
)
def test_listed(kind: str, pattern: str, targets: str, kernel: MakeView) -> None:
    view = kernel(EVERYTHING)
    assert list(find_kind(kind).targets(pattern, view)) == targets.split()


def test_a_kernel_without_tracefs(kernel: MakeView, tmp_path: Path) -> None:
    view = kernel("kprobe")
    shutil.rmtree(tmp_path / "events")
    (tmp_path / "events").mkdir()
    assert mistake("k:_do_fork", view).endswith(
        "(renamed in Linux 5.10: write kprobe:kernel_clone)"
    )
