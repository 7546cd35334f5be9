/* A signed field that has grown: a load of another width would lose its sign, so it is refused. */
#include "common.h"

struct outer { int before; } PORTABLE;

SEC("raw_tp/sys_enter") int loads(struct bpf_raw_tracepoint_args *ctx)
{
	struct outer *outer = (void *)ctx->args[0];
	return outer->before;
}
GPL;
