"""`seismo vm`: programs in the virtual machine, without a kernel."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

from seismo.base.dataclass import dataclass
from seismo.base.errors import NotSupported
from seismo.isa.insn import Insn
from seismo.spec.types import ProgramSpec
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.hexadecimal import bytes_of
from seismo.ui.cli.parser import add_verb, parser_for, positive, run_verb
from seismo.ui.cli.vm_debug import Debugger, Quit
from seismo.vm.hooks import Hook, Trace
from seismo.vm.machine import DEFAULT_BUDGET, Machine
from seismo.vm.maps.vm_map import VmMap
from seismo.vm.memory import Memory
from seismo.vm.packet import Packet
from seismo.vm.packet_context import PACKET_CONTEXTS
from seismo.vm.program import read_program

__all__ = ("run_vm", "vm_parser")

_EXAMPLES = """examples:
  seismo vm run --program 'b7 00 00 00 2a 00 00 00 95 00 00 00 00 00 00 00'
  seismo vm run --trace --program "$HEX" '01 02 03 04' < /dev/null
  seismo vm run filter.bpf.o drop_udp --packet "$FRAME"
  echo 'break 3;continue;registers' | tr ';' '\\n' | seismo vm debug filter.bpf.o --packet "$FRAME"
"""
_OBJECT_SUFFIX = ".o"
_CONTEXT_BYTES = 512


def run_vm(arguments: Sequence[str]) -> int:
    """Do what the command line says; the exit status."""
    return run_verb(vm_parser(), arguments)


def vm_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo vm`."""
    parser = parser_for("seismo vm", "eBPF programs in a virtual machine.", _EXAMPLES)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    run = add_verb(verbs, "run", "run a program, print r0 in hexadecimal", _run)
    _add_options(run, "the instructions' bytes (else read from standard input)")
    text = "print the steps to standard error"
    run.add_argument("--trace", dest="is_traced", action="store_true", help=text)
    text = "run a program by commands on standard input: `help` lists them"
    debug = add_verb(verbs, "debug", text, _debug)
    _add_options(debug, "the instructions' bytes")
    return parser


def _add_options(parser: argparse.ArgumentParser, program: str) -> None:
    add = parser.add_argument
    add("--program", metavar="HEX", help=program)
    text = "bytes for the program: r1 is their address, r2 how many they are; or FILE.o [PROGRAM]"
    add("memory", nargs="*", metavar="MEMORY_HEX", help=text)
    add("--packet", metavar="HEX", help="for FILE.o: the frame that the program is given")
    text = "for FILE.o: what r1 points at; of a packet's context what a test run takes of it"
    add("--context", default="", metavar="HEX", help=text)
    add("--budget", type=positive, default=DEFAULT_BUDGET, metavar="N", help="steps at most")


@dataclass(frozen=True, slots=True)
class _Target:
    """What to run on what: a packet, or memory whose length is an argument if `is_counted`."""

    program: ProgramSpec | Sequence[Insn]
    maps: Mapping[str, VmMap]
    given: Packet | bytes
    is_counted: bool = False

    @property
    def insns(self) -> Sequence[Insn]:
        return self.program.insns if isinstance(self.program, ProgramSpec) else self.program


def _run(given: argparse.Namespace) -> int:
    target = _target(given)
    trace = Trace()
    try:
        r0 = _r0(target, given.budget, (trace,) if given.is_traced else ())
    finally:
        for line in trace.lines:
            print(line, file=sys.stderr)
    print(f"{r0:x}")
    if isinstance(target.given, Packet):
        print(f"packet {target.given.contents.hex()}")
    return 0


def _debug(given: argparse.Namespace) -> int:
    if given.program is None and not _is_object(given):
        raise InputError("give --program HEX or FILE.o: standard input is for commands")
    target = _target(given)
    debugger = Debugger(target.insns, target.maps, sys.stdin.readline, print)
    with suppress(Quit):
        print(f"r0 = {_r0(target, given.budget, (debugger,)):#x}")
    return 0


def _r0(target: _Target, budget: int, hooks: Sequence[Hook]) -> int:
    memory = Memory()
    machine = Machine(target.program, target.maps, budget=budget, memory=memory, hooks=hooks)
    if isinstance(target.given, Packet):
        return machine.run(target.given).r0
    region = memory.allocate(bytearray(target.given), "memory")
    arguments = (len(target.given),) if target.is_counted else ()
    return machine.run(region, arguments=arguments).r0


def _is_object(given: argparse.Namespace) -> bool:
    """Whether a file is named: hexadecimal digits never end so."""
    return bool(given.memory) and given.memory[0].endswith(_OBJECT_SUFFIX)


def _target(given: argparse.Namespace) -> _Target:
    if _is_object(given):
        return _from_object(given)
    if given.packet is not None or given.context:
        raise InputError("--packet and --context are for the programs of a FILE.o")
    program = sys.stdin.read() if given.program is None else given.program
    insns = read_program(bytes_of(program, "the program"), "little")
    return _Target(insns, {}, bytes_of(" ".join(given.memory), "the memory"), is_counted=True)


def _from_object(given: argparse.Namespace) -> _Target:
    from seismo.ui.cli.vm_file import read_file  # noqa: PLC0415 (lazy: docs/architecture.md)

    path, *names = given.memory
    program, maps = read_file(path, names)
    context = bytes_of(given.context, "the context")
    if program.type not in PACKET_CONTEXTS:
        if given.packet is not None:
            what = f"--packet for a program of type {program.type.name}"
            raise NotSupported(what, "it sees no packet", "--context HEX is what r1 points at")
        return _Target(program, maps, context or bytes(_CONTEXT_BYTES))
    if given.packet is None:
        raise InputError(f"program '{program.name}' sees packets: give one by --packet HEX")
    frame = bytes_of(given.packet, "the packet")
    return _Target(program, maps, Packet(program.type, frame, context))
