"""Listings for people."""

from __future__ import annotations

from seismo.base.source import Source, Span
from seismo.isa.format import format_insn, format_listing, jump_labels
from seismo.isa.parse import parse_insn, parse_listing

PROGRAM = parse_listing("""
r1 = map[fd:0]
r2 = r10
call 1
if r0 == 0x0 goto pc+2
call pc+2
goto pc+0
r0 = 0
exit
""")


def test_plain() -> None:
    assert format_listing(PROGRAM[:3]) == (
        "   0: (18) r1 = map[fd:0]\n   2: (bf) r2 = r10\n   3: (85) call bpf_map_lookup_elem#1"
    )
    assert format_listing(()) == ""


def test_labels_maps_and_script() -> None:
    source = Source("count.bt", "BEGIN {\n\t@c = count();\n}\n")
    spans = [Span(source, 9, 11)] * 4 + [Span(source, 0, 5)] * 4
    listing = format_listing(PROGRAM, labels=jump_labels(PROGRAM), maps={0: "AT_c"}, spans=spans)
    assert (
        listing
        == """\
; @c = count(); @ count.bt:2
   0: (18) r1 = map[fd:0] <AT_c>
   2: (bf) r2 = r10
   3: (85) call bpf_map_lookup_elem#1
   4: (15) if r0 == 0x0 goto pc+2 <L1>
; BEGIN { @ count.bt:1
   5: (85) call pc+2 <L2>
   6: (05) goto pc+0 <L1>
L1:
   7: (b7) r0 = 0
L2:
   8: (95) exit"""
    )
    assert parse_listing(listing) == PROGRAM


def test_calls() -> None:
    assert format_insn(parse_insn("call 14")) == "call bpf_get_current_pid_tgid#14"
    assert format_insn(parse_insn("call 211")) == "call bpf_cgrp_storage_delete#211"
    assert format_insn(parse_insn("call 212")) == "call unknown#212"
    assert format_insn(parse_insn("call -1")) == "call unknown#-1"
    assert format_insn(parse_insn("call pc+1")) == "call pc+1"
