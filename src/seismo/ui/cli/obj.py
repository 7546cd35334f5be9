"""`seismo obj`: object files of eBPF: what is in them, whether they load, and running them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from seismo.api.maps import Map
from seismo.api.object import Object
from seismo.api.programs import Program
from seismo.elf.errors import ElfError
from seismo.elf.file import ElfFile
from seismo.kernel.live import LiveKernel
from seismo.output.table import table_text
from seismo.ship.model import PLAN_SECTION
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.loop import require_privilege
from seismo.ui.cli.obj_run import add_run_options, run_object
from seismo.ui.cli.obj_show import listing_of, object_json, sections_of
from seismo.ui.cli.parser import add_verb, parser_for, run_verb
from seismo.ui.cli.shipped import run_file
from seismo.ui.cli.stock import add_json, print_json

__all__ = ("obj_parser", "run_obj")

_EXAMPLES = """examples:
  seismo obj show prog.bpf.o             programs, maps, globals, externs, relocations
  seismo obj show prog.bpf.o --listing   the instructions, with source lines
  seismo obj load prog.bpf.o             have the kernel verify it; --pin DIR keeps it there
  seismo obj run prog.bpf.o --set min_ms=5 --duration 10
"""


def run_obj(arguments: Sequence[str]) -> int:
    """Do what the command line says; the exit status."""
    match list(arguments):
        case ["run", path, *_] if _is_shipped(path):
            return run_file(arguments[1:])
        case _:
            return run_verb(obj_parser(), arguments)


def obj_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo obj`."""
    parser = parser_for("seismo obj", "Object files of eBPF.", _EXAMPLES)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    show = add_verb(verbs, "show", "what is in an object file", _show)
    show.add_argument("file", metavar="FILE")
    show.add_argument("-l", "--listing", action="store_true", help="the instructions")
    add_json(show)
    load = add_verb(verbs, "load", "load an object file, which the kernel verifies", _load)
    _add_load_options(load)
    load.add_argument("--pin", default="", metavar="DIR", help="pin all of it in DIR, on a bpffs")
    run = add_verb(verbs, "run", "load, attach, and print the events until Ctrl-C", _run)
    _add_load_options(run)
    add_run_options(run)
    return parser


def _add_load_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE")
    text = "only this program (may be given often); the others are left out"
    add("-p", "--program", dest="programs", action="append", default=[], metavar="NAME", help=text)
    text = "a global variable's value before the program is loaded"
    add("--set", dest="values", action="append", default=[], metavar="NAME=VALUE", help=text)
    text = "the kernel's types, where it does not have them itself"
    add("--btf", default="", metavar="FILE", help=text)


def _opened(given: argparse.Namespace) -> Object:
    """The object of a command line, with its variables set and its programs chosen."""
    obj = _read(given.file, given.btf)
    if given.programs:
        for one in obj.programs.values():
            one.autoload = False
        for name in given.programs:
            obj.programs[name].autoload = True
    for text in given.values:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"--set {text}: write NAME=VALUE")
        obj.globals[name] = _value(value)
    return obj


def _read(path: str, btf: str = "") -> Object:
    try:
        return Object.open(path, btf=btf)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _value(text: str) -> int | bytes:
    """A number as C writes it, a character's, or text."""
    try:
        return int(text, 0)
    except ValueError:
        return text.encode()


def _show(given: argparse.Namespace) -> int:
    file = _read(given.file).file
    if given.is_json:
        print_json(object_json(file))
    elif given.listing:
        sys.stdout.write("".join([f"{line}\n" for line in listing_of(file)]))
    else:
        for title, headings, rows in sections_of(file):
            print(title)
            if rows:
                text = table_text(headings, rows)
                sys.stdout.write("".join(f"  {line}\n" for line in text.splitlines()))
    return 0


def _load(given: argparse.Namespace) -> int:
    require_privilege(LiveKernel())
    with _opened(given) as obj:
        obj.load()
        rows = [
            (name, one.type.name.lower(), info.verified_insns, info.jited_bytes)
            for name, one in obj.programs.items()
            if one.is_loaded and (info := one.info())
        ]
        sys.stdout.write(table_text(("PROGRAM", "TYPE", "VERIFIED", "JITED"), rows))
        if given.pin:
            print("\n".join(_pin(obj, given.pin)))
    return 0


def _pin(obj: Object, directory: str) -> Sequence[str]:
    """Pin what is loaded by its name, and the paths; when one pin fails none is left."""
    if not os.path.isdir(directory):
        raise InputError(f"--pin {directory}: there is no such directory; make it on a bpffs")
    loaded: list[tuple[str, Program | Map]] = list(obj.maps.items())
    loaded += [(name, one) for name, one in obj.programs.items() if one.is_loaded]
    with ExitStack() as on_error:
        paths: list[str] = []
        for name, one in loaded:
            path = os.path.join(directory, name.replace(".", "_"))
            one.pin(path)
            on_error.callback(one.unpin, path)
            paths.append(path)
        on_error.pop_all()
    return paths


def _run(given: argparse.Namespace) -> int:
    require_privilege(LiveKernel())
    with _opened(given) as obj:
        return run_object(obj, given)


def _is_shipped(path: str) -> bool:
    """Whether it is a script that `seismo build` compiled."""
    try:
        with open(path, "rb") as file:
            return PLAN_SECTION in ElfFile(file.read()).sections
    except (OSError, ElfError):
        # Whoever reads it says so, with its name.
        return False
