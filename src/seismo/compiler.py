"""`compile_script`: source to `Plan`, stage by stage. Pure: asks the kernel only through a view.

>>> plan = compile_script(Source("stdin", text), view, LowerOptions(possible_cpus=2)).plan

Who wants to see a stage says so with `on_stage`: it is told each stage's name and what formats it.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from seismo.base.dataclass import dataclass, field, replace
from seismo.base.diagnostics import Diagnostic, Diagnostics
from seismo.base.errors import SourceError
from seismo.base.source import Source, Span
from seismo.builtin.options import NO_FILTER, LowerOptions
from seismo.builtin.stdlib import TEXTS
from seismo.builtin.table import AGGREGATES, BUILTINS, SIGNATURES
from seismo.builtin.traced import TRACED
from seismo.codegen.emit import generate
from seismo.ir.func import Func, Module
from seismo.ir.pipeline import optimize
from seismo.isa.encode import encode
from seismo.isa.format import format_listing
from seismo.isa.prog_types import AttachType, ProgType
from seismo.lang.ast import Call, Name, Script
from seismo.lang.check import check
from seismo.lang.config import Config, read_config
from seismo.lang.dump import format_typed
from seismo.lang.expand import ProbeInstance, expand
from seismo.lang.imports import Files, resolve_imports
from seismo.lang.lexer import tokenize
from seismo.lang.macro import expand_macros
from seismo.lang.parse_probe import parse
from seismo.lang.print import format_script
from seismo.lang.script_types import script_types
from seismo.lang.tokens import format_tokens
from seismo.lang.typed import OptionSymbol, TypedProbe, TypedScript
from seismo.lang.typetable import TypeTable
from seismo.lang.walk import Node, walk
from seismo.lower.filter import FAMILY, filter_presets
from seismo.lower.resources import Resources
from seismo.lower.script import Lowered, lower_script
from seismo.plan import Attachment, Plan, RunSettings
from seismo.probes.backend import Backend, Context, Use
from seismo.probes.portable import PortableView, obstacles
from seismo.probes.table import find_kind
from seismo.probes.view import KernelView
from seismo.spec.types import ObjectSpec, ProgramSpec, TracepointAttach

__all__ = ("STAGES", "Compiled", "Inputs", "NoFiles", "OnStage", "compile_script")

STAGES = (
    *("tokens", "ast", "macros", "types", "ir"),
    *("prepare", "regalloc", "asm", "bytes", "layout", "plan"),
)
"""What `-d` prints, in the order of the pipeline; `ir:after=PASS` too."""

OnStage: TypeAlias = Callable[[str, Callable[[], str]], None]

_NAME_BYTES = 15  # include/linux/bpf.h: BPF_OBJ_NAME_LEN, without its NUL
_ON_DEMAND = ("begin", "end", "test", "bench")
_NEWEST_FIRST = ("kprobe", "fentry", "fexit", "uprobe", "usdt")
"""Where the kernel runs what was attached last before the others: these are attached in reverse,
so that the probes of one place run in script order."""
_AT_TRACEPOINT = Backend(prog_type=ProgType.TRACEPOINT, context=Context.RECORD, attach=())


class NoFiles:
    """A file system without files, for scripts that need none."""

    def read(self, path: str) -> str:
        raise FileNotFoundError(path)

    def entries(self, path: str) -> Sequence[str]:
        raise FileNotFoundError(path)

    def is_directory(self, path: str) -> bool:
        return False

    def is_world_writable(self, path: str) -> bool:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a script is compiled with, beside its text and the kernel.

    `parameters` are its `$1`, `$2`, …, `named` what `getopt()` asks for, `environ` the environment
    that settings may stand in. `files` is where imports and `#include "…"` come from, the latter
    also from `include_directories`; `includes` are headers to include first. `mode` is `test` or
    `bench` to compile the probes of that kind and nothing else, whose names `probe_filter` (a
    regular expression) finds.
    """

    parameters: Sequence[str] = ()
    named: Mapping[str, str] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    files: Files = field(default_factory=NoFiles)
    include_directories: Sequence[str] = ()
    includes: Sequence[str] = ()
    is_unsafe: bool = False
    mode: str = ""
    probe_filter: str = ""


