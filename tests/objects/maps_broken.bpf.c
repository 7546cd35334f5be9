/* A definition that is none: its value has two sizes. */
#include "common.h"

struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, int); __type(value, long);
	 __uint(value_size, 4); __uint(max_entries, 3); } wrong SEC(".maps");
SEC("socket") int use(void *ctx) { int key = 0; return bpf_map_lookup_elem(&wrong, &key) != 0; }
GPL;
