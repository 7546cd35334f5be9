"""The C text of the layouts of `layout.py`: what the kernel's programs include as "record.h".

>>> "#define AUDIT_COUNTER_LOST_RING 3" in record_text()
True
"""

from __future__ import annotations

from collections.abc import Iterator

from seismo.audit.record import layout
from seismo.base.enum import IntEnum
from seismo.base.layout import Array, Blob, FieldType, Int, Layout, Text

__all__ = ("record_text", "struct_text")

_LAYOUTS = (
    *(layout.HEADER, layout.SYSCALL, layout.SECTION, layout.PLAN, layout.SETTINGS),
    *(layout.CREDENTIALS, layout.NAMESPACES, layout.FIXED_FILE, layout.SOCKET),
    *layout.FIXED.values(),
)
_ENUMS: tuple[tuple[str, type[IntEnum]], ...] = (
    ("EVENT_FLAG", layout.EventFlag),
    ("SECTION", layout.Section),
    ("SECTION_FLAG", layout.SectionFlag),
    ("EVENT", layout.KernelEvent),
    ("CAPTURE", layout.Capture),
    ("SHAPE", layout.Shape),
    ("COUNTER", layout.Counter),
    ("SETTING", layout.Setting),
)
_NUMBERS = (
    *(("TYPES", layout.TYPES), ("COMPAT", layout.COMPAT), ("HANDLERS", layout.HANDLERS)),
    ("NO_ARGUMENT", layout.NO_ARGUMENT),
)


def record_text() -> str:
    """Structs of all layouts, called as they are, and a macro for each constant.

    Macros are `AUDIT_`, the enumeration and the name: `AUDIT_SECTION_PATH`; kernel events are
    `AUDIT_EVENT_PROCESS_EXEC`.
    """
    return "\n".join(_lines()) + "\n"


def struct_text(one: Layout) -> str:
    """A layout as a struct of C, whose members are where the layout has them."""
    members = [f"    {_member(part.name, part.type)};" for part in one.fields]
    return "\n".join((f"struct {one.name} {{", *members, "};"))


def _lines() -> Iterator[str]:
    for name, number in _NUMBERS:
        yield f"#define AUDIT_{name} {number}"
    for prefix, enum in _ENUMS:
        for constant in enum:
            yield f"#define AUDIT_{prefix}_{constant.name} {constant.value}"
    for one in _LAYOUTS:
        yield struct_text(one)


def _member(name: str, type_: FieldType) -> str:
    match type_:
        case Int(size, signed):
            return f"{'s' if signed else 'u'}{size * 8} {name}"
        case Text(size):
            return f"char {name}[{size}]"
        case Blob(size):
            return f"u8 {name}[{size}]"
        case Array(element, count):
            return f"{_member(name, element)}[{count}]"
        case _:
            raise TypeError(f"member {name}: {type_} has no type of C")
