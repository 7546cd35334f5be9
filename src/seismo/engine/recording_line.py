"""Hits as people write them: a line each, in tests and in listings.

>>> str_of = format_hit(parse_hit(line))
tracepoint:syscalls:sys_enter_openat pid=7 comm=cat filename="/etc/hostname" flags=0

First the attach point, then the task and the time by the names `ns cpu pid tid uid gid cgroup comm
kstack ustack`, and the place's arguments by theirs; an argument that is called as one of those is
`args.pid`. A value is a number (`7`, `-100`, `0x1f`), text as JSON has it or a plain word, bytes
(`hex:00ff`), or a list: `["ls", "-l"]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from seismo.base.errors import SourceError
from seismo.base.source import Span
from seismo.engine.checks import MOST_CPUS, fits
from seismo.engine.hit import Hit, Value
from seismo.vm.environment import Task

__all__ = ("STEP_NS", "format_hit", "parse_hit")

STEP_NS = 1_000
"""How much later a hit is than the one before, where its line does not say."""

_ARGUMENT = "args."
_NUMBERS = ("ns", "cpu", "pid", "tid", "uid", "gid", "cgroup")
_BELOW = {
    **dict.fromkeys(("pid", "tid", "uid", "gid"), 1 << 32),
    "ns": 1 << 63,
    "cpu": MOST_CPUS,
    "cgroup": 1 << 64,
}
_STACKS = ("kstack", "ustack")
_NAMES = (*_NUMBERS, *_STACKS, "comm")
_STRING = r'"(?:[^"\\]|\\.)*"'
_FORM = "after the attach point a line has NAME=VALUE, with spaces between"


def format_hit(hit: Hit) -> str:
    """The line; no field that is empty, or as it is anyway."""
    task = hit.task
    words = [hit.at, f"ns={hit.ns}", f"cpu={hit.cpu}", f"pid={task.pid}"]
    if task.tid != task.pid:
        words.append(f"tid={task.tid}")
    for name, number in (("uid", task.uid), ("gid", task.gid), ("cgroup", task.cgroup_id)):
        if number:
            words.append(f"{name}={number}")
    words.append(f"comm={_text(task.comm.decode('utf-8', 'surrogateescape'))}")
    for name, value in hit.arguments.items():
        words.append(f"{_ARGUMENT if name in _NAMES else ''}{name}={_shown(value)}")
    for name, stack in zip(_STACKS, (hit.kernel_stack, hit.user_stack), strict=True):
        if stack:
            words.append(f"{name}=[{', '.join(map(hex, stack))}]")
    return " ".join(words)


def parse_hit(span: Span, before_ns: int = 0) -> Hit:
    """The hit that the line at `span` is, STEP_NS after `before_ns` if it does not say when; a
    `SourceError` for what is none."""
    at, pairs = _split(span)
    about: dict[str, Value] = {}
    arguments: dict[str, Value] = {}
    for name, value, where in pairs:
        is_about = name in _NAMES
        into = about if is_about else arguments
        name = name.removeprefix(_ARGUMENT)
        if name in into:
            raise SourceError(where, f"{name} stands here twice", "give it once")
        into[name] = _checked(name, value, where) if is_about else value
    numbers = {name: value for name, value in about.items() if isinstance(value, int)}
    stacks = {name: value for name, value in about.items() if isinstance(value, tuple)}
    pid = numbers.get("pid", 0)
    return Hit(
        at=at,
        ns=numbers.get("ns", before_ns + STEP_NS),
        cpu=numbers.get("cpu", 0),
        task=Task(
            pid=pid,
            tid=numbers.get("tid", pid),
            uid=numbers.get("uid", 0),
            gid=numbers.get("gid", 0),
            comm=str(about.get("comm", "")).encode("utf-8", "surrogateescape"),
            cgroup_id=numbers.get("cgroup", 0),
        ),
        arguments=arguments,
        kernel_stack=_addresses(stacks.get("kstack", ())),
        user_stack=_addresses(stacks.get("ustack", ())),
    )


def _split(span: Span) -> tuple[str, list[tuple[str, Value, Span]]]:
    """The attach point, and each name with its value and where it stands."""
    text = span.text
    at = text.split(None, 1)[0]
    if ":" not in at:
        where = Span(span.source, span.start, span.start + len(at))
        hint = "a line begins with one: tracepoint:syscalls:sys_enter_openat"
        raise SourceError(where, f"'{at}' is no attach point", hint)
    pair = re.compile(rf"(?P<name>[\w.]+)=(?P<value>{_STRING}|\[(?:[^\]\"]|{_STRING})*\]|\S*)")
    blank = re.compile(r"\s*")
    pairs: list[tuple[str, Value, Span]] = []
    position = len(at)
    while (position := _end(blank, text, position)) < len(text):
        match = pair.match(text, position)
        if match is None or text[match.end() : match.end() + 1].strip():
            raise SourceError(
                Span(span.source, span.start + position, span.end), "this is no value", _FORM
            )
        where = Span(span.source, span.start + position, span.start + match.end())
        pairs.append((match["name"], _read(match["name"], match["value"], where), where))
        position = match.end()
    return at, pairs


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _read(name: str, text: str, where: Span) -> Value:
    if name == "comm" and text[:1] != '"':
        return text
    try:
        if text[:1] == "[":
            return _list(text)
        if text[:1] == '"':
            return str(json.loads(text))
        if text.startswith("hex:"):
            return bytes.fromhex(text.removeprefix("hex:"))
        if text[:1].isdigit() or text[:1] == "-":
            return _numbers([text])[0]
    except ValueError:
        hint = 'a number, a word, "text", hex:00ff or a list: ["ls", "-l"], [1, 0x2]'
        raise SourceError(where, f"'{text}' is no value", hint) from None
    return text


def _list(text: str) -> Value:
    """JSON's lists, with numbers in hexadecimal, too; ValueError."""
    words = re.findall(rf"{_STRING}|[^\s,\[\]]+", text)
    if any(word[0] != '"' for word in words):
        return _numbers(words)
    return tuple([str(json.loads(word)) for word in words])


def _numbers(words: Sequence[str]) -> tuple[int, ...]:
    """ValueError for what is none, or has more than 64 bits."""
    values = tuple([int(word, 0) for word in words])
    if not fits(values):
        raise ValueError
    return values


def _checked(name: str, value: Value, where: Span) -> Value:
    wanted = str if name == "comm" else tuple if name in _STACKS else int
    if not isinstance(value, wanted):
        what = {str: "text", tuple: "a list of addresses", int: "a number"}[wanted]
        raise SourceError(where, f"{name} is {what}", f"an argument is args.{name}")
    if isinstance(value, int) and not 0 <= value < _BELOW[name]:
        most = _BELOW[name] - 1
        raise SourceError(
            where, f"{name} is a number from 0 to {most}", f"an argument is args.{name}"
        )
    return value


def _addresses(value: Value) -> tuple[int, ...]:
    return tuple([one for one in value if isinstance(one, int)]) if isinstance(value, tuple) else ()


def _shown(value: Value) -> str:
    match value:
        case str():
            return _quoted(value)
        case bytes():
            return f"hex:{value.hex()}"
        case tuple():
            return f"[{', '.join(map(_shown, value))}]"
        case _:
            return str(int(value))


def _text(text: str) -> str:
    return text if text and re.fullmatch(r"[\w./:-]+", text) else _quoted(text)


def _quoted(text: str) -> str:
    shown = json.dumps(text, ensure_ascii=False)
    return shown.encode("utf-8", "backslashreplace").decode()
