/* One of two files that `bpftool gen object` makes one of. */
#include "common.h"

int shared = 5;
static int own = 1;
extern int of_two(int n);
struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, int); __type(value, long);
	 __uint(max_entries, 4); } counts SEC(".maps");

__noinline int of_one(int n) { return n + own; }
SEC("socket") int first(struct __sk_buff *ctx)
{
	int key = of_two(ctx->len);
	return bpf_map_lookup_elem(&counts, &key) != 0;
}
GPL;
