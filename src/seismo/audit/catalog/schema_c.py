"""A C header of the records: for programs that read the ring, or a file of records, in C.

The structs are those that the kernel's programs fill (`record/layout.py`); beside them stand the
numbers of the types, and which of a system call's six arguments is which.

    #include "seismo_audit.h"
    if (header->type == AUDIT_TYPE_openat)
        flags = ((struct audit_syscall *)(header + 1))->args[AUDIT_ARG_openat_flags];
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seismo.audit.catalog.model import EventType
from seismo.audit.catalog.structs import STRUCTS, StructType
from seismo.audit.catalog.table import COMPAT_PREFIX, Catalog
from seismo.audit.record.c_text import record_text
from seismo.base.layout import Int, Text

__all__ = ("c_schema", "known_types", "type_name")

_HEAD = """\
/* Records of seismo audit: struct audit_header, the fixed part of its type, and sections: a struct
   audit_section each, its bytes, and what it takes to get to a multiple of eight.
   Written by seismo; the same catalog gives the same text. */
#ifndef SEISMO_AUDIT_H
#define SEISMO_AUDIT_H

#include <stdint.h>

#ifndef SEISMO_AUDIT_NO_TYPES
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
#endif
"""
_FOOT = "#endif\n"


def c_schema(catalog: Catalog) -> str:
    """The header's text; it compiles with any C compiler since C99."""
    types = known_types(catalog)
    parts = (
        _HEAD,
        record_text(),
        "/* What arguments point to, as the section STRUCT holds it. */",
        *(_struct(one) for one in STRUCTS.values()),
        "",
        "/* Types of events: audit_header.type. */",
        *_numbers(types),
        "",
        "/* Which of the six arguments of a system call is which. */",
        *_arguments(types),
        "",
        _FOOT,
    )
    return "\n".join(parts)


def known_types(catalog: Catalog) -> tuple[EventType, ...]:
    """The types of which more is known than a number."""
    return tuple([one for one in catalog.types if "unknown" not in one.families])


def type_name(event: EventType) -> str:
    """A name that C and Python take: `compat_open` for `compat:open`."""
    return event.name.replace(COMPAT_PREFIX, "compat_")


def _numbers(types: Iterable[EventType]) -> Iterator[str]:
    for one in types:
        yield f"#define AUDIT_TYPE_{type_name(one)} {one.id}"


def _arguments(types: Iterable[EventType]) -> Iterator[str]:
    for one in types:
        for field in one.fields:
            if field.argument >= 0:
                yield f"#define AUDIT_ARG_{type_name(one)}_{field.name} {field.argument}"


def _struct(struct: StructType) -> str:
    """Members at their offsets, which are not always those of C's rules: so it is packed, with the
    holes as members."""
    members: list[str] = []
    end = 0
    for field in struct.layout.fields:
        if field.offset > end:
            members.append(f"    u8 hole{end}[{field.offset - end}];")
        if isinstance(field.type, Text):
            members.append(f"    char {field.name}[{field.type.size}];")
        elif isinstance(field.type, Int):
            sign = "s" if field.type.signed else "u"
            members.append(f"    {sign}{field.type.size * 8} {field.name};")
        end = field.end
    if struct.layout.size > end:
        members.append(f"    u8 hole{end}[{struct.layout.size - end}];")
    title = f"struct audit_arg_{struct.name} {{"
    return "\n".join((title, *members, "} __attribute__((packed));"))
