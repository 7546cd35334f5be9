"""`opensnoop`: who opens which file, and what came of it."""

from __future__ import annotations

from seismo.tools.tool import Tool, ToolFlag

__all__ = ("OPENSNOOP",)

OPENSNOOP = Tool(
    name="opensnoop",
    summary="Show every file that is opened: process, descriptor or errno, path.",
    columns=("pid", "comm", "fd", "errno", "path"),
    flags=(ToolFlag("-x", "failed opens only"),),
    example="""examples:
  seismo opensnoop                          every open on the machine, until Ctrl-C
  seismo opensnoop -c 'cat /etc/hostname'   a command and all that it starts
  seismo opensnoop -p 1234 -x               failed opens of process 1234
  seismo opensnoop --json | jq .path        a JSON object a line
""",
)
