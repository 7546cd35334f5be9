"""Descriptors that stand for something: they hold a number, and can be polled and closed."""

from __future__ import annotations

import os

__all__ = ("open_token",)


def open_token() -> int:
    """A new descriptor, close-on-exec, that never becomes readable. It is the caller's to close."""
    return os.eventfd(0, os.EFD_CLOEXEC)
