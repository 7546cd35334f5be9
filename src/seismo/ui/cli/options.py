"""The command line of the tracing command, as a frozen value."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from seismo.base.dataclass import dataclass

__all__ = (
    "TraceOptions",
    "add_target_options",
    "check_target",
    "parse_trace_options",
    "parser_for",
)

_USAGE = """seismo [options] (-e PROGRAM | FILE | -)
       seismo TOOL [options]        a ready-made tool: opensnoop
       seismo doctor                what works on this kernel, and what to do about the rest"""

_EXAMPLES = """examples:
  seismo -e 'tracepoint:syscalls:sys_enter_openat { printf("%s %s\\n", comm, str(args.filename)); }'
  seismo -e 'tracepoint:syscalls:sys_enter_* { @[comm] = count(); }' -c 'ls /'
  seismo -l 'tracepoint:sched:*'
  seismo opensnoop -c 'cat /etc/hostname'
"""

_STAGES = "tokens, ast, types, ir, ir:after=PASS, asm, bytes, layout, plan"
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_HELP_WIDTH = 96
_PID_MAX = 1 << 22  # include/linux/threads.h: PID_MAX_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceOptions:
    """Everything that the tracing command was told; `-` as `file` is standard input."""

    program: str | None = None
    file: str = ""
    parameters: tuple[str, ...] = ()
    list_pattern: str | None = None
    command: str = ""
    pid: int = 0
    is_tree: bool = False
    output: str = ""
    format: str = "text"
    is_quiet: bool = False
    is_verbose: bool = False
    is_dry_run: bool = False
    stages: tuple[str, ...] = ()
    ring_bytes: int = 4 << 20


def parse_trace_options(arguments: Sequence[str]) -> TraceOptions:
    """Read the command line; a mistake prints usage and ends the program with status 1."""
    parser = parser_for("seismo", "Trace the Linux kernel with bpftrace scripts.", _EXAMPLES)
    parser.usage = _USAGE
    add = parser.add_argument
    add("file", nargs="?", default="", metavar="FILE", help="script; - for standard input")
    add("parameters", nargs="*", metavar="PARAMETER", help="the script's $1, $2, …")
    add("-e", dest="program", metavar="PROGRAM", help="script text")
    add("-l", dest="list_pattern", nargs="?", const="*", metavar="PATTERN", help="list probes")
    add("-d", dest="stages", action="append", default=[], metavar="STAGE", help=_STAGES)
    add(
        "--dry-run",
        dest="is_dry_run",
        action="store_true",
        help="compile, load and verify, but attach nothing",
    )
    add_target_options(parser)
    add("-f", dest="format", choices=("text", "json"), default="text", help="output format")
    given = vars(parser.parse_args(list(arguments)))
    if given["program"] is not None or given["list_pattern"] is not None:
        given["parameters"] = [one for one in (given["file"], *given["parameters"]) if one]
        given["file"] = ""
    elif not given["file"]:
        parser.error("give one of: -e PROGRAM, FILE, - (standard input), -l PATTERN")
    if given["program"] is not None and given["list_pattern"] is not None:
        parser.error("-e runs a script and -l lists probes: give one of them")
    check_target(parser, given)
    lists = {name: tuple(given[name]) for name in ("stages", "parameters")}
    return TraceOptions(**{**given, **lists})


def add_target_options(parser: argparse.ArgumentParser) -> None:
    """The options that the tracing command and every tool share."""
    add = parser.add_argument
    add("-c", dest="command", default="", metavar="CMD", help="run CMD, and end when it ends")
    add("-p", dest="pid", type=_pid, default=0, metavar="PID", help="trace this process only")
    add("--tree", dest="is_tree", action="store_true", help="with -c or -p: and all that it forks")
    add("-o", dest="output", default="", metavar="FILE", help="write the output to FILE")
    add("-q", dest="is_quiet", action="store_true", help="no 'Attached N probes'")
    add("-v", dest="is_verbose", action="store_true", help="say what is compiled, loaded, attached")
    add(
        "--ring-size",
        dest="ring_bytes",
        type=_ring_size,
        default=4 << 20,
        metavar="SIZE",
        help="size of the ring buffer, e.g. 64M (4M)",
    )


def check_target(parser: argparse.ArgumentParser, given: Mapping[str, Any]) -> None:
    """End with status 1 when the target options contradict one another."""
    if given["is_tree"] and not (given["command"] or given["pid"]):
        parser.error("--tree follows the process of -c or -p: give one of them")


def parser_for(program: str, description: str, examples: str) -> argparse.ArgumentParser:
    """A parser in the house's form: no abbreviations, and status 1 for mistakes as bpftrace has."""
    return _Parser(
        prog=program,
        description=description,
        epilog=examples,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """A fixed width: asking for the terminal's would import shutil, 8 ms of every start."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28, width=_HELP_WIDTH)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: error: {message}\n")


def _ring_size(text: str) -> int:
    """`64K`, `4M`, `1G` or plain bytes; a power of two of at least a page, as rings must be."""
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "")
    if not number.isdigit() or unit not in _UNITS:
        raise argparse.ArgumentTypeError(f"'{text}' is not a size; write e.g. 64K, 4M or 1G")
    size = int(number) * _UNITS[unit]
    if not 4096 <= size <= 1 << 30 or size & (size - 1):
        raise argparse.ArgumentTypeError(f"{text} is not a power of two between 4K and 1G")
    return size


def _pid(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= _PID_MAX:
        raise argparse.ArgumentTypeError(f"'{text}' is not a process id")
    return int(text)
