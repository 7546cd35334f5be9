"""`compile_script`: source to `Plan`, stage by stage. Pure: asks the kernel only through a view.

>>> plan = compile_script(Source("stdin", text), view, LowerOptions(possible_cpus=2)).plan

Who wants to see a stage says so with `on_stage`: it is told each stage's name and what formats it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from seismo.base.dataclass import dataclass, replace
from seismo.base.diagnostics import Diagnostic, Diagnostics
from seismo.base.source import Source, Span
from seismo.builtin.table import AGGREGATES, BUILTINS, SIGNATURES
from seismo.codegen.emit import generate
from seismo.ir.func import Func, Module
from seismo.ir.pipeline import optimize
from seismo.isa.encode import encode
from seismo.isa.format import format_listing
from seismo.isa.prog_types import ProgType
from seismo.lang.ast import Script
from seismo.lang.check import check
from seismo.lang.dump import format_typed
from seismo.lang.expand import expand
from seismo.lang.lexer import tokenize
from seismo.lang.parse_probe import parse
from seismo.lang.print import format_script
from seismo.lang.tokens import format_tokens
from seismo.lang.typed import TypedProbe, TypedScript
from seismo.lower.filter import FORK_TRACEPOINT, family_entry, follow_forks
from seismo.lower.limits import check_limits
from seismo.lower.resources import TREE_MAP, LowerOptions, Resources
from seismo.lower.script import Lowered, lower_script
from seismo.plan import Attachment, Plan
from seismo.probes.table import find_kind
from seismo.probes.view import KernelView
from seismo.spec.types import ObjectSpec, ProgramSpec, TracepointAttach

__all__ = ("STAGES", "Compiled", "OnStage", "compile_script")

STAGES = ("tokens", "ast", "types", "ir", "asm", "bytes", "layout", "plan")
"""What `-d` prints, in the order of the pipeline; `ir:after=PASS` too."""

OnStage: TypeAlias = Callable[[str, Callable[[], str]], None]

_NAME_BYTES = 15  # include/linux/bpf.h: BPF_OBJ_NAME_LEN, without its NUL
_FAMILY_PROGRAM = "follow_forks"


@dataclass(frozen=True, slots=True)
class Compiled:
    """The plan, and the warnings that did not stop it."""

    plan: Plan
    warnings: tuple[Diagnostic, ...]


def compile_script(
    source: Source,
    view: KernelView,
    options: LowerOptions,
    parameters: Sequence[str] = (),
    on_stage: OnStage | None = None,
) -> Compiled:
    """Compile a script for the kernel that `view` shows; `parameters` are its `$1`, `$2`, …

    Raises `DiagnosticsError` with every mistake of the first stage that found one, `SourceError`
    for a script that is too large for the kernel, `NotSupported` when tracefs cannot be read.
    """
    tell = on_stage or _nobody
    diagnostics = Diagnostics()
    script = _parse(source, parameters, diagnostics, tell)
    typed = _check(script, view, diagnostics, tell)
    lowered = _lower(typed, options)
    if options.filter.and_children:
        lowered = _with_family(lowered, view, source)
    types = [_prog_type(probe) for probe in typed.probes]
    types += [ProgType.TRACEPOINT] * (len(lowered.module.funcs) - len(types))
    programs = tuple(
        _program(func, type_)
        for func, type_ in zip(_optimized(lowered.module, tell), types, strict=True)
    )
    tell("asm", lambda: "\n\n".join(_assembly(one) for one in programs))
    tell("bytes", lambda: "\n".join(f"{one.name} {encode(one.insns).hex()}" for one in programs))
    tell("layout", lambda: _layouts(lowered))
    plan = _plan(typed, lowered, programs, options)
    tell("plan", lambda: str(plan))
    return Compiled(plan, diagnostics.warnings)


def _nobody(_: str, __: Callable[[], str]) -> None:
    """Nobody asked to see the stages."""


def _parse(
    source: Source, parameters: Sequence[str], diagnostics: Diagnostics, tell: OnStage
) -> Script:
    tell("tokens", lambda: format_tokens(tokenize(source)))
    script = parse(source, diagnostics, parameters)
    diagnostics.stop_on_errors()
    tell("ast", lambda: format_script(script))
    return script


def _check(
    script: Script, view: KernelView, diagnostics: Diagnostics, tell: OnStage
) -> TypedScript:
    instances = expand(script, view, diagnostics)
    diagnostics.stop_on_errors()
    typed = check(script, instances, SIGNATURES, view, diagnostics)
    check_limits(typed, diagnostics)
    diagnostics.stop_on_errors()
    tell("types", lambda: format_typed(typed))
    return typed


def _lower(typed: TypedScript, options: LowerOptions) -> Lowered:
    shared = Resources(options=options, builtins=BUILTINS, aggregates=AGGREGATES, maps=typed.maps)
    return lower_script(typed, _program_name, _return_value, shared)


def _with_family(lowered: Lowered, view: KernelView, source: Source) -> Lowered:
    """The same with the program that follows forks, as the last one."""
    family = follow_forks(
        _FAMILY_PROGRAM,
        view.tracepoint(*FORK_TRACEPOINT),
        find_kind("tracepoint").return_value,
        Span(source, 0, 0),
    )
    return replace(lowered, module=Module((*lowered.module.funcs, family)))


def _optimized(module: Module, tell: OnStage) -> list[Func]:
    """Every function after the passes; each pass's result is one stage over all functions."""
    tell("ir:before", lambda: str(module))
    after: dict[str, list[str]] = {}

    def keep(name: str, func: Func) -> None:
        after.setdefault(name, []).append(str(func))

    is_watched = tell is not _nobody
    funcs = [optimize(func, keep if is_watched else None) for func in module.funcs]
    for name, listings in after.items():
        tell(f"ir:after={name}", _joined(listings))
    tell("ir", lambda: str(Module(tuple(funcs))))
    return funcs


