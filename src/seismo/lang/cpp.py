"""A small C preprocessor: `#define`, `#if` and its like, `#include` of files beside the script.

>>> done = preprocess(script.c_text, Predefined({}, lambda: True), read, diagnostics)
>>> [token.text for token in done.tokens], done.macros["N"].text
(['struct', 's', '{', 'int', 'x', '[', '2', ']', ';', '}', ';'], '2')

Macros without parameters are expanded in the declarations; the script's code gets their texts.
`#include <…>` is passed over: the kernel's BTF knows the types of its headers. A macro with
parameters may be defined, not used.
"""

from __future__ import annotations

import os.path
from collections.abc import Callable, Mapping, Sequence

from seismo.base.dataclass import dataclass, field
from seismo.base.diagnostics import Diagnostics
from seismo.base.errors import SourceError
from seismo.base.source import Source, Span
from seismo.lang.cconst import Constant, truth
from seismo.lang.clayout import CType
from seismo.lang.ctoken import CCursor, CToken, c_lines, spelled
from seismo.lang.errors import ParseError

__all__ = ("HAVE_BTF", "Macro", "Predefined", "Preprocessed", "preprocess")

HAVE_BTF = "BPFTRACE_HAVE_BTF"
"""Defined where the kernel has BTF, which is looked for when a condition asks."""

_BUILT_IN = "<built-in>"
_MAX_INCLUDES = 32
_MAX_FILES = 1000
_MAX_EXPANDED = 100_000
_OPENING = ("if", "ifdef", "ifndef")
_CONDITIONALS = (*_OPENING, "elif", "elifdef", "elifndef", "else", "endif")


@dataclass(frozen=True, slots=True)
class Macro:
    """`#define name body`, or `#define name(…) body` with `has_parameters`."""

    name: str
    body: tuple[CToken, ...]
    span: Span
    has_parameters: bool = False

    @property
    def text(self) -> str:
        """The body as it is written, without comments."""
        return spelled(self.body)


@dataclass(frozen=True, slots=True)
class Predefined:
    """Macros that are defined from the start: texts by name, and whether HAVE_BTF is one."""

    macros: Mapping[str, str]
    has_btf: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Preprocessed:
    """The tokens of the declarations that are left, and the macros defined at the end."""

    tokens: tuple[CToken, ...]
    macros: Mapping[str, Macro]


def preprocess(
    c_text: Sequence[Span],
    predefined: Predefined,
    read: Callable[[Span, str], str],
    diagnostics: Diagnostics,
) -> Preprocessed:
    """Read pieces of C in order; mistakes go to `diagnostics`.

    `read` gives the text of the file that `#include "path"` at a span names, looked for beside the
    span's source at first; SourceError.
    """
    run = _Preprocessor(predefined, read, diagnostics)
    for name, text in predefined.macros.items():
        run.predefine(name, text)
    for piece in c_text:
        run.text(piece.source, piece.start, piece.end)
    run.close()
    own = {name: one for name, one in run.macros.items() if one.span.source.name != _BUILT_IN}
    return Preprocessed(tuple(run.tokens), own)


@dataclass(slots=True)
class _Condition:
    """An open `#if`: whether its text counts now, one of its parts has, `#else` has been."""

    span: Span
    is_active: bool
    was_active: bool
    is_last: bool = False


