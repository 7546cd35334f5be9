/* Relocations in functions that programs call, and in two sections. */
#include "common.h"

struct outer { int plain; int never; } PORTABLE;

static __noinline int read_plain(struct outer *outer) { return BPF_CORE_READ(outer, plain); }
__noinline int exists(int n) { struct outer *o = 0; return n + bpf_core_field_exists(o->never); }

SEC("raw_tp/sys_enter") int first(struct bpf_raw_tracepoint_args *ctx)
{
	return read_plain((void *)ctx->args[0]) + exists(1);
}

SEC("raw_tp/sys_exit") int second(struct bpf_raw_tracepoint_args *ctx)
{
	return exists(2) + read_plain((void *)ctx->args[1]);
}
GPL;
