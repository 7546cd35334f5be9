"""C compiled for any kernel, fitted to one that a test has made up, and run there in user space.

>>> data = built(text, BEFORE)
>>> answer(fitted(data, AFTER), {TASK: task_of(AFTER)}, TASK)
42
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bpf_machine import run_machine
from c_kernels import KernelOf
from seismo.base.source import Source
from seismo.btf.types import Type
from seismo.c.compile import COptions, build_program, compile_c
from seismo.c.flavour import RAW_TRACEPOINT
from seismo.ir.interp import Fault, Memory
from seismo.objfile.link import link
from seismo.objfile.read import read_object
from seismo.ship.c_object import c_object
from seismo.spec.types import ObjectSpec, ProgramSpec
from ship_plans import Facts, btf_of

__all__ = ("PROGRAM", "answer", "built", "fitted", "fitted_object", "for_kernel", "portable")

PROGRAM = "raw_tracepoint__test"
_READERS = ("probe_read", "probe_read_kernel", "probe_read_user")


def _text(text: str) -> Source:
    """A whole text, or the body of a program whose context has addresses: `ctx->args[0]`."""
    if PROGRAM not in text:
        text = f"int {PROGRAM}(struct bpf_raw_tracepoint_args *ctx) {{ {text} }}"
    return Source("test.c", text)


def portable(text: str, types: Sequence[Type]) -> ProgramSpec:
    """The program with its relocations."""
    view = KernelOf(types)
    unit = compile_c(_text(text), view, COptions(is_portable=True))
    return build_program(unit, PROGRAM, RAW_TRACEPOINT, view)


def for_kernel(text: str, types: Sequence[Type]) -> ProgramSpec:
    """The program as it is compiled where these are the kernel's types."""
    view = KernelOf(types)
    return build_program(compile_c(_text(text), view), PROGRAM, RAW_TRACEPOINT, view)


def built(text: str, types: Sequence[Type]) -> bytes:
    """The object file, compiled where these are the kernel's types."""
    data, warnings = c_object(_text(text), KernelOf(types))
    assert not warnings
    return data


def fitted_object(data: bytes, types: Sequence[Type]) -> ObjectSpec:
    """What is loaded of the object where these are the kernel's types."""
    return link(read_object(data, "test.bpf.o"), Facts(types=btf_of(types)))


def fitted(data: bytes, types: Sequence[Type]) -> ProgramSpec:
    """The same of an object with a single program."""
    (program,) = fitted_object(data, types).programs
    return program


def answer(program: ProgramSpec, kernel: Mapping[int, bytes], *args: int, cpu: int = 0) -> int:
    """What the program gives, as an int, for these arguments of the tracepoint; `kernel` has the
    kernel's memory by address. Reads elsewhere fail, as helpers of the kernel do."""

    def call(name: str, given: Sequence[int], memory: Memory) -> int:
        if name == "get_smp_processor_id":
            return cpu
        if name not in _READERS:
            raise Fault(f"call of {name}")
        target, size, source = given[:3]
        data = _read(kernel, source, size)
        memory.write(target, bytes(size) if data is None else data)
        return -14 if data is None else 0

    context = b"".join(one.to_bytes(8, "little") for one in args)
    found = run_machine(program.insns, context=context, call=call)
    return (found & 0xFFFFFFFF ^ 0x80000000) - 0x80000000


def _read(kernel: Mapping[int, bytes], address: int, size: int) -> bytes | None:
    for start, data in kernel.items():
        if start <= address and address + size <= start + len(data):
            return data[address - start : address - start + size]
    return None
