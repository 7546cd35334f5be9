/* A field of which the target's types say two things. */
#include "common.h"

struct twice { int field; } PORTABLE;

SEC("raw_tp/sys_enter") int ambiguous(struct bpf_raw_tracepoint_args *ctx)
{
	struct twice *twice = (void *)ctx->args[0];
	return twice->field;
}
GPL;
