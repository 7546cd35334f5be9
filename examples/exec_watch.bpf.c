/* Which programs are executed: a ring buffer of typed events, and a filter set before loading. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/* As much of the kernel's struct as is read here: CO-RE finds the members on the kernel at hand. */
struct task_struct {
	int tgid;
	struct task_struct *real_parent;
} __attribute__((preserve_access_index));

struct event {
	__u64 time_ns;
	__u32 pid;
	__u32 parent;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
} events SEC(".maps");

/* 0: the children of everybody. */
const volatile __u32 wanted_parent = 0;
__u64 dropped = 0;

SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 parent = BPF_CORE_READ(task, real_parent, tgid);
	struct event *event;

	if (wanted_parent && parent != wanted_parent)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&dropped, 1);
		return 0;
	}
	event->time_ns = bpf_ktime_get_ns();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->parent = parent;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* Keeps the type in the object's BTF, where Python finds it. */
const struct event *unused __attribute__((unused));

char LICENSE[] SEC("license") = "GPL";
