"""`seismo build`: a script or a C program as a file that runs on other kernels."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError
from seismo.base.source import Source
from seismo.btf.spec import Btf
from seismo.builtin.options import LowerOptions
from seismo.compiler import Compiled, Inputs, compile_script
from seismo.facts import open_types
from seismo.files import LiveFiles
from seismo.kernel.live import LiveKernel
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.lang.parameters import parse_options
from seismo.plan import Plan
from seismo.probes.portable import PortableView
from seismo.probes.view import KernelView
from seismo.ship.bundle import bundle
from seismo.ship.model import Manifest
from seismo.ship.run import build_id_of
from seismo.ship.since import check_oldest
from seismo.ship.write import write_object
from seismo.spec.types import UprobeAttach, UprobeMultiAttach
from seismo.tools.table import NAMES, find_tool
from seismo.tools.tool import Tool
from seismo.ui.cli.build_c import C_SUFFIX, built_object, read_options
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.parser import parser_for
from seismo.ui.cli.tasks import Tasks, add_task_options, take_tasks, task_filter
from seismo.ui.cli.terminal import has_color, painted
from seismo.ui.cli.tool import tool_parser
from seismo.views import LiveView

__all__ = ("build_parser", "run_build")

_USAGE = """seismo build [options] (-e PROGRAM | FILE | TOOL) [-o NAME.bo] [--bundle NAME.pyz]
                    [PARAMETER ...] [-- --NAME[=VALUE] ...]
       seismo build FILE.c -o NAME.bpf.o [-I DIR] [-D NAME[=TEXT]] [--btf FILE]"""
_EXAMPLES = """examples:
  seismo build opens.bt -o opens.bo          run it with `seismo opens.bo`
  seismo build opens.bt --bundle opens.pyz   run it with `./opens.pyz`, where there is but Python
  seismo build opensnoop --tree --bundle opensnoop.pyz   then `./opensnoop.pyz -c CMD` traces CMD
  seismo build opensnoop --comm ls --bundle opensnoop.pyz -- --failed
  seismo build opens.bt --oldest 6.6 --btf vmlinux-6.6.btf -o opens.bo
  seismo build prog.c -o prog.bpf.o          C, compiled without clang, for any kernel and loader
"""
_OLDEST = (6, 1)
_RUNNABLE = 0o755
_HERE_ONLY = {
    "command": ("-c", "give it when the script runs"),
    "cgroup": ("--cgroup", "its id is this machine's"),
    "container": ("--container", "its id is this machine's"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    """What is built, for which kernels, and where it goes; of several sources the first that
    compiles. `tool` is the ready-made one that they are of, if they are of any."""

    sources: tuple[Source, ...]
    tool: Tool | None
    tool_options: tuple[tuple[str, int], ...]
    parameters: tuple[str, ...]
    named: Mapping[str, str]
    output: str
    bundle: str
    oldest: tuple[int, int]
    btf: str
    tasks: Tasks
    is_unsafe: bool
    include_directories: tuple[str, ...]
    includes: tuple[str, ...]
    reports_helper_errors: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _COptions:
    """The same of a C program."""

    path: str
    output: str
    btf: str
    include_directories: tuple[str, ...]
    macros: tuple[str, ...]


class _OtherKernel(LiveView):
    """This machine, but for the kernel's types, which are those of a file."""

    def __init__(self, kernel: Kernel, tracefs: Tracefs, types: Btf) -> None:
        super().__init__(kernel, tracefs)
        self._types = types

    def btf(self) -> Btf:
        """The types of the file."""
        return self._types

    def module_btf(self, module: str = "") -> Iterator[Btf]:
        """None: a module's types continue those of the kernel that runs."""
        yield from ()


