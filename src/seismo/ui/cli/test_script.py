"""`seismo test`: scripts over what their test files say happens, without any privilege."""

from __future__ import annotations

import argparse
import difflib
import io
import os
import shlex
import sys
from collections.abc import Iterator, Sequence

from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError, SourceError
from seismo.base.source import Source
from seismo.compiler import Inputs
from seismo.engine.case import Case, Outcome, parse_cases, updated
from seismo.engine.listed import ListedSource
from seismo.engine.recording import read_recording
from seismo.engine.replay import listed_source, recorded_source, run_hits
from seismo.files import LiveFiles
from seismo.lang.parameters import parse_options
from seismo.output.text import TextSink
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.parser import parser_for
from seismo.ui.cli.replay import compile_for

__all__ = ("run_test_script", "test_script_parser")

_EXAMPLES = """examples:
  seismo test opens.bt               the cases of opens.test, which stands beside it
  seismo test opens.test -k counted  those with `counted` in their names
  seismo test --update *.test        write down what comes out now; review the difference
"""
_SCRIPT, _TEST = ".bt", ".test"
_MACHINE = "x86_64"
"""What all tests are on, so that they mean the same everywhere."""


@dataclass(frozen=True, slots=True)
class _File:
    """A test file and its cases."""

    path: str
    source: Source
    cases: tuple[Case, ...]


def run_test_script(arguments: Sequence[str]) -> int:
    """Run the cases of all files; the exit status is 1 if one has failed."""
    given = test_script_parser().parse_args(list(arguments))
    files = [_read(path) for path in given.files]
    wanted = [
        (file, [one for one in file.cases if given.name in _title(file, one)]) for file in files
    ]
    if not any(cases for _, cases in wanted):
        raise InputError(f"no case has '{given.name}' in its name")
    if given.is_update:
        for file, cases in wanted:
            _rewrite(file, {case.name: _outcome(file, case) for case in cases})
        return 0
    differences = [_run(file, case, case.expected()) for file, cases in wanted for case in cases]
    failed = sum(map(bool, differences))
    print(f"{len(differences) - failed} passed" + (f", {failed} failed" if failed else ""))
    return int(failed > 0)


def test_script_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo test`."""
    parser = parser_for("seismo test", "Test scripts without a kernel.", _EXAMPLES)
    add = parser.add_argument
    add("files", nargs="+", metavar="SCRIPT.bt|FILE.test", help="scripts, or their test files")
    add("-k", dest="name", default="", metavar="NAME", help="only cases with NAME in their names")
    add("--update", dest="is_update", action="store_true", help="write down what comes out")
    return parser


def _read(path: str) -> _File:
    stem, ending = os.path.splitext(path)
    if ending not in (_SCRIPT, _TEST):
        raise InputError(f"{path} is neither a script ({_SCRIPT}) nor a test file ({_TEST})")
    path = stem + _TEST
    source = _source(path, "a script's cases stand beside it, in a file of its name")
    return _File(path, source, parse_cases(source))


def _source(path: str, hint: str) -> Source:
    try:
        return Source(path, LiveFiles().read(path))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}\nhint: {hint}") from None


def _title(file: _File, case: Case) -> str:
    return f"{file.path}: {case.name}" if case.name else file.path


def _run(file: _File, case: Case, expected: Outcome) -> str:
    """Run a case and tell how it went; '' where everything came out as expected."""
    title = _title(file, case)
    difference = "".join(_differences(title, expected, _outcome(file, case)))
    print(f"{'FAILED' if difference else 'ok    '} {title}")
    print(difference, end="")
    return difference


def _outcome(file: _File, case: Case) -> Outcome:
    """Run a case. What is wrong with its script is an outcome, what is wrong with the file is
    raised."""
    source, script, inputs = _hits(file, case), _script(file, case), _inputs(case)
    output, errors = io.BytesIO(), io.BytesIO()
    status = 1
    try:
        compiled = compile_for(source, script, inputs)
        for warning in compiled.warnings:
            errors.write(_encoded(f"{warning}\n"))
        status = run_hits(compiled.plan, source, TextSink(output, errors, is_quiet=True))
    except BpfError as error:
        errors.write(_encoded(f"{error}\n"))
    return Outcome(output=_shown(output), errors=_shown(errors), status=status)


def _hits(file: _File, case: Case) -> ListedSource:
    recording = case.find("recording")
    if recording is None:
        return listed_source(case.hits(), case.formats(), _MACHINE)
    directory = os.path.dirname(file.path)
    return recorded_source(read_recording(os.path.join(directory, recording.argument)))


def _script(file: _File, case: Case) -> Source:
    """The script of the file, else the one beside it; messages tell it by its name alone."""
    name = os.path.basename(file.path).removesuffix(_TEST) + _SCRIPT
    if case.find("script"):
        return Source(name, case.text("script"))
    path = file.path.removesuffix(_TEST) + _SCRIPT
    return Source(name, _source(path, "a section `-- script` may hold it, too").text)


def _inputs(case: Case) -> Inputs:
    words = case.find("args")
    try:
        given = shlex.split(words.text) if words else []
    except ValueError as error:
        assert words is not None, "without the section nothing is split"
        raise SourceError(words.span, f"its arguments: {error}", "quote as in a shell") from None
    if "--" in given:
        given.remove("--")
    parameters = parse_options(given)
    return Inputs(
        parameters=parameters.positional, named=parameters.named, files=LiveFiles(), is_unsafe=False
    )


def _differences(title: str, expected: Outcome, outcome: Outcome) -> Iterator[str]:
    for name, wanted, found in (
        ("expect", expected.output, outcome.output),
        ("errors", expected.errors, outcome.errors),
        ("exit", str(expected.status), str(outcome.status)),
    ):
        lines = difflib.unified_diff(
            wanted.splitlines(),
            found.splitlines(),
            f"{title}: {name}",
            "what came out",
            lineterm="",
        )
        yield from (f"{line}\n" for line in lines)


def _rewrite(file: _File, outcomes: dict[str, Outcome]) -> None:
    text = updated(file.source, outcomes)
    if text != file.source.text:
        with open(file.path, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.write(text)
        print(f"updated {file.path}", file=sys.stderr)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _shown(stream: io.BytesIO) -> str:
    return stream.getvalue().decode("utf-8", "surrogateescape").strip("\n")
