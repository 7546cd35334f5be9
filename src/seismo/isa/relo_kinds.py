"""What a CO-RE relocation asks of the kernel's types: `enum bpf_core_relo_kind` of linux/bpf.h."""

from __future__ import annotations

from seismo.base.enum import IntEnum

__all__ = ("CoreKind",)


class CoreKind(IntEnum):
    """Each value is put into the instruction that the relocation belongs to.

    The fields' shifts make a bit-field of the u64 that was loaded around it: left, then right.
    """

    FIELD_BYTE_OFFSET = 0
    FIELD_BYTE_SIZE = 1
    FIELD_EXISTS = 2
    FIELD_SIGNED = 3
    FIELD_LSHIFT_U64 = 4
    FIELD_RSHIFT_U64 = 5
    TYPE_ID_LOCAL = 6
    TYPE_ID_TARGET = 7
    TYPE_EXISTS = 8
    TYPE_SIZE = 9
    ENUMVAL_EXISTS = 10
    ENUMVAL_VALUE = 11
    TYPE_MATCHES = 12

    @property
    def kernel_name(self) -> str:
        """The enumerator as linux/bpf.h spells it."""
        return f"BPF_CORE_{self.name}"
