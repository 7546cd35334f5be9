"""The command line of the tracing command, as a frozen value."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

from seismo import __version__
from seismo.base.dataclass import dataclass
from seismo.ui.cli.engine import add_engine_option
from seismo.ui.cli.machine import AS_IT_IS, Machine, add_machine_options, take_machine
from seismo.ui.cli.parser import Ignore, Refuse, add_output_options, parser_for
from seismo.ui.cli.schedule import add_schedule_options
from seismo.ui.cli.tasks import EVERYBODY, Tasks, add_task_options, take_tasks

__all__ = ("TraceOptions", "parse_trace_options", "trace_parser")

_USAGE = """seismo [options] (-e PROGRAM | FILE | -) [PARAMETER ...] [-- --NAME[=VALUE] ...]
       seismo [-v] -l [PATTERN | TYPE | SCRIPT | BINARY | -e PROGRAM]
       seismo TOOL [options]        a ready-made tool: execsnoop, tcplife, biolatency …
       seismo tools [AREA]          the list of them
       seismo doctor                what works on this kernel, and what to do about the rest"""

_EXAMPLES = """examples:
  seismo -e 'tracepoint:syscalls:sys_enter_openat { printf("%s %s\\n", comm, str(args.filename)); }'
  seismo -e 'tracepoint:syscalls:sys_enter_* { @[comm] = count(); }' -c 'ls /'
  seismo --container 3f2a --uid www-data -e 'profile:hz:99 { @[ustack] = count(); }'
  seismo -l 'tracepoint:sched:*'
  seismo -lv 'struct timespec64'
  seismo script.bt 4096 -- --verbose --limit=5
  seismo opensnoop -c 'cat /etc/hostname'