@dataclass(frozen=True, slots=True)
class Compiled:
    """The plan, the settings that the script was compiled with, the warnings that did not stop it,
    and the options that it takes from the command line, by name."""

    plan: Plan
    config: Config
    warnings: tuple[Diagnostic, ...]
    options: Mapping[str, OptionSymbol] = field(default_factory=dict)


def compile_script(
    source: Source,
    view: KernelView,
    options: LowerOptions,
    inputs: Inputs | None = None,
    on_stage: OnStage | None = None,
) -> Compiled:
    """Compile a script for the kernel that `view` shows.

    Raises `DiagnosticsError` with every mistake of the first stage that found one, `SourceError`
    for a script that is too large for the kernel, `NotSupported` when tracefs cannot be read.
    """
    return _Compilation(view, options, inputs or Inputs(), on_stage or _nobody).run(source)


def _nobody(_: str, __: Callable[[], str]) -> None:
    """Nobody asked to see the stages."""


class _Compilation:
    """The stages, and what all of them share."""

    def __init__(
        self, view: KernelView, options: LowerOptions, inputs: Inputs, tell: OnStage
    ) -> None:
        self.view = PortableView(view, options.oldest_kernel) if options.is_portable else view
        self.options = options
        self.inputs = inputs
        self.tell = tell
        self.diagnostics = Diagnostics()

    def run(self, source: Source) -> Compiled:
        script = self.parsed(source)
        config = read_config(script.config, self.inputs.environ, self.diagnostics)
        script = self.expanded(script)
        if self.options.filter != NO_FILTER and _asks(script, TRACED.name):
            self.options = replace(self.options, filters_itself=True)
        types = script_types(script, self.view, self.included, self.diagnostics)
        typed = self.checked(script, types, config)
        lowered = self.lowered(typed, types, config)
        if self.options.filter.and_children:
            lowered = _with_family(lowered, self.view, self.options, source)
        backends = [probe.place.backend for probe in typed.probes]
        backends += [_AT_TRACEPOINT] * (len(lowered.module.funcs) - len(backends))
        funcs = _optimized(lowered.module, self.tell)
        programs = self.programs(funcs, backends, config)
        self.tell("layout", lambda: _layouts(lowered))
        plan = _plan(typed, lowered, programs, self.options, config)
        self.tell("plan", lambda: str(plan))
        return Compiled(plan, config, self.diagnostics.warnings, typed.options)

    def parsed(self, source: Source) -> Script:
        """The tree, with all that it imports."""
        self.tell("tokens", lambda: format_tokens(tokenize(source)))
        inputs, diagnostics = self.inputs, self.diagnostics
        script = parse(source, diagnostics, inputs.parameters)
        script = resolve_imports(script, inputs.files, diagnostics, inputs.parameters)
        if not script.probes and not diagnostics.errors:
            hint = "a probe is an attach point and a block: BEGIN { … }"
            diagnostics.error(Span(source, 0, 0), "the script has no probe", hint)
        diagnostics.stop_on_errors()
        if inputs.includes:
            lines = Source("--include", "\n".join(f'#include "{one}"' for one in inputs.includes))
            script = replace(script, c_text=(*_lines(lines), *script.c_text))
        self.tell("ast", lambda: format_script(script))
        return script

    def expanded(self, script: Script) -> Script:
        """The tree without macros."""
        expanded = expand_macros(script, TEXTS, self.diagnostics, SIGNATURES)
        self.diagnostics.stop_on_errors()
        self.tell("macros", lambda: format_script(expanded))
        return expanded

    def checked(self, script: Script, types: TypeTable, config: Config) -> TypedScript:
        diagnostics, inputs = self.diagnostics, self.inputs
        options = self.options
        pid = options.filter.only_pid
        use = Use(
            pid=0 if options.filters_itself else pid,
            command_pid=options.command_pid or pid,
            is_unsafe=inputs.is_unsafe,
        )
        instances = self.selected(expand(script, self.view, diagnostics, config, use))
        if options.is_portable:
            for one in instances:
                for point, message, hint in obstacles(one.points, one.backend):
                    diagnostics.error(point.span, message, hint)
        if len(instances) > config.max_bpf_progs:
            span = instances[config.max_bpf_progs].probe.attach_points[0].span
            message = (
                f"the script becomes {len(instances)} programs, more than {config.max_bpf_progs}"
            )
            diagnostics.error(span, message, "raise max_bpf_progs")
        diagnostics.stop_on_errors()
        typed = check(
            script,
            instances,
            SIGNATURES,
            self.view,
            types,
            config,
            inputs.named,
            diagnostics,
            is_unsafe=inputs.is_unsafe,
        )
        diagnostics.stop_on_errors()
        self.tell("types", lambda: format_typed(typed))
        return typed

    def selected(self, instances: Sequence[ProbeInstance]) -> tuple[ProbeInstance, ...]:
        """The programs that the mode wants: tests, benchmarks, or all but these."""
        mode, pattern = self.inputs.mode, re.compile(self.inputs.probe_filter)
        chosen: list[ProbeInstance] = []
        for one in instances:
            point = one.points[0]
            is_wanted = point.kind == mode and bool(pattern.search(point.target[0]))
            if is_wanted if mode else point.kind not in ("test", "bench"):
                chosen.append(one)
        return tuple(chosen)

    def included(self, span: Span, path: str) -> str:
        """The text of `#include "path"`."""
        here = os.path.dirname(span.source.name)
        for directory in (here, *self.inputs.include_directories):
            try:
                return self.inputs.files.read(os.path.join(directory, path))
            except OSError:
                continue
        raise SourceError(
            span, f"cannot read {path}", "-I DIR names a directory to look for headers in"
        )

    def lowered(self, typed: TypedScript, types: TypeTable, config: Config) -> Lowered:
        shared = Resources(
            options=self.options,
            config=config,
            builtins=BUILTINS,
            aggregates=AGGREGATES,
            maps=typed.maps,
            functions=typed.functions,
            types=types,
        )
        return lower_script(typed, _program_name, _return_value, shared)

    def programs(
        self, funcs: Sequence[Func], backends: Sequence[Backend], config: Config
    ) -> tuple[ProgramSpec, ...]:
        """The code of every function."""
        made = tuple(
            self.program(func, backend, config)
            for func, backend in zip(funcs, backends, strict=True)
        )
        self.tell("asm", lambda: "\n\n".join(_assembly(one) for one in made))
        self.tell(
            "bytes", lambda: "\n".join(f"{one.name} {encode(one.insns).hex()}" for one in made)
        )
        return made

    def program(self, func: Func, backend: Backend, config: Config) -> ProgramSpec:
        code = generate(func, self.tell_of_code if self.tell is not _nobody else None)
        return ProgramSpec(
            name=func.name,
            type=backend.prog_type,
            expected_attach_type=backend.attach_type,
            target=backend.target,
            insns=code.insns,
            map_refs=code.map_refs,
            spans=code.spans,
            functions=code.functions,
            license=config.license,
            relocations=code.relocations,
        )

    def tell_of_code(self, stage: str, what: object) -> None:
        self.tell(stage, lambda: str(what))


