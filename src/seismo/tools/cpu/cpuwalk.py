"""`cpuwalk`: which CPUs run something."""

from __future__ import annotations

from seismo.tools.tool import Area, Histograms, Tool

__all__ = ("TOOL",)

TOOL = Tool(
    name="cpuwalk",
    area=Area.CPU,
    summary="Sample which CPUs run something, as a histogram.",
    about="""Every CPU is looked at 99 times a second and counted when it is not idle. Work that is
spread evenly gives bars of one length; a program with a single thread, or one that is bound to a
CPU, stands out.""",
    kernel="Linux 5.8.",
    scripts=("cpuwalk",),
    reports=(Histograms("@cpu", "cpu"),),
    example="""examples:
  seismo cpuwalk                 the whole machine, until Ctrl-C
  seismo cpuwalk --duration 10   for ten seconds
  seismo cpuwalk -p 1234         where process 1234 runs
  seismo cpuwalk -c 'make -j8'   where a command and all that it starts run

  cpu:
  [0]                   98 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
  [1]                    2 |@                                                   |
""",
)
