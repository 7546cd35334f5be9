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

_STRING = r'"(?:[^"\\]|\\.)*"'
_WORD = re.compile(
    rf"""{_STRING} | (?P<pointer>[\w$.]+(?:->[\w.]+)*)@user\b | args->
         | (?P<qualifier>(?:const|volatile)\s+) | \$?[A-Za-z_]\w*""",
    re.VERBOSE,
)
_ARGUMENT = re.compile(r"arg([1-9]\d?)$")
_STRCMP = re.compile(rf"STRCMP\(\s*({_STRING})\s*,\s*((?:[^()]|\([^()]*\))+?)\s*\)")
_PARAMETER = re.compile(r"(?P<type>.*?[\s*])(?P<name>[A-Za-z_]\w*)(?P<is_array>\s*\[.*\])?")
_CALLBACK = re.compile(r".*\(\s*\*\s*(?P<name>[A-Za-z_]\w*)\s*\)\s*\(.*\)")
_QUALIFIER = re.compile(r"\b(?:const|volatile|restrict|__restrict|__user)\b\s*")
_NO_VALUE_AFTER = (".", "->", "struct", "union", "enum")
_OURS = {
    "$pid": "tid",
    "$tgid": "pid",
    "$PID": "pid",
    "$TID": "tid",
    "$COMM": "comm",
    "$uid": "uid",
    "$gid": "gid",
    "$cpu": "cpu",
    "$task": "curtask",
    "$retval": "retval",
    "args->": "args.",
    "NULL": "0",
    # What argdist makes something of by itself.
    "$latency": "$latency",
    "$entry": "$entry",
}
"""`trace` has the kernel's words: what it calls a process is a thread here, and what it calls a
group a process. `argdist` has the words of people, in capitals."""


def names_of(signature: str) -> dict[str, str]:
    """The parameters of `(size_t size, struct file *f)`, as what they are in a script."""
    inside = signature.strip()[1:-1].strip()
    parts = [one.strip() for one in split_top(inside, ",")] if inside not in ("", "void") else []
    if parts[-1:] == ["..."]:
        parts.pop()
    return dict(_parameter(at, one) for at, one in enumerate(parts))


def _parameter(at: int, text: str) -> tuple[str, str]:
    if callback := _CALLBACK.fullmatch(text):
        return callback["name"], f"arg{at}"
    match = _PARAMETER.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"'{text}' is no parameter: e.g. size_t size")
    type_ = _QUALIFIER.sub("", match["type"]).strip()
    return match["name"], f"(({type_}{' *' if match['is_array'] else ''})arg{at})"


def translated(expression: str, names: Mapping[str, str]) -> str:
    """The expression with `arg1` as the first argument, `STRCMP`, BCC's variables and `names`.

    `@user` behind a pointer says that it points into user space.
    """
    expression = _STRCMP.sub(r"(str(\2) == \1)", expression)

    def replace(match: re.Match[str]) -> str:
        word = match[0]
        before = expression[: match.start()].rstrip()
        if word[0] == '"' or before.endswith(_NO_VALUE_AFTER):
            return word
        if match["qualifier"]:
            return ""
        if match["pointer"]:
            return f"uptr({translated(match['pointer'], names)})"
        if found := _ARGUMENT.match(word):
            return f"arg{int(found[1]) - 1}"
        if word == "arg0":
            raise argparse.ArgumentTypeError("arg1 is the first argument, there is no arg0")
        if word[0] == "$" and word not in _OURS:
            known = " ".join(one for one in _OURS if one[0] == "$")
            raise argparse.ArgumentTypeError(f"there is no {word}, but {known}")
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
