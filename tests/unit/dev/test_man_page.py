"""Manual pages: what is roff's own is protected, and groff has nothing to say about them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from man_page import Page, markdown, roff

PAGE = Page(
    "seismo-opensnoop",
    "show who opens which file",
    "seismo opensnoop [-x]\nseismo opensnoop --help",
    (
        (
            "Description",
            "Shows `open(2)` and `openat(2)`:\n*all* of them.\n\n.so a_b\n\n"
            "'quoted' \"é\" ~ ^ \\n <x>.",
        ),
        ("Options", "-x, --failed\n    Failed opens\n    only.\n`-p` PID\n    One process."),
        ("Examples", "All:\n\n    # seismo opensnoop\n    .x `y`\n      z\n"),
    ),
)


def body(text: str) -> str:
    """The roff of a section that holds the text."""
    return roff(Page("x", "y", "z", (("s", text),))).partition(".SH S\n")[2]


def test_the_head_has_name_summary_and_synopsis() -> None:
    assert roff(Page("seismo-loads", "show load", "seismo loads [-x]\n.x", ()), 1) == (
        '.TH SEISMO\\-LOADS 1 "" seismo\n'
        ".SH NAME\n"
        "seismo\\-loads \\- show load\n"
        ".SH SYNOPSIS\n"
        ".nf\n"
        "\\fBseismo loads [\\-x]\n"
        "\\&.x\\fR\n"
        ".fi\n"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\n  line", ".TP\n\\fBone\\fR\nline\n"),
        ("one\nline", ".PP\none line\n"),
        ("a\n\n\nb", ".PP\na\n.PP\nb\n"),
        ("see `a-b`", ".PP\nsee \\fBa\\-b\\fR\n"),
        (".so x", ".PP\n\\&.so x\n"),
        ("'a' \"b\" \\n ~^`", ".PP\n\\(aqa\\(aq \\(dqb\\(dq \\(rsn \\(ti\\(ha\\(ga\n"),
        ("é–😀", ".PP\n\\[u00E9]\\[u2013]\\[u1F600]\n"),
        ("-a\n  A.\n-b\n  B.", ".TP\n\\fB\\-a\\fR\nA.\n.TP\n\\fB\\-b\\fR\nB.\n"),
        ("-a\n  A.\n-b", ".TP\n\\fB\\-a\\fR\nA.\n.TP\n\\fB\\-b\\fR\n\\&\n"),
        ("  # x\n    .y `z`", ".PP\n.RS 4\n.nf\n# x\n  .y \\(gaz\\(ga\n.fi\n.RE\n"),
        ("  .y", ".PP\n.RS 4\n.nf\n\\&.y\n.fi\n.RE\n"),
        ("", ""),
    ],
)
def test_blocks_as_roff(text: str, expected: str) -> None:
    assert body(text) == expected


def test_roff_is_ascii() -> None:
    assert roff(PAGE).isascii()


def test_groff_shows_the_page_and_warns_of_nothing() -> None:
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("there is no groff to read the page")
    command = [groff, "-man", "-Tutf8", "-ww", "-P-cbou"]
    done = subprocess.run(command, input=roff(PAGE).encode(), capture_output=True, check=True)
    assert done.stderr == b""
    assert [line for line in done.stdout.decode().splitlines()[1:-2] if line] == [
        "NAME",
        "       seismo-opensnoop - show who opens which file",
        "SYNOPSIS",
        "       seismo opensnoop [-x]",
        "       seismo opensnoop --help",
        "DESCRIPTION",
        "       Shows open(2) and openat(2): *all* of them.",
        "       .so a_b",
        "       'quoted' \"é\" ~ ^ \\n <x>.",
        "OPTIONS",
        "       -x, --failed",
        "              Failed opens only.",
        "       -p PID One process.",
        "EXAMPLES",
        "       All:",
        "           # seismo opensnoop",
        "           .x `y`",
        "             z",
    ]


def test_the_page_as_markdown() -> None:
    assert markdown(PAGE) == (
        "# seismo-opensnoop\n\n"
        "show who opens which file\n\n"
        "```\nseismo opensnoop [-x]\nseismo opensnoop --help\n```\n\n"
        "## Description\n\n"
        "Shows `open(2)` and `openat(2)`: \\*all\\* of them.\n\n"
        ".so a\\_b\n\n"
        "'quoted' \"é\" ~ ^ \\\\n \\<x\\>.\n\n"
        "## Options\n\n"
        "- `-x, --failed`: Failed opens only.\n\n"
        "- `-p PID`: One process.\n\n"
        "## Examples\n\n"
        "All:\n\n"
        "```\n# seismo opensnoop\n.x `y`\n  z\n```\n"
    )