def run_build(arguments: Sequence[str]) -> int:
    """Compile the script and write what was asked for; the exit status."""
    options = _parse(arguments)
    kernel = LiveKernel()
    if isinstance(options, _COptions):
        return _build_c(options, kernel)
    with Tracefs(kernel) as tracefs:
        view = PortableView(_view(kernel, tracefs, options.btf), options.oldest)
        lowering = LowerOptions(
            possible_cpus=view.possible_cpus(),
            filter=task_filter(options.tasks, kernel, 0),
            reports_helper_errors=options.reports_helper_errors,
            is_portable=True,
            oldest_kernel=options.oldest,
        )
        compiled = _compiled(options, view, lowering)
        for text in (*map(str, compiled.warnings), *_of_this_machine(options.tasks)):
            print(painted(text) if has_color(os.environ) else text, file=sys.stderr)
        if not compiled.plan.probe_count:
            raise InputError("the script has nothing to attach, only tests or benchmarks")
        manifest = Manifest(
            plan=compiled.plan,
            machine=view.machine(),
            release=os.uname().release,
            tool=options.tool.name if options.tool else "",
            options=options.tool_options,
            files=_files(compiled.plan),
        )
        data = write_object(manifest, view.btf())
    if options.output:
        _write(options.output, data)
    if options.bundle:
        _write(options.bundle, bundle(data, _module_of(options.tool) if options.tool else ""))
        os.chmod(options.bundle, _RUNNABLE)
    return 0


def _build_c(options: _COptions, kernel: Kernel) -> int:
    """Write the object file of a C program; the exit status."""
    with Tracefs(kernel) as tracefs:
        view = _view(kernel, tracefs, options.btf)
        given = read_options(options.include_directories, options.macros)
        _write(options.output, built_object(options.path, view, given))
    return 0


def _view(kernel: Kernel, tracefs: Tracefs, btf: str) -> LiveView:
    """This kernel, or with the types of the file `btf`."""
    return _OtherKernel(kernel, tracefs, open_types(btf)) if btf else LiveView(kernel, tracefs)


def _of_this_machine(tasks: Tasks) -> Iterator[str]:
    """A warning that the filter is for one process, if it is."""
    if tasks.tid or tasks.pid:
        given = f"-t {tasks.tid}" if tasks.tid else f"-p {tasks.pid}"
        yield f"warning: {given} is built in: on another machine that is another task, if any"


def _compiled(options: _Options, view: KernelView, lowering: LowerOptions) -> Compiled:
    """The first of the sources that compiles for these kernels; else the last one's mistakes."""
    *first, last = options.sources
    for source in first:
        try:
            return _compiled_one(source, options, view, lowering)
        except BpfError:
            continue
    return _compiled_one(last, options, view, lowering)


def _compiled_one(
    source: Source, options: _Options, view: KernelView, lowering: LowerOptions
) -> Compiled:
    compiled = compile_script(source, view, lowering, _inputs(options))
    check_oldest(compiled.plan, options.oldest)
    return compiled


def _inputs(options: _Options) -> Inputs:
    return Inputs(
        parameters=options.parameters,
        named=options.named,
        environ=os.environ,
        files=LiveFiles(),
        include_directories=options.include_directories,
        includes=options.includes,
        is_unsafe=options.is_unsafe or (options.tool is not None and options.tool.is_unsafe),
    )


def _files(plan: Plan) -> tuple[tuple[str, str], ...]:
    """The programs of user space that the plan looks into, each with its build id."""
    paths = [
        one.at.path
        for one in plan.attachments
        if isinstance(one.at, UprobeAttach | UprobeMultiAttach)
    ]
    return tuple([(path, build_id_of(path)) for path in dict.fromkeys(paths)])


def _module_of(tool: Tool) -> str:
    """The module with the tool's record."""
    return f"seismo.tools.{tool.area.value}.{tool.name}"


def _write(path: str, data: bytes) -> None:
    try:
        with open(path, "wb") as file:
            file.write(data)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error


