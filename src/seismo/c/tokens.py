"""`CToken`: what the preprocessor hands to the parser, and what kinds of words there are.

>>> c_token("start", "CPP_ID", span, diagnostics)
CToken(ID, 'start')

The kinds are pycparser's (`ID`, `INT`, `LBRACE`, `INT_CONST_HEX`, `STRING_LITERAL` …), and for what
GNU C adds `ATTRIBUTE`, `ASM`, `LABEL`, `VA_ARG`, `TYPES_COMPATIBLE`. Of a keyword with several
spellings (`inline`, `__inline__`) the value is always the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import final

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Span
from seismo.c.hints import PLACEHOLDER

__all__ = ("KEYWORDS", "PUNCTUATORS", "CToken", "c_token")


@final
class CToken:
    """A word, number, string or punctuator of C, as the parser reads it.

    The names are those that pycparser asks its tokens for; it turns an `ID` into a `TYPEID` where
    the name is that of a type. `span` is where the user wrote it; of what a macro stands for, the
    use of the macro.
    """

    __slots__ = ("span", "type", "value")

    def __init__(self, type_: str, value: str, span: Span) -> None:
        self.type = type_
        self.value = value
        self.span = span

    def __repr__(self) -> str:
        return f"CToken({self.type}, {self.value!r})"


def _keywords() -> dict[str, tuple[str, str]]:
    plain = (
        "auto break case char const continue default do double else enum extern float for goto if "
        "inline int long register restrict return short signed sizeof static struct switch typedef "
        "union unsigned void volatile while _Alignas _Alignof _Atomic _Bool _Complex _Generic "
        "_Noreturn _Static_assert _Thread_local __int128 typeof"
    )
    words = {word: (word.upper(), word) for word in plain.split()}
    for word in ("inline", "const", "volatile", "restrict", "signed", "typeof"):
        words[f"__{word}"] = words[f"__{word}__"] = words[word]
    words["__alignof"] = words["__alignof__"] = words["_Alignof"]
    words["static_assert"] = words["_Static_assert"]
    words["__auto_type"] = ("AUTO", "auto")
    # Where a qualifier may stand, so may this: the tree keeps it with `const` and `volatile`.
    words["__user"] = ("CONST", "__user")
    words["offsetof"] = words["__builtin_offsetof"] = ("OFFSETOF", "__builtin_offsetof")
    words["__builtin_types_compatible_p"] = ("TYPES_COMPATIBLE", "__builtin_types_compatible_p")
    words["__builtin_va_arg"] = ("VA_ARG", "__builtin_va_arg")
    words["__attribute"] = words["__attribute__"] = ("ATTRIBUTE", "__attribute__")
    words["asm"] = words["__asm"] = words["__asm__"] = ("ASM", "asm")
    words["__label__"] = ("LABEL", "__label__")
    return words


KEYWORDS: Mapping[str, tuple[str, str]] = _keywords()
"""Spelling to the kind of token and its one value."""

PUNCTUATORS: Mapping[str, str] = {
    "(": "LPAREN",
    ")": "RPAREN",
    "[": "LBRACKET",
    "]": "RBRACKET",
    "{": "LBRACE",
    "}": "RBRACE",
    ",": "COMMA",
    ";": "SEMI",
    ":": "COLON",
    ".": "PERIOD",
    "?": "CONDOP",
    "...": "ELLIPSIS",
    "->": "ARROW",
    "++": "PLUSPLUS",
    "--": "MINUSMINUS",
    "+": "PLUS",
    "-": "MINUS",
    "*": "TIMES",
    "/": "DIVIDE",
    "%": "MOD",
    "&": "AND",
    "|": "OR",
    "^": "XOR",
    "~": "NOT",
    "!": "LNOT",
    "&&": "LAND",
    "||": "LOR",
    "<<": "LSHIFT",
    ">>": "RSHIFT",
    "<": "LT",
    ">": "GT",
    "<=": "LE",
    ">=": "GE",
    "==": "EQ",
    "!=": "NE",
    "=": "EQUALS",
    "+=": "PLUSEQUAL",
    "-=": "MINUSEQUAL",
    "*=": "TIMESEQUAL",
    "/=": "DIVEQUAL",
    "%=": "MODEQUAL",
    "<<=": "LSHIFTEQUAL",
    ">>=": "RSHIFTEQUAL",
    "&=": "ANDEQUAL",
    "|=": "OREQUAL",
    "^=": "XOREQUAL",
}

_STRAY = {
    "\\": "a '\\' continues a line only as its last character",
    **dict.fromkeys(("##", "#", "@", "$"), PLACEHOLDER),
}

_INTEGER = re.compile(
    r"(?:(0[xX][\da-fA-F]+)|(0[bB][01]+)|(0[0-7]*)|([1-9]\d*))"
    r"(?:[uU](?:ll|LL|[lL])?|(?:ll|LL|[lL])[uU]?)?"
)
_INTEGER_KINDS = ("INT_CONST_HEX", "INT_CONST_BIN", "INT_CONST_OCT", "INT_CONST_DEC")
_FLOAT = re.compile(r"(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?[fFlL]?")


def c_token(text: str, kind: str, span: Span, diagnostics: Diagnostics) -> CToken:
    """The token that a word of the preprocessor is (`kind`: see lexer.py); what is no C is told to
    `diagnostics` and becomes something that parses."""
    if kind == "CPP_ID":
        return CToken(*KEYWORDS.get(text, ("ID", text)), span)
    if kind in ("CPP_INTEGER", "CPP_FLOAT"):
        return _number(text, span, diagnostics)
    if kind == "CPP_STRING":
        return CToken("STRING_LITERAL", text, span)
    if kind == "CPP_CHAR":
        if text.endswith("''"):
            diagnostics.error(span, "a character constant without a character")
            text = "'0'"
        return CToken("CHAR_CONST", text, span)
    if punctuator := PUNCTUATORS.get(text):
        return CToken(punctuator, text, span)
    return _no_token(text, span, diagnostics)


def _number(text: str, span: Span, diagnostics: Diagnostics) -> CToken:
    if match := _INTEGER.fullmatch(text):
        return CToken(_INTEGER_KINDS[(match.lastindex or 0) - 1], text, span)
    if _FLOAT.fullmatch(text):
        return CToken("FLOAT_CONST", text, span)
    diagnostics.error(span, f"'{text}' is not a number")
    return CToken("INT_CONST_DEC", "1", span)


def _no_token(text: str, span: Span, diagnostics: Diagnostics) -> CToken:
    if text.startswith("/*"):
        diagnostics.error(span, "this comment has no end", hint="write '*/' after it")
    elif text[0] in "\"'":
        diagnostics.error(span, f"a closing {text[0]} is missing in this line")
        return CToken("STRING_LITERAL" if text[0] == '"' else "CHAR_CONST", text[0] * 2, span)
    else:
        hint = _STRAY.get(text, "")
        diagnostics.error(span, f"{text!r} has no meaning in C", hint=hint)
    return CToken("SEMI", ";", span)
