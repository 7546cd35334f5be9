/* The least: a program, a function, a map; with and without BTF, a license, the map. */
#include "common.h"

#ifndef WITHOUT_MAPS
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, int); __type(value, long);
	 __uint(max_entries, 1); } counts SEC(".maps");
#endif
static __noinline int helper(int n) { return n * 5; }

SEC("socket") int use(struct __sk_buff *ctx)
{
#ifndef WITHOUT_MAPS
	int key = 0;
	long *value = bpf_map_lookup_elem(&counts, &key);
	if (value)
		__sync_fetch_and_add(value, 1);
#endif
	return helper(ctx->len);
}
#ifndef WITHOUT_LICENSE
GPL;
#endif
