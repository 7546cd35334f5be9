/* BTF-defined maps of all sorts of types and attributes. */
#include "common.h"

struct key { int a; long b; };
struct value { char name[20]; __u64 count; };

#define MAP(name, kind, keys, values, entries) \
	struct { __uint(type, BPF_MAP_TYPE_##kind); __type(key, keys); __type(value, values); \
		 __uint(max_entries, entries); } name SEC(".maps")

MAP(hash, HASH, struct key, struct value, 100);
MAP(array, ARRAY, __u32, struct value, 7);
MAP(per_cpu_hash, PERCPU_HASH, __u64, __u64, 33);
MAP(per_cpu_array, PERCPU_ARRAY, int, struct value, 1);
MAP(lru, LRU_HASH, __u32, __u32, 64);
MAP(lru_per_cpu, LRU_PERCPU_HASH, __u32, __u32, 64);
struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __type(key, struct { __u32 length; __u8 data[4]; });
	 __type(value, int); __uint(max_entries, 9); __uint(map_flags, BPF_F_NO_PREALLOC);
} trie SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 5000); } ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4);
	 __uint(value_size, 4); } perf SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(key_size, sizeof(__u32));
	 __uint(value_size, 127 * 8); __uint(max_entries, 16); } stacks SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __type(value, __u64);
	 __uint(max_entries, 5); } queue SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_STACK); __uint(value_size, 12);
	 __uint(max_entries, 5); } stack SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_BLOOM_FILTER); __type(value, __u32);
	 __uint(max_entries, 50); __uint(map_extra, 3); } bloom SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_TASK_STORAGE); __type(key, int); __type(value, struct value);
	 __uint(map_flags, BPF_F_NO_PREALLOC); } of_task SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, int); __type(value, int);
	 __uint(max_entries, 4); __uint(map_flags, BPF_F_NUMA_NODE | BPF_F_MMAPABLE);
	 __uint(numa_node, 0); } placed SEC(".maps");

SEC("socket") int use(void *ctx)
{
	int key = 1, value = 2;
	void *found = bpf_map_lookup_elem(&array, &key);
	bpf_map_update_elem(&lru, &key, &value, BPF_ANY);
	return found != 0;
}
GPL;
