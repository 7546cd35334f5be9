"""Manual pages: one record to roff (groff's `man(7)`) and to Markdown.

The texts of sections are plain, with an empty line between blocks. A block is a paragraph; or, if
every line is indented, an example that stays as it is; or, if all lines but the first are, a term
and what it means. Words in `backticks` are bold, or code.

>>> print(roff(Page("seismo-loads", "show load averages", "seismo loads", ())), end="")
.TH SEISMO\\-LOADS 8 "" seismo
.SH NAME
seismo\\-loads \\- show load averages
.SH SYNOPSIS
.nf
\\fBseismo loads\\fR
.fi
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from textwrap import dedent

from seismo.base.dataclass import dataclass

__all__ = ("Page", "markdown", "roff")

_CODE = re.compile(r"`([^`\n]+)`")
_MARKDOWN_SIGN = re.compile(r"[\\*_\[\]<>|]")

_ROFF_SIGNS = {
    "\\": "\\(rs",
    "-": "\\-",
    "'": "\\(aq",
    "`": "\\(ga",
    "^": "\\(ha",
    "~": "\\(ti",
    '"': "\\(dq",
}
"""What groff would typeset as something else than is meant: groff_char(7)."""

_ROFF_NOTHING = "\\&"


@dataclass(frozen=True, slots=True)
class Page:
    """A manual page; `summary` is one line, `synopsis` lines as they are typed, and `sections` are
    titles and texts."""

    name: str
    summary: str
    synopsis: str
    sections: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class _Example:
    text: str


@dataclass(frozen=True, slots=True)
class _Term:
    term: str
    text: str


def roff(page: Page, section: int = 8) -> str:
    """The page for `man`, in ASCII. It has no date, so that it changes when its text does."""
    name = _roff_text(page.name)
    parts = [
        f'.TH {_roff_text(page.name.upper())} {section} "" seismo\n',
        f".SH NAME\n{name} \\- {_roff_text(page.summary)}\n",
        f".SH SYNOPSIS\n.nf\n\\fB{_verbatim(page.synopsis)}\\fR\n.fi\n",
    ]
    for title, text in page.sections:
        parts.append(f".SH {_roff_text(title.upper())}\n")
        parts += map(_roff_block, _blocks(text))
    return "".join(parts)


def markdown(page: Page) -> str:
    """The page for a web site or for `docs/`."""
    parts = [
        f"# {_markdown_text(page.name)}\n\n{_markdown_text(page.summary)}\n",
        f"\n```\n{page.synopsis}\n```\n",
    ]
    for title, text in page.sections:
        parts.append(f"\n## {_markdown_text(title)}\n")
        parts += map(_markdown_block, _blocks(text))
    return "".join(parts)


def _blocks(text: str) -> Iterator[_Paragraph | _Example | _Term]:
    for block in filter(str.strip, re.split(r"\n\s*\n", text.strip("\n"))):
        if _is_indented(block):
            yield _Example(dedent(block))
        elif "\n " in block:
            yield from map(_term, re.split(r"\n(?! )", block))
        else:
            yield _Paragraph(_filled(block))


def _is_indented(block: str) -> bool:
    return all(line.startswith(" ") for line in block.split("\n"))


def _term(lines: str) -> _Term:
    term, _, text = lines.partition("\n")
    return _Term(term.replace("`", ""), _filled(text))


def _filled(text: str) -> str:
    return " ".join(text.split())


def _roff_block(block: _Paragraph | _Example | _Term) -> str:
    match block:
        case _Paragraph(text):
            return f".PP\n{_roff_text(text)}\n"
        case _Example(text):
            return f".PP\n.RS 4\n.nf\n{_verbatim(text)}\n.fi\n.RE\n"
        case _Term(term, text):
            return f".TP\n\\fB{_roff_text(term)}\\fR\n{_roff_text(text) or _ROFF_NOTHING}\n"


def _roff_text(text: str) -> str:
    pieces = [
        f"\\fB{_roff_signs(piece)}\\fR" if is_code else _roff_signs(piece)
        for piece, is_code in _pieces(text)
    ]
    return _guarded("".join(pieces))


def _verbatim(text: str) -> str:
    return _guarded(_roff_signs(text))


def _guarded(roff_text: str) -> str:
    """A line that begins with a point would be a request."""
    return re.sub(r"^\.", r"\\&.", roff_text, flags=re.MULTILINE)


def _roff_signs(text: str) -> str:
    return "".join([_ROFF_SIGNS.get(one) or _roff_sign(one) for one in text])


def _roff_sign(character: str) -> str:
    return character if character.isascii() else f"\\[u{ord(character):04X}]"


def _markdown_block(block: _Paragraph | _Example | _Term) -> str:
    match block:
        case _Paragraph(text):
            return f"\n{_markdown_text(text)}\n"
        case _Example(text):
            return f"\n```\n{text}\n```\n"
        case _Term(term, text):
            return f"\n- `{term}`: {_markdown_text(text)}\n" if text else f"\n- `{term}`\n"


def _markdown_text(text: str) -> str:
    return "".join(
        [
            f"`{piece}`" if is_code else _MARKDOWN_SIGN.sub(r"\\\g<0>", piece)
            for piece, is_code in _pieces(text)
        ]
    )


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The text in parts, and whether they stood in backticks."""
    for number, piece in enumerate(_CODE.split(text)):
        yield piece, number % 2 == 1
