"""`seismo sandbox`: programs under dynamic checks, whatever a verifier says of them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from seismo.attacks.inventory import inventory
from seismo.base.errors import NotSupported
from seismo.sandbox.outcome import Outcome
from seismo.sandbox.policy import Policy, with_helpers
from seismo.sandbox.sandbox import Sandbox
from seismo.spec.types import MapSpec, ProgramSpec
from seismo.ui.cli.hexadecimal import bytes_of
from seismo.ui.cli.parser import parser_for, positive
from seismo.ui.cli.verify_input import Subject, add_subject_options, read_subject
from seismo.verifier.check import verify
from seismo.vm.environment import Environment, current_task

__all__ = ("run_sandbox", "sandbox_parser")

_USAGE = """seismo sandbox [options] FILE [PROGRAM ...]
       seismo sandbox [options] (-e SCRIPT | --program HEX)"""
_EXAMPLES = """examples:
  seismo sandbox prog.bpf.o handle_exec
  seismo sandbox -e 'tracepoint:syscalls:sys_enter_close { @[args.fd] = count(); }'
  seismo sandbox --program "$HEX" --context '01 00 00 00 00 00 00 00' --steps 1000
  seismo sandbox --program "$HEX" --map hash:4:8:64 --allow probe_read_user

What the verifier in user space says of a program comes first, then what its helpers can do to
others, then what the run did. The run changes nothing: see docs/security-lab.md.
"""

_CONTEXT_BYTES = 512


def run_sandbox(arguments: Sequence[str]) -> int:
    """Judge and run the programs; 0 if all came to their own end, else 1."""
    parser = sandbox_parser()
    given = parser.parse_args(list(arguments))
    policy = _policy(given)
    context = bytes_of(given.context, "--context") if given.context else bytes(_CONTEXT_BYTES)
    subject = read_subject(parser, given)
    outcomes: list[Outcome] = []
    for program in subject.chosen(given.names):
        print(f"{program.name} ({program.type.name.lower()}):")
        _show("verifier", _judged(subject, program))
        _show("inventory", str(inventory(program)))
        sandbox = Sandbox(policy, Environment(task=current_task()))
        outcome = sandbox.run(program, subject.object.maps, context)
        _show("sandbox", str(outcome))
        outcomes.append(outcome)
    return 0 if all(one.has_ended for one in outcomes) else 1


def sandbox_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo sandbox`."""
    parser = parser_for("seismo sandbox", "Programs under dynamic checks.", _EXAMPLES)
    parser.usage = _USAGE
    _add_program_options(parser)
    _add_policy_options(parser)
    return parser


def _add_program_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("what to run").add_argument
    add_subject_options(add)
    text = f"what r1 points at ({_CONTEXT_BYTES} zero bytes)"
    add("--context", default="", metavar="HEX", help=text)


def _add_policy_options(parser: argparse.ArgumentParser) -> None:
    usual = Policy()
    add = parser.add_argument_group("what is allowed").add_argument
    text = "helpers beside the harmless ones, e.g. probe_read_user"
    add("--allow", action="append", default=[], metavar="HELPER,…", help=text)
    text = f"instructions that a run may make ({usual.steps})"
    add("--steps", type=positive, default=usual.steps, metavar="N", help=text)
    text = f"memory that a run may take ({usual.memory_bytes})"
    add("--memory", type=positive, default=usual.memory_bytes, metavar="BYTES", help=text)
    text = f"processor time of the run's process ({usual.seconds})"
    add("--seconds", type=positive, default=usual.seconds, metavar="N", help=text)
    text = "the only maps that may be changed; '' is none"
    add("--writable", default=None, metavar="MAP,…", help=text)
    add("--write-context", action="store_true", help="the context may be changed")
    add("--read-once", action="store_true", help="no byte of a process is read twice")


def _policy(given: argparse.Namespace) -> Policy:
    names = {name for text in given.allow for name in text.split(",") if name}
    writable = given.writable
    return Policy(
        helpers=with_helpers(frozenset(names)),
        steps=given.steps,
        memory_bytes=given.memory,
        may_write_context=given.write_context,
        writable_maps=None if writable is None else frozenset(writable.split(",")),
        reads_user_once=given.read_once,
        is_isolated=True,
        seconds=given.seconds,
    )


def _judged(subject: Subject, program: ProgramSpec) -> str:
    maps: Mapping[str, MapSpec] = {one.name: one for one in subject.object.maps}
    try:
        return str(verify(program, maps, types=subject.types))
    except NotSupported as error:
        return f"no verdict: {error}"


def _show(who: str, text: str) -> None:
    first, *rest = text.splitlines()
    print(f"  {who}: {first}")
    for line in rest:
        print(f"    {line}")
