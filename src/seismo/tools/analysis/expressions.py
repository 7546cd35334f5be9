"""Expressions as people write them for BCC's `trace` and `argdist`, in the tracing language.

>>> names = names_of("(struct file *f, char *buf)")
>>> translated("f->f_mode & 1 && $pid == 7 && arg2", names)
'((struct file *)arg0)->f_mode & 1 && tid == 7 && arg1'
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping

__all__ = ("names_of", "split_top", "translated")

_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|args->|\$?[A-Za-z_]\w*')
_ARGUMENT = re.compile(r"arg([1-9]\d?)$")
_STRCMP = re.compile(r'STRCMP\(\s*("(?:[^"\\]|\\.)*")\s*,\s*([^()]+?)\s*\)')
_PARAMETER = re.compile(r"(?P<type>.*?[\s*])(?P<name>[A-Za-z_]\w*)")
_OURS = {
    "$pid": "tid",
    "$tgid": "pid",
    "$uid": "uid",
    "$gid": "gid",
    "$cpu": "cpu",
    "$task": "curtask",
    "$retval": "retval",
    "args->": "args.",
}
"""What BCC calls a process is a thread here, and what it calls a group a process."""


def names_of(signature: str) -> dict[str, str]:
    """The parameters of `(size_t size, struct file *f)`, as what they are in a script."""
    inside = signature.strip()[1:-1].strip()
    found: dict[str, str] = {}
    for at, one in enumerate(split_top(inside, ",")) if inside else ():
        match = _PARAMETER.fullmatch(one.strip())
        if match is None:
            raise argparse.ArgumentTypeError(f"'{one.strip()}' is no parameter: e.g. size_t size")
        found[match["name"]] = f"(({match['type'].strip()})arg{at})"
    return found


def translated(expression: str, names: Mapping[str, str]) -> str:
    """The expression with `arg1` as the first argument, `STRCMP`, BCC's variables and `names`."""
    expression = _STRCMP.sub(r"str(\2) == \1", expression)

    def replace(match: re.Match[str]) -> str:
        word = match[0]
        before = expression[: match.start()].rstrip()
        if word[0] == '"' or before.endswith((".", "->")):
            return word
        if found := _ARGUMENT.match(word):
            return f"arg{int(found[1]) - 1}"
        if word == "arg0":
            raise argparse.ArgumentTypeError("arg1 is the first argument, there is no arg0")
        return names.get(word) or _OURS.get(word, word)

    return _WORD.sub(replace, expression)


def split_top(text: str, separator: str) -> list[str]:
    """The parts between separators that stand outside brackets and quotes."""
    parts, depth, start, is_quoted = [], 0, 0, False
    for at, character in enumerate(text):
        if character == '"' and text[at - 1 : at] != "\\":
            is_quoted = not is_quoted
        elif is_quoted:
            continue
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == separator and not depth:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]
