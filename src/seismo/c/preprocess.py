"""The preprocessor: text to tokens, with macros expanded and `#include`s resolved.

>>> preprocess(Source("<text>", "int x = AF_INET;"), HEADERS, {}, diagnostics)
(CToken(INT, 'int'), CToken(ID, 'x'), CToken(EQUALS, '='), CToken(INT_CONST_DEC, '2'), ...)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import takewhile

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source, Span
from seismo.c.lexer import Word
from seismo.c.preprocess_expand import Expander, Headers, ReadFile
from seismo.c.tokens import CToken, c_token

__all__ = ("Headers", "ReadFile", "preprocess")


def preprocess(
    source: Source,
    headers: Headers,
    defines: Mapping[str, str],
    diagnostics: Diagnostics,
    read_file: ReadFile | None = None,
) -> tuple[CToken, ...]:
    """The tokens of a program; mistakes go to `diagnostics`.

    `defines` are those of `-D`: name (with parameters, if it has some) to text. `read_file` finds
    files beside the source and in the directories of `-I`.

    `#pragma unroll`, `#pragma unroll 4` and `#pragma nounroll` become two tokens, `PPPRAGMA` and
    `PPPRAGMASTR`, the second `unroll`, `unroll 4`, `nounroll`; other pragmas say nothing here.
    """
    expander = Expander(headers, diagnostics, read_file)
    for name, text in defines.items():
        expander.define_from_outside(f"{name} {text}")
    try:
        return tuple(_tokens(expander, expander.read(source), diagnostics))
    except RecursionError:
        diagnostics.error(Span(source, 0, 0), "macros are nested too deeply to be expanded")
        return ()


def _tokens(
    expander: Expander, words: Iterator[Word], diagnostics: Diagnostics
) -> Iterator[CToken]:
    for word in words:
        if word.type == "CPP_WS" or word.value == "__extension__":
            continue
        if word.type == "CPP_POUND":
            line = list(takewhile(lambda one: one.value != "\n", words))
            yield from _pragma(expander, [word, *line], diagnostics)
        else:
            yield c_token(word.value, word.type, word.shown_at, diagnostics)


def _pragma(expander: Expander, line: list[Word], diagnostics: Diagnostics) -> Iterator[CToken]:
    span = line[0].shown_at
    said = [one.value for one in expander.expand_macros(line) if one.type != "CPP_WS"]
    if said[:2] != ["#", "pragma"]:
        diagnostics.error(span, "'#' has no meaning here", hint="a directive has its own line")
        return
    text = " ".join(one for one in said[2:] if one not in ("GCC", "clang", "loop", "(", ")"))
    if text.startswith("pack"):
        hint = "write __attribute__((packed)) after the structure's '}'"
        diagnostics.error(span, "#pragma pack is not supported", hint=hint)
    unroll = {"unroll enable": "unroll", "unroll full": "unroll", "unroll disable": "nounroll"}
    text = unroll.get(text, text)
    if text.split(" ")[0] in ("unroll", "nounroll"):
        yield CToken("PPPRAGMA", "pragma", span)
        yield CToken("PPPRAGMASTR", text, span)
