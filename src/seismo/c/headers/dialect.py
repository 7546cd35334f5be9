"""BCC's macros that declare tables and programs, as declarations with attributes for the checker.

A table is a variable of a record with the members `key` and `leaf`; a queue and a stack have no
key, a map of maps has the leaf that the kernel takes, a number:

>>> BPF_HASH(start, u32)
__attribute__((seismo_table("hash"))) struct { u32 key; u64 leaf; } start
    __attribute__((seismo_entries(10240), seismo_flags(0)));

Further attributes are `seismo_pin("path")`, `seismo_inner("table")`, `seismo_shared` and
`seismo_public`. The kinds are BCC's words; `BPF_TABLE("extern", …)` declares another program's.
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.c.headers.definitions import read_definitions

__all__ = ("DIALECT",)

DIALECT: Mapping[str, str] = read_definitions(
    r"""
#define __seismo_pick_2(_1, _2, it, ...) it
#define __seismo_pick_3(_1, _2, _3, it, ...) it
#define __seismo_pick_4(_1, _2, _3, _4, it, ...) it
#define __seismo_pick_7(_1, _2, _3, _4, _5, _6, _7, it, ...) it
#define __seismo_map(kind, members, name, size, flags) \
    __attribute__((seismo_table(kind))) struct { members } name \
    __attribute__((seismo_entries(size), seismo_flags(flags)));
#define __seismo_map_as(kind, members, name, size, flags, how) \
    __attribute__((seismo_table(kind))) struct { members } name \
    __attribute__((seismo_entries(size), seismo_flags(flags), how));

#define BPF_F_TABLE(kind, key_type, leaf_type, name, size, flags) \
    __seismo_map(kind, key_type key; leaf_type leaf;, name, size, flags)
#define BPF_TABLE(kind, key_type, leaf_type, name, size) \
    __seismo_map(kind, key_type key; leaf_type leaf;, name, size, 0)
#define BPF_TABLE_PUBLIC(kind, key_type, leaf_type, name, size) \
    __seismo_map_as(kind, key_type key; leaf_type leaf;, name, size, 0, seismo_public)
#define BPF_TABLE_SHARED(kind, key_type, leaf_type, name, size) \
    __seismo_map_as(kind, key_type key; leaf_type leaf;, name, size, 0, seismo_shared)
#define BPF_TABLE_PINNED(...) \
    __seismo_pick_7(__VA_ARGS__, __seismo_pinned_7, __seismo_pinned_6, , , , , , )(__VA_ARGS__)
#define __seismo_pinned_6(kind, key_type, leaf_type, name, size, path) \
    __seismo_map_as(kind, key_type key; leaf_type leaf;, name, size, 0, seismo_pin(path))
#define __seismo_pinned_7(kind, key_type, leaf_type, name, size, path, flags) \
    __seismo_map_as(kind, key_type key; leaf_type leaf;, name, size, flags, seismo_pin(path))

#define __seismo_keyed(kind, flags, ...) \
    __seismo_pick_4(__VA_ARGS__, __seismo_keyed_4, __seismo_keyed_3, __seismo_keyed_2, \
        __seismo_keyed_1, )(kind, flags, __VA_ARGS__)
#define __seismo_keyed_1(kind, flags, name) \
    __seismo_map(kind, u64 key; u64 leaf;, name, 10240, flags)
#define __seismo_keyed_2(kind, flags, name, key_type) \
    __seismo_map(kind, key_type key; u64 leaf;, name, 10240, flags)
#define __seismo_keyed_3(kind, flags, name, key_type, leaf_type) \
    __seismo_map(kind, key_type key; leaf_type leaf;, name, 10240, flags)
#define __seismo_keyed_4(kind, flags, name, key_type, leaf_type, size) \
    __seismo_map(kind, key_type key; leaf_type leaf;, name, size, flags)
#define BPF_HASH(...) __seismo_keyed("hash", 0, __VA_ARGS__)
#define BPF_PERCPU_HASH(...) __seismo_keyed("percpu_hash", 0, __VA_ARGS__)
#define BPF_LRU_HASH(...) __seismo_keyed("lru_hash", 0, __VA_ARGS__)
#define BPF_LRU_PERCPU_HASH(...) __seismo_keyed("lru_percpu_hash", 0, __VA_ARGS__)
#define BPF_LPM_TRIE(...) __seismo_keyed("lpm_trie", BPF_F_NO_PREALLOC, __VA_ARGS__)

#define __seismo_indexed(kind, ...) \
    __seismo_pick_3(__VA_ARGS__, __seismo_indexed_3, __seismo_indexed_2, \
        __seismo_indexed_1, )(kind, __VA_ARGS__)
