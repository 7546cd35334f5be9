"""`memleak`: what was allocated and not freed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from seismo.tools.tool import Area, Column, Option, Stacks, Tool, columns, natural

__all__ = ("TOOL",)

_NUMBERS = ("min_size", "max_size", "older")
_PROGRAMS = ("object", "pid", "command")
"""Options that tell of a program, whose memory it is then."""


def _is_kernels(given: Mapping[str, Any]) -> bool:
    return bool(given["kernel"]) or not any(map(given.get, _PROGRAMS))


def _scripts(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The script of the program or the kernel. The library stands in its attach points, where no
    `getopt` can set it, and so the other options are set here, too."""
    name = "memleak_kernel.bt" if _is_kernels(given) else "memleak.bt"
    with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
        text = file.read()
    if given["object"]:
        path = re.sub(r'(["\\])', r"\\\1", given["object"])
        text = text.replace("probe:libc:", f'probe:"{path}":')
    if given["mmap"]:
        text = text.replace('getopt("mmap", false', 'getopt("mmap", true')
    for name in _NUMBERS:
        if given[name] is not None:
            text = text.replace(f'getopt("{name}", 0', f'getopt("{name}", {given[name]}')
    return (text,)


TOOL = Tool(
    name="memleak",
    area=Area.ANALYSIS,
    summary="Show memory that was allocated and not freed, by the stack that asked for it.",
    about="""With -p or -c: what malloc, calloc, realloc and their like gave to the program, and
free did not get back by the time that it is shown: bytes in all, by the stack that asked. What was
allocated before tracing began is not known. Stacks follow frame pointers. A block that the program
keeps on purpose looks like a leak, but its sum does not grow: -i shows, each time, by how much a
sum has grown since the last time. With --kernel, or without a process: the kernel's slab memory
(kmalloc and its caches), of the tasks of the filters, with the stacks of the kernel. It frees some
of that later: --older leaves out what is young.""",
    kernel="Linux 5.8, with --older 5.13.",
    make=_scripts,
    usual={"object": "libc"},
    reports=(
        Stacks("@bytes", (*columns("comm pid"), Column("ustack", is_stack=True)), "bytes"),
        Stacks("@kernel_bytes", (*columns("comm pid"), Column("kstack", is_stack=True)), "bytes"),
    ),
    options=(
        Option("kernel", "the kernel's memory", "-k"),
        Option("object", "the library or program that has malloc (libc)", "-O", metavar="FILE"),
        Option("mmap", "what mmap() maps, too"),
        Option("min_size", "blocks of at least so many bytes", "-z", metavar="BYTES", type=natural),
        Option("max_size", "blocks of at most so many bytes", "-Z", metavar="BYTES", type=natural),
        Option("older", "at the end: blocks older than so many ms", metavar="MS", type=natural),
    ),
    example="""examples:
  seismo memleak -c ./program          what a program has not freed when it ends
  seismo memleak -p 1234 -i 10         how it grows, every ten seconds, until Ctrl-C
  seismo memleak -p 1234 --older 5000 --duration 60 --top 3
                                       the three largest sums of what is older than 5 s
  seismo memleak --duration 10         the kernel's memory

      here+15
      main+37
      __libc_start_call_main+122
      comm = leak, pid = 4711, 700 bytes
""",
)
