/* The system calls of one process: counted per CPU, and each sent as an event. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct key {
	__u32 thread;
	__u32 number;
};

struct event {
	__u64 time_ns;
	__u32 thread;
	__u32 number;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct key);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 22);
} events SEC(".maps");

const volatile __u32 process = 0;
const volatile _Bool sends_events = 0;
__u64 sent = 0, dropped = 0;

static void count(struct key key)
{
	__u64 one = 1, *count = bpf_map_lookup_elem(&counts, &key);

	if (count)
		*count += 1;
	else
		bpf_map_update_elem(&counts, &key, &one, BPF_ANY);
}

static void send(struct key key)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&dropped, 1);
		return;
	}
	event->time_ns = bpf_ktime_get_ns();
	event->thread = key.thread;
	event->number = key.number;
	bpf_ringbuf_submit(event, 0);
	__sync_fetch_and_add(&sent, 1);
}

/* The raw arguments of the tracepoint are the registers and the system call's number. */
SEC("raw_tracepoint/sys_enter")
int on_syscall(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 who = bpf_get_current_pid_tgid();
	struct key key = {.thread = (__u32)who, .number = (__u32)ctx->args[1]};

	if (who >> 32 != process)
		return 0;
	if (sends_events)
		send(key);
	else
		count(key);
	return 0;
}

const struct event *unused __attribute__((unused));

char LICENSE[] SEC("license") = "GPL";
