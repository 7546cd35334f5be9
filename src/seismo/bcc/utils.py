"""`bcc.utils`: small things that BCC's tools share."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import IO, Any

from seismo.bcc.machine import machine
from seismo.kernel import proc

__all__ = (
    "ArgString",
    "StrcmpRewrite",
    "detect_language",
    "get_online_cpus",
    "get_possible_cpus",
    "printb",
)

_LANGUAGES = ("java", "node", "perl", "php", "python", "ruby")
_STREQ = """
static inline bool {name}(char const *ignored, char const *text)
{{
        char wanted[] = {wanted};
        char found[sizeof(wanted)];

        {read}(&found, sizeof(found), (void *)text);
        for (int i = 0; i < sizeof(wanted){less}; ++i) {{
                if (wanted[i] != found[i])
                        return false;
        }}
        return true;
}}
"""


def printb(s: bytes, file: IO[Any] | None = None, nl: int = 1) -> None:
    """Write bytes to a text file (standard output) behind what `print` wrote, and a newline unless
    `nl` is 0; nothing stays in a buffer."""
    out = sys.stdout if file is None else file
    out.flush()
    raw: Any = getattr(out, "buffer", out)
    raw.write(s + b"\n" if nl else s)
    out.flush()


class ArgString(str):
    """An argument of the command line that is bytes, too, where a format wants them: `b"%s"`."""

    __slots__ = ()

    def __bytes__(self) -> bytes:
        return os.fsencode(self)


def get_online_cpus() -> list[int]:
    """The CPUs that run now."""
    return list(proc.online_cpus(machine().kernel))


def get_possible_cpus() -> list[int]:
    """The CPUs that there may ever be: a table's leaf has a place for each, if it is per CPU."""
    return list(proc.possible_cpus(machine().kernel))


def detect_language(candidates: Sequence[str], pid: int) -> str | None:
    """Which of the languages a process runs (`java`, `node`, `perl`, `php`, `python`, `ruby`), by
    the name of its program, its command line and its libraries; None for none of them."""
    for told in (_program(pid), _command(pid), _libraries(pid)):
        for language in _LANGUAGES:
            if language in candidates and re.search(rf"\b(lib)?{language}", told):
                return language
    return None


def _program(pid: int) -> str:
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return ""


def _command(pid: int) -> str:
    words = _read(f"/proc/{pid}/cmdline").split("\0")
    return os.path.basename(words[0])


def _libraries(pid: int) -> str:
    """The names of the files that it has mapped."""
    lines = _read(f"/proc/{pid}/maps").splitlines()
    return " ".join({os.path.basename(line) for line in lines if "/" in line})


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


class StrcmpRewrite:
    """Comparisons of strings in the expressions of `trace` and `argdist`."""

    @staticmethod
    def rewrite_expr(
        expr: str,
        bin_cmp: bool,
        is_user: bool,
        probe_user_list: Sequence[str],
        streq_functions: str,
        probeid: int,
    ) -> dict[str, Any]:
        """`STRCMP("text", pointer)` becomes a call of a function of its own that reads the string:
        from the user's memory if `is_user` or the pointer is in the list.

        With `bin_cmp` the text is an initialiser of bytes: `STRCMP("{0x2f,0x65}", pointer)`. The
        answer has the new `expr`, the functions so far and the number of the next one.
        """
        pattern = r'STRCMP\("([^"]+)",(.+?)\)' if bin_cmp else r'STRCMP\(("[^"]+"),(.+?)\)'
        for match in re.finditer(pattern, expr):
            from_user = is_user or match[2].strip() in probe_user_list
            name = f"streq_{probeid}"
            streq_functions += _STREQ.format(
                name=name,
                wanted=match[1],
                read="bpf_probe_read_user" if from_user else "bpf_probe_read_kernel",
                less="" if bin_cmp else " - 1",
            )
            expr = expr.replace("STRCMP", name, 1)
            probeid += 1
        return {"expr": expr, "streq_functions": streq_functions, "probeid": probeid}
