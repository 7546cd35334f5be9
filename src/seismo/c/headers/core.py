"""libbpf's macros for what differs between kernels (bpf_core_read.h), by their names there.

`p->a->b` reads by itself here, wherever the members are; so `BPF_CORE_READ(p, a, b)` is only
another way to write it. A program for the kernel at hand gets its answers as constants.
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.c.headers.definitions import read_definitions

__all__ = ("CORE",)

_ASKED = r"""
#define bpf_core_field_exists(...) \
    __seismo_pick_2(__VA_ARGS__, __seismo_field_exists_2, __seismo_field_exists_1, )(__VA_ARGS__)
#define __seismo_field_exists_1(field) __builtin_core_field_exists(field)
#define __seismo_field_exists_2(type, field) __builtin_core_field_exists(((type *)0)->field)
#define bpf_core_field_size(...) \
    __seismo_pick_2(__VA_ARGS__, __seismo_field_size_2, __seismo_field_size_1, )(__VA_ARGS__)
#define __seismo_field_size_1(field) __builtin_core_field_size(field)
#define __seismo_field_size_2(type, field) __builtin_core_field_size(((type *)0)->field)
#define bpf_core_field_offset(...) \
    __seismo_pick_2(__VA_ARGS__, __seismo_field_offset_2, __seismo_field_offset_1, )(__VA_ARGS__)
#define __seismo_field_offset_1(field) __builtin_core_field_offset(field)
#define __seismo_field_offset_2(type, field) __builtin_core_field_offset(((type *)0)->field)
#define bpf_core_type_exists(type) __builtin_core_type_exists((type *)0)
#define bpf_core_type_size(type) __builtin_core_type_size((type *)0)
#define bpf_core_enum_value_exists(type, value) \
    __builtin_core_enum_value_exists((type *)0, value)
#define bpf_core_enum_value(type, value) __builtin_core_enum_value((type *)0, value)
"""

_READ = r"""
#define bpf_core_read(to, size, from) bpf_probe_read_kernel(to, size, from)
#define bpf_core_read_user(to, size, from) bpf_probe_read_user(to, size, from)
#define bpf_core_read_str(to, size, from) bpf_probe_read_kernel_str(to, size, from)
#define bpf_core_read_user_str(to, size, from) bpf_probe_read_user_str(to, size, from)
#define BPF_CORE_READ_BITFIELD(record, field) ((record)->field)
#define BPF_CORE_READ_BITFIELD_PROBED(record, field) ((record)->field)
#define __seismo_pick_9(_1, _2, _3, _4, _5, _6, _7, _8, _9, it, ...) it
#define BPF_CORE_READ(from, ...) \
    __seismo_pick_9(__VA_ARGS__, __seismo_arrow_9, __seismo_arrow_8, __seismo_arrow_7, \
        __seismo_arrow_6, __seismo_arrow_5, __seismo_arrow_4, __seismo_arrow_3, \
        __seismo_arrow_2, __seismo_arrow_1, )(from, __VA_ARGS__)
#define __seismo_arrow_1(p, a) ((p)->a)
#define __seismo_arrow_2(p, a, b) ((p)->a->b)
#define __seismo_arrow_3(p, a, b, c) ((p)->a->b->c)
#define __seismo_arrow_4(p, a, b, c, d) ((p)->a->b->c->d)
#define __seismo_arrow_5(p, a, b, c, d, e) ((p)->a->b->c->d->e)
#define __seismo_arrow_6(p, a, b, c, d, e, f) ((p)->a->b->c->d->e->f)
#define __seismo_arrow_7(p, a, b, c, d, e, f, g) ((p)->a->b->c->d->e->f->g)
#define __seismo_arrow_8(p, a, b, c, d, e, f, g, h) ((p)->a->b->c->d->e->f->g->h)
#define __seismo_arrow_9(p, a, b, c, d, e, f, g, h, i) ((p)->a->b->c->d->e->f->g->h->i)
#define BPF_CORE_READ_INTO(to, from, ...) \
    bpf_probe_read_kernel(to, sizeof(*(to)), &BPF_CORE_READ(from, __VA_ARGS__))
#define BPF_CORE_READ_STR_INTO(to, from, ...) \
    bpf_probe_read_kernel_str(to, sizeof(*(to)), BPF_CORE_READ(from, __VA_ARGS__))
"""

CORE: Mapping[str, str] = read_definitions(_ASKED + _READ)
"""By name, as `DIALECT` has its own."""
