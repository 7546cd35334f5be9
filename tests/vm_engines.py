"""The ways in which a machine runs a program, for tests that want them all."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from seismo.vm.machine import Engine

__all__ = ("BUILT_IN", "EACH_ENGINE", "ENGINES", "HAS_NATIVE", "NEEDS_NATIVE")

HAS_NATIVE = find_spec("llvmlite") is not None
NEEDS_NATIVE = pytest.mark.skipif(not HAS_NATIVE, reason="needs the jit extra: llvmlite")

BUILT_IN: tuple[Engine, ...] = ("interpreted", "translated")
ENGINES: tuple[Engine, ...] = (*BUILT_IN, "native") if HAS_NATIVE else BUILT_IN
"""Those that are here."""

EACH_ENGINE = pytest.mark.parametrize(
    "engine", [*BUILT_IN, pytest.param("native", marks=NEEDS_NATIVE)]
)
