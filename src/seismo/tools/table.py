"""The list of all tools."""

from __future__ import annotations

from seismo.tools.opensnoop import OPENSNOOP
from seismo.tools.tool import Tool

__all__ = ("TOOLS",)

TOOLS: dict[str, Tool] = {one.name: one for one in (OPENSNOOP,)}
