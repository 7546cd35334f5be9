"""What programs of each type may read and write of their context, and what reads give."""

from __future__ import annotations

from collections.abc import Callable

from seismo.base.dataclass import dataclass
from seismo.isa.prog_types import ProgType
from seismo.spec.types import ProgramSpec
from seismo.verifier.context_table import ATTACHED, CONTEXTS, WITH_PACKET_LOADS, Field
from seismo.verifier.register import UNKNOWN, Kind, Register, number
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.scalar import Scalar
from seismo.verifier.traced_context import TypedContext, traced_context
from seismo.verifier.types import Types

__all__ = ("ContextRules", "context_rules")


@dataclass(frozen=True, slots=True)
class ContextRules:
    """`fields` are what can be accessed; where there are none, `typed` knows, by the kernel's
    BTF. `type` is the program type's name."""

    fields: tuple[Field, ...] = ()
    typed: TypedContext | None = None
    has_packet_loads: bool = False
    may_be_moved: bool = False
    type: str = ""

    @property
    def returns_nothing(self) -> bool:
        """Whether r0 does not matter at the program's end."""
        return self.typed is not None and self.typed.returns_nothing

    def read(self, offset: int, size: int, new_id: Callable[[], int]) -> Register:
        """What a load of the context gives; raises Refused."""
        if self.typed is not None:
            return self.typed.read(offset, size, new_id)
        found = self._field(offset, size, is_write=False)
        if found.kind is Kind.SCALAR:
            return UNKNOWN if size == 8 else number(Scalar.unknown().zero_extend(size * 8))
        # A packet may belong to no socket.
        link = new_id() if found.is_nullable else 0
        return Register(found.kind, id=link, is_nullable=found.is_nullable)

    def check_write(self, offset: int, size: int) -> None:
        """Raises Refused for what a program of this type may not store there."""
        if self.typed is not None:
            raise _refused(self.type, offset, size, "its arguments are read-only")
        self._field(offset, size, is_write=True)

    def _field(self, offset: int, size: int, *, is_write: bool) -> Field:
        is_readable = False
        if offset % size == 0:
            for one in self.fields:
                if not one.start <= offset <= one.end - size:
                    continue
                if one.unit and (offset - one.start) % one.unit:
                    continue
                is_readable |= bool(one.reads & size)
                if (one.writes if is_write else one.reads) & size:
                    return one
        if is_write and is_readable:
            raise _refused(self.type, offset, size, "that field is read-only")
        raise _refused(
            self.type, offset, size, "no field that this program type has lies there in that size"
        )


def _refused(kind: str, offset: int, size: int, hint: str) -> Refused:
    message = f"invalid bpf_context access off={offset} size={size}"
    return Refused(Rule.CONTEXT, message, f"{kind}: {hint}" if kind else hint)


def context_rules(spec: ProgramSpec, types: Types) -> ContextRules:
    """The rules for a program by its type and where it attaches; raises NotSupported where they
    are not known here, or take the kernel's types and those are not at hand."""
    name = spec.type.name.lower().replace("_", " ")
    fields = CONTEXTS.get(spec.type)
    if fields is None:
        return ContextRules(typed=traced_context(spec, types), type=name)
    if spec.expected_attach_type is not None:
        fields = ATTACHED.get(spec.expected_attach_type, fields)
    return ContextRules(
        fields,
        has_packet_loads=spec.type in WITH_PACKET_LOADS,
        may_be_moved=spec.type is ProgType.SYSCALL,
        type=name,
    )
