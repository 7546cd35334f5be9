"""`compile_filter`: tcpdump's filter expressions to programs of classic BPF.

The result accepts the packets that libpcap's accepts, on the link types of `LINKS`.

>>> len(compile_filter(Source("stdin", "tcp port 80")))
20
"""

from __future__ import annotations

from seismo.base.diagnostics import did_you_mean
from seismo.base.source import Source, Span
from seismo.cbpf.errors import FilterError
from seismo.cbpf.filter.emit import TooComplex, emit
from seismo.cbpf.filter.graph import ACCEPT, REJECT, Graph
from seismo.cbpf.filter.link import LINKS
from seismo.cbpf.filter.meaning import Meaning
from seismo.cbpf.filter.parser import parse_filter
from seismo.cbpf.insn import MAX_INSNS, SockFilter

__all__ = ("ACCEPTED", "compile_filter")

ACCEPTED = 262144
"""What programs return of a packet they accept: how many of its bytes to keep; tcpdump's number."""


def compile_filter(
    source: Source, link: str = "EN10MB", *, accepted: int = ACCEPTED, netmask: int = 0
) -> tuple[SockFilter, ...]:
    """The program; FilterError for a mistake, and for what no packet can be.

    `link` is one of `LINKS`; `netmask`, a u32, is what `ip broadcast` takes for the network's.
    """
    whole = Span(source, 0, len(source.text))
    if link not in LINKS:
        hint = did_you_mean(link, LINKS) or f"there are {', '.join(LINKS)}"
        raise FilterError(whole, f"there is no link type '{link}'", hint)
    expression = parse_filter(source)
    graph = Graph()
    root = ACCEPT
    if expression is not None:
        root = graph.simplify(graph.add(Meaning(LINKS[link], netmask).of(expression)))
    if root == REJECT:
        raise FilterError(whole, "no packet is like that")
    try:
        program = emit(graph, root, accepted)
    except TooComplex:
        raise FilterError(whole, "the arithmetic is nested too deeply") from None
    if len(program) > MAX_INSNS:
        hint = f"the kernel takes {MAX_INSNS}"
        raise FilterError(whole, f"this takes {len(program)} instructions", hint)
    return program
