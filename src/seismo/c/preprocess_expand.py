"""pcpp made to fit: our words instead of its lexer's, diagnostics instead of messages.

pcpp keeps the macros, expands them and follows `#if`; this module gives it lines, finds what is
included and turns what it complains about into diagnostics with the place in the user's text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Set
from copy import copy
from functools import cache
from typing import Any, Protocol, TypeAlias

from seismo.base.diagnostics import Diagnostics, did_you_mean
from seismo.base.source import Source, Span
from seismo.c.lexer import Lexer, Word, lines_of, words_of
from seismo.c.parse_library import Evaluator, Preprocessor, PreprocessorHooks
from seismo.c.preprocess_headers import header_hint, is_header

__all__ = ("Expander", "Headers", "ReadFile")


class Headers(Protocol):
    """What the kernel's headers define beside types, as far as programs use it.

    `#include <…>` of them reads nothing: what a program mentions is there in any case.
    """

    @property
    def macros(self) -> Mapping[str, str]:
        """Name to what follows `#define `: `{"MIN": "MIN(a, b) ((a) < (b) ? (a) : (b))"}`."""

    def prelude_for(self, identifiers: Set[str]) -> str:
        """C text (inline functions, types) to read before a text that mentions `identifiers` and
        defines none of what it gives."""


ReadFile: TypeAlias = Callable[[str, Source], Source]
"""The text of the file that `#include "name"` (or `<name>`) in a source names; KeyError for none.
"""

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_DEFINED = re.compile(
    r"\b(?:struct|union|enum)\s+(\w+)\s*\{|\b(\w+)\s*\([^;{}()]*\)\s*\{"
    r"|typedef\s[^;{}]*?(\w+)\s*;|\}\s*(\w+)\s*;|\#\s*define\s+(\w+)",
    re.ASCII,
)
_PARAMETERS = re.compile(r"\((?:(?:\w+,)*(?:\w+|\w*\.\.\.))?\)", re.ASCII)
_DIRECTIVES = "define undef include if ifdef ifndef elif else endif error warning pragma line"
_TAKE_ARGUMENTS = ("define", "undef", "ifdef", "ifndef", "if", "elif", "include")
_IGNORED = ("line", "ident", "sccs", "assert", "unassert")
_MAX_INCLUDES = 40
_MAX_WORDS = 1_000_000


@cache
def _evaluator() -> Any:
    return Evaluator(Lexer())


class Expander(Preprocessor):  # type: ignore[misc]
    """Reads sources and gives their words with macros expanded; see `read`."""

    t_ID = "CPP_ID"
    t_INTEGER = "CPP_INTEGER"
    t_CHAR = "CPP_CHAR"
    t_STRING = "CPP_STRING"
    t_SPACE = t_NEWLINE = t_LINECONT = "CPP_WS"
    t_WS = ("CPP_WS",)
    t_DPOUND = "CPP_DPOUND"
    t_TERNARY = "CPP_QUESTION"
    t_COLON = "CPP_COLON"
    t_COMMENT1 = t_COMMENT2 = "CPP_COMMENT"
    t_COMMENT = ("CPP_COMMENT",)

    def __init__(
        self, headers: Headers, diagnostics: Diagnostics, read_file: ReadFile | None
    ) -> None:
        """Sets what pcpp's own constructor sets, which also makes a lexer and a parser of
        conditions: 8 ms, and conditions are rare."""
        PreprocessorHooks.__init__(self)
        self.lexer = Lexer()
        self.macros: dict[str, Any] = {}
        self.rewrite_paths: list[tuple[str, str]] = []
        self.include_once: dict[str, object] = {}
        self.include_times: list[object] = []
        self.include_depth = 0
        self.auto_pragma_once_enabled = True
        self.debugout = None
        self.expand_linemacro = self.expand_filemacro = self.expand_countermacro = True
        self.linemacro: Span | int = 0
        self.linemacrodepth = self.countermacro = 0
        self._headers = headers
        self._diagnostics = diagnostics
        self._read_file = read_file
        self._texts: dict[str, Source] = {}
        self._known: set[str] = set()
        self._prelude = ""
        self._depth = 0

    @property
    def evaluator(self) -> Any:
        return _evaluator()

    def read(self, source: Source) -> Iterator[Word]:
        """The words of a source, after those of what it needs of the headers."""
        prelude, self._prelude = self._prelude + self._provide(source.text), ""
        if prelude:
            yield from self._enter(Source("<kernel headers>", prelude))
        yield from self._enter(source)

    def define_from_outside(self, definition: str) -> None:
        """Defines a macro of `-D`, which comes before one of the headers."""
        self._prelude += self._provide(definition)
        self.define(definition)

    def _enter(self, source: Source) -> Iterator[Word]:
        self._texts[source.name] = source
        yield from self.parsegen(source.text, source.name, source.name)

    def _provide(self, text: str) -> str:
        """Defines the macros of the headers that a text mentions, and says what C goes before it.

        All of them would be thousands, of which a program uses ten.
        """
        defined = {name for groups in _DEFINED.findall(text) for name in groups}
        mentioned = set(_NAME.findall(text)) - self._known
        prelude = self._headers.prelude_for(mentioned - defined)
        waiting = mentioned.union(_NAME.findall(prelude))
        while waiting:
            name = waiting.pop()
            definition = self._headers.macros.get(name)
            self._known.add(name)
            if definition is not None:
                self.define(definition)
                waiting |= set(_NAME.findall(definition)) - self._known
        return prelude

    # What pcpp does with lines and macros

    def group_lines(self, input: str, abssource: str) -> Iterator[list[Word]]:
        return lines_of(self._texts[abssource])

    def tokenize(self, text: str) -> list[Word]:
        return words_of(text)

    @staticmethod
    def t_INTEGER_TYPE(value: object) -> str:
        """How pcpp writes a number into a text: `__LINE__` is the line of a span here."""
        return str(value.location.line) if isinstance(value, Span) else str(value)

    def define(self, tokens: str | list[Word]) -> None:
        """Defines a macro by what follows `#define`; a mistake in it defines none."""
        words = words_of(tokens) if isinstance(tokens, str) else [copy(one) for one in tokens]
        if not self._can_define(words):
            return
        for word in words:
            word.span = None
        is_plain = len(words) < 2 or words[1].value != "("
        super().define(_pasted(words) if is_plain else words)

    def _can_define(self, words: list[Word]) -> bool:
        name = words[0]
        if name.type != self.t_ID or name.value == "defined":
            self._diagnostics.error(name.shown_at, f"'{name.value}' cannot be the name of a macro")
            return False
        if len(words) < 2 or words[1].value != "(":
            return True
        text = "".join(one.value for one in words[1:] if one.type not in self.t_WS)
        if _PARAMETERS.match(text):
            return True
        at = name.shown_at
        self._diagnostics.error(at, f"the parameters of the macro '{name.value}' are malformed")
        return False

    def expand_macros(self, tokens: list[Word], expanding_from: list[str] | None = None) -> Any:
        """Expands in place. RecursionError where macros grow without end."""
        if not self._depth:
            self.linemacrodepth = 0
        self._depth += 1
        try:
            found = super().expand_macros(tokens, expanding_from or [])
        finally:
            self._depth -= 1
        if len(found) > _MAX_WORDS:
            raise RecursionError
        return found

    def collect_args(self, tokenlist: list[Word], ignore_errors: bool = False) -> Any:
        """The arguments at the `(` that the words begin with; pcpp, where there is no `)`, stops
        expanding the rest of the text without a word."""
        found = super().collect_args(tokenlist, ignore_errors)
        if not found[0] and ignore_errors and self._depth == 1:
            at = tokenlist[0].shown_at
            self._diagnostics.error(at, "the arguments of this macro have no closing ')'")
        return found

    # What pcpp asks and tells

    def on_error(self, file: str, line: Span | int, msg: str) -> None:
        """Called with the `lineno` of a word: its span."""
        span = line if isinstance(line, Span) and line.source.name else self._here
        if msg.startswith("Could not evaluate"):
            msg = "this condition cannot be evaluated"
        self._diagnostics.error(span, msg[0].lower() + msg[1:].rstrip())

    @property
    def _here(self) -> Span:
        return self.lastdirective.shown_at

    def on_directive_handle(
        self, directive: Word, toks: list[Word], ifpassthru: bool, precedingtoks: list[Word]
    ) -> bool:
        """Called before a directive is done: pcpp expects it to have what it needs."""
        self.lastdirective = directive
        name = directive.value
        is_cut = name == "if" and [one.value for one in toks[:3]] in _CUT_CONDITIONS
        if is_cut or (not toks and name in _TAKE_ARGUMENTS):
            self._diagnostics.error(directive.shown_at, f"'#{name}' of nothing")
            toks[:] = [Word("CPP_INTEGER" if name in ("if", "elif") else "CPP_ID", "0", None)]
        if not toks and name == "pragma":
            toks.append(Word("CPP_ID", "", None))
        return True

    def on_directive_unknown(
        self, directive: Word, toks: list[Word], ifpassthru: bool, precedingtoks: list[Word]
    ) -> bool | None:
        """Called for what pcpp leaves to others; None lets the line through."""
        name = directive.value
        span, text = directive.shown_at, "".join(one.value for one in toks)
        if name == "pragma":
            return None
        if name == "error":
            self._diagnostics.error(span, f"#error {text}".rstrip())
        elif name == "warning":
            self._diagnostics.warning(span, f"#warning {text}".rstrip())
        elif name not in _IGNORED and directive.type != self.t_INTEGER:
            hint = did_you_mean(f"#{name}", [f"#{one}" for one in _DIRECTIVES.split()])
            self._diagnostics.error(span, f"there is no directive '#{name}'", hint=hint)
        return True

    def on_unknown_macro_function_in_expr(self, ident: str) -> Callable[[object], int]:
        """Called for `NAME(…)` in a condition; `__has_builtin(…)` and its like are 0."""
        if not ident.startswith("__has_"):
            self._diagnostics.error(self._here, f"no macro '{ident}' is defined")
        return lambda _: 0

    # Files

    def include(self, tokens: list[Word], original_line: list[Word]) -> Iterator[Word]:
        """The words of what an `#include` names."""
        span = self._here
        text = "".join(one.value for one in tokens)
        name, closing = text[1:-1], {"<": ">", '"': '"'}.get(text[:1])
        if not name or text[-1:] != closing:
            hint = 'write #include <name> or #include "name"'
            self._diagnostics.error(span, "this #include names no file", hint=hint)
            return
        for one in tokens:
            if one.span is not None:
                span = one.span if span is self._here else span.join(one.span)
        if text[0] == "<" and is_header(name):
            return
        source = self._file(name)
        if source is None:
            kind = "header" if text[0] == "<" else "file"
            self._diagnostics.error(span, f"no {kind} '{name}'", hint=header_hint(name))
        elif self.include_depth > _MAX_INCLUDES:
            self._diagnostics.error(span, f"'{name}' includes itself without end")
        elif source.name not in self.include_once:
            yield from self.read(source)

    def _file(self, name: str) -> Source | None:
        if self._read_file is None:
            return None
        try:
            return self._read_file(name, self._texts[self.source])
        except KeyError:
            return None


_CUT_CONDITIONS = (["!"], ["!", "defined"], ["!", "defined", "("])


def _pasted(words: list[Word]) -> list[Word]:
    """The words of a macro without parameters, with `##` done, which pcpp leaves undone there."""
    if all(one.value != "##" for one in words):
        return words
    head, body = words[:2], [one for one in words[2:] if one.type != "CPP_WS"]
    made: list[Word] = []
    following = iter(body)
    for word in following:
        if word.value != "##":
            made.append(word)
            continue
        right = next(following, None)
        if right is None or not made:
            break
        pasted = words_of(made.pop().value + right.value)
        for one in pasted:
            # `# ## #` makes a `##` that pastes nothing (C11, 6.10.3.3, paragraph 4).
            one.type = "CPP_MARK" if one.value == "##" else one.type
        made += pasted
    return [*head, *made]
