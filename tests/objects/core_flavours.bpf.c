/* One kernel type under several local names. */
#include "common.h"

struct flavoured { int common; } PORTABLE;
struct flavoured___old { int old_name; int common; } PORTABLE;
struct flavoured___new { int common; int new_name; } PORTABLE;
struct flavoured___new___twice { int new_name; } PORTABLE;
union either___other { char text[8]; } PORTABLE;
enum color___v2 { GREEN = 1 };

SEC("raw_tp/sys_enter") int renamed(struct bpf_raw_tracepoint_args *ctx)
{
	struct flavoured *now = (void *)ctx->args[0];
	struct flavoured___old *old = (void *)now;
	struct flavoured___new *new = (void *)now;
	if (bpf_core_field_exists(old->old_name))
		return BPF_CORE_READ(old, old_name);
	return BPF_CORE_READ(new, new_name) + BPF_CORE_READ(now, common);
}

SEC("raw_tp/sys_enter") int twice(void *ctx)
{
	return bpf_core_field_offset(struct flavoured___new___twice, new_name);
}

SEC("raw_tp/sys_enter") int others(void *ctx)
{
	return bpf_core_type_size(union either___other)
	       + bpf_core_enum_value(enum color___v2, GREEN)
	       + bpf_core_type_exists(struct flavoured___old);
}
GPL;