def _asks(script: Script, name: str) -> bool:
    """Whether the built-in of this name stands anywhere in the script."""
    trees: tuple[Node, ...] = (*script.probes, *script.functions)
    return any(
        isinstance(node, (Name, Call)) and node.name == name
        for tree in trees
        for node in walk(tree)
    )


def _lines(source: Source) -> list[Span]:
    spans: list[Span] = []
    start = 0
    for line in source.text.splitlines(keepends=True):
        spans.append(Span(source, start, start + len(line.rstrip())))
        start += len(line)
    return spans


def _with_family(
    lowered: Lowered, view: KernelView, options: LowerOptions, source: Source
) -> Lowered:
    """The same with the programs that follow the family, as the last ones."""
    span, value = Span(source, 0, 0), find_kind("tracepoint").return_value
    family = [one.program(view.tracepoint(*one.place), options, value, span) for one in FAMILY]
    return replace(lowered, module=Module((*lowered.module.funcs, *family)))


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


def _return_value(probe: TypedProbe) -> int:
    return probe.place.kind.return_value


def _notes(typed: TypedScript, options: LowerOptions) -> tuple[str, ...]:
    """By which means the probes are served, and that they are not filtered if they are not."""
    own = "every probe: the script filters by itself (`traced`)"
    means = [_note(probe) for probe in typed.probes if probe.place.backend.why]
    return (own, *means) if options.filters_itself else tuple(means)


