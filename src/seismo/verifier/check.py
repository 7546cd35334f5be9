"""`verify`: whether the kernel would take a program, asked without a kernel.

>>> print(verify(spec, {"counts": counts}))
accepted: 12 instructions explored, 2 states kept, 8 bytes of stack
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import replace
from seismo.spec.types import MapSpec, ProgramSpec
from seismo.verifier.context import context_rules
from seismo.verifier.depth import stack_depth
from seismo.verifier.flow import check_flow, targets_of
from seismo.verifier.forms import check_opcode, wrong_instructions
from seismo.verifier.options import Options, Setting
from seismo.verifier.program import check_program
from seismo.verifier.report import Complaint, Verdict, complaint_of
from seismo.verifier.rules import Refused
from seismo.verifier.types import NO_TYPES, Types
from seismo.verifier.unprivileged import check_whole
from seismo.verifier.walk import Walk

__all__ = ("Complaint", "Options", "Types", "Verdict", "verify")

_DEFAULT = Options()


def verify(
    spec: ProgramSpec,
    maps: Mapping[str, MapSpec],
    *,
    options: Options = _DEFAULT,
    types: Types = NO_TYPES,
) -> Verdict:
    """What Linux 6.18 would say of a program, with maps by name.

    `types` are the kernel's BTF and that of the program's object. Raises NotSupported where that
    must be known and is not, and for programs and maps whose rules are not known here.
    """
    if not options.is_privileged:
        options = replace(options, allows_unwritten_stack=False)
    context = context_rules(spec, types)
    try:
        for index, insn in enumerate(spec.insns):
            check_opcode(insn, index)
        check_flow(spec.insns)
    except Refused as refusal:
        return Verdict(False, complaint_of(spec, refusal, None, None), 0, 0, 0)
    targets = targets_of(spec.insns)
    setting = Setting(spec, maps, options, context, targets, dict(spec.map_refs), types)
    setting.wrong_at = wrong_instructions(spec)
    walk = Walk(setting)
    try:
        if not options.is_privileged:
            check_whole(setting)
        check_program(setting)
        walk.run()
        depth = stack_depth(setting)
    except Refused as refusal:
        complaint = complaint_of(spec, refusal, walk.step, walk.state)
        return Verdict(False, complaint, walk.explored, walk.kept, 0)
    return Verdict(True, None, walk.explored, walk.kept, depth)
