"""The context of programs at functions, raw tracepoints with types, iterators and the like: u64
slots, one for each argument, typed by the kernel's BTF.

The rules are btf_ctx_access of kernel/bpf/btf.c.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seismo.base.dataclass import dataclass
from seismo.base.errors import NotSupported
from seismo.btf.layout import size_of, strip
from seismo.btf.types import Kind as BtfKind
from seismo.btf.types import Ptr, Struct, Typedef, Union, Void
from seismo.isa.prog_types import AttachType, ProgType
from seismo.spec.types import ProgramSpec, ProgramTarget
from seismo.verifier.btf_pointers import TAG_TRUST, is_number
from seismo.verifier.nullable_arguments import NULLABLE_ARGUMENTS
from seismo.verifier.register import TRUSTED, UNKNOWN, Kind, Register, number
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.scalar import Scalar
from seismo.verifier.types import KernelTypes, Types, pointed_to, prototype_of, struct_name

__all__ = ("TypedContext", "traced_context")

_AFTER_RETURN = (AttachType.TRACE_FEXIT, AttachType.MODIFY_RETURN)
_NULLABLE = 1
_PLAIN = 2
_ITERATED: Mapping[str, Mapping[int, int]] = {
    "bpf_iter_bpf_link": {1: _NULLABLE | _PLAIN},
    "bpf_iter_bpf_map": {1: _NULLABLE},
    "bpf_iter_bpf_prog": {1: _NULLABLE | _PLAIN},
    "bpf_iter_bpf_sk_storage_map": {2: _NULLABLE | _PLAIN},
    "bpf_iter_cgroup": {1: _NULLABLE},
    "bpf_iter_dmabuf": {1: _NULLABLE | _PLAIN},
    "bpf_iter_ipv6_route": {1: _NULLABLE | _PLAIN},
    "bpf_iter_kmem_cache": {1: _NULLABLE},
    "bpf_iter_ksym": {1: _NULLABLE | _PLAIN},
    "bpf_iter_netlink": {1: _NULLABLE | _PLAIN},
    "bpf_iter_sockmap": {3: _NULLABLE | _PLAIN},
    "bpf_iter_task": {1: _NULLABLE},
    "bpf_iter_task_file": {1: _NULLABLE | _PLAIN, 3: _NULLABLE | _PLAIN},
    "bpf_iter_task_vma": {1: _NULLABLE | _PLAIN, 2: _NULLABLE | _PLAIN},
    "bpf_iter_tcp": {1: _NULLABLE},
    "bpf_iter_udp": {1: _NULLABLE},
    "bpf_iter_unix": {1: _NULLABLE | _PLAIN},
}
"""What iterators are called with (`bpf_iter_reg.ctx_arg_info`): null at the end, and some of it
pointers of the old kind."""
_BUFFERS: Mapping[str, Mapping[int, bool]] = {
    "bpf_iter_bpf_map_elem": {2: True, 3: False},
    "bpf_iter_bpf_sk_storage_map": {3: False},
    "bpf_iter_sockmap": {2: True},
}
"""Arguments that are memory of the map's key or value, and whether it is read-only."""


@dataclass(frozen=True, slots=True)
class TypedContext:
    """`arguments` are the slots' contents in order; a program for what `returns_nothing` may leave
    r0 unwritten."""

    name: str
    arguments: tuple[Register, ...]
    returns_nothing: bool = False

    def read(self, offset: int, size: int, new_id: Callable[[], int]) -> Register:
        """What a load gives: a pointer is read whole, a number also by its low part."""
        if offset < 0 or offset % 8:
            raise _refused(self.name, offset, size, f"offset {offset} is not multiple of 8")
        index = offset // 8
        if index >= len(self.arguments):
            raise _refused(self.name, offset, size, f"it has no argument {index + 1}")
        found = self.arguments[index]
        if found.is_scalar:
            return UNKNOWN if size == 8 else number(Scalar.unknown().zero_extend(size * 8))
        if found.kind is Kind.UNWRITTEN:
            raise _refused(self.name, offset, size, f"argument {index + 1} points to no struct")
        if size != 8:
            raise _refused(self.name, offset, size, "a pointer is read by 8 bytes")
        if not found.is_nullable:
            return found
        return Register(
            found.kind,
            id=new_id(),
            is_nullable=True,
            is_read_only=found.is_read_only,
            name=found.name,
            type=found.type,
            trust=found.trust,
        )


def _refused(name: str, offset: int, size: int, hint: str) -> Refused:
    message = f"invalid bpf_context access off={offset} size={size}"
    return Refused(Rule.CONTEXT, message, f"{name}: {hint}")


