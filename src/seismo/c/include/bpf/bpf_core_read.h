/*
 * Access to kernel types that holds on other kernels: the compiler leaves relocations, the loader
 * puts in what is true of the kernel at hand.
 */
#ifndef SEISMO_BPF_CORE_READ_H
#define SEISMO_BPF_CORE_READ_H

#include <bpf/bpf_helpers.h>

/* What the compiler's built-ins are asked for; each has numbers of its own. */
enum bpf_field_info_kind {
	BPF_FIELD_BYTE_OFFSET = 0,
	BPF_FIELD_BYTE_SIZE = 1,
	BPF_FIELD_EXISTS = 2,
	BPF_FIELD_SIGNED = 3,
	BPF_FIELD_LSHIFT_U64 = 4,
	BPF_FIELD_RSHIFT_U64 = 5,
};
enum bpf_type_id_kind { BPF_TYPE_ID_LOCAL = 0, BPF_TYPE_ID_TARGET = 1 };
enum bpf_type_info_kind { BPF_TYPE_EXISTS = 0, BPF_TYPE_SIZE = 1, BPF_TYPE_MATCHES = 2 };
enum bpf_enum_value_kind { BPF_ENUMVAL_EXISTS = 0, BPF_ENUMVAL_VALUE = 1 };

/* A field is named by an expression, or by a type and the members that lead to the field. */
#define SEISMO_FIELD_1(field) field
#define SEISMO_FIELD_2(type, field) ((__typeof__(type) *)0)->field
#define SEISMO_FIELD(...) SEISMO_BY_COUNT(SEISMO_FIELD_, __VA_ARGS__)(__VA_ARGS__)
#define SEISMO_FIELD_INFO(kind, ...)                                                               \
	__builtin_preserve_field_info(SEISMO_FIELD(__VA_ARGS__), BPF_FIELD_##kind)

#define bpf_core_field_exists(...) SEISMO_FIELD_INFO(EXISTS, __VA_ARGS__)
#define bpf_core_field_size(...) SEISMO_FIELD_INFO(BYTE_SIZE, __VA_ARGS__)
#define bpf_core_field_offset(...) SEISMO_FIELD_INFO(BYTE_OFFSET, __VA_ARGS__)

#define bpf_core_type_exists(type)                                                                 \
	__builtin_preserve_type_info(*(__typeof__(type) *)0, BPF_TYPE_EXISTS)
#define bpf_core_type_size(type)                                                                   \
	__builtin_preserve_type_info(*(__typeof__(type) *)0, BPF_TYPE_SIZE)
#define bpf_core_type_matches(type)                                                                \
	__builtin_preserve_type_info(*(__typeof__(type) *)0, BPF_TYPE_MATCHES)
#define bpf_core_type_id_local(type)                                                               \
	__builtin_btf_type_id(*(__typeof__(type) *)0, BPF_TYPE_ID_LOCAL)
#define bpf_core_type_id_kernel(type)                                                              \
	__builtin_btf_type_id(*(__typeof__(type) *)0, BPF_TYPE_ID_TARGET)

/* Clang takes an enumerator that is not a constant: a pointer that holds it. */
#define SEISMO_ENUMERATOR(type, value, kind)                                                       \
	__builtin_preserve_enum_value(*(__typeof__(type) *)value, BPF_ENUMVAL_##kind)
#define bpf_core_enum_value_exists(type, value) SEISMO_ENUMERATOR(type, value, EXISTS)
#define bpf_core_enum_value(type, value) SEISMO_ENUMERATOR(type, value, VALUE)

/* Reads whose address is relocated. */
#define SEISMO_ADDRESS(place) (const void *)__builtin_preserve_access_index(place)
#define bpf_core_read(to, size, from) bpf_probe_read_kernel(to, size, SEISMO_ADDRESS(from))
#define bpf_core_read_user(to, size, from) bpf_probe_read_user(to, size, SEISMO_ADDRESS(from))
#define bpf_core_read_str(to, size, from) bpf_probe_read_kernel_str(to, size, SEISMO_ADDRESS(from))
#define bpf_core_read_user_str(to, size, from)                                                     \
	bpf_probe_read_user_str(to, size, SEISMO_ADDRESS(from))

/* A pointer that the verifier takes for one to `type`: it is read without a helper. Linux 6.2. */
extern void *bpf_rdonly_cast(const void *pointer, __u32 type) __ksym __weak;
#define bpf_core_cast(pointer, type)                                                               \
	((__typeof__(type) *)bpf_rdonly_cast(pointer, bpf_core_type_id_kernel(type)))

/*
 * A bit-field is loaded as the integer around it and brought into place by two shifts. The probed
 * form reads through a helper; the other is for memory that the program may access by itself.
 */
#define SEISMO_SHIFTED(type, pointer, field, value)                                                \
	((value) <<= __builtin_preserve_field_info((pointer)->field, BPF_FIELD_LSHIFT_U64),        \
	 __builtin_preserve_field_info((pointer)->field, BPF_FIELD_SIGNED)                         \
		 ? (type)((long long)(value) >>                                                    \
			  __builtin_preserve_field_info((pointer)->field, BPF_FIELD_RSHIFT_U64))   \
		 : (type)((value) >>                                                               \
			  __builtin_preserve_field_info((pointer)->field, BPF_FIELD_RSHIFT_U64)))

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SEISMO_LOW_BYTES(value, size) ((void *)&(value))
#else
#define SEISMO_LOW_BYTES(value, size) ((void *)&(value) + (8 - (size)))
#endif

#define BPF_CORE_READ_BITFIELD_PROBED(pointer, field) ({                                           \
	unsigned long long seismo_bits = 0;                                                        \
	unsigned seismo_size =                                                                     \
		__builtin_preserve_field_info((pointer)->field, BPF_FIELD_BYTE_SIZE);              \
	bpf_probe_read_kernel(SEISMO_LOW_BYTES(seismo_bits, seismo_size), seismo_size,             \
		(const void *)(pointer)                                                            \
		+ __builtin_preserve_field_info((pointer)->field, BPF_FIELD_BYTE_OFFSET));         \
	SEISMO_SHIFTED(unsigned long long, pointer, field, seismo_bits);                           \
})

