"""`ext4dist`: how long operations on files of ext4 take, as histograms."""

from __future__ import annotations

from seismo.tools.files.dist import dist_tool

__all__ = ("TOOL",)

TOOL = dist_tool("ext4dist", "ext4")
