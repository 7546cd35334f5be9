/*
 * What BCC's dialect comes down to when clang compiles it: tables' methods as macros over helpers.
 *
 * The text that includes this has each call of a method, `table.method(a, b)`, as
 * `__seismo_method(table, (a), (b))`, and for each table: the map, a type `__seismo_table_NAME` with
 * the members `key` and `leaf`, and constants: `__seismo_grows_NAME` (counting makes new keys) and
 * `__seismo_lost_NAME` (its counter of records that could not be sent).
 */
#ifndef SEISMO_BCC_H
#define SEISMO_BCC_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define __user

struct __seismo_map {
	unsigned int type, key_size, value_size, max_entries, flags;
};

/* The registers that a kprobe would see, and the context there really is. */
struct __seismo_registers {
	struct pt_regs registers;
	void *context;
};

#ifdef SEISMO_AT_SYSCALL
#define __seismo_context(ctx) (((struct __seismo_registers *)(ctx))->context)
#define bpf_get_stack(ctx, ...) bpf_get_stack(__seismo_context(ctx), __VA_ARGS__)
#define bpf_get_stackid(ctx, ...) bpf_get_stackid(__seismo_context(ctx), __VA_ARGS__)
#define bpf_perf_event_output(ctx, ...) bpf_perf_event_output(__seismo_context(ctx), __VA_ARGS__)
#define bpf_tail_call(ctx, ...) bpf_tail_call(__seismo_context(ctx), __VA_ARGS__)
#else
#define __seismo_context(ctx) (ctx)
#endif

#define __seismo_key(t) __typeof__(((__seismo_table_##t *)0)->key)
#define __seismo_leaf(t) __typeof__(((__seismo_table_##t *)0)->leaf)
/* An argument that may be left out. */
#define __seismo_or_0(...) (0, ##__VA_ARGS__)
#define __seismo_or_1(...) (1, ##__VA_ARGS__)

/* What the kernel's memory holds behind an address, 0 where it cannot be read. */
static __always_inline unsigned long long __seismo_saved(unsigned long long at, int offset)
{
	unsigned long long value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), (void *)(at + offset));
	return value;
}

/* Tables that hold values */

static __always_inline void *__seismo_find_or_add(void *map, const void *key, const void *leaf)
{
	void *found = bpf_map_lookup_elem(map, key);

	if (!found) {
		bpf_map_update_elem(map, key, leaf, 1 /* BPF_NOEXIST */);
		found = bpf_map_lookup_elem(map, key);
	}
	return found;
}

#define __seismo_lookup(t, key) ((__seismo_leaf(t) *)bpf_map_lookup_elem(&t, key))
#define __seismo_lookup_or_try_init(t, key, leaf)                                                  \
	((__seismo_leaf(t) *)__seismo_find_or_add(&t, key, leaf))
#define __seismo_lookup_or_init(t, key, leaf) ({                                                   \
	__seismo_leaf(t) *__found = __seismo_lookup_or_try_init(t, key, leaf);                     \
	if (!__found)                                                                              \
		return 0;                                                                          \
	__found;                                                                                   \
})
#define __seismo_update(t, key, leaf, ...)                                                         \
	bpf_map_update_elem(&t, key, leaf, __seismo_or_0(__VA_ARGS__))
#define __seismo_insert(t, key, leaf) bpf_map_update_elem(&t, key, leaf, 1 /* BPF_NOEXIST */)
#define __seismo_delete(t, key) bpf_map_delete_elem(&t, key)

#define __seismo_plain_add(at, n) (*(at) += (n))
#define __seismo_count(t, the_key, n, add) ({                                                      \
	__seismo_key(t) __key = (the_key);                                                         \
	__seismo_leaf(t) __n = (n), *__found = bpf_map_lookup_elem(&t, &__key);                    \
	if (__found)                                                                               \
		add(__found, __n);                                                                 \
	else if (__seismo_grows_##t)                                                               \
		bpf_map_update_elem(&t, &__key, &__n, 1 /* BPF_NOEXIST */);                        \
	(void)0;                                                                                   \
})
#define __seismo_increment(t, key, ...)                                                            \
	__seismo_count(t, key, __seismo_or_1(__VA_ARGS__), __seismo_plain_add)
#define __seismo_atomic_increment(t, key, ...)                                                     \
	__seismo_count(t, key, __seismo_or_1(__VA_ARGS__), __sync_fetch_and_add)

/* Tables that send records: what could not be sent is counted. */

#define __seismo_count_lost(t, has_failed) ({                                                      \
	if (has_failed) {                                                                          \
		unsigned int __zero = 0;                                                           \
		unsigned long long *__lost = bpf_map_lookup_elem(&__seismo_lost, &__zero);         \
		if (__lost)                                                                        \
			__sync_fetch_and_add(__lost + __seismo_lost_##t, 1);                       \
	}                                                                                          \
})
#define __seismo_sent(t, call) ({                                                                  \
	long __answer = (call);                                                                    \
	__seismo_count_lost(t, __answer < 0);                                                      \
	__answer;                                                                                  \
})
#define __seismo_perf_submit(t, ctx, data, size)                                                   \
	__seismo_sent(t, bpf_perf_event_output(ctx, &t, 0xffffffffULL, data, size))
#define __seismo_perf_submit_skb(t, ctx, bytes, data, size)                                        \
	__seismo_sent(t, bpf_perf_event_output(ctx, &t,                                            \
		(unsigned long long)(bytes) << 32 | 0xffffffffULL, data, size))
