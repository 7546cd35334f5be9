/*
 * What C for eBPF is written with: sections, map definitions, printing, and the kernel's helpers.
 *
 * The names are those that libbpf made customary, so that sources for it compile here. Include
 * vmlinux.h, or the kernel's user-space headers, before this file.
 */
#ifndef SEISMO_BPF_HELPERS_H
#define SEISMO_BPF_HELPERS_H

#include <bpf/bpf_helper_defs.h>

/* The section tells what a program is and where it goes; what nothing refers to stays. */
#define SEC(name)                                                                                  \
	_Pragma("GCC diagnostic push")                                                             \
	_Pragma("GCC diagnostic ignored \"-Wignored-attributes\"")                                 \
	__attribute__((section(name), used))                                                       \
	_Pragma("GCC diagnostic pop")

/* Members of a map's definition: numbers are the lengths of arrays, types those of pointers. */
#define __uint(name, value) int (*name)[value]
#define __ulong(name, value) enum { SEISMO_JOIN(__unique_, __COUNTER__) = value } name
#define __type(name, what) __typeof__(what) *name
#define __array(name, what) __typeof__(what) *name[]

#define SEISMO_JOIN(left, right) SEISMO_JOIN_(left, right)
#define SEISMO_JOIN_(left, right) left##right

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif
#ifndef __hidden
#define __hidden __attribute__((visibility("hidden")))
#endif
#ifndef __unused
#define __unused __attribute__((unused))
#endif

/* Values that the loader knows: options of the kernel's build, and its symbols and functions. */
#define __kconfig __attribute__((section(".kconfig")))
#define __ksym __attribute__((section(".ksyms")))
#define __kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
#define __kptr __attribute__((btf_type_tag("kptr")))
/* What `__kptr` was called, and `__kptr_untrusted` was `__kptr`, before Linux 6.4. */
#define __kptr_ref __attribute__((btf_type_tag("kptr_ref")))
#define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
#define __arg_ctx __attribute__((btf_decl_tag("arg:ctx")))
#define __arg_nonnull __attribute__((btf_decl_tag("arg:nonnull")))

#define bpf_ksym_exists(symbol) ({                                                                 \
	_Static_assert(!__builtin_constant_p(!!(symbol)), #symbol " must be declared __weak");     \
	!!(symbol);                                                                                \
})

#ifndef NULL
#define NULL ((void *)0)
#endif
#ifndef KERNEL_VERSION
#define KERNEL_VERSION(major, minor, patch)                                                        \
	(((major) << 16) + ((minor) << 8) + ((patch) > 255 ? 255 : (patch)))
#endif
#ifndef offsetof
#define offsetof(type, member) ((unsigned long)&((type *)0)->member)
#endif
#ifndef container_of
#define container_of(pointer, type, member)                                                        \
	((type *)((void *)(pointer) - offsetof(type, member)))
#endif

/* The compiler may neither move accesses past this nor forget what a variable holds. */
#ifndef barrier
#define barrier() __asm__ volatile("" : : : "memory")
#endif
#ifndef barrier_var
#define barrier_var(variable) __asm__ volatile("" : "+r"(variable))
#endif

/* How pinned maps are found, and what an option of the build may be. */
enum libbpf_pin_type { LIBBPF_PIN_NONE, LIBBPF_PIN_BY_NAME };
enum libbpf_tristate { TRI_NO = 0, TRI_YES = 1, TRI_MODULE = 2 };

/* The number of arguments, up to twelve, appended to a name. */
#define SEISMO_COUNT(...) SEISMO_COUNT_(_, ##__VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define SEISMO_COUNT_(_0, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, count, ...) count
#define SEISMO_BY_COUNT(name, ...) SEISMO_JOIN(name, SEISMO_COUNT(__VA_ARGS__))

/* Formats are read-only data, since Linux 5.2; for kernels before, a line's is on the stack. */
#ifdef BPF_NO_GLOBAL_DATA
#define BPF_PRINTK_FMT_MOD
#else
#define BPF_PRINTK_FMT_MOD static const
#endif

