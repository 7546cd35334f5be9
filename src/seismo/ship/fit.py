"""`fit`: a shipped script made to fit the kernel at hand: its plan, as if compiled there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TypeAlias

from seismo.base.bits import U64_MAX
from seismo.base.dataclass import replace
from seismo.base.diagnostics import did_you_mean
from seismo.btf.ext import CoreRelo
from seismo.btf.spec import Btf
from seismo.btf.types import Enum, Enum64, Kind
from seismo.core.relocate import Relocator
from seismo.events.enums import Names
from seismo.isa.insn import Insn
from seismo.isa.opcode import CLASS_MASK, LD_IMM64, Class
from seismo.isa.relo_kinds import CoreKind
from seismo.objfile.model import KernelFacts
from seismo.objfile.resolve import FactTypes
from seismo.plan import Plan, with_enums
from seismo.probes.btf_target import FunctionTypes
from seismo.probes.format import FormatField, parse_format
from seismo.ship.access import CoreRelocation, find_trail
from seismo.ship.model import DoesNotFit, RunFacts, Shipped
from seismo.spec.relocations import (
    CoreEnumerator,
    CoreField,
    CoreType,
    FunctionParameter,
    KernelSymbol,
    Relocation,
    RunValue,
    TracepointField,
)
from seismo.spec.types import ProgramSpec

__all__ = ("FormatText", "fit")

FormatText: TypeAlias = Callable[[str, str], str]
"""The format file of the tracepoint `category`, `name`, as `Tracefs.format_text` has it."""

_TYPEDEF = "btf_trace_"  # include/trace/bpf_probe.h: what begins the names of raw tracepoints
_BUILD_HINT = "hint: build it on a kernel like this one, or for its types (--btf)"
_ENUMS = (Kind.ENUM, Kind.ENUM64)
_MEMORY = (Class.LDX, Class.ST, Class.STX)


def fit(shipped: Shipped, facts: KernelFacts, formats: FormatText, run: RunFacts) -> Plan:
    """The plan with everything put in that depends on the kernel and the run.

    Raises `DoesNotFit` for another architecture, and where the kernel lacks what the script needs
    or has it otherwise than the script can take; `CoreError` where its types contradict themselves;
    `NotSupported` for a kernel that does not tell its types; `NotInKernel` and `SymbolNotFound` for
    a tracepoint or a symbol that is not there.
    """
    plan, machine = shipped.manifest.plan, shipped.manifest.machine
    if machine != facts.machine():
        raise DoesNotFit(
            f"the script was built for {machine}, and this is {facts.machine()}\n"
            "hint: build it for this architecture: `seismo build`"
        )
    answers = _Answers(shipped, facts, formats, run)
    for assumption, expected in plan.assumptions:
        answers.check(assumption, expected)
    programs = tuple([_fitted(one, shipped, answers) for one in plan.object.programs])
    plan = with_enums(plan, tuple([answers.constants(*one) for one in plan.enums]))
    return replace(plan, object=replace(plan.object, programs=programs), assumptions=(), enums=())


def _fitted(program: ProgramSpec, shipped: Shipped, answers: _Answers) -> ProgramSpec:
    insns = list(answers.relocated(program, shipped.core.get(program.name, ())))
    for index, relocation in program.relocations:
        insns[index] = _with_value(insns[index], answers.value(relocation))
    return replace(program, insns=tuple(insns), relocations=())


def _with_value(insn: Insn, value: int) -> Insn:
    """A load's or store's offset, otherwise the immediate."""
    if insn.op & CLASS_MASK in _MEMORY:
        return replace(insn, off=value)
    return replace(insn, imm=value & U64_MAX if insn.op == LD_IMM64 else value)


def _words(relocation: Relocation) -> str:
    """What is asked of a kernel, for people."""
    match relocation:
        case CoreField():
            return f"the {_noun(relocation.kind)} of `{relocation.record}: {relocation.path}`"
        case CoreType():
            return f"the {_noun(relocation.kind)} of `{relocation.type}`"
        case CoreEnumerator():
            return f"the {_noun(relocation.kind)} of `{relocation.name}`"
        case TracepointField():
            place = f"{relocation.category}:{relocation.tracepoint}"
            return f"the {relocation.what} of `{relocation.field}` in tracepoint:{place}"
        case FunctionParameter():
            return f"the place of `{relocation.parameter}` among what {relocation.function} takes"
        case KernelSymbol():
            return f"the address of `{relocation.name}`"
        case RunValue():
            return relocation.name


def _noun(kind: CoreKind) -> str:
    """`byte size` of `FIELD_BYTE_SIZE`."""
    return kind.name.partition("_")[2].lower().replace("_", " ")


class _Answers:
    """What relocations are on this kernel, in this run."""

    def __init__(
        self, shipped: Shipped, facts: KernelFacts, formats: FormatText, run: RunFacts
    ) -> None:
        self._btf = shipped.btf
        self._release = shipped.manifest.release
        self._facts = facts
        self._formats = formats
        self._run = run
        self._records: dict[tuple[str, str], dict[str, FormatField]] = {}

    @cached_property
    def _relocator(self) -> Relocator:
        return Relocator(self._btf, FactTypes(self._facts))

    def relocated(self, program: ProgramSpec, relos: tuple[CoreRelo, ...]) -> tuple[Insn, ...]:
        """The instructions with what CO-RE puts in."""
        if not relos:
            return program.insns
        done = self._relocator.relocate(program.insns, relos, program.name)
        for poison in done.poisons:
            where = ""
            if program.spans:
                where = f"{program.spans[poison.index].location}: "
            raise DoesNotFit(f"{where}this kernel has no `{poison.words}` as the script needs it")
        return done.insns

    def check(self, assumption: Relocation, expected: int) -> None:
        """Raise `DoesNotFit`, with both values, unless it is so here."""
        found = self.value(assumption)
        if found != expected:
            built = f" on Linux {self._release}" if self._release else ""
            raise DoesNotFit(
                f"{_words(assumption)} is {found} on this kernel, and was {expected} where the "
                f"script was built{built}\n{_BUILD_HINT}"
            )

    def value(self, relocation: Relocation) -> int:
        """What it is here."""
        match relocation:
            case TracepointField():
                return self._field(relocation)
            case FunctionParameter():
                return self._parameter(relocation)
            case KernelSymbol():
                return self._facts.symbol(relocation.name)
            case RunValue():
                return self._run_value(relocation.name)
            case CoreEnumerator(enum=""):
                return self._facts.btf().enum_value(relocation.name)
            case _:
                return self._core(relocation)

    def constants(self, name: str, known: Names) -> Names:
        """The constants that the enum has here; one that is not here shows as where it was built.

        An enum without a name (`name` is '') is the one that has the first of its constants.
        """
        btf = self._facts.btf()
        word = name.removeprefix("enum ")
        ids = [id for kind in _ENUMS for id in btf.find_all(word, kind)] if word else []
        ids += [id for id, _ in btf.find_enumerators(known[0][1])] if known and not word else []
        enums = [type_ for id in ids if isinstance(type_ := btf.type(id), Enum | Enum64)]
        return tuple([(one.value, one.name) for one in enums[0].values]) if enums else known

    def _run_value(self, name: str) -> int:
        value: int | None = getattr(self._run, name, None)
        if value is None:
            raise DoesNotFit(f"the script asks for '{name}' of the run: a newer seismo built it")
        return value

    def _core(self, relocation: CoreRelocation) -> int:
        trail = find_trail(self._btf, relocation)
        relo = CoreRelo(instruction=0, type=trail.root, access=trail.access, kind=relocation.kind)
        new = self._relocator.resolve(relo).new
        if new is None:
            raise DoesNotFit(f"this kernel has not {_words(relocation)}, which the script needs")
        return new.number

    def _field(self, wanted: TracepointField) -> int:
        where = wanted.category, wanted.tracepoint
        if where not in self._records:
            text = self._formats(*where)
            fields = parse_format(wanted.category, text).fields
            self._records[where] = {one.name: one for one in fields}
        known = self._records[where]
        if wanted.field not in known:
            hint = did_you_mean(wanted.field, known)
            raise DoesNotFit(
                f"tracepoint:{':'.join(where)} has no field '{wanted.field}' on this kernel"
                + (f"\nhint: {hint}" if hint else "")
            )
        field = known[wanted.field]
        return field.size if wanted.what == "size" else field.offset

    def _parameter(self, wanted: FunctionParameter) -> int:
        for btf in self._tables():
            types, tracepoint = FunctionTypes(btf), wanted.function.removeprefix(_TYPEDEF)
            if tracepoint != wanted.function and tracepoint in types.raw_tracepoints:
                arguments = types.raw_tracepoint(tracepoint)
            elif wanted.function in types:
                arguments = types.arguments(wanted.function)
            else:
                continue
            names = [name for name, _ in arguments.params]
            if wanted.parameter in names:
                return names.index(wanted.parameter)
            raise DoesNotFit(
                f"{wanted.function} has no parameter '{wanted.parameter}' on this kernel"
            )
        raise DoesNotFit(f"this kernel's types have no {wanted.function}")

    def _tables(self) -> Iterator[Btf]:
        yield self._facts.btf()
        for _, btf in self._facts.modules():
            yield btf
