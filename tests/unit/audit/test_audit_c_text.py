"""The C text of the layouts: the C compiler places members where the layouts have them."""

from __future__ import annotations

import pytest

from c_texts import declared
from seismo.audit.program.compile import DEFAULT_FILTERS, audit_text, read_part
from seismo.audit.record import layout
from seismo.audit.record.c_text import record_text, struct_text
from seismo.base.layout import U8, U64, Array, Blob, Buffer, Layout, Text

LAYOUTS = {
    one.name: one
    for one in (
        *(layout.HEADER, layout.SYSCALL, layout.SECTION, layout.PLAN, layout.SETTINGS),
        *(layout.CREDENTIALS, layout.NAMESPACES, layout.FIXED_FILE, layout.SOCKET),
        *layout.FIXED.values(),
    )
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_members_are_where_the_layout_has_them(name: str) -> None:
    one = LAYOUTS[name]
    checks = [f'_Static_assert(sizeof(struct {name}) == {one.size}, "");']
    for field in one.fields:
        place = f"__builtin_offsetof(struct {name}, {field.name}) == {field.offset}"
        size = f"sizeof(((struct {name} *)0)->{field.name}) == {field.type.size}"
        checks += [f'_Static_assert({place}, "{field.name}");', f'_Static_assert({size}, "");']
    declared(record_text() + "\n".join(checks))


def test_text_of_one_struct() -> None:
    one = Layout.of(
        "x", [("a", U8), ("b", Array(U64, 2)), ("c", Blob(3)), ("d", Text(4)), ("e", U64)]
    )
    assert struct_text(one) == (
        "struct x {\n    u8 a;\n    u64 b[2];\n    u8 c[3];\n    char d[4];\n    u64 e;\n};"
    )


def test_what_has_no_type_of_c_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^member m: buffer\[8\] has no type of C$"):
        struct_text(Layout.of("x", [("m", Buffer(8))]))


def test_every_constant_is_a_macro() -> None:
    macros = dict(
        line.removeprefix("#define ").split() for line in record_text().splitlines() if "#" in line
    )
    assert macros["AUDIT_TYPES"] == str(layout.TYPES)
    for prefix, enum in (
        *(("EVENT", layout.KernelEvent), ("SECTION", layout.Section)),
        *(("COUNTER", layout.Counter), ("CAPTURE", layout.Capture), ("SHAPE", layout.Shape)),
        *(("SETTING", layout.Setting), ("EVENT_FLAG", layout.EventFlag)),
        ("SECTION_FLAG", layout.SectionFlag),
    ):
        for one in enum:
            assert macros[f"AUDIT_{prefix}_{one.name}"] == str(one.value)


def test_parts_of_the_text() -> None:
    parts = audit_text()
    assert next(iter(parts)) == "audit.c"
    assert parts["filter.h"] == DEFAULT_FILTERS == read_part("default_filter.h")
    assert parts["record.h"] == record_text()
    included = [line.split('"')[1] for line in parts["audit.c"].splitlines() if '"' in line]
    assert {one for one in included if one.endswith(".h")} <= set(parts)
    more = audit_text("/* none */", ("process.h",))
    assert more["filter.h"] == "/* none */"
    assert more["audit.c"] == parts["audit.c"] + '#include "process.h"\n'