#define __seismo_ringbuf_output(t, data, size, ...)                                                \
	__seismo_sent(t, bpf_ringbuf_output(&t, data, size, __seismo_or_0(__VA_ARGS__)))
#define __seismo_ringbuf_reserve(t, size) ({                                                       \
	void *__place = bpf_ringbuf_reserve(&t, size, 0);                                          \
	__seismo_count_lost(t, !__place);                                                          \
	__place;                                                                                   \
})
#define __seismo_ringbuf_submit(t, data, ...) bpf_ringbuf_submit(data, __seismo_or_0(__VA_ARGS__))
#define __seismo_ringbuf_discard(t, data, ...)                                                     \
	bpf_ringbuf_discard(data, __seismo_or_0(__VA_ARGS__))
#define __seismo_ringbuf_query(t, flags) bpf_ringbuf_query(&t, flags)

/* Methods that are one helper */

#define __seismo_get_stackid(t, ctx, ...) bpf_get_stackid(ctx, &t, __seismo_or_0(__VA_ARGS__))
#define __seismo_call(t, ctx, index) bpf_tail_call(ctx, &t, index)
#define __seismo_perf_read(t, flags) bpf_perf_event_read(&t, flags)
#define __seismo_perf_counter_value(t, flags, data, size)                                          \
	bpf_perf_event_read_value(&t, flags, data, size)
#define __seismo_check_current_task(t, index) bpf_current_task_under_cgroup(&t, index)
#define __seismo_push(t, leaf, ...) bpf_map_push_elem(&t, leaf, __seismo_or_0(__VA_ARGS__))
#define __seismo_pop(t, leaf) bpf_map_pop_elem(&t, leaf)
#define __seismo_peek(t, leaf) bpf_map_peek_elem(&t, leaf)
#define __seismo_redirect_map(t, index, ...)                                                       \
	bpf_redirect_map(&t, index, __seismo_or_0(__VA_ARGS__))
#define __seismo_sock_map_update(t, ctx, key, ...)                                                 \
	bpf_sock_map_update(ctx, &t, key, __seismo_or_0(__VA_ARGS__))
#define __seismo_sock_hash_update(t, ctx, key, ...)                                                \
	bpf_sock_hash_update(ctx, &t, key, __seismo_or_0(__VA_ARGS__))
#define __seismo_sk_redirect_map(t, ctx, index, ...)                                               \
	bpf_sk_redirect_map(ctx, &t, index, __seismo_or_0(__VA_ARGS__))
#define __seismo_msg_redirect_map(t, ctx, index, ...)                                              \
	bpf_msg_redirect_map(ctx, &t, index, __seismo_or_0(__VA_ARGS__))
#define __seismo_sk_redirect_hash(t, ctx, key, ...)                                                \
	bpf_sk_redirect_hash(ctx, &t, key, __seismo_or_0(__VA_ARGS__))
#define __seismo_msg_redirect_hash(t, ctx, key, ...)                                               \
	bpf_msg_redirect_hash(ctx, &t, key, __seismo_or_0(__VA_ARGS__))
#define __seismo_storage_get(kind, t, of, leaf, ...)                                               \
	((__seismo_leaf(t) *)bpf_##kind##_storage_get(&t, of, leaf, __seismo_or_0(__VA_ARGS__)))
#define __seismo_sk_storage_get(t, ...) __seismo_storage_get(sk, t, __VA_ARGS__)
#define __seismo_inode_storage_get(t, ...) __seismo_storage_get(inode, t, __VA_ARGS__)
#define __seismo_task_storage_get(t, ...) __seismo_storage_get(task, t, __VA_ARGS__)
#define __seismo_sk_storage_delete(t, of) bpf_sk_storage_delete(&t, of)
#define __seismo_inode_storage_delete(t, of) bpf_inode_storage_delete(&t, of)
#define __seismo_task_storage_delete(t, of) bpf_task_storage_delete(&t, of)
#define __seismo_get_local_storage(t, flags)                                                       \
	((__seismo_leaf(t) *)bpf_get_local_storage(&t, flags))

/* What programs for BCC have beside methods */

#define __seismo_trace_printk(text, ...) ({                                                        \
	char __format[] = text;                                                                    \
	bpf_trace_printk(__format, sizeof(__format), ##__VA_ARGS__);                               \
})
#define lock_xadd(at, n) ((void)__sync_fetch_and_add(at, n))

unsigned long long load_byte(void *skb, unsigned long long offset) asm("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long offset) asm("llvm.bpf.load.half");
unsigned long long load_word(void *skb, unsigned long long offset) asm("llvm.bpf.load.word");

static __always_inline unsigned long long load_dword(void *skb, unsigned long long offset)
{
	return load_word(skb, offset) << 32 | load_word(skb, offset + 4);
}

/* By halves: __builtin_clz() makes clang 14 take all memory there is. */
static __always_inline unsigned int bpf_log2(unsigned int number)
{
	unsigned int log = 0;

	if (number >> 16) {
		log += 16;
		number >>= 16;
	}
	if (number >> 8) {
		log += 8;
		number >>= 8;
	}
	if (number >> 4) {
		log += 4;
		number >>= 4;
	}
	if (number >> 2) {
		log += 2;
		number >>= 2;
	}
	return log + (number >> 1);
}

/* BCC counts from 1, and 0 as if it were 1. */
static __always_inline unsigned int bpf_log2l(unsigned long number)
{
	unsigned int high = number >> 32;

	return high ? bpf_log2(high) + 33 : bpf_log2(number) + 1;
}

#endif