#define __seismo_indexed_1(kind, name) __seismo_map(kind, int key; u64 leaf;, name, 10240, 0)
#define __seismo_indexed_2(kind, name, leaf_type) \
    __seismo_map(kind, int key; leaf_type leaf;, name, 10240, 0)
#define __seismo_indexed_3(kind, name, leaf_type, size) \
    __seismo_map(kind, int key; leaf_type leaf;, name, size, 0)
#define BPF_ARRAY(...) __seismo_indexed("array", __VA_ARGS__)
#define BPF_PERCPU_ARRAY(...) __seismo_indexed("percpu_array", __VA_ARGS__)

#define BPF_HISTOGRAM(...) \
    __seismo_pick_3(__VA_ARGS__, __seismo_histogram_3, __seismo_histogram_2, \
        __seismo_histogram_1, )(__VA_ARGS__)
#define __seismo_histogram_1(name) __seismo_map("histogram", int key; u64 leaf;, name, 64, 0)
#define __seismo_histogram_2(name, key_type) \
    __seismo_map("histogram", key_type key; u64 leaf;, name, 64, 0)
#define __seismo_histogram_3(name, key_type, size) \
    __seismo_map("histogram", key_type key; u64 leaf;, name, size, 0)

#define BPF_STACK_TRACE(name, size) \
    __seismo_map("stack_trace", int key; struct bpf_stacktrace leaf;, name, size, 0)
#define BPF_STACK_TRACE_BUILDID(name, size) \
    __seismo_map("stack_trace", int key; struct bpf_stacktrace_buildid leaf;, name, size, \
        BPF_F_STACK_BUILD_ID)

#define BPF_PERF_OUTPUT(name) __seismo_map("perf_output", int key; u32 leaf;, name, 0, 0)
#define BPF_PERF_ARRAY(name, size) __seismo_map("perf_array", int key; u32 leaf;, name, size, 0)
#define BPF_RINGBUF_OUTPUT(name, pages) \
    __seismo_map("ringbuf", int key; u32 leaf;, name, pages, 0)

#define BPF_PROG_ARRAY(name, size) __seismo_map("prog", u32 key; u32 leaf;, name, size, 0)
#define BPF_CGROUP_ARRAY(name, size) \
    __seismo_map("cgroup_array", u32 key; u32 leaf;, name, size, 0)

#define __seismo_queue_3(kind, how, name, leaf_type, size) \
    __seismo_map_as(kind, leaf_type leaf;, name, size, 0, how)
#define __seismo_queue_4(kind, how, name, leaf_type, size, flags) \
    __seismo_map_as(kind, leaf_type leaf;, name, size, flags, how)
#define __seismo_queue(kind, how, ...) \
    __seismo_pick_4(__VA_ARGS__, __seismo_queue_4, __seismo_queue_3, , , )(kind, how, __VA_ARGS__)
#define BPF_QUEUE(...) __seismo_queue("queue", unused, __VA_ARGS__)
#define BPF_QUEUE_PUBLIC(...) __seismo_queue("queue", seismo_public, __VA_ARGS__)
#define BPF_QUEUE_SHARED(...) __seismo_queue("queue", seismo_shared, __VA_ARGS__)
#define BPF_STACK(...) __seismo_queue("stack", unused, __VA_ARGS__)
#define BPF_STACK_PUBLIC(...) __seismo_queue("stack", seismo_public, __VA_ARGS__)
#define BPF_STACK_SHARED(...) __seismo_queue("stack", seismo_shared, __VA_ARGS__)
#define BPF_QUEUESTACK(kind, name, leaf_type, size, flags) \
    __seismo_map(kind, leaf_type leaf;, name, size, flags)
#define BPF_QUEUESTACK_PUBLIC(kind, name, leaf_type, size, flags) \
    __seismo_map_as(kind, leaf_type leaf;, name, size, flags, seismo_public)
#define BPF_QUEUESTACK_SHARED(kind, name, leaf_type, size, flags) \
    __seismo_map_as(kind, leaf_type leaf;, name, size, flags, seismo_shared)

#define BPF_ARRAY_OF_MAPS(name, inner, size) \
    __seismo_map_as("array_of_maps", int key; int leaf;, name, size, 0, seismo_inner(inner))
#define BPF_HASH_OF_MAPS(name, key_type, inner, size) \
    __seismo_map_as("hash_of_maps", key_type key; int leaf;, name, size, 0, seismo_inner(inner))

#define BPF_XDP_REDIRECT_MAP(kind, leaf_type, name, size) \
    __seismo_map(kind, u32 key; leaf_type leaf;, name, size, 0)
