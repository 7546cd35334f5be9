"""Programs as text: as `tcpdump -d`, `-dd` and `-ddd` print them.

>>> print(disassemble((SockFilter(0x28, k=12), SockFilter(0x06, k=1))))
(000) ldh      [12]
(001) ret      #1
"""

from __future__ import annotations

from collections.abc import Sequence

from seismo.base.bits import to_signed
from seismo.cbpf.forms import ANCILLARY_NAMES, FORMS, PACKET_SIZES, SKF_AD_OFF, Form
from seismo.cbpf.insn import Code, SockFilter

__all__ = ("disassemble", "format_c", "format_decimal", "format_line")

_ASKED = {SKF_AD_OFF + number: name for name, number in ANCILLARY_NAMES.items()}
_UNKNOWN = Form("unimp", "{x}")


def disassemble(program: Sequence[SockFilter]) -> str:
    """One numbered line an instruction (`-d`); jumps say where they go."""
    return "\n".join(format_line(one, at) for at, one in enumerate(program))


def format_line(one: SockFilter, at: int) -> str:
    """The line of the instruction at index `at`; `unimp` and its code where it is none."""
    form = FORMS.get(one.code, _UNKNOWN)
    operand = _operand(one, form, at)
    head = f"({at:03}) {form.mnemonic:<8} "
    if one.is_branch and form is not _UNKNOWN:
        return f"{head}{operand:<16} jt {at + 1 + one.jt}\tjf {at + 1 + one.jf}"
    return head + operand


def format_c(program: Sequence[SockFilter]) -> str:
    """The program as rows of a C array (`-dd`)."""
    return "\n".join(f"{{ {one.code:#x}, {one.jt}, {one.jf}, 0x{one.k:08x} }}," for one in program)


def format_decimal(program: Sequence[SockFilter]) -> str:
    """The count of instructions, then each as four decimal numbers (`-ddd`)."""
    rows = [f"{one.code} {one.jt} {one.jf} {one.k}" for one in program]
    return "\n".join([str(len(program)), *rows])


def _operand(one: SockFilter, form: Form, at: int) -> str:
    if form is _UNKNOWN:
        return f"{one.code:#x}"
    if one.code in PACKET_SIZES and form.operand == "[{d}]" and one.k in _ASKED:
        return f"[{_ASKED[one.k]}]"
    number = at + 1 + one.k if one.code == Code.JA else one.k
    return form.operand.format(d=to_signed(number, 32), x=f"{one.k:#x}")
