"""`seismo doctor`: what works on this kernel, found by trying, and what to do about the rest."""

from __future__ import annotations

import sys
import textwrap
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from itertools import groupby

from seismo.base.errors import SyscallError
from seismo.btf.errors import BtfError, BtfNotFound
from seismo.btf.spec import Btf
from seismo.btf.types import Kind
from seismo.isa.prog_types import AttachType
from seismo.kernel.features import attaching
from seismo.kernel.features.record import Answer, Feature, FeatureProbe
from seismo.kernel.features.settings import Setting, settings
from seismo.kernel.features.table import FEATURES
from seismo.kernel.live import LiveKernel
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.probes.table import KINDS
from seismo.ui.cli.parser import parser_for

__all__ = ("doctor_parser", "run_doctor")

_BTF_PATH = "/sys/kernel/btf/vmlinux"
_WIDTH = 96
_TEST_RUN = "test run of a raw tracepoint program"
# What each kind of probe comes to; where a kernel has several means, the one that serves all forms.
_NEEDED = {
    "begin": _TEST_RUN,
    "end": _TEST_RUN,
    "self": _TEST_RUN,
    "tracepoint": "tracepoint event source",
    "rawtracepoint": "raw tracepoint",
    "kprobe": "kprobe event source",
    "kretprobe": "kprobe event source",
    "fentry": "fentry program",
    "fexit": "fexit program",
    "uprobe": "uprobe event source",
    "uretprobe": "uprobe event source",
    "usdt": "uprobe event source",
    "interval": "BPF_PROG_TYPE_PERF_EVENT",
    "profile": "BPF_PROG_TYPE_PERF_EVENT",
    "software": "BPF_PROG_TYPE_PERF_EVENT",
    "hardware": "hardware event source",
    "watchpoint": "breakpoint event",
    "iter": "iterator program",
    "test": "BPF_PROG_TYPE_XDP",
    "bench": "BPF_PROG_TYPE_XDP",
}
_NO_BTF = Answer(
    works=False,
    why="the kernel's BTF does not tell where such programs go",
    hint="the kernel needs CONFIG_DEBUG_INFO_BTF",
)
_ESSENTIAL = ("BPF_PROG_TYPE_TRACEPOINT", "BPF_PROG_TYPE_PERF_EVENT", "BPF_MAP_TYPE_RINGBUF")


def run_doctor(arguments: Sequence[str]) -> int:
    """Print the report; status 1 when scripts cannot be run here at all."""
    doctor_parser().parse_args(list(arguments))
    kernel = LiveKernel()
    probe = FeatureProbe(kernel)
    # Sorting is stable: groups keep the order in which they are first met.
    features = [*FEATURES, *_btf_programs()]
    groups = list(dict.fromkeys(one.group for one in features))
    features.sort(key=lambda one: groups.index(one.group))
    answers = [(one, probe.ask(one)) for one in features]
    lines = [*_settings(kernel), *_tracefs(kernel), *_probe_kinds(answers), *_features(answers)]
    sys.stdout.write("\n".join((*lines, "")))
    return 0 if all(answer.works for one, answer in answers if one.name in _ESSENTIAL) else 1


def doctor_parser() -> ArgumentParser:
    """What reads the command line of `seismo doctor`."""
    return parser_for(
        "seismo doctor",
        "Try what this kernel can do for tracing, and advise.",
        "examples:\n  seismo doctor\n",
    )


def _settings(kernel: Kernel) -> Iterator[str]:
    for one in settings(kernel):
        yield from _setting(one)


def _setting(one: Setting) -> list[str]:
    meaning = f"  ({one.meaning})" if one.meaning else ""
    return _wrapped(f"{one.name:34}{one.value}{meaning}", 34)


def _tracefs(kernel: Kernel) -> Iterator[str]:
    """Where tracepoints are read from, and how many there are."""
    with Tracefs(kernel) as tracefs:
        try:
            count = len(tracefs.events())
        except SyscallError as error:
            yield from _wrapped(f"{'tracefs':34}cannot be read: {error}", 34)
            return
        is_own = tracefs.root.startswith("/proc/self/fd/")
        where = "not mounted; seismo mounts one for itself" if is_own else tracefs.root
        yield f"{'tracefs':34}{where}, {count} tracepoints"


def _probe_kinds(answers: list[tuple[Feature, Answer]]) -> Iterator[str]:
    """The kinds of probe that a script may use here."""
    yield "\nprobe kinds"
    by_name = {feature.name: answer for feature, answer in answers}
    for kind in KINDS:
        yield from _verdict(kind.name, by_name.get(_NEEDED[kind.name], _NO_BTF))


def _features(answers: list[tuple[Feature, Answer]]) -> Iterator[str]:
    """Group by group: the names of what works in a paragraph, then what does not, with why."""
    for group, members in groupby(answers, key=lambda pair: pair[0].group):
        pairs = list(members)
        working = [_short(feature) for feature, answer in pairs if answer.works]
        yield f"\n{group}: {len(working)} of {len(pairs)} work"
        if working:
            yield from _wrapped(f"  ok  {', '.join(working)}", 6)
        for feature, answer in pairs:
            if not answer.works:
                yield from _verdict(_short(feature), answer)


def _verdict(name: str, answer: Answer) -> list[str]:
    if answer.works:
        return [f"  ok  {name}"]
    lines = _wrapped(f"  NO  {name}: {answer.why}", 6)
    return lines + (_wrapped(f"      -> {answer.hint}", 9) if answer.hint else [])


def _short(feature: Feature) -> str:
    """The name without what the group says already."""
    name = feature.name.removeprefix("BPF_PROG_TYPE_").removeprefix("BPF_MAP_TYPE_")
    return name.removeprefix("bpf_") if feature.group.startswith("helper") else name


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent=" " * indent, break_long_words=False)


def _btf_programs() -> tuple[Feature, ...]:
    """Those of programs that can be tried only where BTF names the functions they belong to."""
    targets = (
        (AttachType.TRACE_FENTRY, attaching.TRAMPOLINE_TARGET),
        (AttachType.TRACE_FEXIT, attaching.TRAMPOLINE_TARGET),
        (AttachType.LSM_MAC, attaching.LSM_TARGET),
        (AttachType.TRACE_ITER, attaching.ITERATOR_TARGET),
    )
    try:
        btf = Btf.open(_BTF_PATH)
        return tuple(
            attaching.btf_program(type_, btf.find(name, Kind.FUNC)) for type_, name in targets
        )
    except (OSError, BtfError, BtfNotFound):
        return ()