def _note(probe: TypedProbe) -> str:
    names = probe.place.names
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{more}: {probe.place.backend.why}"


def _attachments(probe: TypedProbe, program: str) -> list[Attachment]:
    """One for each point, or as many as the backend makes of them."""
    names, specs = probe.place.names, probe.place.backend.attach
    whole = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    labels = names if len(names) == len(specs) else [whole] * len(specs)
    may_fail = any(point.is_wild for point in probe.points)
    return [
        Attachment(program, label, spec, may_fail)
        for label, spec in zip(labels, specs, strict=True)
    ]


def _own_attachments(
    lowered: Lowered, programs: Sequence[ProgramSpec], options: LowerOptions
) -> list[Attachment]:
    """What must be attached before the probes: what follows the family; and what takes arguments up
    again, before what puts them aside."""
    retries = [
        Attachment(program.name, f"tracepoint:{':'.join(where)}", TracepointAttach(*where))
        for program, where in zip(programs, lowered.retries, strict=False)
    ]
    family = FAMILY if options.filter.and_children else ()
    return [
        *(Attachment(one.name, one.label, TracepointAttach(*one.place)) for one in family),
        *retries,
    ]


def _plan(
    typed: TypedScript,
    lowered: Lowered,
    programs: tuple[ProgramSpec, ...],
    options: LowerOptions,
    config: Config,
) -> Plan:
    on_demand: dict[str, list[tuple[str, str]]] = {kind: [] for kind in _ON_DEMAND}
    first: list[Attachment] = []
    last: list[Attachment] = []
    for probe, program in zip(typed.probes, programs, strict=False):
        kind = probe.place.kind.name
        if kind in on_demand:
            on_demand[kind] += [(":".join(one.target), program.name) for one in probe.points]
        elif kind in _NEWEST_FIRST or probe.place.backend.attach_type is AttachType.TRACE_FEXIT:
            last[:0] = _attachments(probe, program.name)
        else:
            first += _attachments(probe, program.name)
    attachments = first + last
    attachments[:0] = _own_attachments(lowered, programs[len(typed.probes) :], options)
    return Plan(
        object=ObjectSpec(maps=lowered.maps, programs=programs),
        attachments=tuple(attachments),
        begin=tuple(program for _, program in on_demand["begin"]),
        end=tuple(program for _, program in on_demand["end"]),
        probe_count=sum(len(probe.points) for probe in typed.probes),
        events=lowered.events,
        maps=lowered.views,
        presets=filter_presets(options),
        tables=lowered.tables,
        packets=lowered.packets,
        faults=lowered.faults,
        tests=tuple(on_demand["test"]),
        benches=tuple(on_demand["bench"]),
        cgroups=options.filter.cgroups,
        assumptions=lowered.assumptions,
        enums=lowered.enums,
        notes=_notes(typed, options),
        settings=RunSettings(
            print_maps_on_exit=config.print_maps_on_exit,
            max_cat_bytes=config.max_cat_bytes,
            str_trunc_trailer=config.str_trunc_trailer,
            cpp_demangle=config.cpp_demangle,
            missing_probes=config.missing_probes,
        ),
    )
