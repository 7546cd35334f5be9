"""The tokens as the parser takes them, and what it says when they are not C.

`TokenParser` is pycparser's parser, reading our tokens: every node's `coord` is a `Span`, names of
the kernel's types are types, and complaints are `CSyntaxError`s that say what was expected.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from seismo.base.source import NOWHERE, Span
from seismo.c.errors import CSyntaxError
from seismo.c.hints import PLACEHOLDER, near_name, placeholder
from seismo.c.parse_library import CParser
from seismo.c.tokens import KEYWORDS, PUNCTUATORS, CToken

__all__ = ("TokenParser",)

_MARKS = {kind: mark for mark, kind in PUNCTUATORS.items()}
_COMMON_TYPES = (
    "u8 u16 u32 u64 s8 s16 s32 s64 __u8 __u16 __u32 __u64 bool size_t pid_t uid_t gid_t dev_t "
    "ino_t loff_t umode_t sector_t uint8_t uint16_t uint32_t uint64_t int8_t int16_t int32_t "
    "int64_t char short int long unsigned void struct"
)
_CLOSING = {"LPAREN": "RPAREN", "LBRACE": "RBRACE", "LBRACKET": "RBRACKET"}


class _Tokens:
    """A place in the list of tokens: what pycparser calls a token stream."""

    def __init__(self, tokens: Sequence[CToken]) -> None:
        self.all = tokens
        self.index = 0

    def peek(self, k: int = 1) -> CToken | None:
        place = self.index + k - 1
        return self.all[place] if 0 <= place < len(self.all) else None

    def next(self) -> CToken | None:
        token = self.peek()
        self.index += token is not None
        return token

    def mark(self) -> int:
        return self.index

    def reset(self, mark: int) -> None:
        self.index = mark


class _Unused:
    """Stands where pycparser wants a lexer: the tokens are there already."""

    filename = ""

    def __init__(self, error_func: object, dialect: str) -> None:
        pass

    def token(self) -> None:
        return None


class TokenParser(CParser):  # type: ignore[misc]
    """pycparser's grammar over a list of tokens."""

    def __init__(self, tokens: Sequence[CToken], is_type: Callable[[str], bool]) -> None:
        super().__init__(lexer=_Unused, dialect="c23")
        self._tokens = _Tokens(tokens)
        self._is_kernel_type = is_type

    @property
    def place(self) -> int:
        """The number of the token to read next."""
        return self._tokens.mark()

    @property
    def is_at_end(self) -> bool:
        return self._tokens.peek() is None

    def skip_declaration(self, start: int) -> None:
        """Goes on behind the declaration outside functions that began at token `start`, and behind
        the one at which it stopped."""
        tokens, depth, place, is_body = self._tokens.all, 0, start, False
        while place < len(tokens):
            kind = tokens[place].type
            if kind == "LBRACE" and not depth:
                is_body = place > 0 and tokens[place - 1].type == "RPAREN"
            depth += (kind == "LBRACE") - (kind == "RBRACE")
            place += 1
            ends = depth <= 0 and (kind == "SEMI" or (kind == "RBRACE" and is_body))
            if (
                ends
                and place > self.place
                and [x.type for x in tokens[place : place + 1]] != ["LBRACE"]
            ):
                break
        self._tokens.reset(place)
        del self._scope_stack[1:]
        self._typedef_checked_token = None

    # What pycparser asks about tokens

    def _tok_coord(self, tok: CToken) -> Span:
        return tok.span

    def _is_type_in_scope(self, name: str) -> bool:
        for scope in reversed(self._scope_stack):
            if name in scope:
                return bool(scope[name])
        return self._is_kernel_type(name)

    def _is_known(self, name: str) -> bool:
        return any(name in scope for scope in self._scope_stack) or self._is_kernel_type(name)

    @property
    def _previous(self) -> CToken | None:
        return self._tokens.peek(0)

    def _since(self, start: CToken | None) -> Span:
        """From a token to the last one that was read."""
        end = self._previous
        if start is None or end is None:
            return NOWHERE
        return _joined(start.span, end.span)

    def _expect(self, token_type: str) -> Any:
        token = self._peek()
        # A name of the kernel's types may be anything else's where no type can be.
        if token is None or not (
            token.type == token_type or (token_type == "ID" and token.type == "TYPEID")
        ):
            self._refuse(f"expected {_shown(token_type)}", token_type)
        return self._advance()

    def _advance(self) -> Any:
        if self.is_at_end:
            self._refuse("expected more")
        return super()._advance()

    # What it says

    def _parse_error(self, msg: str, coord: object) -> NoReturn:
        """Called by pycparser, whose messages name its own rules."""
        if msg in ("Invalid expression", "Invalid constant", "Invalid string literal"):
            self._refuse("expected an expression")
        if msg.startswith(("Typedef ", "Non-typedef ")):
            name = msg.split("'")[1]
            span = coord if isinstance(coord, Span) else self._here
            raise CSyntaxError(span, f"'{name}' is the name of a type and of something else here")
        if msg in ("Invalid declarator", "Invalid abstract declarator", "Invalid declaration"):
            self._refuse("expected the name of what is declared")
        if msg in ("Missing type in declaration", "Invalid specifier list"):
            self._refuse("expected a type")
        if msg == "Invalid multiple types specified":
            span = coord if isinstance(coord, Span) else self._here
            hint = "is a ';' missing before the second?"
            raise CSyntaxError(span, "two types for one declaration", hint)
        if isinstance(coord, Span):
            raise CSyntaxError(coord, msg[0].lower() + msg[1:])
        self._refuse(f"{msg[0].lower()}{msg[1:]}")

    @property
    def _here(self) -> Span:
        token = self._tokens.peek() or self._previous
        return token.span if token else NOWHERE

    def _refuse(self, expected: str, token_type: str = "") -> NoReturn:
        """Raises what says that something else was expected at the next token."""
        found, before = self._tokens.peek(), self._previous
        if found is None:
            span, hint = self._unclosed()
            raise CSyntaxError(span, f"{expected}, but the text ends", hint)
        if name := self._unknown_type():
            hint = near_name(name.value, self._type_names()) or placeholder(name.value)
            raise CSyntaxError(name.span, f"unknown type name '{name.value}'", hint)
        span, hint = found.span, _placeholder_hint(found, self._tokens.peek(2))
        if token_type == "SEMI" and before is not None:
            span = _end_of(before.span)
            hint = hint or self._brace_hint(found) or self._unknown_word_hint(before)
        elif before is not None and not hint:
            expected = f"{expected} after '{before.value}'"
        raise CSyntaxError(span, f"{expected}, found {_quoted(found)}", hint)

    def _unknown_type(self) -> CToken | None:
        """The name near the next token that can only have been meant as a type."""
        for place in (self.place - 2, self.place - 1, self.place):
            name = self._tokens.all[place] if place >= 0 else None
            if name is None or name.type != "ID" or self._is_known(name.value):
                continue
            before = ["SEMI", *(one.type for one in self._tokens.all[max(place - 2, 0) : place])]
            after = [one.type for one in self._tokens.all[place + 1 : place + 3]]
            is_declared = after[:1] in (["ID"], ["TYPEID"]) or after == ["TIMES", "ID"]
            is_cast = after[:1] == ["RPAREN"] and before[-1] == "LPAREN" and before[-2] != "ID"
            if (is_declared and before[-1] in _BEFORE_TYPE) or is_cast:
                return name
        return None

    def _type_names(self) -> list[str]:
        names = [name for scope in self._scope_stack for name, is_one in scope.items() if is_one]
        return names + _COMMON_TYPES.split()

    def _unclosed(self) -> tuple[Span, str]:
        """The end of the text, and where what was not closed begins."""
        opened: list[CToken] = []
        for token in self._tokens.all:
            if token.type in _CLOSING:
                opened.append(token)
            elif opened and token.type == _CLOSING[opened[-1].type]:
                opened.pop()
        last = self._tokens.all[-1].span if self._tokens.all else NOWHERE
        if not opened:
            return last, ""
        first = opened[-1]
        line = first.span.location.line
        return last, f"the '{first.value}' in line {line} is never closed"

    def _unknown_word_hint(self, word: CToken) -> str:
        """For `retrun 0;` and `FILTER return 0;`."""
        if word.type != "ID" or self._is_known(word.value):
            return ""
        return near_name(word.value, KEYWORDS) or placeholder(word.value)

    def _brace_hint(self, found: CToken) -> str:
        is_nested = len(self._scope_stack) > 1
        if found.type == "LBRACE" and is_nested:
            return "a function cannot be inside a function: is a '}' missing before it?"
        return ""


_BEFORE_TYPE = (
    *("SEMI", "LBRACE", "RBRACE", "LPAREN", "COMMA", "STATIC", "INLINE", "CONST", "VOLATILE"),
    *("EXTERN", "TYPEDEF", "REGISTER", "RPAREN", "COLON"),
)


def _joined(first: Span, last: Span) -> Span:
    """From one span to another; the first where they are of different texts or change places."""
    if first.source is not last.source or last.end < first.start:
        return first
    return Span(first.source, first.start, max(first.end, last.end))


def _end_of(span: Span) -> Span:
    return Span(span.source, max(span.end - 1, span.start), span.end)


def _quoted(token: CToken) -> str:
    kind = "the type " if token.type == "TYPEID" else ""
    return f"{kind}'{token.value}'"


def _shown(token_type: str) -> str:
    if token_type == "ID":
        return "a name"
    return f"'{_MARKS.get(token_type, token_type.lower())}'"


def _placeholder_hint(found: CToken, after: CToken | None) -> str:
    """For texts that a program should have filled in: `PID == %d`, `FILTER(%s)`."""
    if found.type == "MOD" and after is not None and after.value[:1] in "sdux(":
        return PLACEHOLDER
    return ""
