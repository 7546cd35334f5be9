"""`bashreadline`: what is typed into every bash."""

from __future__ import annotations

from seismo.tools.tool import Area, Rows, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="bashreadline",
    area=Area.SYSTEM,
    summary="Show every line that is typed into a bash.",
    about="""A row for each line that an interactive bash reads, when Enter is pressed, as it was
typed: before history and aliases are expanded, whether it is a command or not. Passwords that
other programs ask for are not seen; other shells are not, either, nor a bash with line editing
switched off.""",
    kernel="Linux 5.8: uprobes.",
    scripts=("bashreadline", "bashreadline_library"),
    rows=Rows(columns("pid command")),
    example="""examples:
  seismo bashreadline                       in every bash of the machine, until Ctrl-C
  seismo bashreadline -T --with user        with the local time and who it is
  seismo bashreadline -p 1234 --json        one shell, a JSON object a line

    PID     COMMAND
    4021    ls -l
    4021    vi /etc/fstab
""",
)
