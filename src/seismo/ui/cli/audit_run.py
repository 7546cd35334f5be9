"""What `seismo audit` and the programs that `seismo audit build` makes have in common: whom to
record, where it goes, and the run itself."""

from __future__ import annotations

import argparse
import select
import signal
import sys
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from functools import partial

from seismo.audit.catalog.table import Catalog
from seismo.audit.config.model import Config
from seismo.audit.config.options import Options
from seismo.audit.record.account import Account
from seismo.audit.session import AuditSession, MakePrograms
from seismo.audit.sinks.open import Surroundings
from seismo.audit.sinks.settings import SinkSettings
from seismo.base.dataclass import replace
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.ui.cli.interrupt import Interrupt
from seismo.ui.cli.schedule import seconds
from seismo.ui.cli.target import process_fd

__all__ = (
    "TWO_CONFIGURATIONS",
    "add_run_options",
    "command_status",
    "on_terminal",
    "run_config",
    "run_options",
    "run_session",
)

TWO_CONFIGURATIONS = "--config and --profile are two configurations\nhint: leave one of them out"

_TABLE = SinkSettings(type="table")
_POLL_MS = 100
_SIGNALLED = 128
_PATIENCE_SECONDS = 2.0


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Whose events, where they go, how long; and the command behind `--`."""
    _add_process_options(parser)
    add = parser.add_argument_group("output").add_argument
    text = (
        "where events go (may be given often): table, jsonl, traceleft, parquet, sqlite, syslog, "
        "journald, unix; a path behind most"
    )
    add("-o", "--output", dest="outputs", action="append", default=[], help=text, metavar="T[:P]")
    add("-d", "--duration", type=seconds, default=0.0, metavar="SECONDS", help="end after so long")
    add("-q", "--quiet", dest="is_quiet", action="store_true", help="no account at the end")
    text = "the tree of processes on standard error at the end, and at SIGUSR1"
    add("--process-tree", dest="has_tree", action="store_true", help=text)
    text = "also say what this kernel does not tell"
    add("-v", "--verbose", dest="is_verbose", action="store_true", help=text)
    parser.add_argument("command", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def _add_process_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("whose (without any: everybody's)")
    add = partial(group.add_argument, action="append", default=[])
    add("-p", "--pid", dest="pids", type=int, metavar="PID", help="a process")
    text = "a process, all that have come of it, and all that will"
    add("--tree", dest="trees", type=int, metavar="PID", help=text)
    add("--exe", dest="exes", metavar="PATH", help="who runs this file")
    text = "a cgroup and those below it: path or id"
    add("--cgroup", dest="cgroups", metavar="CGROUP", help=text)
    text = "a container, by the beginning of its id"
    add("--container", dest="containers", metavar="ID", help=text)


def run_options(given: argparse.Namespace) -> Options:
    """What `add_run_options` has read that changes a configuration."""
    return Options(
        pids=tuple(given.pids),
        trees=tuple(given.trees),
        exes=tuple(given.exes),
        cgroups=tuple(given.cgroups),
        containers=tuple(given.containers),
        outputs=tuple(given.outputs),
    )


def run_config(
    config: Config,
    given: argparse.Namespace,
    kernel: Kernel,
    tracefs: Tracefs,
    catalog: Catalog,
    make_programs: MakePrograms,
) -> int:
    """Record as the configuration says until it ends, and tell how it went; the exit status."""
    with ExitStack() as owned:
        around = Surroundings(catalog=catalog, stdout=sys.stdout.buffer)
        argv = _words(given.command)
        session = owned.enter_context(
            AuditSession(config, kernel, tracefs, catalog, make_programs, around, argv=argv)
        )
        pids = () if argv else _ending(given)
        account = run_session(
            session,
            duration=given.duration,
            pids=pids,
            on_request=lambda: _tell_so_far(session, given),
        )
        if given.is_verbose:
            for name, why in session.skipped.items():
                print(f"not on this kernel: {name}: {why}", file=sys.stderr)
        if given.has_tree:
            print(session.process_tree(), end="", file=sys.stderr)
        if not given.is_quiet:
            print(account.text(), file=sys.stderr)
        if session.failed:
            print(f"{session.failed} events were not written: {session.failure}", file=sys.stderr)
        for name, text in session.missed_by_rules.items():
            print(f"rule {name}: {text}", file=sys.stderr)
        return command_status(session)


def _ending(given: argparse.Namespace) -> Sequence[int]:
    """The processes with which the run ends: those of `-p`, if nobody else is recorded."""
    others = (given.trees, given.exes, given.cgroups, given.containers)
    return () if any(others) else tuple(given.pids)


def _tell_so_far(session: AuditSession, given: argparse.Namespace) -> None:
    """What SIGUSR1 asks for."""
    if given.has_tree:
        print(session.process_tree(), end="", file=sys.stderr)
    print(session.account().text(), file=sys.stderr, flush=True)


def _words(command: Sequence[str]) -> Sequence[str]:
    return command[1:] if command[:1] == ["--"] else command


def on_terminal(config: Config) -> Config:
    """The configuration, or a table on standard output if it has no outputs."""
    return config if config.outputs else replace(config, outputs=(_TABLE,))


def run_session(
    session: AuditSession,
    *,
    duration: float = 0.0,
    pids: Sequence[int] = (),
    on_request: Callable[[], None] = lambda: None,
    on_start: Callable[[], None] = lambda: None,
) -> Account:
    """Run until Ctrl-C, until the command or all of `pids` have ended, or for `duration` seconds;
    where all events have gone. A command that runs then is asked to end, and so does in sight.
    `on_request` is called at SIGUSR1, `on_start` when everything is recorded."""
    started = time.monotonic()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # who ignores it is not told how children end
    with Interrupt() as interrupt, ExitStack() as owned:
        watched = [owned.enter_context(process_fd(pid)) for pid in pids]
        session.start()
        on_start()
        if session.command is not None:
            watched.append(session.command.exit_fd)
        left = set(watched)
        while not interrupt.is_set and not (watched and not left):
            if duration and time.monotonic() - started >= duration:
                break
            session.poll(_POLL_MS, interrupt.wake_fd, *left)
            left -= set(_readable(left))
            if interrupt.take_requests():
                on_request()
        if session.command is not None and not session.command.has_ended:
            _end_command(session)
        return session.finish()


def _end_command(session: AuditSession) -> None:
    """Ask the command to end, and record how it does; one that does not is left to `close`."""
    command = session.command
    assert command is not None
    command.end()
    patience = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < patience and not _readable((command.exit_fd,)):
        session.poll(_POLL_MS, command.exit_fd)


def command_status(session: AuditSession) -> int:
    """The command's exit status as a shell says it; 0 where there is none, or it still runs."""
    if session.command is None or not session.command.has_ended:
        return 0
    status = session.command.wait() or 0
    return status if status >= 0 else _SIGNALLED - status


def _readable(fds: Collection[int]) -> Sequence[int]:
    return select.select(list(fds), [], [], 0)[0]
