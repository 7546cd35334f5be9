// Time in functions, by their address; nested calls by a stack in a map.
#include <uapi/linux/ptrace.h>

#define STACK_DEPTH 16
#define STACK_MASK (STACK_DEPTH - 1)

typedef struct ip_pid {
    u64 ip;
    u64 pid;
} ip_pid_t;

typedef struct hist_key {
    ip_pid_t key;
    u64 slot;
} hist_key_t;

struct func_stack {
    u64 pos;
    u64 head;
    struct { u64 ip; u64 start_ts; } stack[STACK_DEPTH];
};

BPF_HASH(func_stacks, u32, struct func_stack);
BPF_ARRAY(avg, u64, 2);
BPF_HASH(ipaddr, u32);
BPF_HISTOGRAM(dist, hist_key_t);
BPF_PERCPU_ARRAY(blank, struct func_stack, 1);

int trace_func_entry(struct pt_regs *ctx)
{
    u64 pid_tgid = bpf_get_current_pid_tgid();
    u32 pid = pid_tgid;
    u64 ts = bpf_ktime_get_ns();
    int zero = 0;
    struct func_stack *stack = func_stacks.lookup(&pid);
    if (!stack) {
        struct func_stack *fresh = blank.lookup(&zero);
        if (!fresh)
            return 0;
        stack = func_stacks.lookup_or_try_init(&pid, fresh);
        if (!stack)
            return 0;
    }
    if (stack->head < STACK_DEPTH) {
        u64 slot = stack->head & STACK_MASK;
        stack->stack[slot].ip = PT_REGS_IP(ctx);
        stack->stack[slot].start_ts = ts;
    }
    stack->head++;
    return 0;
}

int trace_func_return(struct pt_regs *ctx)
{
    u64 pid_tgid = bpf_get_current_pid_tgid();
    u32 pid = pid_tgid;
    struct func_stack *stack = func_stacks.lookup(&pid);
    if (!stack || stack->head == 0)
        return 0;
    stack->head--;
    if (stack->head >= STACK_DEPTH)
        return 0;

    u64 delta = bpf_ktime_get_ns() - stack->stack[stack->head & STACK_MASK].start_ts;
    u32 lat = 0;
    u32 cnt = 1;
    avg.atomic_increment(lat, delta);
    avg.atomic_increment(cnt);

    hist_key_t key;
    key.key.ip = stack->stack[stack->head & STACK_MASK].ip;
    key.key.pid = pid_tgid;
    key.slot = bpf_log2l(delta);
    dist.atomic_increment(key);
    return 0;
}