#define BPF_CORE_READ_BITFIELD(pointer, field) ({                                                  \
	const void *seismo_place = (const void *)(pointer)                                         \
		+ __builtin_preserve_field_info((pointer)->field, BPF_FIELD_BYTE_OFFSET);          \
	unsigned long long seismo_bits = 0;                                                        \
	/* Without this the compiler would join the branches: the verifier loses the pointer. */   \
	__asm__ volatile("" : "+r"(seismo_place));                                                 \
	switch (__builtin_preserve_field_info((pointer)->field, BPF_FIELD_BYTE_SIZE)) {            \
	case 1: seismo_bits = *(const unsigned char *)seismo_place; break;                         \
	case 2: seismo_bits = *(const unsigned short *)seismo_place; break;                        \
	case 4: seismo_bits = *(const unsigned *)seismo_place; break;                              \
	case 8: seismo_bits = *(const unsigned long long *)seismo_place; break;                    \
	}                                                                                          \
	SEISMO_SHIFTED(unsigned long long, pointer, field, seismo_bits);                           \
})

/*
 * BPF_CORE_READ(task, mm, exe_file, f_inode) is task->mm->exe_file->f_inode, each pointer read by a
 * helper. A step may be members in a row: `nsproxy, pid_ns.level`.
 */
#define SEISMO_LAST_1(a) a
#define SEISMO_LAST_2(a, ...) SEISMO_LAST_1(__VA_ARGS__)
#define SEISMO_LAST_3(a, ...) SEISMO_LAST_2(__VA_ARGS__)
#define SEISMO_LAST_4(a, ...) SEISMO_LAST_3(__VA_ARGS__)
#define SEISMO_LAST_5(a, ...) SEISMO_LAST_4(__VA_ARGS__)
#define SEISMO_LAST_6(a, ...) SEISMO_LAST_5(__VA_ARGS__)
#define SEISMO_LAST_7(a, ...) SEISMO_LAST_6(__VA_ARGS__)
#define SEISMO_LAST_8(a, ...) SEISMO_LAST_7(__VA_ARGS__)
#define SEISMO_LAST_9(a, ...) SEISMO_LAST_8(__VA_ARGS__)
#define SEISMO_LAST_10(a, ...) SEISMO_LAST_9(__VA_ARGS__)
#define SEISMO_LAST(...) SEISMO_BY_COUNT(SEISMO_LAST_, __VA_ARGS__)(__VA_ARGS__)