/* Values of formats, each as 64 bits. */
#define SEISMO_PUT_0(to)
#define SEISMO_PUT_1(to, x) *(to) = (unsigned long long)(x)
#define SEISMO_PUT_2(to, x, ...)                                                                   \
	SEISMO_PUT_1(to, x); SEISMO_PUT_1((to) + 1, __VA_ARGS__)
#define SEISMO_PUT_3(to, x, ...)                                                                   \
	SEISMO_PUT_1(to, x); SEISMO_PUT_2((to) + 1, __VA_ARGS__)
#define SEISMO_PUT_4(to, x, ...)                                                                   \
	SEISMO_PUT_1(to, x); SEISMO_PUT_3((to) + 1, __VA_ARGS__)
#define SEISMO_PUT_5(to, x, ...)                                                                   \
	SEISMO_PUT_1(to, x); SEISMO_PUT_4((to) + 1, __VA_ARGS__)
#define SEISMO_PUT_6(to, x, ...)                                                                   \
	SEISMO_PUT_1(to, x); SEISMO_PUT_5((to) + 1, __VA_ARGS__)
#define SEISMO_PUT_7(to, x, ...)                                                                   \
	SEISMO_PUT_1(to, x); SEISMO_PUT_6((to) + 1, __VA_ARGS__)
#define SEISMO_PUT_8(to, x, ...)                                                                   \
	SEISMO_PUT_1(to, x); SEISMO_PUT_7((to) + 1, __VA_ARGS__)
#define SEISMO_PUT_9(to, x, ...)                                                                   \
	SEISMO_PUT_1(to, x); SEISMO_PUT_8((to) + 1, __VA_ARGS__)
#define SEISMO_PUT_10(to, x, ...)                                                                  \
	SEISMO_PUT_1(to, x); SEISMO_PUT_9((to) + 1, __VA_ARGS__)
#define SEISMO_PUT_11(to, x, ...)                                                                  \
	SEISMO_PUT_1(to, x); SEISMO_PUT_10((to) + 1, __VA_ARGS__)
#define SEISMO_PUT_12(to, x, ...)                                                                  \
	SEISMO_PUT_1(to, x); SEISMO_PUT_11((to) + 1, __VA_ARGS__)
#define SEISMO_VALUES(array, ...)                                                                  \
	_Pragma("GCC diagnostic push")                                                             \
	_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")                                     \
	SEISMO_BY_COUNT(SEISMO_PUT_, ##__VA_ARGS__)(array, ##__VA_ARGS__);                         \
	_Pragma("GCC diagnostic pop")

/* Of a string, the bytes that the helper writes or reads; of values, an array that may be empty. */
#define BPF_SNPRINTF(out, out_size, format, ...) ({                                                \
	static const char seismo_format[] = format;                                                \
	unsigned long long seismo_values[SEISMO_COUNT(__VA_ARGS__) ?: 1];                          \
	SEISMO_VALUES(seismo_values, ##__VA_ARGS__)                                                \
	bpf_snprintf(out, out_size, seismo_format, seismo_values,                                  \
		     SEISMO_COUNT(__VA_ARGS__) * sizeof(seismo_values[0]));                        \
})
#define BPF_SEQ_PRINTF(file, format, ...) ({                                                       \
	static const char seismo_format[] = format;                                                \
	unsigned long long seismo_values[SEISMO_COUNT(__VA_ARGS__) ?: 1];                          \
	SEISMO_VALUES(seismo_values, ##__VA_ARGS__)                                                \
	bpf_seq_printf(file, seismo_format, sizeof(seismo_format), seismo_values,                  \
		       SEISMO_COUNT(__VA_ARGS__) * sizeof(seismo_values[0]));                      \
})

/*
 * A line for the kernel's trace pipe. Up to three values go by bpf_trace_printk; more go by
 * bpf_trace_vprintk, since Linux 5.16.
 */
