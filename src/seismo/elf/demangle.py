"""Names as programmers wrote them, from the symbols that C++ and Rust compilers made of them.

>>> demangle("_ZNSt6vectorIiSaIiEE9push_backERKi")
'std::vector<int, std::allocator<int> >::push_back(int const&)'
>>> function_name(_)
'std::vector<int, std::allocator<int> >::push_back'

Itanium C++ names (GCC and clang) are spelled as `c++filt` spells them, Rust's without the hash that
tells versions of a crate apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seismo.base.dataclass import dataclass

__all__ = ("demangle", "function_name", "is_mangled", "matches", "symbol_word")

_SPECIAL = re.compile(r"(?:[A-Za-z-]+ )+(?:for|to) ")
"""`vtable for`, `non-virtual thunk to`: what a compiler made beside the function it names."""
_OPERATOR = re.compile(
    r"\boperator(?:\(\)|\[\]|->\*?|<=>|<<=?|>>=?|&&|\|\||\+\+|--|[-+*/%^&|~!=<>]=?|,"
    r'|"" ?\w+| (?:new|delete)(?:\[\])?| co_await\b)(?: (?=<))?'
)
_CONVERSION = re.compile(r"\boperator (?=\S)")
_AFTER_PARAMETERS = re.compile(r"(?: const| volatile| noexcept|&| )*((?: \[clone [^\]]*\])*)$")
_LOCAL_QUALIFIER = re.compile(r" (?:const|volatile|&+)[ &a-z]*::")
_POINTER_MARK = re.compile(r"\((?:[\w:<>, ]*::)?[*&]+(?: ?const)?")
_LOOSE_SPACE = re.compile(r"(?<!\w) | (?!\w)")
_INHERENT = re.compile(r"^<([\w:]+)>::")
"""`<crate::Type>::method`, how Rust's newer names say what all others say without brackets."""
_LAST_WORD = re.compile(r"\w+$")
_OPENING = {"(": ")", "<": ">", "[": "]", "{": "}"}


def is_mangled(name: str) -> bool:
    """Whether a symbol may be a C++ or Rust one: only then is demangling it worth the time."""
    return name.startswith(("_Z", "_R"))


def demangle(name: str) -> str:
    """The declaration that a symbol stands for; the symbol as it is if it is no C++ or Rust one.

    A name of more than 64 KiB, or nested deeper than 256, is left as it is. Never raises.
    """
    if not is_mangled(name):
        return name
    from seismo.elf.demangle_read import read  # noqa: PLC0415 (lazy: docs/architecture.md)

    return read(name)


def function_name(demangled: str) -> str:
    """The qualified name in a declaration: without return type, parameters and qualifiers.

    What names no function stays as it is: `vtable for A`.
    """
    found = _split(demangled)
    return found.name + found.clone


def matches(demangled: str, wanted: str) -> bool:
    """Whether `wanted` names the function of a declaration.

    It may go without the parameter list (all overloads) and without the template arguments of the
    function itself (all its instances); spaces are free where they part no words.
    """
    found = _split(demangled)
    names = [found.name, found.template, found.name + found.parameters]
    names += [_INHERENT.sub(r"\1::", name) for name in names]
    spelled = [demangled, *[name + found.clone for name in names]]
    return _squeezed(wanted) in map(_squeezed, spelled)


def symbol_word(wanted: str) -> str:
    """A word that the symbol of every function has that `matches` it; "" for an operator.

    To look for it first is what makes a search through all symbols of a file fast.
    """
    name = _split(wanted).template
    last = _LAST_WORD.search(name)
    return "" if last is None or "operator" in name else last[0]


@dataclass(frozen=True, slots=True)
class _Parts:
    """A declaration in parts; `template` is the name without the template arguments at its end."""

    name: str
    template: str
    parameters: str = ""
    clone: str = ""


@dataclass(frozen=True, slots=True)
class _Group:
    """Brackets that are inside no others: what opens them, and where they are."""

    kind: str
    start: int
    end: int


def _split(demangled: str) -> _Parts:
    if _SPECIAL.match(demangled):
        return _Parts(demangled, demangled)
    while True:
        groups = list(_groups(demangled))
        parameters = next((one for one in reversed(groups) if one.kind == "("), None)
        after = _AFTER_PARAMETERS.match(demangled, parameters.end) if parameters else None
        if parameters is None or after is None:
            return _Parts(demangled, _without_arguments(demangled, 0, groups))
        before = [one for one in groups if one.end <= parameters.start]
        inner = _named_inside(demangled, before, parameters)
        if not inner:
            break
        demangled = inner
    start = max([one.end for one in before if one.kind == " "], default=0)
    name = demangled[start : parameters.start]
    return _Parts(
        name,
        _without_arguments(name, start, before),
        demangled[parameters.start : parameters.end],
        after[1],
    )


def _named_inside(demangled: str, before: list[_Group], parameters: _Group) -> str:
    """The declaration inside `void (*f<int>(int))(char)`; "" if it is none of that form."""
    last = before[-1] if before else parameters
    if last.kind != "(" or last.end != parameters.start:
        return ""
    inner = demangled[last.start : last.end]
    mark = _POINTER_MARK.match(inner)
    return inner[mark.end() : -1] if mark else ""


def _without_arguments(name: str, start: int, groups: list[_Group]) -> str:
    """`name`, which begins at `start`, without the template arguments at its end."""
    last = groups[-1] if groups else None
    has_arguments = last is not None and last.kind == "<" and last.end == start + len(name)
    # Rust has `name::<arguments>`.
    return name[: last.start - start].rstrip(" :") if last and has_arguments else name


def _groups(text: str) -> Iterator[_Group]:
    """The outermost brackets of a declaration, and the spaces that part its words."""
    closing = list[str]()
    at = start = 0
    while at < len(text):
        char = text[at]
        if not closing and char == "o" and (match := _OPERATOR.match(text, at)):
            at = match.end()
            continue
        if not closing and char == "o" and (match := _CONVERSION.match(text, at)):
            at = _end_of_type(text, match.end())
            continue
        if char in _OPENING:
            start = start if closing else at
            closing.append(_OPENING[char])
        elif closing and char in closing and text[at - 1 : at + 1] != "->":
            # In an expression, `<` may have been no bracket.
            while closing.pop() != char:
                pass
            if not closing:
                yield _Group(text[start], start, at + 1)
        elif char == " " and not closing and not _LOCAL_QUALIFIER.match(text, at):
            yield _Group(" ", at, at + 1)
        at += 1


def _end_of_type(text: str, start: int) -> int:
    """Where the type of `operator T()` ends: at the parameter list, which is the empty one."""
    end = text.find("()", start)
    return end if end >= 0 else len(text)


def _squeezed(text: str) -> str:
    return _LOOSE_SPACE.sub("", text)
