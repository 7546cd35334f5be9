"""Parsers in the house's form, and the options that the tracing command and every tool share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

__all__ = (
    "Ignore",
    "Refuse",
    "add_output_options",
    "add_verb",
    "parser_for",
    "positive",
    "run_verb",
)

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_HELP_COLUMN = 28
_HELP_WIDTH = 96


def parser_for(program: str, description: str, examples: str) -> argparse.ArgumentParser:
    """A parser in the house's form: no abbreviations, and status 1 for mistakes as bpftrace has."""
    return _Parser(
        prog=program,
        description=description,
        epilog=examples,
        formatter_class=_Formatter,
        allow_abbrev=False,
    )


def add_verb(verbs: Any, name: str, help: str, run: Callable[..., int]) -> argparse.ArgumentParser:
    """A parser for one of a command's verbs; `run` of what it parses is the function to call."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=help, description=help, formatter_class=_Formatter, allow_abbrev=False
    )
    parser.set_defaults(run=run)
    return parser


def run_verb(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> int:
    """Do what the arguments say, by the verb among them; the exit status."""
    given = parser.parse_args(list(arguments))
    run: Callable[[argparse.Namespace], int] = given.run
    return run(given)


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Where what is seen goes."""
    add = parser.add_argument_group("output").add_argument
    add("-o", "--output", default="", metavar="FILE", help="write the output to FILE")
    add("-q", "--quiet", dest="is_quiet", action="store_true", help="no 'Attached N probes'")
    add(
        *("-v", "--verbose"),
        dest="is_verbose",
        action="store_true",
        help="say what is compiled, loaded, attached; with -l: arguments and members, too",
    )
    add(
        "--ring-size",
        dest="ring_bytes",
        type=_ring_size,
        default=0,
        metavar="SIZE",
        help="size of the ring buffer, e.g. 64M (4M, or what perf_rb_pages says)",
    )


class Refuse(argparse.Action):
    """An option of bpftrace's that has no meaning here: its help says why."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> NoReturn:
        parser.error(f"{option_string}: {self.help}")


class Ignore(argparse.Action):
    """An option of bpftrace's that is taken and changes nothing: its help says why."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        namespace.ignored = [*namespace.ignored, f"{option_string}: {self.help}"]


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """The same texts by every Python, and a fixed width: asking for the terminal's would import
    shutil, 8 ms of every start."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=_HELP_COLUMN, width=_HELP_WIDTH)
        self._action_max_length = _HELP_COLUMN

    def _format_action_invocation(self, action: argparse.Action) -> str:
        """`-p, --pid PID`, as Python has it since 3.13; before it said PID twice."""
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        metavar = self._get_default_metavar_for_optional(action)
        return f"{', '.join(action.option_strings)} {self._format_args(action, metavar)}"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: error: {message}\n")


def positive(text: str) -> int:
    """A count of at least 1, as the `type` of an option."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"'{text}' is no number above 0")
    return int(text)


def _ring_size(text: str) -> int:
    """`64K`, `4M`, `1G` or plain bytes; a power of two of at least a page, as rings must be."""
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "")
    if not number.isdigit() or unit not in _UNITS:
        raise argparse.ArgumentTypeError(f"'{text}' is not a size; write e.g. 64K, 4M or 1G")
    size = int(number) * _UNITS[unit]
    if not 4096 <= size <= 1 << 30 or size & (size - 1):
        raise argparse.ArgumentTypeError(f"{text} is not a power of two between 4K and 1G")
    return size
