"""`types_of`: what BTF tells of functions and raw tracepoints, read only when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seismo.base.errors import NotSupported
from seismo.probes.view import KernelView

if TYPE_CHECKING:
    from seismo.btf.spec import Btf
    from seismo.probes.btf_target import FunctionTypes

__all__ = ("function_types", "types_of")


def function_types(btf: Btf) -> FunctionTypes:
    """What `btf` tells of functions."""
    from seismo.probes.btf_target import (  # noqa: PLC0415 (lazy: docs/architecture.md)
        FunctionTypes,
    )

    return FunctionTypes(btf)


def types_of(module: str, view: KernelView) -> FunctionTypes:
    """Those of the kernel proper ('') or of a module; NotSupported."""
    if not module:
        return function_types(view.btf())
    for btf in view.module_btf(module):
        return function_types(btf)
    hint = "it takes a kernel with CONFIG_DEBUG_INFO_BTF_MODULES"
    raise NotSupported("kernel types", f"there are none of module {module}", hint)
