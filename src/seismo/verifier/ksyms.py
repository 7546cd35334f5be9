"""Variables of the kernel that a program names by their BTF ids: `extern struct rq runqueues
__ksym`. Since Linux 5.10."""

from __future__ import annotations

from seismo.btf.layout import size_of, strip
from seismo.btf.types import Datasec, Func, Struct, Union, Var
from seismo.btf.types import Kind as BtfKind
from seismo.verifier.options import Setting
from seismo.verifier.register import PER_CPU, Kind, Register
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.types import KernelTypes

__all__ = ("variable_address",)

_PER_CPU_SECTION = ".data..percpu"


def variable_address(setting: Setting, id: int) -> Register:
    """What a load of the address gives: an object of its type, or memory to read; raises Refused,
    NotSupported without the kernel's types."""
    types = setting.types.of_kernel("addresses of the kernel's variables")
    type_ = types.type(id)
    if isinstance(type_, Func):
        return Register(Kind.MEMORY, is_read_only=True)
    if not isinstance(type_, Var):
        raise Refused(
            Rule.INSTRUCTION, f"pseudo btf_id {id} in ldimm64 isn't KIND_VAR or KIND_FUNC"
        )
    space = PER_CPU if _is_per_cpu(types, id) else 0
    target = strip(types, type_.type)
    found = types.type(target)
    if isinstance(found, Struct | Union):
        return Register(Kind.KERNEL, name=found.name, type=target, trust=space)
    if space:
        return Register(Kind.KERNEL, size=size_of(types, target), trust=space)
    return Register(Kind.MEMORY, is_read_only=True, size=size_of(types, target))


def _is_per_cpu(types: KernelTypes, id: int) -> bool:
    for section in types.find_all(_PER_CPU_SECTION, BtfKind.DATASEC):
        found = types.type(section)
        if isinstance(found, Datasec):
            return any(one.type == id for one in found.variables)
    return False