@dataclass(slots=True)
class _Preprocessor:
    predefined: Predefined
    read: Callable[[Span, str], str]
    diagnostics: Diagnostics
    tokens: list[CToken] = field(default_factory=list)
    macros: dict[str, Macro] = field(default_factory=dict)
    conditions: list[_Condition] = field(default_factory=list)
    # Of files: those the names of those that said `#pragma once`, and the paths, as they are
    # included, of those being read.
    once: set[str] = field(default_factory=set)
    paths: list[str] = field(default_factory=list)
    files: int = 0
    expanded: int = 0
    # Whether HAVE_BTF is among the macros if it is to be.
    is_btf_settled: bool = False
    # How many conditions were open when the text of now began.
    outer: int = 0

    def text(self, source: Source, start: int = 0, end: int | None = None) -> None:
        """The lines of a piece of text."""
        for line in c_lines(source, start, end):
            try:
                if line[0].text == "#":
                    self.directive(line)
                elif self.is_active:
                    self.tokens += self.expand(line, frozenset())
            except SourceError as error:
                self.diagnostics.error(error.span, error.message, error.hint)

    @property
    def is_active(self) -> bool:
        return all(one.is_active for one in self.conditions)

    def close(self) -> None:
        """The end of a text: its conditions must have ended."""
        for one in self.conditions[self.outer :]:
            self.diagnostics.error(one.span, "this condition is not closed", "end it with #endif")
        del self.conditions[self.outer :]

    def predefine(self, name: str, text: str) -> None:
        """A macro of ours."""
        source = Source(_BUILT_IN, text)
        body = tuple([token for line in c_lines(source) for token in line])
        self.macros[name] = Macro(name, body, Span(source, 0, 0))

    def find(self, name: str) -> Macro | None:
        """The macro of that name, if there is one."""
        if name == HAVE_BTF and not self.is_btf_settled:
            self.is_btf_settled = True
            if self.predefined.has_btf():
                self.predefine(HAVE_BTF, "1")
        return self.macros.get(name)

    def expand(self, line: Sequence[CToken], hidden: frozenset[str]) -> list[CToken]:
        """The line with macros replaced; those of `hidden` are being replaced already."""
        done: list[CToken] = []
        for index, token in enumerate(line):
            macro = self.find(token.text) if token.kind == "name" else None
            if macro is None or macro.name in hidden:
                done.append(token)
                continue
            if macro.has_parameters:
                if index + 1 < len(line) and line[index + 1].text == "(":
                    raise ParseError(
                        token.span,
                        f"macro '{token.text}' has parameters",
                        "macros with parameters are not supported in C text",
                    )
                done.append(token)
                continue
            body = [one._replace(span=token.span) for one in macro.body]
            self.expanded += len(body)
            if self.expanded > _MAX_EXPANDED:
                raise ParseError(token.span, f"macros expand to more than {_MAX_EXPANDED} tokens")
            done += self.expand(body, hidden | {macro.name})
        return done

    def directive(self, line: list[CToken]) -> None:
        """A line that begins with `#`."""
        if len(line) == 1:
            return
        word = line[1]
        rest = line[2:]
        if word.text in _CONDITIONALS:
            self.conditional(word, rest)
        elif not self.is_active:
            return
        elif word.text == "define":
            self.define(word, rest)
        elif word.text == "undef":
            name = self.name_after(word, rest)
            self.is_btf_settled |= name.text == HAVE_BTF
            self.macros.pop(name.text, None)
        elif word.text == "include":
            self.include(word, rest)
        elif word.text == "pragma":
            self.pragma(word, rest)
        elif word.text == "error":
            raise ParseError(_whole(line), f"#error {spelled(rest)}".rstrip())
        elif word.text == "warning":
            self.diagnostics.warning(_whole(line), f"#warning {spelled(rest)}".rstrip())
        else:
            hint = "write #define, #undef, #include, #if, #ifdef, #ifndef, #elif, #else, #endif"
            raise ParseError(word.span, f"unknown directive '#{word.text}'", hint)

    def name_after(self, word: CToken, rest: list[CToken]) -> CToken:
        """The name that a directive is about."""
        if not rest or rest[0].kind != "name":
            raise ParseError(word.span, f"#{word.text} needs a name")
        return rest[0]

    def define(self, word: CToken, rest: list[CToken]) -> None:
        """`#define name body`."""
        name = self.name_after(word, rest)
        has_parameters = (
            len(rest) > 1 and rest[1].text == "(" and rest[1].span.start == name.span.end
        )
        macro = Macro(name.text, tuple(rest[1:]), name.span, has_parameters)
        self.is_btf_settled |= name.text == HAVE_BTF
        before = self.macros.get(name.text)
        if before and before.span.source.name != _BUILT_IN and before.text != macro.text:
            where = before.span.location
            message = f"macro '{name.text}' is defined anew"
            self.diagnostics.warning(name.span, message, f"the first definition is at {where}")
        self.macros[name.text] = macro

    def conditional(self, word: CToken, rest: list[CToken]) -> None:
        """`#if`, `#ifdef`, `#ifndef` open a condition; the others are about the last open one."""
        if word.text in _OPENING:
            # One that is false from the start, if this text does not count at all.
            opened = _Condition(word.span, False, not self.is_active)
            self.conditions.append(opened)
            if not opened.was_active:
                opened.is_active = opened.was_active = self.holds(word, rest)
            return
        if len(self.conditions) <= self.outer:
            raise ParseError(word.span, f"#{word.text} without #if")
        current = self.conditions[-1]
        if word.text == "endif":
            self.conditions.pop()
            return
        if current.is_last:
            raise ParseError(word.span, f"#{word.text} after #else")
        current.is_active = False
        if word.text == "else":
            current.is_last = True
            current.is_active, current.was_active = not current.was_active, True
        elif not current.was_active:
            current.is_active = current.was_active = self.holds(word, rest)

    def holds(self, word: CToken, rest: list[CToken]) -> bool:
        """Whether the condition of a directive is true."""
        if word.text.endswith("def"):
            is_defined = self.find(self.name_after(word, rest).text) is not None
            return is_defined == word.text.endswith("ifdef")
        if not rest:
            raise ParseError(word.span, f"#{word.text} needs a condition")
        stop = Span(word.span.source, rest[-1].span.end, rest[-1].span.end)
        line = self.expand(self.replace_defined(rest), frozenset())
        return truth(CCursor(line, stop), _NOTHING)

    def replace_defined(self, line: list[CToken]) -> list[CToken]:
        """`defined X` and `defined(X)` as 1 or 0."""
        done: list[CToken] = []
        cursor = CCursor(line, line[-1].span)
        while cursor.token.kind != "end":
            token = cursor.advance()
            if token.text == "defined":
                is_bracketed = cursor.accept("(")
                if cursor.token.kind != "name":
                    raise cursor.unexpected("the name of a macro")
                is_defined = self.find(cursor.advance().text) is not None
                if is_bracketed:
                    cursor.expect(")", "after the macro's name")
                token = CToken("number", str(int(is_defined)), token.span)
            done.append(token)
        return done

    def include(self, word: CToken, rest: list[CToken]) -> None:
        """`#include "file"`; one of the kernel's headers has nothing that BTF does not know."""
        if rest and rest[0].text == "<":
            return
        if not rest or rest[0].kind != "string":
            raise ParseError(word.span, "#include needs a file", 'write #include "file.h"')
        span, path = rest[0].span, rest[0].text[1:-1]
        if len(self.paths) == _MAX_INCLUDES:
            raise ParseError(span, f"files include each other more than {_MAX_INCLUDES} deep")
        self.files += 1
        if self.files > _MAX_FILES:
            raise ParseError(span, f"more than {_MAX_FILES} files are included")
        name = os.path.join(os.path.dirname(span.source.name), path)
        if name in self.once:
            return
        source = Source(name, self.content(span, path))
        outer, self.outer = self.outer, len(self.conditions)
        self.paths.append(path)
        self.text(source)
        self.paths.pop()
        self.close()
        self.outer = outer

    def content(self, span: Span, path: str) -> str:
        """The text of a file, which may lie beside the one that includes it wherever that was."""
        try:
            return self.read(span, path)
        except SourceError:
            beside = os.path.dirname(self.paths[-1]) if self.paths else ""
            if not beside:
                raise
        return self.read(span, os.path.join(beside, path))

    def pragma(self, word: CToken, rest: list[CToken]) -> None:
        """`once` is kept, `pack` refused, because it moves members; others mean nothing here."""
        if rest and rest[0].text == "once":
            self.once.add(word.span.source.name)
        if rest and rest[0].text == "pack":
            hint = "write __attribute__((packed)) after the struct's '}'"
            raise ParseError(rest[0].span, "#pragma pack is not supported", hint)


class _Nothing:
    """The names of an `#if`: all that is no macro is 0."""

    wide = True

    def value(self, token: CToken) -> Constant:
        return Constant(0, 64)

    def at_type(self) -> bool:
        return False

    def type_name(self) -> CType:
        raise AssertionError("there are no types in an #if")


_NOTHING = _Nothing()


def _whole(line: Sequence[CToken]) -> Span:
    return line[0].span.join(line[-1].span)