def traced_context(spec: ProgramSpec, types: Types) -> TypedContext:
    """What the arguments are of the function, tracepoint, iterator or member that the program is
    loaded for; raises NotSupported where that cannot be known."""
    what = f"programs of type {spec.type.name.lower()}"
    if spec.type is ProgType.NETFILTER:
        table = types.of_kernel(what)
        names = ("nf_hook_state", "sk_buff")
        return TypedContext("netfilter", tuple(_trusted(table, types, one) for one in names))
    target = spec.target
    if spec.type in (ProgType.EXT, ProgType.LIRC_MODE2) or target is None or target.program_id:
        raise NotSupported(f"verifying {what}", "what their context holds is not known here")
    table = types.of_kernel(what)
    if target.member:
        return _of_member(table, types, target)
    kind = BtfKind.FUNC
    if spec.expected_attach_type is AttachType.TRACE_RAW_TP:
        kind = BtfKind.TYPEDEF
    found = table.find_all(target.name, kind)
    if target.module or not found:
        where = f"of module {target.module}" if target.module else "of this kernel"
        raise NotSupported(f"verifying a program for {target.name}", f"no such type {where}")
    return _of_function(spec, table, found[0])


def _of_function(spec: ProgramSpec, table: KernelTypes, id: int) -> TypedContext:
    assert spec.target is not None, "checked by the caller"
    name, attach = spec.target.name, spec.expected_attach_type
    type_ = table.type(id)
    if isinstance(type_, Typedef):
        # The first parameter of a tracepoint is the tracer's own.
        proto = prototype_of(table, pointed_to(table, id)[0])
        params = [one.type for one in proto.params[1:]]
        marks = dict.fromkeys(
            NULLABLE_ARGUMENTS.get(name.removeprefix("btf_trace_"), ()), _NULLABLE
        )
    else:
        proto = prototype_of(table, id)
        params = [one.type for one in proto.params]
        marks = dict(_ITERATED.get(name, {}))
    if attach in _AFTER_RETURN:
        params.append(proto.returns)
    is_trusted = attach not in (AttachType.TRACE_FENTRY, *_AFTER_RETURN)
    is_iterated = attach is AttachType.TRACE_ITER
    slots: list[Register] = []
    for index, one in enumerate(params):
        buffers = _BUFFERS.get(name, {}) if is_iterated else {}
        if index in buffers:
            slots.append(Register(Kind.BUFFER, is_nullable=True, is_read_only=buffers[index]))
            continue
        slots += _slots(table, one, marks.get(index, 0), is_trusted=is_trusted)
    return TypedContext(name, tuple(slots), spec.type is ProgType.LSM and not proto.returns)


def _of_member(table: KernelTypes, types: Types, target: ProgramTarget) -> TypedContext:
    struct = table.type(types.struct(target.name))
    members = struct.members if isinstance(struct, Struct) else ()
    for one in members:
        if one.name == target.member:
            proto = prototype_of(table, pointed_to(table, one.type)[0])
            slots = [
                slot
                for param in proto.params
                for slot in _slots(table, param.type, 0, is_trusted=True)
            ]
            if target.name == "tcp_congestion_ops":
                # The kernel knows better than the type says (bpf_tcp_ca_is_valid_access).
                tcp = _trusted(table, types, "tcp_sock")
                slots = [tcp if slot.name == "sock" else slot for slot in slots]
            title = f"{target.name}.{target.member}"
            return TypedContext(title, tuple(slots), not proto.returns)
    raise NotSupported(
        f"verifying a program for {target.name}.{target.member}", "this kernel has no such member"
    )


def _slots(table: KernelTypes, id: int, mark: int, *, is_trusted: bool) -> list[Register]:
    """The contents of one parameter's slots: a struct by value takes as many as it has words."""
    stripped = strip(table, id)
    type_ = table.type(stripped)
    if isinstance(type_, Struct | Union):
        return [UNKNOWN] * ((size_of(table, stripped) + 7) // 8)
    if isinstance(type_, Void):
        return []
    if not isinstance(type_, Ptr):
        return [UNKNOWN]
    target, tags = pointed_to(table, stripped)
    if not target or is_number(table, target):
        return [UNKNOWN]
    if not isinstance(table.type(target), Struct | Union):
        return [Register(Kind.UNWRITTEN)]
    trust = sum(TAG_TRUST.get(tag, 0) for tag in set(tags))
    if is_trusted and not mark & _PLAIN:
        trust |= TRUSTED
    return [
        Register(
            Kind.KERNEL,
            is_nullable=bool(mark & _NULLABLE),
            name=struct_name(table, target),
            type=target,
            trust=trust,
        )
    ]


def _trusted(table: KernelTypes, types: Types, name: str) -> Register:
    return Register(Kind.KERNEL, name=name, type=types.struct(name), trust=TRUSTED)
