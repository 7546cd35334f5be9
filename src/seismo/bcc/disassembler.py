"""`bcc.disassembler`: instructions as text."""

from __future__ import annotations

from seismo.bcc.names import Name, as_text
from seismo.isa.decode import decode
from seismo.isa.format import format_listing, jump_labels

__all__ = ("disassemble_prog",)


def disassemble_prog(func_name: Name, bpfstr: bytes) -> str:
    """What `BPF.dump_func` gave, an instruction a line, as the verifier logs them."""
    insns = decode(bpfstr)
    listed = format_listing(insns, labels=jump_labels(insns))
    return f"Disassembly of program {as_text(func_name)}:\n{listed}"
