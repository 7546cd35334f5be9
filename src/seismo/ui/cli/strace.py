"""`seismo strace`: strace's daily use without ptrace(2): nothing is stopped, TracerPid stays 0."""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from seismo.audit.catalog.build import audit_catalog
from seismo.audit.catalog.table import Catalog
from seismo.audit.config.model import Capture, Config, Events, Handler, Match, MatchKind, Ring
from seismo.audit.program.audit_object import AuditObject
from seismo.audit.program.generate import GeneratedFilters
from seismo.audit.program.prepare import prepared
from seismo.audit.record.account import Account
from seismo.audit.record.layout import KernelEvent
from seismo.audit.session import AuditSession
from seismo.audit.sinks.open import Surroundings
from seismo.audit.strace.choice import BadChoice, calls_of, signals_of
from seismo.audit.strace.line import LineOptions
from seismo.audit.strace.printer import Printer, PrinterOptions
from seismo.audit.strace.sink import StraceSink
from seismo.audit.strace.summary import SORTS, Summary
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.ui.cli.audit_run import command_status, run_session
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.parser import Refuse, parser_for
from seismo.views import LiveView

__all__ = ("run_strace", "strace_parser")

_MOST_CONTENT = 4096
_TIMES = ("", "%H:%M:%S", "%H:%M:%S", "%s")
_STATUSES = ("successful", "failed", "unfinished")
_REFUSED = {
    "-ff": "not here; -f -o writes one file for all processes",
    "-u": "not here; COMMAND may be: setpriv --reuid USER --clear-groups COMMAND",
    "-E": "not here; COMMAND may be: env NAME=VALUE COMMAND",
    "-a -A -b -d -D -i -I -k -n -N -O -U -v -V -x -X -Y": "not here",
}
_EXAMPLES = """examples:
  seismo strace ls /                        every system call of a command
  seismo strace -f -e trace=%file make      calls about files, of a command and all it starts
  seismo strace -y -T -p 4711               of a process, with paths and durations
  seismo strace -c -f make                  how often, how long, how many errors
"""


def run_strace(arguments: Sequence[str]) -> int:
    """Trace until it ends; the exit status is the command's."""
    given = strace_parser().parse_args(list(arguments))
    given.command = given.command[1:] if given.command[:1] == ["--"] else given.command
    given.pids = list(dict.fromkeys(given.pids))
    if not given.command and not given.pids:
        strace_parser().error("give a command, or processes with -p")
    kernel = LiveKernel()
    with Tracefs(kernel) as tracefs, _output(given.output) as stream:
        view = LiveView(kernel, tracefs)
        catalog = audit_catalog(view)
        options = _printer_options(given, catalog)
        summary = Summary(given.sort) if given.is_summary or given.has_summary else None
        tell = sys.stderr.write
        alive = set(given.pids)
        printer = Printer(
            options=options, write=stream.write, tell=tell, summary=summary, alive=alive
        )

        def programs(config: Config, generated: GeneratedFilters) -> AuditObject:
            return prepared(config, generated, view, kernel)

        with AuditSession(
            _config(given, options),
            kernel,
            tracefs,
            catalog,
            programs,
            Surroundings(catalog=catalog, stdout=sys.stdout.buffer),
            sinks=[StraceSink(printer, stream, has_threads=given.follows)],
            argv=given.command,
            follows=given.follows,
        ) as session:
            account = run_session(
                session, pids=given.pids, on_start=lambda: _tell_of(given, "attached")
            )
            _tell_of(given, "detached")
            _tell(account)
            status = command_status(session)
        if summary is not None:
            print(summary, file=stream)
    return status


