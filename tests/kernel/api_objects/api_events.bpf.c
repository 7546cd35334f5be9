#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum color {
	RED,
	GREEN = 5,
};

struct place {
	__s16 x;
	__s16 y;
};

struct event {
	__u64 number;
	__u32 pid;
	enum color color;
	char comm[16];
	struct place places[2];
	__u8 mac[6];
	_Bool is_last;
	double ratio;
};

struct bits {
	__u32 number;
	__u32 low : 4;
	__s32 high : 4;
};

struct text {
	__u32 length;
	char data[];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} texts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} samples SEC(".maps");

const volatile __u32 process = 0;
const volatile __u64 call = 0;
__u64 produced = 0, dropped = 0;

static void fill(struct event *event)
{
	__builtin_memset(event, 0, sizeof(*event));
	event->number = produced;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->color = GREEN;
	__builtin_memcpy(event->comm, "one\0two", 8);
	event->places[1].x = -7;
	event->mac[5] = 9;
	event->is_last = 1;
	event->ratio = 0.5;
}

static int is_wanted(struct bpf_raw_tracepoint_args *ctx)
{
	return bpf_get_current_pid_tgid() >> 32 == process && ctx->args[1] == call;
}

SEC("raw_tp/sys_enter")
int to_ring(struct bpf_raw_tracepoint_args *ctx)
{
	struct event *event;

	if (!is_wanted(ctx))
		return 0;
	produced++;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		dropped++;
		return 0;
	}
	fill(event);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("raw_tp/sys_enter")
int to_perf(struct bpf_raw_tracepoint_args *ctx)
{
	struct event event;

	if (!is_wanted(ctx))
		return 0;
	produced++;
	fill(&event);
	bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, &event, sizeof(event));
	return 0;
}

/* A record of each of two lengths in turn, and one that is discarded. */
SEC("raw_tp/sys_enter")
int to_texts(struct bpf_raw_tracepoint_args *ctx)
{
	struct {
		__u32 length;
		char data[8];
	} text = {.length = 3 + (ctx->args[0] & 1), .data = "abcdefg"};
	void *gone = bpf_ringbuf_reserve(&texts, 8, 0);

	if (gone)
		bpf_ringbuf_discard(gone, 0);
	bpf_ringbuf_output(&texts, &text, ctx->args[0] & 1 ? 8 : 7, 0);
	return 0;
}

const struct event *unused __attribute__((unused));
const struct bits *unused_bits __attribute__((unused));
const struct text *unused_text __attribute__((unused));

char LICENSE[] SEC("license") = "GPL";
