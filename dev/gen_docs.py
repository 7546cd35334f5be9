"""Writes docs/language.md, docs/cli.md and the pages of the tools from what they are about.

    PYTHONPATH=src:dev python dev/gen_docs.py

What no record tells stands in the templates, `dev/docs/*.md`, with `{{name}}` where records go. A
block marked `bt` is a whole script, and a test compiles it.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import gen_bcc
import gen_tools
from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.catalog.describe import describe
from seismo.builtin.record import Aggregate, Builtin
from seismo.builtin.stdlib import LIBRARY, LibraryMacro
from seismo.builtin.table import AGGREGATES, BUILTINS
from seismo.lang.config import DEFAULTS, Setting, config_record
from seismo.lang.signature import Signature
from seismo.lang.types import BufferType, StringType, VoidType
from seismo.objfile.section_table import SECTIONS, SectionRow
from seismo.probes.table import KINDS
from seismo.ui.cli.options import trace_parser
from seismo.ui.cli.stages import OF_BPFTRACE, VERIFIER
from seismo.ui.cli.verbs import COMMANDS, command_parser

__all__ = ("PAGES", "SETTINGS", "STAGE_TEXTS", "main", "scripts")

ROOT = Path(__file__).resolve().parents[1]
_TEMPLATES = ROOT / "dev" / "docs"
_GENERATED = (
    "The page is made by `dev/gen_docs.py` from the records that the compiler itself goes by."
)
_ONE_OF_MANY = re.compile(r"s?arg[1-9]\d*")
"""What `arg0` and `sarg0` tell of is told once."""

_SCRIPT = re.compile(r"^```bt\n(.*?)^```", re.MULTILINE | re.DOTALL)

SETTINGS = {
    "cache_user_symbols": "no effect: symbols of programs are kept as long as they are needed",
    "cpp_demangle": "whether names of C++ and Rust are shown as they were written",
    "kretprobe_max_active": "how many returns of a function a kretprobe awaits at once; 0: the "
    "kernel's own number (seismo's own setting)",
    "lazy_symbolication": "no effect: symbols are looked up when they are printed",
    "license": "the licence of the programs; the kernel gives most helpers to the GPL alone",
    "log_size": "no effect: the verifier's log may be as long as it is",
    "max_bpf_progs": "how many programs a script may be",
    "max_cat_bytes": "how much `cat()` prints",
    "max_map_keys": "entries of a map",
    "max_probes": "how many attach points a script may have",
    "max_strlen": "bytes of a string of `str()`, its NUL included, and of `buf()`",
    "missing_probes": "what an attach point is that is not there: `error`, `warn`, `ignore`",
    "on_stack_limit": "no effect: what does not fit the stack goes elsewhere by itself",
    "perf_rb_pages": "pages of the ring buffer in all; 0 is automatic",
    "print_maps_on_exit": "whether maps are printed at the end",
    "show_debug_info": "no effect yet: files and lines in stacks",
    "stack_mode": "how stacks are written: `bpftrace`, `perf`, `raw` (and `build_id`, of users)",
    "str_trunc_trailer": "what is written behind a string that was cut",
    "unstable_dw_ustack": "`enable`, `warn` or `error` at the use of `dw_ustack`",
    "unstable_import_statement": "no effect: imports need no leave",
    "unstable_tseries": "`enable`, `warn` or `error` at the use of `tseries()`",
    "unstable_typeinfo": "`enable`, `warn` or `error` at the use of `typeinfo`",
    "use_blazesym": "no effect: there is no blazesym",
}
"""What each setting is for."""

STAGE_TEXTS = {
    "tokens": "the script in words",
    "ast": "the syntax tree",
    "macros": "the tree after macros",
    "types": "maps, programs, every expression with its type",
    "ir:before": "the intermediate form as it was made",
    "ir": "the intermediate form after all passes",
    "ir:after=PASS": "the same after one pass, such as `ir:after=cse`",
    "prepare": "the form that registers are given to",
    "regalloc": "who gets which register",
    "asm": "the programs in the kernel verifier's syntax, with the script's lines",
    "bytes": "the programs in hexadecimal",
    "layout": "records and keys, byte by byte",
    "plan": "what is loaded and where it is attached",
    "verifier": "all that the kernel's verifier says of each program",
}
"""What each stage of `-d` shows."""


def language_page() -> str:
    """The reference of the language."""
    functions = [one for one in BUILTINS.values() if not one.signature.is_variable]
    variables = [
        one
        for one in BUILTINS.values()
        if one.signature.is_variable and not _ONE_OF_MANY.fullmatch(one.name)
    ]
    return _filled(
        "language.md",
        {
            "kinds": _kinds(),
            "settings": _settings(),
            "variables": _sections(variables),
            "functions": _sections(functions),
            "aggregates": _sections(AGGREGATES.values()),
            "library": _sections(LIBRARY.values()),
        },
    )


def cli_page() -> str:
    """The reference of the command line."""
    return _filled(
        "cli.md",
        {
            "trace": trace_parser().format_help().rstrip(),
            "stages": _stages(),
            "commands": "\n".join(f"| `{name}` | {text} |" for name, (_, text) in COMMANDS.items()),
            "helps": "\n\n".join(_helps()),
        },
    )


def objects_page() -> str:
    """What may be done with object files, and the names of sections."""
    return _filled("objects.md", {"sections": "\n".join(map(_section_row, SECTIONS))})


def _section_row(row: SectionRow) -> str:
    details = "/…" if row.has_details else ""
    attach_type = f"`{row.attach_type.kernel_name}`" if row.attach_type is not None else ""
    return f"| `{row.name}{details}` | `{row.type.kernel_name}` | {attach_type} |"


def _helps() -> Iterator[str]:
    """The help of each command, and of its verbs."""
    for name in COMMANDS:
        parser = command_parser(name)
        groups = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
        verbs = [verb for group in groups for verb in group.choices.values()]
        texts = [one.format_help().rstrip() for one in (parser, *verbs)]
        yield f"### seismo {name}\n\n```\n" + "\n\n".join(texts) + "\n```"


PAGES: Mapping[str, Callable[[], str]] = {
    "docs/language.md": language_page,
    "docs/cli.md": cli_page,
    "docs/objects.md": objects_page,
    "docs/audit-events.md": lambda: describe(shipped_catalog()),
    **gen_bcc.PAGES,
    **gen_tools.PAGES,
}
"""What makes each page."""


def scripts(page: str) -> list[str]:
    """The whole scripts in a page."""
    return _SCRIPT.findall(page)


def _filled(template: str, parts: Mapping[str, str]) -> str:
    text = (_TEMPLATES / template).read_text(encoding="utf-8")
    for name, part in (*parts.items(), ("generated", _GENERATED)):
        text = text.replace(f"{{{{{name}}}}}", part)
    return text


def _sections(records: Iterable[Builtin | Aggregate | LibraryMacro]) -> str:
    return "\n\n".join(_section(one) for one in sorted(records, key=lambda one: one.name))


def _section(record: Builtin | Aggregate | LibraryMacro) -> str:
    if isinstance(record, LibraryMacro):
        heads = [f"`{form}`" for form in _macro_forms(record)]
        title, notes = ", ".join(heads), ""
    else:
        title, notes = f"`{_usage(record.signature)}`", _notes(record.signature)
    return f"### {title}\n\n{record.doc}{notes}\n\n```\n{record.example}\n```"


def _macro_forms(macro: LibraryMacro) -> list[str]:
    """`ppid(task)`, `ppid()`: each definition's head."""
    return re.findall(rf"^macro ({macro.name}\([^)]*\))", macro.text.strip(), re.MULTILINE)


