/* The other one: it defines what the first only declares, and the other way round. */
#include "common.h"

extern int shared;
static int own = 2;
extern int of_one(int n);
struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, int); __type(value, long);
	 __uint(max_entries, 4); } more SEC(".maps");

__noinline int of_two(int n) { return n * own + shared; }
SEC("socket") int second(struct __sk_buff *ctx)
{
	int key = of_one(ctx->len) + of_two(2);
	return bpf_map_lookup_elem(&more, &key) != 0;
}
GPL;