def strace_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo strace`."""
    text = "Trace system calls and signals as strace does, but from the kernel, by eBPF."
    parser = parser_for("seismo strace", text, _EXAMPLES)
    parser.usage = "seismo strace [options] COMMAND ... | -p PID ..."
    add = parser.add_argument
    text = "what the command or process starts, too, and all of its threads"
    add("-f", "--follow-forks", dest="follows", action="store_true", help=text)
    text = "running processes: a number, or several with commas (may be given often)"
    add("-p", "--attach", dest="pids", type=_pids, action="extend", default=[], help=text)
    text = "trace=CALLS, signal=SIGNALS, status=STATUS; CALLS: names, %%classes, /patterns, !"
    add("-e", dest="expressions", action="append", default=[], metavar="EXPR", help=text)
    add("-P", dest="paths", action="append", default=[], help="only what is about PATH")
    add("-z", dest="is_successful", action="store_true", help="only calls that succeed")
    add("-Z", dest="is_failed", action="store_true", help="only calls that fail")
    add("-w", dest="is_wall", action="store_true", help="as it is anyway: times are those of -w")
    text = "count calls, times (from entry to end) and errors instead"
    add("-c", "--summary-only", dest="is_summary", action="store_true", help=text)
    add("-C", "--summary", dest="has_summary", action="store_true", help="as well")
    text = f"what the counts are sorted by: {', '.join(SORTS)}"
    add("-S", dest="sort", choices=list(SORTS), default="time", metavar="BY", help=text)
    text = "the time of day before each line; -tt with microseconds, -ttt since 1970"
    add("-t", dest="times", action="count", default=0, help=text)
    add("-r", dest="is_relative", action="store_true", help="seconds since the call before")
    add("-T", dest="has_durations", action="store_true", help="how long each call took")
    add("-y", dest="paths_of_fds", action="count", default=0, help="paths behind descriptors; -yy")
    add("-s", dest="string_bytes", type=_size, default=32, help="show so many bytes of texts (32)")
    add("-o", dest="output", default="", metavar="FILE", help="write to FILE, not standard error")
    text = "say nothing of processes that come; -qq: nor of those that end"
    add("-q", dest="quiet", action="count", default=0, help=text)
    for options, why in _REFUSED.items():
        add(*options.split(), action=Refuse, nargs=0, help=f"an option of strace's: {why}")
    parser.add_argument("command", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _pids(text: str) -> list[int]:
    """`4711`, or several with commas or blanks between them, as of pidof(1)."""
    words = text.replace(",", " ").split()
    if not words or not all(one.isdecimal() and int(one) for one in words):
        raise argparse.ArgumentTypeError(f"'{text}' is no number of a process")
    return [int(one) for one in words]


def _size(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is no number of bytes")
    return int(text)


@contextmanager
def _output(path: str) -> Iterator[TextIO]:
    if not path:
        yield sys.stderr
        return
    if path[0] in "|!":
        raise InputError(
            f"-o {path}: no output goes to a command here\nhint: in bash, -o >(COMMAND) does"
        )
    try:
        file = open(path, "w", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"cannot write the output {path}: {error.strerror}") from error
    with file:
        yield file


def _printer_options(given: argparse.Namespace, catalog: Catalog) -> PrinterOptions:
    trace, signals, status = "all", "all", set[str]()
    for expression in given.expressions:
        name, separator, value = expression.partition("=")
        if not separator:
            trace = name
        elif name in ("trace", "t"):
            trace = value
        elif name in ("signal", "signals", "s"):
            signals = value
        elif name == "status":
            status |= set(value.split(","))
        else:
            raise BadChoice(f"-e {expression}: only trace=, signal= and status= are known")
    status |= {"successful"} if given.is_successful else set()
    status |= {"failed"} if given.is_failed else set()
    if unknown := status - set(_STATUSES):
        raise BadChoice(f"-e status={','.join(sorted(unknown))}: one of {', '.join(_STATUSES)}")
    has_several = given.follows or len(given.pids) + bool(given.command) > 1
    numbers = {one.name.removeprefix("SIG"): one.value for one in signal.Signals}
    return PrinterOptions(
        calls=calls_of(trace, catalog),
        signals=signals_of(signals, numbers),
        line=LineOptions(
            string_bytes=given.string_bytes,
            has_paths=given.paths_of_fds > 0,
            has_addresses=given.paths_of_fds > 1,
        ),
        clock=_TIMES[min(given.times, len(_TIMES) - 1)],
        has_micros=given.times > 1,
        is_relative=given.is_relative,
        has_durations=given.has_durations,
        status=status,
        prefix=("bare" if given.output else "pid") if has_several else "",
        paths=set(given.paths),
        quiet=_quiet(given),
        has_lines=not given.is_summary,
    )


def _quiet(given: argparse.Namespace) -> int:
    """Nothing is said of processes that come, either, where all goes into a file, as by strace."""
    least = 1 if given.output and not given.pids else 0
    return max(int(given.quiet), least)


def _config(given: argparse.Namespace, options: PrinterOptions) -> Config:
    """What is to be recorded."""
    types = set(options.calls) | {int(KernelEvent.PROCESS_EXEC)}
    if options.has_lines:
        types |= {int(KernelEvent.PROCESS_EXIT)}
        types |= {int(KernelEvent.PROCESS_FORK)} if given.follows else set()
        types |= {int(KernelEvent.SIGNAL_DELIVER)} if options.signals else set()
    kind = MatchKind.TREE if given.follows else MatchKind.PID
    matches = [Match(kind, tuple(given.pids))] if given.pids else []
    matches += [Match()] if given.command else []
    wanted = Events(types=frozenset(types))
    contents = min(options.line.string_bytes, _MOST_CONTENT) if options.has_lines else 0
    return Config(
        name="strace",
        handlers=tuple([Handler(match=one, events=wanted) for one in matches]),
        capture=Capture(content_bytes=contents, fd_paths=bool(given.paths_of_fds or given.paths)),
        ring=Ring(),
    )


def _tell_of(given: argparse.Namespace, what: str) -> None:
    """Name those of the processes that were given that run: at the end, those that go on."""
    for pid in given.pids if not _quiet(given) else ():
        if _runs(pid):
            print(f"strace: Process {pid} {what}", file=sys.stderr, flush=True)


def _runs(pid: int) -> bool:
    """Whether the process has not ended; one for which nobody has waited yet has."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        return not select.select([fd], [], [], 0)[0]
    finally:
        os.close(fd)


def _tell(account: Account) -> None:
    """Say what is missing, if anything is."""
    if account.lost_in_all:
        print(account.text(), file=sys.stderr)
