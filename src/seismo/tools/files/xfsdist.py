"""`xfsdist`: how long operations on files of XFS take, as histograms."""

from __future__ import annotations

from seismo.tools.files.dist import dist_tool

__all__ = ("TOOL",)

TOOL = dist_tool("xfsdist", "XFS")