#define SEISMO_ARROWS_1(a) (a)
#define SEISMO_ARROWS_2(a, b) (a)->b
#define SEISMO_ARROWS_3(a, b, c) (a)->b->c
#define SEISMO_ARROWS_4(a, b, c, d) (a)->b->c->d
#define SEISMO_ARROWS_5(a, b, c, d, e) (a)->b->c->d->e
#define SEISMO_ARROWS_6(a, b, c, d, e, f) (a)->b->c->d->e->f
#define SEISMO_ARROWS_7(a, b, c, d, e, f, g) (a)->b->c->d->e->f->g
#define SEISMO_ARROWS_8(a, b, c, d, e, f, g, h) (a)->b->c->d->e->f->g->h
#define SEISMO_ARROWS_9(a, b, c, d, e, f, g, h, i) (a)->b->c->d->e->f->g->h->i
#define SEISMO_ARROWS_10(a, b, c, d, e, f, g, h, i, j) (a)->b->c->d->e->f->g->h->i->j
#define SEISMO_ARROWS(...) SEISMO_BY_COUNT(SEISMO_ARROWS_, __VA_ARGS__)(__VA_ARGS__)

#define SEISMO_HEAD_2(a, b) a
#define SEISMO_HEAD_3(a, b, c) a, b
#define SEISMO_HEAD_4(a, b, c, d) a, b, c
#define SEISMO_HEAD_5(a, b, c, d, e) a, b, c, d
#define SEISMO_HEAD_6(a, b, c, d, e, f) a, b, c, d, e
#define SEISMO_HEAD_7(a, b, c, d, e, f, g) a, b, c, d, e, f
#define SEISMO_HEAD_8(a, b, c, d, e, f, g, h) a, b, c, d, e, f, g
#define SEISMO_HEAD_9(a, b, c, d, e, f, g, h, i) a, b, c, d, e, f, g, h
#define SEISMO_HEAD_10(a, b, c, d, e, f, g, h, i, j) a, b, c, d, e, f, g, h, i
#define SEISMO_HEAD(...) SEISMO_BY_COUNT(SEISMO_HEAD_, __VA_ARGS__)(__VA_ARGS__)

/* All steps but the last end at a pointer, which goes into one variable after the other. */
#define SEISMO_PLACE(from, ...)                                                                    \
	&((__typeof__(SEISMO_ARROWS(SEISMO_HEAD(__VA_ARGS__))))(from))->SEISMO_LAST(__VA_ARGS__)
#define SEISMO_STEP(read, from, ...)                                                               \
	read((void *)&seismo_next, sizeof(seismo_next), SEISMO_PLACE(from, __VA_ARGS__))
#define SEISMO_WALK_2(read, a, b)
#define SEISMO_WALK_3(read, a, b, c) SEISMO_STEP(read, a, a, b);
#define SEISMO_WALK_4(read, a, b, c, d)                                                            \
	SEISMO_WALK_3(read, a, b, c)                                                               \
	SEISMO_STEP(read, seismo_next, a, b, c);
#define SEISMO_WALK_5(read, a, b, c, d, e)                                                         \
	SEISMO_WALK_4(read, a, b, c, d)                                                            \
	SEISMO_STEP(read, seismo_next, a, b, c, d);
#define SEISMO_WALK_6(read, a, b, c, d, e, f)                                                      \
	SEISMO_WALK_5(read, a, b, c, d, e)                                                         \
	SEISMO_STEP(read, seismo_next, a, b, c, d, e);
#define SEISMO_WALK_7(read, a, b, c, d, e, f, g)                                                   \
	SEISMO_WALK_6(read, a, b, c, d, e, f)                                                      \
	SEISMO_STEP(read, seismo_next, a, b, c, d, e, f);
#define SEISMO_WALK_8(read, a, b, c, d, e, f, g, h)                                                \
	SEISMO_WALK_7(read, a, b, c, d, e, f, g)                                                   \
	SEISMO_STEP(read, seismo_next, a, b, c, d, e, f, g);
#define SEISMO_WALK_9(read, a, b, c, d, e, f, g, h, i)                                             \
	SEISMO_WALK_8(read, a, b, c, d, e, f, g, h)                                                \
	SEISMO_STEP(read, seismo_next, a, b, c, d, e, f, g, h);
#define SEISMO_WALK_10(read, a, b, c, d, e, f, g, h, i, j)                                         \
	SEISMO_WALK_9(read, a, b, c, d, e, f, g, h, i)                                             \
	SEISMO_STEP(read, seismo_next, a, b, c, d, e, f, g, h, i);

