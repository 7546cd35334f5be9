"""Seismo: a seismograph for the Linux kernel, with an eBPF compiler of its own."""

from __future__ import annotations

__all__ = ("__version__",)

__version__ = "0.1.0"
