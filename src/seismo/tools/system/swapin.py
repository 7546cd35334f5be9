"""`swapin`: who waits for pages to come back from swap."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Table, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="swapin",
    area=Area.SYSTEM,
    summary="Count the pages that are read back from swap, by process.",
    about="""How many pages were read from swap areas, by the process that ran when they were: the
one that touched such a page, which waits for it. The kernel reads ahead, so PAGES may be more than
were touched. Pages that are in memory still, though they were written to swap, are not read, and
not counted; those in zswap are, though no disk is read.""",
    kernel="Linux 5.8 with kprobes or BPF trampolines.",
    scripts=("swapin", "swapin_page"),
    reports=(Table(columns("pid comm"), (("@pages", Column("pages")),)),),
    example="""examples:
  seismo swapin                             until Ctrl-C, then the numbers
  seismo swapin -i 1                        the numbers of each second
  seismo swapin --duration 60 --top 5       the five processes most slowed down in a minute

     PID  COMM      PAGES
    4711  firefox     312
    2230  gdm-x        18
""",
)