def _joined(listings: list[str]) -> Callable[[], str]:
    return lambda: "\n\n".join(listings)


def _program(func: Func, type_: ProgType) -> ProgramSpec:
    code = generate(func)
    return ProgramSpec(
        name=func.name,
        type=type_,
        insns=code.insns,
        map_refs=code.map_refs,
        spans=code.spans,
    )


def _assembly(program: ProgramSpec) -> str:
    listing = format_listing(program.insns, maps=dict(program.map_refs), spans=program.spans)
    return f"{program.name}: {program.type.kernel_name}\n{listing}"


def _layouts(lowered: Lowered) -> str:
    keys = [f"{one.name} key\n{one.key}" for one in lowered.views if one.key is not None]
    records = [
        f"event {one.id} {one.action.value}\n{one.layout}" for one in lowered.events.values()
    ]
    return "\n\n".join([*records, *keys])


def _program_name(index: int, probe: TypedProbe) -> str:
    """Unique, and at most what the kernel keeps: `0_sys_enter_open`."""
    point = probe.points[0]
    name = re.sub(r"\W", "_", point.target[-1] if point.target else point.kind)
    return f"{index}_{name}"[:_NAME_BYTES]


def _prog_type(probe: TypedProbe) -> ProgType:
    return find_kind(probe.points[0].kind).prog_type


def _return_value(probe: TypedProbe) -> int:
    return find_kind(probe.points[0].kind).return_value


def _plan(
    typed: TypedScript, lowered: Lowered, programs: tuple[ProgramSpec, ...], options: LowerOptions
) -> Plan:
    once: dict[str, list[str]] = {"begin": [], "end": []}
    attachments: list[Attachment] = []
    for probe, program in zip(typed.probes, programs, strict=False):
        for point in probe.points:
            kind = find_kind(point.kind)
            if kind.name in once:
                once[kind.name].append(program.name)
            else:
                attachments.append(Attachment(program.name, str(point), kind.attach(point)))
    presets: list[tuple[str, bytes, bytes]] = []
    if options.filter.and_children:
        family = Attachment(_FAMILY_PROGRAM, "", TracepointAttach(*FORK_TRACEPOINT))
        attachments.insert(0, family)
        presets.append((TREE_MAP, *family_entry(options.filter.pid)))
    return Plan(
        object=ObjectSpec(maps=lowered.maps, programs=programs),
        attachments=tuple(attachments),
        begin=tuple(once["begin"]),
        end=tuple(once["end"]),
        probe_count=sum(len(probe.points) for probe in typed.probes),
        events=lowered.events,
        maps=lowered.views,
        presets=tuple(presets),
    )
