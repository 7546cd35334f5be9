"""A program's tokens as clang is to read them: tables, their methods and programs in plain C.

`BPF_HASH(start, u32)` becomes a type, `start.lookup(&key)` a macro of `bpf/seismo_bcc.h`, and each
function that may become a program one that its entry (`entries.py`) takes in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from seismo.base.errors import SourceError
from seismo.base.source import Span
from seismo.c.methods.table import find_method, method_names
from seismo.c.tokens import CToken
from seismo.c.tree import TableDecl

__all__ = ("Piece", "rewritten", "table_type")

Piece: TypeAlias = tuple[str, Span]
"""A word of the text for clang, and what it comes from."""

_OPENING = ("LPAREN", "LBRACKET", "LBRACE")
_CLOSING = ("RPAREN", "RBRACKET", "RBRACE")
_TABLE = "seismo_table"
_PRINT = "bpf_trace_printk"
_INLINED = "static inline __attribute__((always_inline))"


def rewritten(
    tokens: Sequence[CToken], tables: Mapping[str, TableDecl], programs: Collection[str]
) -> list[Piece]:
    """The words of the text; SourceError for a method that tables of a kind have not."""
    return _Rewriter(tokens, tables, programs).pieces()


def table_type(table: str) -> str:
    """The type whose members are the key and the leaf of a table."""
    return f"__seismo_table_{table}"


class _Rewriter:
    """Goes through the tokens once; `_open` has for each open bracket whether it encloses the
    arguments of a method."""

    def __init__(
        self, tokens: Sequence[CToken], tables: Mapping[str, TableDecl], programs: Collection[str]
    ) -> None:
        self._tokens = tokens
        self._tables = tables
        self._programs = programs
        self._at = 0
        self._found: list[Piece] = []
        self._open: list[bool] = []
        self._start = 0  # of the declaration outside functions

    def pieces(self) -> list[Piece]:
        """All of them."""
        while self._at < len(self._tokens):
            self._step()
        return self._found

    def _step(self) -> None:
        token = self._tokens[self._at]
        if token.type == "ATTRIBUTE" and self._follows("LPAREN", "LPAREN", _TABLE):
            self._table()
        elif token.value in self._tables and self._is_method():
            self._method(self._tables[token.value])
        elif token.value == _PRINT and self._follows("LPAREN", "STRING_LITERAL"):
            self._take("__seismo_trace_printk")
        elif token.type == "PPPRAGMA":
            self._at += 1
            self._take(f'_Pragma("{self._tokens[self._at].value}")')
        else:
            self._plain(token)

    def _plain(self, token: CToken) -> None:
        kind = token.type
        is_outside = not self._open
        if is_outside and token.value in self._programs and self._follows("LPAREN"):
            self._found.insert(self._start, (_INLINED, token.span))
        is_method = kind in _CLOSING and bool(self._open) and self._open.pop()
        if kind in _OPENING:
            self._open.append(False)
        if is_method:
            self._say(")", token)
        if kind == "COMMA" and self._open and self._open[-1]:
            # Each argument in parentheses of its own: commas between braces separate none.
            self._say(")", token)
            self._take(",")
            self._say("(", token)
        else:
            self._take("__auto_type" if kind == "AUTO" else token.value)
        if not self._open and kind in ("SEMI", "RBRACE"):
            self._start = len(self._found)

    def _method(self, table: TableDecl) -> None:
        """`table . method (`, and `)` where there are no arguments."""
        start, word = self._tokens[self._at], self._tokens[self._at + 2]
        try:
            find_method(word.value, table.kind)
        except KeyError:
            message = f"tables of type {table.kind} have no method {word.value}()"
            hint = f"they have {', '.join(method_names(table.kind))}"
            raise SourceError(word.span, message, hint) from None
        self._at += 2
        self._take(f"__seismo_{word.value}")
        has_arguments = self._tokens[self._at + 1].type != "RPAREN"
        self._take("(")
        self._say(table.name, start)
        self._open.append(has_arguments)
        if has_arguments:
            self._say(",", start)
            self._say("(", start)

    def _table(self) -> None:
        """The declaration of a table: only the type is left of it."""
        self._skip_attribute()
        self._say("typedef", self._tokens[self._at])
        depth = 0
        while depth or self._tokens[self._at].type not in ("ID", "TYPEID"):
            token = self._tokens[self._at]
            depth += (token.type == "LBRACE") - (token.type == "RBRACE")
            self._take(token.value)
        self._take(table_type(self._tokens[self._at].value))
        self._skip_attribute()

    def _skip_attribute(self) -> None:
        depth = 0
        self._at += 1
        while depth or self._tokens[self._at].type == "LPAREN":
            kind = self._tokens[self._at].type
            depth += (kind == "LPAREN") - (kind == "RPAREN")
            self._at += 1

    def _is_method(self) -> bool:
        """Whether a method is called of what has a table's name, and that is no member."""
        before, after = self._tokens[self._at - 1], self._tokens[self._at + 3 : self._at + 4]
        is_member = before.type in ("PERIOD", "ARROW")
        is_call = self._follows("PERIOD") and bool(after) and after[0].type == "LPAREN"
        return is_call and not is_member

    def _follows(self, *kinds: str) -> bool:
        """Whether tokens of these kinds, or names, come next."""
        following = self._tokens[self._at + 1 : self._at + 1 + len(kinds)]
        return len(following) == len(kinds) and all(
            kind in (one.type, one.value) for kind, one in zip(kinds, following, strict=True)
        )

    def _take(self, text: str) -> None:
        """The next token, as this text."""
        self._say(text, self._tokens[self._at])
        self._at += 1

    def _say(self, text: str, of: CToken) -> None:
        self._found.append((text, of.span))