#define __bpf_printk(format, ...) ({                                                               \
	BPF_PRINTK_FMT_MOD char seismo_format[] = format;                                          \
	bpf_trace_printk(seismo_format, sizeof(seismo_format), ##__VA_ARGS__);                     \
})
#define __bpf_vprintk(format, ...) ({                                                              \
	static const char seismo_format[] = format;                                                \
	unsigned long long seismo_values[SEISMO_COUNT(__VA_ARGS__)];                               \
	SEISMO_VALUES(seismo_values, ##__VA_ARGS__)                                                \
	bpf_trace_vprintk(seismo_format, sizeof(seismo_format), seismo_values,                     \
			  sizeof(seismo_values));                                                  \
})
#define SEISMO_PRINT_0 __bpf_printk
#define SEISMO_PRINT_1 __bpf_printk
#define SEISMO_PRINT_2 __bpf_printk
#define SEISMO_PRINT_3 __bpf_printk
#define SEISMO_PRINT_4 __bpf_vprintk
#define SEISMO_PRINT_5 __bpf_vprintk
#define SEISMO_PRINT_6 __bpf_vprintk
#define SEISMO_PRINT_7 __bpf_vprintk
#define SEISMO_PRINT_8 __bpf_vprintk
#define SEISMO_PRINT_9 __bpf_vprintk
#define SEISMO_PRINT_10 __bpf_vprintk
#define SEISMO_PRINT_11 __bpf_vprintk
#define SEISMO_PRINT_12 __bpf_vprintk
#define bpf_printk(format, ...) SEISMO_BY_COUNT(SEISMO_PRINT_, ##__VA_ARGS__)(format, ##__VA_ARGS__)

/* Where the program cannot come: the compiler refuses it where it cannot see that. */
#ifndef __bpf_unreachable
#define __bpf_unreachable() __builtin_trap()
#endif

/* A tail call whose slot is known: the jump is patched into the code. Never returns if it works. */
static __always_inline void bpf_tail_call_static(void *ctx, const void *map, const unsigned slot)
{
	if (!__builtin_constant_p(slot))
		__bpf_unreachable();
	__asm__ volatile("r1 = %[ctx]\n\t"
			 "r2 = %[map]\n\t"
			 "r3 = %[slot]\n\t"
			 "call 12"
			 :
			 : [ctx] "r"(ctx), [map] "r"(map), [slot] "i"(slot)
			 : "r0", "r1", "r2", "r3", "r4", "r5");
}

/*
 * Loops that the verifier walks once, by the kernel's iterators, since Linux 6.4: over numbers,
 * `bpf_for(i, 0, 100)`; so many times, `bpf_repeat(100)`; over what an iterator of the kernel has,
 * `bpf_for_each(task, task, parent, flags)`. To leave one early is to destroy its iterator.
 */
struct bpf_iter_num;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;

/* Clang 14 has no type of a function that nothing but `cleanup` names. */
#define SEISMO_ITERATOR(type, ...)                                                                 \
	struct bpf_iter_##type seismo_it                                                           \
		__attribute__((aligned(8), cleanup(bpf_iter_##type##_destroy))),                   \
	*seismo_unused __unused = ((void)bpf_iter_##type##_destroy,                                \
				   (void)bpf_iter_##type##_new(&seismo_it, ##__VA_ARGS__),         \
				   (void *)0)

#ifndef bpf_for_each
#define bpf_for_each(type, current, args...)                                                       \
	for (SEISMO_ITERATOR(type, ##args); ((current) = bpf_iter_##type##_next(&seismo_it));)
#endif
#ifndef bpf_for
/* The verifier knows the bounds of what has been compared with them. */
#define bpf_for(i, start, end)                                                                     \
	for (SEISMO_ITERATOR(num, (start), (end)); ({                                              \
		int *seismo_number = bpf_iter_num_next(&seismo_it);                                \
		seismo_number && ((i) = *seismo_number, (i) >= (start) && (i) < (end));            \
	});)
#endif
#ifndef bpf_repeat
#define bpf_repeat(times)                                                                          \
	for (SEISMO_ITERATOR(num, 0, (times)); bpf_iter_num_next(&seismo_it);)
#endif

#endif
