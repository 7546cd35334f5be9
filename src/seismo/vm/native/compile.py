"""LLVM's text to native code of this processor, by llvmlite: the `jit` extra."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from seismo.base.errors import NotSupported

try:
    from llvmlite import binding as llvm
except ImportError as error:
    raise NotSupported(
        "native code", "Python's package llvmlite is not here", "pip install 'seismo[jit]'"
    ) from error

__all__ = ("NativeModule",)

_LEVEL = 2

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()


class NativeModule:
    """Compiled text: `addresses` of its functions, good for as long as this object lives.

    NotSupported on a big-endian processor, where memory would not lie as programs mean it.
    """

    def __init__(self, text: str, functions: Iterable[str]) -> None:
        if sys.byteorder != "little":
            raise NotSupported("native code", "it is for little-endian processors")
        machine = llvm.Target.from_default_triple().create_target_machine(opt=_LEVEL)
        module = llvm.parse_assembly(text)
        tuning = llvm.create_pipeline_tuning_options(speed_level=_LEVEL)
        passes = llvm.create_pass_builder(machine, tuning)
        passes.getModulePassManager().run(module, passes)
        self._engine = llvm.create_mcjit_compiler(module, machine)
        self._engine.finalize_object()
        self.addresses: Mapping[str, int] = {
            name: self._engine.get_function_address(name) for name in functions
        }