"""

_MODES = ("codegen", "compiler-bench", "test", "bench", "format")
_NO_LLVM = "there is no LLVM here; -d ir prints what programs are made of"
_NO_UNWINDING = "no effect: user stacks are walked by frame pointers"
_DEBUG_FILES = "no effect: debug files are looked for beside the file, and in /usr/lib/debug"
_ACTIVATED = "no effect: the kernel counts static probes' semaphores by itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceOptions:
    """Everything that the tracing command was told; `-` as `file` is standard input.

    `parameters` are the script's: `$1` and `--name=value`. With `is_list` `pattern` is what is
    looked for, unless `program` is there. `stages` is what each `-d` said, `ignored` what to say
    of options without effect.
    """

    program: str | None = None
    file: str = ""
    parameters: tuple[str, ...] = ()
    is_list: bool = False
    pattern: str = ""
    is_info: bool = False
    tasks: Tasks = EVERYBODY
    output: str = ""
    format: str = "text"
    is_quiet: bool = False
    is_verbose: bool = False
    is_dry_run: bool = False
    stages: tuple[str, ...] = ()
    duration: float = 0
    ring_bytes: int = 0
    buffering: str = "line"
    is_unsafe: bool = False
    has_warnings: bool = True
    reports_helper_errors: bool = False
    include_directories: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    mode: str = ""
    probe_filter: str = ""
    machine: Machine = AS_IT_IS
    engine: str = "auto"
    ignored: tuple[str, ...] = ()


def parse_trace_options(arguments: Sequence[str]) -> TraceOptions:
    """Read the command line; a mistake prints usage and ends the program with status 1."""
    parser = trace_parser()
    before, behind = _split(arguments)
    given = vars(parser.parse_intermixed_args(before))
    words, _ = given.pop("words"), given.pop("btf")
    given["mode"] = _mode(parser, given.pop("modes"))
    given |= {"tasks": take_tasks(parser, given), "machine": take_machine(given)}
    if given["reports_helper_errors"] and not given["has_warnings"]:
        parser.error("-k asks for warnings and --no-warnings for none: give one of them")
    if given["is_list"]:
        if len(words) + (given["program"] is not None) > 1 or behind:
            parser.error("-l takes one pattern, file or -e PROGRAM")
        given["pattern"] = "".join(words)
    elif given["program"] is None and not given["is_info"]:
        if not words:
            parser.error("give one of: -e PROGRAM, FILE, - (standard input), -l PATTERN")
        given["file"] = words.pop(0)
    parameters = () if given["is_list"] else (*words, *behind)
    lists = {name: tuple(given[name]) for name in _LISTS}
    return TraceOptions(**{**given, **lists, "parameters": parameters})


_LISTS = ("stages", "include_directories", "includes", "ignored")


def trace_parser() -> argparse.ArgumentParser:
    """What reads the options of the tracing command."""
    parser = parser_for("seismo", "Trace the Linux kernel with bpftrace scripts.", _EXAMPLES)
    parser.usage = _USAGE
    add = parser.add_argument
    add("words", nargs="*", metavar="FILE, PARAMETER", help="the script; then its $1, $2, …")
    add("-e", dest="program", metavar="PROGRAM", help="script text")
    add("-l", "--list", dest="is_list", action="store_true", help="list probes, or types of BTF")
    add("-V", "--version", action="version", version=f"seismo {__version__}", help="the version")
    add("--info", dest="is_info", action="store_true", help="the same as seismo doctor")
    add_task_options(parser)
    add_engine_option(parser)
    add_schedule_options(parser, has_maps=False)
    add_output_options(parser)
    _add_form_options(parser)
    _add_language_options(parser)
    add_machine_options(parser)
    _add_developer_options(parser)
    _add_others(parser)
    return parser


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """What stands before `--`, and what behind it."""
    words = list(arguments)
    at = words.index("--") if "--" in words else len(words)
    return words[:at], words[at + 1 :]


def _mode(parser: argparse.ArgumentParser, modes: Sequence[str]) -> str:
    if len(modes) > 1:
        parser.error(f"{' and '.join(modes)} are different modes: give one of them")
    return modes[0] if modes else ""


def _add_form_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("form of the output").add_argument
    add("-f", dest="format", choices=("text", "json"), default="text", help="JSON: one a line")
    add(
        "-B",
        dest="buffering",
        choices=("line", "full", "none"),
        default="line",
        help="write the output line by line, in blocks, or at once",
    )
    add(
        *("-k", "--warnings"),
        dest="reports_helper_errors",
        action="store_true",
        help="report each failure of a BPF helper as it happens",
    )
    add("--no-warnings", dest="has_warnings", action="store_false", help="no warnings")


def _add_language_options(parser: argparse.ArgumentParser) -> None:
    """How the script is compiled."""
    add = parser.add_argument_group("the script").add_argument
    add("--unsafe", dest="is_unsafe", action="store_true", help="allow system(), signal() …")
    add(
        "-I",
        dest="include_directories",
        action="append",
        default=[],
        metavar="DIR",
        help='where #include "…" looks, too',
    )
    add("--include", dest="includes", action="append", default=[], metavar="FILE", help="a header")


def _add_developer_options(parser: argparse.ArgumentParser) -> None:
    """What is done with the script instead of running it."""
    add = parser.add_argument_group("instead of tracing").add_argument
    add(
        "--dry-run",
        dest="is_dry_run",
        action="store_true",
        help="compile, and have the kernel verify it; nothing of the script runs",
    )
    add(
        *("-d", "--debug"),
        dest="stages",
        action="append",
        default=[],
        metavar="STAGES",
        help="print stages of the compilation: ast, types, ir, asm … (a comma between them), all",
    )
    for mode, text in (
        ("test", "run the test: probes"),
        ("bench", "run the bench: probes"),
        ("fmt", "print FILE well laid out; -o replaces a file"),
    ):
        name = "format" if mode == "fmt" else mode
        add(
            f"--{mode}",
            dest="modes",
            action="append_const",
            const=name,
            default=[],
            help=text,
        )
    add(
        "--mode",
        dest="modes",
        action="append",
        choices=_MODES,
        metavar="MODE",
        help="these by name: test, bench, format; codegen compiles, compiler-bench times it",
    )
    add(
        "--probe-filter",
        type=_regex,
        default="",
        metavar="REGEX",
        help="with --test or --bench: only probes whose names match",
    )


def _add_others(parser: argparse.ArgumentParser) -> None:
    """Options of bpftrace's that make no difference here, and some that are refused."""
    ignored = parser.add_argument_group("accepted, for scripts that give them").add_argument
    ignored("-b", "--btf", dest="btf", action="store_true", help="BTF is always used")
    for flag, why, takes in (
        ("--debuginfo", _DEBUG_FILES, {"metavar": "DIRS"}),
        ("--dwarf-pid", _NO_UNWINDING, {"metavar": "PID"}),
        ("--usdt-file-activation", _ACTIVATED, {"nargs": 0}),
    ):
        ignored(flag, dest="ignored", default=[], action=Ignore, help=why, **takes)
    refused = parser.add_argument_group("refused").add_argument
    for flag, reason in (
        ("--emit-elf", "`seismo build SCRIPT -o FILE.bo` writes an object file"),
        ("--aot", "`seismo build SCRIPT --bundle FILE` makes one program"),
        ("--emit-llvm", _NO_LLVM),
    ):
        refused(flag, action=Refuse, dest=argparse.SUPPRESS, metavar="FILE", help=reason)
    refused("--verify-llvm-ir", action=Refuse, dest=argparse.SUPPRESS, nargs=0, help=_NO_LLVM)


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no regular expression: {error}") from error
    return text