/* Where the last step begins: at the first argument, or where the walk has come to. */
#define SEISMO_FROM_2(a, ...) a
#define SEISMO_FROM_3(...) seismo_next
#define SEISMO_FROM_4(...) seismo_next
#define SEISMO_FROM_5(...) seismo_next
#define SEISMO_FROM_6(...) seismo_next
#define SEISMO_FROM_7(...) seismo_next
#define SEISMO_FROM_8(...) seismo_next
#define SEISMO_FROM_9(...) seismo_next
#define SEISMO_FROM_10(...) seismo_next

#define SEISMO_READ_INTO(walk, read, to, size, ...) ({                                             \
	const void *seismo_next __unused;                                                          \
	SEISMO_BY_COUNT(SEISMO_WALK_, __VA_ARGS__)(walk, __VA_ARGS__)                              \
	read((void *)(to), size,                                                                   \
	     SEISMO_PLACE(SEISMO_BY_COUNT(SEISMO_FROM_, __VA_ARGS__)(__VA_ARGS__), __VA_ARGS__));  \
})
#define SEISMO_READ(read, ...) ({                                                                  \
	__typeof__(SEISMO_ARROWS(__VA_ARGS__)) seismo_value;                                       \
	SEISMO_READ_INTO(read, read, &seismo_value, sizeof(seismo_value), __VA_ARGS__);            \
	seismo_value;                                                                              \
})

#define SEISMO_PLAIN_READ(to, size, from) bpf_probe_read(to, size, from)
#define SEISMO_PLAIN_READ_STR(to, size, from) bpf_probe_read_str(to, size, from)
#define SEISMO_PLAIN_READ_USER(to, size, from) bpf_probe_read_user(to, size, from)
#define SEISMO_PLAIN_READ_USER_STR(to, size, from) bpf_probe_read_user_str(to, size, from)

#define BPF_CORE_READ(...) SEISMO_READ(bpf_core_read, __VA_ARGS__)
#define BPF_CORE_READ_USER(...) SEISMO_READ(bpf_core_read_user, __VA_ARGS__)
#define BPF_CORE_READ_INTO(to, ...)                                                                \
	SEISMO_READ_INTO(bpf_core_read, bpf_core_read, to, sizeof(*(to)), __VA_ARGS__)
#define BPF_CORE_READ_USER_INTO(to, ...)                                                           \
	SEISMO_READ_INTO(bpf_core_read_user, bpf_core_read_user, to, sizeof(*(to)), __VA_ARGS__)
#define BPF_CORE_READ_STR_INTO(to, ...)                                                            \
	SEISMO_READ_INTO(bpf_core_read, bpf_core_read_str, to, sizeof(*(to)), __VA_ARGS__)
#define BPF_CORE_READ_USER_STR_INTO(to, ...)                                                       \
	SEISMO_READ_INTO(bpf_core_read_user, bpf_core_read_user_str, to, sizeof(*(to)), __VA_ARGS__)

/* The same for types that do not change: no relocations. The memory may be anybody's. */
#define BPF_PROBE_READ(...) SEISMO_READ(SEISMO_PLAIN_READ, __VA_ARGS__)
#define BPF_PROBE_READ_USER(...) SEISMO_READ(SEISMO_PLAIN_READ_USER, __VA_ARGS__)
#define BPF_PROBE_READ_INTO(to, ...)                                                               \
	SEISMO_READ_INTO(SEISMO_PLAIN_READ, SEISMO_PLAIN_READ, to, sizeof(*(to)), __VA_ARGS__)
#define BPF_PROBE_READ_USER_INTO(to, ...)                                                          \
	SEISMO_READ_INTO(SEISMO_PLAIN_READ_USER, SEISMO_PLAIN_READ_USER, to, sizeof(*(to)),        \
			 __VA_ARGS__)
#define BPF_PROBE_READ_STR_INTO(to, ...)                                                           \
	SEISMO_READ_INTO(SEISMO_PLAIN_READ, SEISMO_PLAIN_READ_STR, to, sizeof(*(to)), __VA_ARGS__)
#define BPF_PROBE_READ_USER_STR_INTO(to, ...)                                                      \
	SEISMO_READ_INTO(SEISMO_PLAIN_READ_USER, SEISMO_PLAIN_READ_USER_STR, to, sizeof(*(to)),    \
			 __VA_ARGS__)

#endif
