"""What can go wrong before a guest has a result."""

from __future__ import annotations

__all__ = ("LabError", "LabUnavailable")


class LabError(Exception):
    """The lab itself failed: says what, and what to do about it."""


class LabUnavailable(LabError):
    """This machine cannot boot guests (no QEMU, no packages); nothing is wrong with seismo."""
