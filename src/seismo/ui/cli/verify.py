"""`seismo verify`: whether the kernel would take a program, and if not, what would make it pass."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seismo.base.dataclass import dataclass, replace
from seismo.base.errors import BpfError, NotSupported
from seismo.isa.insn import slot_starts
from seismo.kernel.live import LiveKernel
from seismo.kernel.proc import possible_cpus
from seismo.kernel.protocol import Kernel
from seismo.objects.load import load
from seismo.objects.verifier_log import VerifierError
from seismo.spec.types import MapSpec, ObjectSpec, ProgramSpec
from seismo.ui.cli.loop import require_privilege
from seismo.ui.cli.parser import parser_for
from seismo.ui.cli.stock import print_json
from seismo.ui.cli.verify_input import Subject, add_subject_options, read_subject
from seismo.verifier.check import Options, verify
from seismo.verifier.explain import explain
from seismo.verifier.lines import Lines
from seismo.verifier.report import Verdict

__all__ = ("run_verify", "verify_parser")

_USAGE = """seismo verify [options] FILE [PROGRAM ...]
       seismo verify [options] (-e SCRIPT | --program HEX)"""
_EXAMPLES = """examples:
  seismo verify opens.bt                 each program of a script; nothing is loaded
  seismo verify prog.bpf.o handle_open   one program of an object file
  seismo verify --kernel -e 'kprobe:vfs_read { @[comm] = count(); }'
  seismo verify --type xdp filter.asm    a listing, as the kernel's log has it
  seismo verify --program "$HEX" --map array:4:8:1
"""


@dataclass(frozen=True, slots=True)
class _Found:
    """One program's verdict, None with `why` where it cannot be told; what the kernel says is None
    where it was not asked."""

    spec: ProgramSpec
    lines: Lines
    verdict: Verdict | None
    why: str = ""
    kernel: _KernelVerdict | None = None

    @property
    def is_accepted(self) -> bool:
        return self.verdict is not None and self.verdict.is_accepted


@dataclass(frozen=True, slots=True)
class _KernelVerdict:
    """What the running kernel's verifier says: how much it walked, or what it complains of."""

    is_accepted: bool
    explored: int = 0
    error: str = ""

    def __str__(self) -> str:
        if self.is_accepted:
            return f"accepted ({self.explored} instructions walked)"
        return f"refused: {self.error}"


def run_verify(arguments: Sequence[str]) -> int:
    """Judge what the command line names; 0 if all of it is accepted, else 1."""
    parser = verify_parser()
    given = parser.parse_args(list(arguments))
    subject = read_subject(parser, given)
    kernel = LiveKernel() if given.asks_kernel else None
    if kernel is not None:
        require_privilege(kernel)
    found = [_judge(subject, one, kernel) for one in subject.chosen(given.names)]
    if given.format == "json":
        print_json([_json(one) for one in found])
    else:
        for one in found:
            print(f"{one.spec.name}: ", end="")
            sys.stdout.writelines(f"{line}\n" for line in _text(one, given.is_verbose))
    return 0 if all(one.is_accepted for one in found) else 1


def verify_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo verify`."""
    parser = parser_for("seismo verify", "Check programs without a kernel.", _EXAMPLES)
    parser.usage = _USAGE
    add = parser.add_argument
    add_subject_options(add)
    text = "ask the running kernel's verifier, too (root)"
    add("--kernel", dest="asks_kernel", action="store_true", help=text)
    text = "every instruction on the way to a mistake, not only the branches"
    add("-v", "--verbose", dest="is_verbose", action="store_true", help=text)
    add("-f", "--format", choices=("text", "json"), default="text", help="text")
    return parser


def _judge(subject: Subject, spec: ProgramSpec, kernel: Kernel | None) -> _Found:
    maps: Mapping[str, MapSpec] = {one.name: one for one in subject.object.maps}
    asked = _ask(subject.object, spec, kernel) if kernel is not None else None
    lines = Lines(spec, subject.lines_of(spec))
    try:
        verdict = verify(spec, maps, options=_options(), types=subject.types)
        return _Found(spec, lines, verdict, kernel=asked)
    except NotSupported as error:
        return _Found(spec, lines, None, str(error), asked)


def _options() -> Options:
    """What a program for this machine may rely on."""
    return Options(cpus=len(possible_cpus(LiveKernel())))


def _ask(whole: ObjectSpec, spec: ProgramSpec, kernel: Kernel) -> _KernelVerdict:
    """The kernel's verdict: the program is loaded, without the others, and let go."""
    maps = tuple([replace(one, program_slots=(), pin="") for one in whole.maps])
    try:
        with load(replace(whole, maps=maps, programs=(spec,)), kernel) as loaded:
            explored = loaded.programs[spec.name].info().verified_insns
    except VerifierError as error:
        return _KernelVerdict(False, error=error.summary)
    except BpfError as error:
        return _KernelVerdict(False, error=str(error))
    return _KernelVerdict(True, explored)


def _text(found: _Found, is_verbose: bool) -> Iterator[str]:
    if found.verdict is None:
        yield f"not checked: {found.why}"
    else:
        yield from explain(found.spec, found.verdict, found.lines, is_verbose=is_verbose)
    if found.kernel is not None:
        yield f"  kernel: {found.kernel}"


def _json(found: _Found) -> dict[str, Any]:
    spec, verdict = found.spec, found.verdict
    said: dict[str, Any] = {"program": spec.name, "type": spec.type.name.lower()}
    if verdict is None:
        said |= {"verdict": "not checked", "reason": found.why}
    else:
        said |= {
            "verdict": "accepted" if verdict.is_accepted else "refused",
            "instructions": verdict.explored,
            "states": verdict.kept,
            "stack": verdict.stack,
        }
        said |= _complaint_json(found, verdict)
    if found.kernel is not None:
        verb = "accepted" if found.kernel.is_accepted else "refused"
        said["kernel"] = {"verdict": verb, "error": found.kernel.error}
    return said


def _complaint_json(found: _Found, verdict: Verdict) -> dict[str, Any]:
    complaint = verdict.complaint
    if complaint is None:
        return {}
    starts = slot_starts(found.spec.insns)
    line = found.lines.at(complaint.index)
    return {
        "rule": complaint.rule.name.lower(),
        "error": complaint.message,
        "advice": complaint.hint,
        "slot": starts[complaint.index] if complaint.index >= 0 else None,
        "place": line.place if line is not None else None,
        "registers": complaint.registers,
        "path": [starts[index] for index in complaint.path],
    }