#define BPF_DEVMAP(name, size) __seismo_map("devmap", u32 key; int leaf;, name, size, 0)
#define BPF_CPUMAP(name, size) __seismo_map("cpumap", u32 key; u32 leaf;, name, size, 0)
#define BPF_XSKMAP(...) \
    __seismo_pick_3(__VA_ARGS__, __seismo_xskmap_3, __seismo_xskmap_2, , )(__VA_ARGS__)
#define __seismo_xskmap_2(name, size) __seismo_map("xskmap", u32 key; int leaf;, name, size, 0)
#define __seismo_xskmap_3(name, size, path) \
    __seismo_map_as("xskmap", u32 key; int leaf;, name, size, 0, seismo_pin(path))

#define BPF_SOCKMAP(...) \
    __seismo_pick_2(__VA_ARGS__, __seismo_sockmap_2, __seismo_sockmap_1, )(__VA_ARGS__)
#define __seismo_sockmap_1(name) __seismo_map("sockmap", u32 key; int leaf;, name, 10240, 0)
#define __seismo_sockmap_2(name, size) __seismo_map("sockmap", u32 key; int leaf;, name, size, 0)
#define BPF_SOCKHASH(...) \
    __seismo_pick_3(__VA_ARGS__, __seismo_sockhash_3, __seismo_sockhash_2, \
        __seismo_sockhash_1, )(__VA_ARGS__)
#define __seismo_sockhash_1(name) __seismo_map("sockhash", u32 key; int leaf;, name, 10240, 0)
#define __seismo_sockhash_2(name, key_type) \
    __seismo_map("sockhash", key_type key; int leaf;, name, 10240, 0)
#define __seismo_sockhash_3(name, key_type, size) \
    __seismo_map("sockhash", key_type key; int leaf;, name, size, 0)

#define BPF_SK_STORAGE(name, leaf_type) \
    __seismo_map("sk_storage", int key; leaf_type leaf;, name, 0, BPF_F_NO_PREALLOC)
#define BPF_INODE_STORAGE(name, leaf_type) \
    __seismo_map("inode_storage", int key; leaf_type leaf;, name, 0, BPF_F_NO_PREALLOC)
#define BPF_TASK_STORAGE(name, leaf_type) \
    __seismo_map("task_storage", int key; leaf_type leaf;, name, 0, BPF_F_NO_PREALLOC)
#define BPF_CGROUP_STORAGE(name, leaf_type) \
    __seismo_map("cgroup_storage", struct bpf_cgroup_storage_key key; leaf_type leaf;, name, 0, 0)
#define BPF_PERCPU_CGROUP_STORAGE(name, leaf_type) \
    __seismo_map("percpu_cgroup_storage", struct bpf_cgroup_storage_key key; leaf_type leaf;, \
        name, 0, 0)

#define TRACEPOINT_PROBE(category, event) \
    int tracepoint__##category##__##event(struct tracepoint__##category##__##event *args)
#define RAW_TRACEPOINT_PROBE(event) \
    int raw_tracepoint__##event(struct bpf_raw_tracepoint_args *ctx)
#define KFUNC_PROBE(event, ...) \
    int kfunc__##event(unsigned long long *ctx, ##__VA_ARGS__)
#define KRETFUNC_PROBE(event, ...) \
    int kretfunc__##event(unsigned long long *ctx, ##__VA_ARGS__)
#define MODULE_KFUNC_PROBE(module, event, ...) \
    int kfunc__##module##__##event(unsigned long long *ctx, ##__VA_ARGS__)
#define MODULE_KRETFUNC_PROBE(module, event, ...) \
    int kretfunc__##module##__##event(unsigned long long *ctx, ##__VA_ARGS__)
#define KMOD_RET(event, ...) \
    int kmod_ret__##event(unsigned long long *ctx, ##__VA_ARGS__)
#define LSM_PROBE(event, ...) \
    int lsm__##event(unsigned long long *ctx, ##__VA_ARGS__)
#define BPF_ITER(target) \
    int bpf_iter__##target(struct bpf_iter__##target *ctx)

#define cursor_advance(cursor, bytes) ({ void *__at = (cursor); (cursor) += (bytes); __at; })

#define TP_DATA_LOC_READ_CONST(to, field, size) \
    bpf_probe_read_kernel((void *)(to), size, \
        (char *)args + (args->data_loc_##field & 0xffff))
#define TP_DATA_LOC_READ(to, field) \
    bpf_probe_read_kernel((void *)(to), args->data_loc_##field >> 16, \
        (char *)args + (args->data_loc_##field & 0xffff))
#define TP_DATA_LOC_READ_STR(to, field, size) \
    bpf_probe_read_kernel_str((void *)(to), size, \
        (char *)args + (args->data_loc_##field & 0xffff))
"""
)
