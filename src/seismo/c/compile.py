"""`compile_c`: the text of a C program to its checked tree; `build_program`: one function to code.

>>> unit = compile_c(Source("<text>", text), view)
>>> program = build_program(unit, "tracepoint__sched__sched_switch", TRACEPOINT, view)
>>> spec = ObjectSpec(maps=map_specs(unit), programs=(program,), btf=map_types(unit))

Pure: asks the kernel only through a view. A text is compiled once; which of its functions become
programs, and of which type, is known only when they are attached.
"""

from __future__ import annotations

import os.path
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from seismo.base.dataclass import dataclass, field, replace
from seismo.base.diagnostics import Diagnostics
from seismo.base.errors import SourceError
from seismo.base.source import Source
from seismo.c.entry import entry_of
from seismo.c.flavour import Flavour
from seismo.c.headers.kernel_headers import KernelHeaders
from seismo.c.host import ProgramHost
from seismo.c.kernel_types import KernelTypes
from seismo.c.kernel_values import KernelValues, without_flavour
from seismo.c.lower.program import lower_program
from seismo.c.parse import parse
from seismo.c.parse_library import c_ast
from seismo.c.preprocess import preprocess
from seismo.c.sema.check import check
from seismo.c.tables import map_specs, map_types
from seismo.c.tokens import CToken
from seismo.c.tree import Unit
from seismo.codegen.emit import generate
from seismo.ir.func import Func
from seismo.ir.passes.copyprop import copyprop
from seismo.ir.passes.known_loads import known_loads
from seismo.ir.pipeline import everywhere, optimize
from seismo.isa.format import format_listing
from seismo.isa.opcode import CLASS_MASK, Class
from seismo.probes.view import KernelView
from seismo.spec.relocations import CoreField, CoreType, Relocation
from seismo.spec.types import ProgramSpec

__all__ = (
    "COptions",
    "OnStage",
    "build_program",
    "compile_c",
    "map_specs",
    "map_types",
    "read_c",
    "read_cflags",
)

OnStage: TypeAlias = Callable[[str, Callable[[], str]], None]
ReadFile: TypeAlias = Callable[[str], str]


