"""`seismo cbpf`: classic BPF, from filter expressions to eBPF, without the kernel."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from seismo.base.source import Source
from seismo.cbpf.asm import assemble
from seismo.cbpf.check import check
from seismo.cbpf.disasm import disassemble, format_c, format_decimal
from seismo.cbpf.filter.compile import compile_filter
from seismo.cbpf.filter.link import LINKS
from seismo.cbpf.insn import SockFilter
from seismo.cbpf.interpreter import Packet, run
from seismo.cbpf.read import read_program
from seismo.cbpf.translate import translate
from seismo.isa.format import format_listing, jump_labels
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.hexadecimal import bytes_of
from seismo.ui.cli.parser import add_verb, parser_for, run_verb

__all__ = ("cbpf_parser", "run_cbpf")

_EXAMPLES = """examples:
  seismo cbpf compile tcp port 80           what tcpdump -d prints
  seismo cbpf compile -dd 'host 10.0.0.1'   as rows of a C array
  seismo cbpf run -f arp "$(cat frame.hex)" what the filter returns of a packet
  seismo cbpf asm filter.asm                as the kernel's bpf_asm does
  seismo cbpf translate -f 'udp port 53'    the eBPF that it becomes
"""

_FORMATS: tuple[Callable[[Sequence[SockFilter]], str], ...] = (
    disassemble,
    format_c,
    format_decimal,
)


def run_cbpf(arguments: Sequence[str]) -> int:
    """Do what the command line says; the exit status."""
    return run_verb(cbpf_parser(), arguments)


def cbpf_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo cbpf`."""
    parser = parser_for("seismo cbpf", "Classic BPF, without the kernel.", _EXAMPLES)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    one = add_verb(verbs, "compile", "a filter expression of tcpdump's, as a program", _compile)
    one.add_argument("words", nargs="*", metavar="EXPRESSION", help="in one argument or in many")
    _add_link(one)
    _add_format(one)
    one = add_verb(verbs, "run", "what a program returns of a packet", _run)
    _add_program(one)
    one.add_argument("packet", metavar="HEX", help="the packet from its link header on")
    one.add_argument(
        "--length", type=int, default=-1, metavar="N", help="its length on the wire, if it was cut"
    )
    one = add_verb(verbs, "asm", "assembly, as bpf_asm takes it, to numbers", _asm)
    one.add_argument("file", nargs="?", default="-", metavar="FILE", help="- is standard input")
    _add_format(one, usual=2)
    one = add_verb(verbs, "disasm", "a program as a listing", _disasm)
    one.add_argument("file", nargs="?", default="-", metavar="FILE", help="- is standard input")
    _add_format(one)
    one = add_verb(verbs, "check", "whether the kernel would take a program", _check)
    _add_program(one)
    one = add_verb(verbs, "translate", "the eBPF that a program becomes", _translate)
    _add_program(one)
    return parser


def _add_link(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-y", "--link", default="EN10MB", choices=tuple(LINKS), help="the link type (EN10MB)"
    )


def _add_format(parser: argparse.ArgumentParser, usual: int = 1) -> None:
    parser.set_defaults(usual=usual)
    parser.add_argument(
        *("-d", "--dump"),
        action="count",
        default=0,
        help="-d: a listing, -dd: rows of a C array, -ddd: decimal numbers",
    )


def _add_program(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("-p", "--program", default="-", metavar="FILE", help="any text of a program; - is stdin")
    add("-f", "--filter", metavar="EXPRESSION", help="a filter expression in place of a program")
    _add_link(parser)


def _source(path: str) -> Source:
    if path == "-":
        return Source("stdin", sys.stdin.read())
    try:
        with open(path, encoding="utf-8") as file:
            return Source(path, file.read())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path}: {_reason(error)}") from None


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "" if isinstance(error, OSError) else "it is no text"


def _program(given: argparse.Namespace) -> tuple[SockFilter, ...]:
    if given.filter is not None:
        return compile_filter(Source("filter", given.filter), given.link)
    return read_program(_source(given.program))


def _print(program: Sequence[SockFilter], given: argparse.Namespace) -> int:
    show = _FORMATS[min(given.dump or given.usual, len(_FORMATS)) - 1]
    sys.stdout.write(f"{show(program)}\n")
    return 0


def _compile(given: argparse.Namespace) -> int:
    source = Source("filter", " ".join(given.words))
    return _print(compile_filter(source, given.link), given)


def _run(given: argparse.Namespace) -> int:
    program = _program(given)
    check(program)
    data = bytes_of(given.packet, "the packet")
    network = LINKS[given.link].network
    packet = Packet(data, length=given.length, network_offset=network)
    sys.stdout.write(f"{run(program, packet)}\n")
    return 0


def _asm(given: argparse.Namespace) -> int:
    return _print(assemble(_source(given.file)), given)


def _disasm(given: argparse.Namespace) -> int:
    return _print(read_program(_source(given.file)), given)


def _check(given: argparse.Namespace) -> int:
    program = _program(given)
    check(program)
    sys.stdout.write(f"{len(program)} instructions, nothing to complain of\n")
    return 0


def _translate(given: argparse.Namespace) -> int:
    insns = translate(_program(given))
    sys.stdout.write(f"{format_listing(insns, labels=jump_labels(insns))}\n")
    return 0
