/* Functions whose addresses are given to helpers. */
#include "common.h"

struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, int); __type(value, long);
	 __uint(max_entries, 8); } counts SEC(".maps");
struct context { long sum; };

static int add(__u32 index, struct context *context) { context->sum += index; return 0; }
static int visit(void *map, int *key, long *value, struct context *context)
{
	context->sum += *key + *value;
	bpf_loop(2, add, context, 0);
	return 0;
}

SEC("raw_tp/sys_enter") int both(void *ctx)
{
	struct context context = {};
	bpf_loop(10, add, &context, 0);
	bpf_for_each_map_elem(&counts, visit, &context, 0);
	return context.sum;
}
SEC("raw_tp/sys_exit") int one(void *ctx)
{
	struct context context = {};
	bpf_for_each_map_elem(&counts, visit, &context, 0);
	return context.sum;
}
GPL;
