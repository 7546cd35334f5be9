// Who woke whom, with stacks of both.
#include <uapi/linux/ptrace.h>
#include <linux/sched.h>
#define MINBLOCK_US    1ULL
struct key_t {
    int  w_k_stack_id;
    char waker[TASK_COMM_LEN];
    char target[TASK_COMM_LEN];
};
BPF_HASH(counts, struct key_t);
BPF_HASH(start, u32);
BPF_STACK_TRACE(stack_traces, 1024);

static int offcpu_sched_switch() {
    u64 pid_tgid = bpf_get_current_pid_tgid();
    u32 tgid = pid_tgid >> 32;
    u32 tid = pid_tgid;
    struct task_struct *p = (struct task_struct *) bpf_get_current_task();
    u64 ts;

    if (p->flags & PF_KTHREAD)
        return 0;
    ts = bpf_ktime_get_ns();
    start.update(&tid, &ts);
    return 0;
}

static int wakeup(struct bpf_raw_tracepoint_args *ctx, struct task_struct *p) {
    u32 tgid = p->tgid;
    u32 tid = p->pid;
    u64 delta, *tsp, ts;

    tsp = start.lookup(&tid);
    if (tsp == 0)
        return 0;        // missed start
    ts = *tsp;
    start.delete(&tid);
    // calculate delta time
    delta = bpf_ktime_get_ns() - ts;
    delta = delta / 1000;
    if ((delta < MINBLOCK_US))
        return 0;

    struct key_t key = {};
    key.w_k_stack_id = stack_traces.get_stackid(ctx, 0 | BPF_F_FAST_STACK_CMP);
    bpf_probe_read_kernel(&key.target, sizeof(key.target), p->comm);
    bpf_get_current_comm(&key.waker, sizeof(key.waker));
    counts.increment(key, delta);
    return 0;
}

RAW_TRACEPOINT_PROBE(sched_switch) { return offcpu_sched_switch(); }
RAW_TRACEPOINT_PROBE(sched_wakeup)
{
    // TP_PROTO(struct task_struct *p)
    struct task_struct *p = (struct task_struct *) ctx->args[0];
    return wakeup(ctx, p);
}
