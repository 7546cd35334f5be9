/* A tool of 2017: a section a map, wider definitions, a version, no BTF. */
#include "common.h"

struct bpf_map_def {
	unsigned type, key_size, value_size, max_entries, map_flags, pinning;
	char name_space[32];
};

struct bpf_map_def SEC("maps/events") events = {
	.type = BPF_MAP_TYPE_PERF_EVENT_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1024,
};
struct bpf_map_def SEC("maps/calls") calls = { BPF_MAP_TYPE_HASH, 8, 8, 1024 };

SEC("kprobe/SyS_setns") int enter(struct pt_regs *ctx)
{
	__u64 key = bpf_get_current_pid_tgid(), value = PT_REGS_PARM1(ctx);
	bpf_map_update_elem(&calls, &key, &value, BPF_ANY);
	return 0;
}
SEC("kretprobe/SyS_setns") int leave(struct pt_regs *ctx)
{
	__u64 key = bpf_get_current_pid_tgid(), *found = bpf_map_lookup_elem(&calls, &key);
	if (found)
		bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, found, sizeof(*found));
	return 0;
}
GPL;
unsigned _version SEC("version") = 0xFFFFFFFE;
