"""The page about BCC programs, docs/bcc.md: methods of tables and the Python API from the code."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from seismo.bcc.attach_api import AttachApi
from seismo.bcc.bpf import BPF
from seismo.bcc.machine_api import MachineApi
from seismo.bcc.table.array import Array
from seismo.bcc.table.events import EventTable
from seismo.bcc.table.mapping import MappingTable
from seismo.bcc.table.per_cpu import PerCpuTable
from seismo.bcc.table.perf_event_array import PerfEventArray
from seismo.bcc.table.printed import Printed
from seismo.bcc.table.queue import QueueStack
from seismo.bcc.table.readers import Readers
from seismo.bcc.table.ringbuf import RingBuf
from seismo.bcc.table.stack_trace import StackTrace
from seismo.bcc.trace_api import TraceApi
from seismo.bcc.usdt import USDT
from seismo.c.headers.constants import CONSTANTS
from seismo.c.headers.functions import DECLARATIONS
from seismo.c.headers.macros import MACROS
from seismo.c.methods.signature import ARRAYS, HASHES, STORES
from seismo.c.methods.table import METHODS

__all__ = ("CLASSES", "PAGES", "members")

ROOT = Path(__file__).resolve().parents[1]
_TEMPLATE = ROOT / "dev" / "docs" / "bcc.md"
_GENERATED = "The page is made by `dev/gen_docs.py`; its lists are those of the code."

CLASSES: Mapping[str, tuple[type, ...]] = {
    "`BPF`, a program": (BPF,),
    "`BPF`, attaching": (AttachApi,),
    "`BPF`, buffers": (Readers,),
    "`BPF`, the trace pipe": (TraceApi,),
    "`BPF`, questions (also without an object)": (MachineApi,),
    "Tables, all but queues and stacks (mappings)": (MappingTable,),
    "Histograms": (Printed,),
    "Arrays": (Array,),
    "Tables with a leaf for each CPU": (PerCpuTable,),
    "Perf and ring buffers": (EventTable, PerfEventArray, RingBuf),
    "Stacks of programs": (StackTrace,),
    "Queues and stacks": (QueueStack,),
    "`USDT`, static probes": (USDT,),
}
"""What the classes that users meet are about."""

_OWN = (
    *("open_perf_reader", "open_ring_reader", "keep_open", "kernel", "reader", "plan"),
    *("close_buffers", "get_context", "kprobe_poll"),
)
"""What they offer to one another."""


def bcc_page() -> str:
    """The whole page."""
    parts = {
        "generated": _GENERATED,
        "constants": str(len(CONSTANTS)),
        "macros": str(len(MACROS)),
        "functions": str(len(DECLARATIONS)),
        "methods": _methods(),
        "python": "\n\n".join(_section(title, classes) for title, classes in CLASSES.items()),
    }
    text = _TEMPLATE.read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace(f"{{{{{name}}}}}", part)
    return text


PAGES: Mapping[str, Callable[[], str]] = {"docs/bcc.md": bcc_page}
"""What makes the page."""


def members(class_: type) -> Iterator[tuple[str, str]]:
    """(how it is used, what it does) of what users call of a class."""
    for name, member in vars(class_).items():
        function = getattr(member, "__func__", member)
        if name.startswith("_") or name in _OWN or not inspect.getdoc(function):
            continue
        if callable(function):
            yield f"{name}({_parameters(function)})", _first_sentence(function)
        elif isinstance(member, property):
            yield name, _first_sentence(member)


def _methods() -> str:
    rows = ["| method | of |", "|---|---|"]
    for ways in METHODS.values():
        rows += [f"| `{one}` | {_kinds(one.kinds)} |" for one in ways]
    return "\n".join(rows)


def _kinds(kinds: frozenset[str]) -> str:
    """The names of kinds; what most of them have, in a word."""
    for known, text in (
        (STORES, "hashes, arrays, histograms"),
        (HASHES, "hashes"),
        (ARRAYS, "arrays"),
    ):
        if known <= kinds:
            return ", ".join([text, *sorted(kinds - known)])
    return ", ".join(sorted(kinds))


def _section(title: str, classes: tuple[type, ...]) -> str:
    rows = [f"### {title}", "", "| | |", "|---|---|"]
    rows += [f"| `{use}` | {text} |" for one in classes for use, text in members(one)]
    return "\n".join(rows)


def _parameters(function: Callable[..., object]) -> str:
    """`event, fn_name=…`: without types, an absent default as ellipsis."""
    shown = []
    for name, one in inspect.signature(function).parameters.items():
        if name == "self":
            continue
        is_empty = one.default in (b"", "", None, ()) or one.default is one.empty
        value = f'"{one.default}"' if isinstance(one.default, str) else str(one.default)
        default = "" if one.default is one.empty else "=…" if is_empty else f"={value}"
        shown.append(f"{'*' * (one.kind is one.VAR_POSITIONAL)}{name}{default}")
    return ", ".join(shown)


def _first_sentence(member: object) -> str:
    paragraph = " ".join((inspect.getdoc(member) or "").partition("\n\n")[0].split())
    for end in (". ", "; `", ": `"):
        paragraph = paragraph.partition(end)[0]
    return paragraph.rstrip(".").replace("|", "\\|")
