"""Columns that every tool's rows can have: `--with time,user,container`.

>>> with_columns(source, 2, (EXTRAS["user"],)).text
'BEGIN { printf("%-10s %d %s\\\\n", username, pid, comm); }'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from seismo.base.dataclass import dataclass
from seismo.base.source import Source
from seismo.lang.lexer import tokenize
from seismo.lang.tokens import Token, TokenKind
from seismo.tools.tool import Column, Show

__all__ = ("EXTRAS", "Extra", "argument_count", "with_columns")

_ANY = 1 << 16


@dataclass(frozen=True, slots=True)
class Extra:
    """A column before the tool's own: how it is printed, and the expression that it shows.

    `is_of_task`: it is about the current task. `show` is what its value means.
    """

    name: str
    conversion: str
    expression: str
    help: str
    is_of_task: bool = True
    show: Show | None = None

    @property
    def column(self) -> Column:
        return Column(self.name, self.show)


def _container_id(text: str) -> str | None:
    return text or None


def _cgroup_path(text: str) -> str | None:
    """`/a/b` of `unified:/a/b`."""
    return text.partition(":")[2] or None


EXTRAS: Mapping[str, Extra] = {
    one.name: one
    for one in (
        Extra("time", "%-15s", 'strftime("%H:%M:%S.%f", nsecs)', "local time", is_of_task=False),
        Extra("elapsed", "%-12lld", "elapsed", "ns since the start", is_of_task=False),
        Extra("cpu", "%-4d", "cpu", "the processor that saw it", is_of_task=False),
        Extra("user", "%-10s", "username", "the user's name"),
        Extra("uid", "%-7d", "uid", "the user's number"),
        Extra("gid", "%-7d", "gid", "the group's number"),
        Extra("tid", "%-7d", "tid", "the thread"),
        Extra("ppid", "%-7d", "ppid", "the parent process"),
        Extra("container", "%-12s", "container", "the container's id", show=_container_id),
        Extra(
            *("cgroup", "%-20s", 'cgroup_path(cgroup, "unified")', "the cgroup (version 2)"),
            show=_cgroup_path,
        ),
    )
}


def with_columns(
    source: Source, arguments: int, extras: Sequence[Extra], *, or_more: bool = False
) -> Source:
    """The script with these columns before the others, in every printf of so many arguments."""
    if not extras:
        return source
    text, end = [], 0
    head = "".join(f"{one.conversion} " for one in extras)
    most = _ANY if or_more else arguments
    for format_ in _formats(tokenize(source), range(arguments, most + 1)):
        text += [source.text[end : format_.span.start + 1], head]
        text.append(source.text[format_.span.start + 1 : format_.span.end])
        text.append("".join(f", {one.expression}" for one in extras))
        end = format_.span.end
    return Source(source.name, "".join([*text, source.text[end:]]))


def _formats(tokens: Sequence[Token], arguments: range) -> Iterator[Token]:
    """The format of every printf that has so many arguments."""
    for at, token in enumerate(tokens):
        is_printf = token.text == "printf" and tokens[at + 2].kind is TokenKind.STRING
        if is_printf and argument_count(tokens, at + 3) in arguments:
            yield tokens[at + 2]


def argument_count(tokens: Sequence[Token], at: int) -> int:
    """How many arguments follow the format, which ends before `at`: commas outside brackets."""
    depth, count = 0, 0
    for token in tokens[at:]:
        if token.text in ("(", "[", "{"):
            depth += 1
        elif token.text in (")", "]", "}"):
            if not depth:
                break
            depth -= 1
        elif token.text == "," and not depth:
            count += 1
    return count