def build_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo build`."""
    text = "Compile a script or a C program into a file."
    parser = parser_for("seismo build", text, _EXAMPLES)
    parser.usage = _USAGE
    add = parser.add_argument
    add("words", nargs="*", metavar="FILE, PARAMETER", help="the script; then its $1, $2, …")
    add("-e", dest="program", metavar="PROGRAM", help="script text")
    add("-o", "--output", default="", metavar="NAME.bo", help="an object file with the programs")
    text = "one file that runs the script, and needs nothing but Python 3.11"
    add("--bundle", default="", metavar="NAME.pyz", help=text)
    text = "the oldest kernel that it shall run on (6.1)"
    add("--oldest", type=_version, default=_OLDEST, metavar="VERSION", help=text)
    text = "types of another kernel to compile for: raw BTF, or ELF with .BTF"
    add("--btf", default="", metavar="FILE", help=text)
    add("--unsafe", dest="is_unsafe", action="store_true", help="allow system(), signal() …")
    for flag, dest, metavar, text in (
        ("-I", "include_directories", "DIR", 'where #include "…" looks, too'),
        ("--include", "includes", "FILE", "a header"),
        ("-D", "macros", "NAME[=TEXT]", "of a C program: a macro"),
    ):
        add(flag, dest=dest, action="append", default=[], metavar=metavar, help=text)
    text = "have it report each failure of a BPF helper as it happens"
    add("-k", dest="reports_helper_errors", action="store_true", help=text)
    add_task_options(parser)
    return parser


def _parse(arguments: Sequence[str]) -> _Options | _COptions:
    """Read the command line; a mistake prints usage and ends the program with status 1."""
    parser = build_parser()
    before, behind = list(arguments), list[str]()
    if "--" in before:
        at = before.index("--")
        before, behind = before[:at], before[at + 1 :]
    given: dict[str, Any] = vars(parser.parse_intermixed_args(before))
    if given["program"] is None and given["words"] and given["words"][0].endswith(C_SUFFIX):
        return _c_options(parser, given)
    if given.pop("macros"):
        parser.error("-D is for C programs; a script has parameters, $1 and --NAME=VALUE")
    if not (given["output"] or given["bundle"]):
        parser.error("say where it goes: -o NAME.bo, --bundle NAME.pyz, or both")
    given["tasks"] = _tasks(parser, given)
    words, program = given.pop("words"), given.pop("program")
    if program is None and not words:
        parser.error("give one of: -e PROGRAM, FILE, TOOL")
    lists = {name: tuple(given[name]) for name in ("include_directories", "includes")}
    given |= lists
    if program is None and words[0] in NAMES:
        return _Options(**given, **_of_tool(find_tool(words[0]), [*words[1:], *behind]))
    source = Source("stdin", program) if program is not None else _read(words.pop(0))
    parameters = parse_options((*words, *behind))
    return _Options(
        **given,
        sources=(source,),
        tool=None,
        tool_options=(),
        parameters=parameters.positional,
        named=parameters.named,
    )


def _c_options(parser: argparse.ArgumentParser, given: dict[str, Any]) -> _COptions:
    """What there is to say of a C program; other options end the program with status 1."""
    path, *more = given["words"]
    names = ("output", "btf", "include_directories", "macros")
    for name, value in given.items():
        if name not in (*names, "words") and value != parser.get_default(name):
            parser.error(f"'{name}' means nothing for a C program: it has its own filters")
    if more or not given["output"]:
        parser.error("a C program is built as: seismo build FILE.c -o NAME.bpf.o")
    return _COptions(
        path=path,
        output=given["output"],
        btf=given["btf"],
        include_directories=tuple(given["include_directories"]),
        macros=tuple(given["macros"]),
    )


def _of_tool(tool: Tool, arguments: Sequence[str]) -> dict[str, Any]:
    """What a tool's own arguments make of it; a mistake ends the program with status 1."""
    parser = tool_parser(tool)
    given = vars(parser.parse_args(list(arguments)))
    own = {one.name: given[one.name] for one in tool.options}
    for name, value in given.items():
        if name not in own and value != parser.get_default(name):
            parser.error(f"only {tool.name}'s own options may stand here, not '{name}'")
    numbers = tuple([(name, value) for name, value in own.items() if isinstance(value, int)])
    if tool.reports_of is not None and tool.make is not None:
        parser.error(f"{tool.name} cannot be built: build what `seismo {tool.name} --script` says")
    try:
        sources = tool.sources(given)
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    return {
        "tool": tool,
        "tool_options": numbers if tool.reports_of is not None else (),
        "sources": sources,
        "parameters": (),
        "named": tool.parameters(given),
    }


def _tasks(parser: argparse.ArgumentParser, given: dict[str, Any]) -> Tasks:
    tasks = take_tasks(parser, given, is_open=True)
    for name, (flag, why) in _HERE_ONLY.items():
        if getattr(tasks, name):
            parser.error(f"{flag} means nothing on another machine: {why}")
    return tasks


def _read(path: str) -> Source:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return Source(path, file.read())
    except OSError as error:
        raise InputError(f"cannot read the script {path}: {error.strerror}") from error


def _version(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)\.(\d+)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not a version such as 6.1")
    return int(match[1]), int(match[2])