def _no_files(path: str) -> str:
    raise FileNotFoundError(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class COptions:
    """What a text is compiled with: macros from outside, and where `#include "…"` is looked for.

    `read_file` gives a file's text; OSError where there is none. With `is_portable` programs are
    for other kernels, too: what they take of a kernel's types is in `ProgramSpec.relocations`.
    Without `has_core` libbpf's macros for that are left alone: clang's headers have them.
    """

    defines: Mapping[str, str] = field(default_factory=dict)
    include_directories: Sequence[str] = ()
    read_file: ReadFile = _no_files
    is_portable: bool = False
    has_core: bool = True


_OPTIONS = COptions()


def read_cflags(cflags: Sequence[str], read_file: ReadFile = _no_files) -> COptions:
    """The options that a compiler's flags mean: `-DNAME[=text]`, `-UNAME`, `-Idirectory`, the
    operand in the same flag or in the next.

    Others are about warnings, optimising or what else means nothing here, and are passed over.

    >>> read_cflags(["-DMAX_PID=4194304", "-I", "/tmp", "-Wno-x"]).defines
    {'MAX_PID': '4194304'}
    """
    defines: dict[str, str] = {}
    directories: list[str] = []
    flags = iter(cflags)
    for flag in flags:
        word, operand = flag[:2], flag[2:]
        if word not in ("-D", "-U", "-I"):
            continue
        operand = operand or next(flags, "")
        name, is_given, text = operand.partition("=")
        if word == "-D":
            defines[name] = text if is_given else "1"
        elif word == "-U":
            defines.pop(name, None)
        else:
            directories.append(operand)
    return COptions(defines=defines, include_directories=directories, read_file=read_file)


def compile_c(
    source: Source,
    view: KernelView,
    options: COptions = _OPTIONS,
    on_stage: OnStage | None = None,
) -> Unit:
    """The checked tree of a program's text.

    Raises `DiagnosticsError` with every mistake of the first stage that found one.
    """
    types, diagnostics = KernelTypes(view), Diagnostics()
    _, tree = read_c(source, view, types, options, on_stage)
    unit = check(tree, types, diagnostics, is_portable=options.is_portable)
    diagnostics.stop_on_errors()
    return replace(unit, warnings=diagnostics.warnings)


def read_c(
    source: Source,
    view: KernelView,
    types: KernelTypes,
    options: COptions = _OPTIONS,
    on_stage: OnStage | None = None,
) -> tuple[tuple[CToken, ...], c_ast.FileAST]:
    """The tokens of a program's text, and the tree that they are; `DiagnosticsError`."""
    diagnostics = Diagnostics()
    headers = KernelHeaders(view, has_core=options.has_core)
    tokens = preprocess(source, headers, options.defines, diagnostics, _finder(options))
    diagnostics.stop_on_errors()
    if on_stage is not None:
        on_stage("tokens", lambda: "\n".join(str(one) for one in tokens))
    tree = parse(tokens, types.has_typedef, diagnostics)
    diagnostics.stop_on_errors()
    return tokens, tree


def _finder(options: COptions) -> Callable[[str, Source], Source]:
    """What finds a file beside the one that includes it, or in the directories of `-I`."""

    def find(name: str, includer: Source) -> Source:
        for directory in (os.path.dirname(includer.name), *options.include_directories):
            path = os.path.join(directory, name)
            try:
                return Source(path, options.read_file(path))
            except OSError:
                continue
        raise KeyError(name)

    return find


def build_program(
    unit: Unit,
    function: str,
    flavour: Flavour,
    view: KernelView,
    on_stage: OnStage | None = None,
) -> ProgramSpec:
    """The code of one function of the text as a program of that flavour.

    Raises `SourceError` for what such a program cannot do, KeyError for no such function.
    """
    decl = unit.functions[function]
    entry = entry_of(flavour, function, view.machine())
    func = lower_program(decl, entry, ProgramHost(unit, flavour, view), unit.assumptions)
    program = _generated(func, flavour, unit.license, on_stage)
    return program if unit.is_portable else _settled(program, KernelValues(view))


def _settled(program: ProgramSpec, values: KernelValues) -> ProgramSpec:
    """A program for the kernel at hand with the places of members in contexts; SourceError for what
    that kernel lacks."""
    insns = list(program.insns)
    for index, relocation in program.relocations:
        found = values.value(relocation) if isinstance(relocation, CoreField) else None
        if found is None or insns[index].op & CLASS_MASK != Class.LDX:
            hint = "where it may be missing, ask first: if (bpf_core_field_exists(…))"
            message = f"this kernel has no {_shown(relocation)}"
            raise SourceError(program.spans[index], message, hint)
        insns[index] = replace(insns[index], off=found)
    return replace(program, insns=tuple(insns), relocations=())


def _shown(relocation: Relocation) -> str:
    match relocation:
        case CoreField(record=record, path=path):
            return f"`{without_flavour(record)}: {path}`"
        case CoreType(type=name):
            return f"`{without_flavour(name)}`"
        case _:
            return f"`{relocation}`"


def _generated(func: Func, flavour: Flavour, license: str, on_stage: OnStage | None) -> ProgramSpec:
    """The code of a function of the IR."""
    if on_stage is not None:
        on_stage("ir:before", lambda: str(func))
    for run in (copyprop, known_loads):
        func = everywhere(run, func)
    func = optimize(func)
    if on_stage is not None:
        on_stage("ir", lambda: str(func))
    code = generate(func)
    program = ProgramSpec(
        name=func.name,
        type=flavour.type,
        expected_attach_type=flavour.expected_attach_type,
        target=flavour.target,
        insns=code.insns,
        map_refs=code.map_refs,
        spans=code.spans,
        functions=code.functions,
        relocations=code.relocations,
        license=license,
    )
    if on_stage is not None:
        on_stage("asm", lambda: _assembly(program))
    return program


def _assembly(program: ProgramSpec) -> str:
    listing = format_listing(program.insns, maps=dict(program.map_refs), spans=program.spans)
    return f"{program.name}: {program.type.kernel_name}\n{listing}"
