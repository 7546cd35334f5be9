/* Where fields are: by name, however deep, in arrays, through anonymous unions. */
#include "common.h"

struct inner { int deep; __u64 wide; } PORTABLE;
struct outer {
	int plain;
	struct inner nested;
	struct inner rows[4];
	int numbers[4];
	union { struct { char hidden; }; int left; };
	struct inner *pointer;
	int qualified;
	char name[16];
	int last[];
} PORTABLE;

SEC("raw_tp/sys_enter") int loads(struct bpf_raw_tracepoint_args *ctx)
{
	struct outer *outer = (void *)ctx->args[0];
	__u64 sum = BPF_CORE_READ(outer, plain) + BPF_CORE_READ(outer, nested.deep);
	sum += BPF_CORE_READ(outer, nested.wide) + BPF_CORE_READ(outer, rows[2].deep);
	sum += BPF_CORE_READ(outer, numbers[3]) + BPF_CORE_READ(outer, hidden);
	return sum + BPF_CORE_READ(outer, pointer, wide) + BPF_CORE_READ(outer, last[2]);
}

SEC("raw_tp/sys_enter") int accesses(struct bpf_raw_tracepoint_args *ctx)
{
	struct outer *outer = (void *)ctx->args[0];
	return outer->plain + outer->nested.deep + outer->rows[1].wide + outer->qualified;
}

SEC("raw_tp/sys_enter") int stores(struct bpf_raw_tracepoint_args *ctx)
{
	struct outer *outer = (void *)ctx->args[0];
	outer->plain = 7;
	outer->nested.wide = ctx->args[1];
	outer->name[3] = 'x';
	return 0;
}

SEC("raw_tp/sys_enter") int addresses(struct bpf_raw_tracepoint_args *ctx)
{
	struct outer *outer = (void *)ctx->args[0];
	char name[16];
	bpf_core_read_str(name, sizeof(name), &outer->name);
	return name[0] + bpf_core_field_offset(outer->rows[3].wide);
}

SEC("raw_tp/sys_enter") int by_type(void *ctx)
{
	return bpf_core_field_offset(struct outer, nested.wide)
	       + bpf_core_field_size(struct outer, rows) * 1000;
}
GPL;