def _usage(signature: Signature) -> str:
    """`str(pointer[, length]) -> string`."""
    shown = ""
    for one in signature.params:
        comma = ", " if shown else ""
        shown += f"[{comma}{one.name}]" if one.optional else f"{comma}{one.name}"
    if signature.variadic is not None:
        shown += ", …" if shown else "…"
    is_bare = not shown and signature.is_variable
    return f"{signature.name}{'' if is_bare else f'({shown})'}{_result(signature)}"


def _result(signature: Signature) -> str:
    """The type, where it does not depend on the arguments."""
    match signature.returns:
        case VoidType():
            return ""
        case StringType(size) if size < 2:
            return " -> string"
        case BufferType(shown="words"):
            return " -> words"
        case BufferType():
            return " -> buffer"
        case _:
            return f" -> {signature.returns}"


def _notes(signature: Signature) -> str:
    kinds = ", ".join(signature.probe_kinds)
    return f" In probes of kind {kinds}." if kinds else ""


def _kinds() -> str:
    rows = ["| kind | short | written | |", "|---|---|---|---|"]
    for kind in KINDS:
        names = ", ".join(f"`{one}`" for one in kind.aliases)
        rows.append(f"| `{kind.name}` | {names} | `{kind.form}` | {kind.doc} |")
    return "\n".join(rows)


def _settings() -> str:
    rows = ["| setting | default | |", "|---|---|---|"]
    defaults = {"cache_user_symbols": DEFAULTS.cache_user_symbols, **dict(config_record(DEFAULTS))}
    for name, text in SETTINGS.items():
        rows.append(f"| `{name}` | {_value(defaults[name])} | {text} |")
    return "\n".join(rows)


def _value(value: Setting) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _stages() -> str:
    theirs = {ours: name for name, ours in OF_BPFTRACE.items()}
    rows = []
    for stage, text in STAGE_TEXTS.items():
        name = theirs.get(stage, stage if stage in ("ast", "types", VERIFIER) else "")
        rows.append(f"| `{stage}` | {text} | {f'`{name}`' if name else ''} |")
    return "\n".join(rows)


def main() -> None:
    """Write every page."""
    for path, page in PAGES.items():
        (ROOT / path).parent.mkdir(exist_ok=True)
        (ROOT / path).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
