// Locks of a thread, in order, with the longest time by stack.
#include <uapi/linux/ptrace.h>
#include <linux/sched.h>

struct depth_id {
  u64 id;
  u64 depth;
};

BPF_ARRAY(enabled,   u64, 1);
BPF_HASH(track,      u64, u64);
BPF_HASH(time_aq,    u64, u64);
BPF_HASH(lock_depth, u64, u64);
BPF_HASH(time_held,  struct depth_id, u64);
BPF_HASH(stack,      struct depth_id, int);

BPF_HASH(aq_report_max, int, u64);
BPF_HASH(aq_maxes, int, u64);
BPF_STACK_TRACE(stack_traces, 10240);

static bool is_enabled(void)
{
    int key = 0;
    u64 *ret;
    ret = enabled.lookup(&key);
    return ret && *ret == 1;
}

static bool allow_pid(u64 id) {
    u32 pid = id >> 32;
    u32 tid = id;
    return true && pid != tid + 1;
}

static int do_mutex_lock_enter(void *ctx, int skip)
{
    if (!is_enabled())
        return 0;

    u64 id = bpf_get_current_pid_tgid();
    if (!allow_pid(id))
        return 0;

    u64 one = 1, zero = 0;
    track.update(&id, &one);

    u64 *depth = lock_depth.lookup(&id);
    if (!depth) {
        lock_depth.update(&id, &zero);
        depth = lock_depth.lookup(&id);
        /* something is wrong.. */
        if (!depth)
            return 0;
    }

    int stackid = stack_traces.get_stackid(ctx, skip);
    struct depth_id did = {
      .id    = id,
      .depth = *depth,
    };
    stack.update(&did, &stackid);

    u64 ts = bpf_ktime_get_ns();
    time_aq.update(&id, &ts);
    *depth += 1;
    return 0;
}

static void update_aq_max(int *stackid, u64 delta)
{
    u64 *max = aq_report_max.lookup(stackid);
    if (!max || *max < delta)
        aq_report_max.update(stackid, &delta);
    aq_maxes.increment(*stackid, delta);
}

int mutex_lock_enter(struct pt_regs *ctx) { return do_mutex_lock_enter(ctx, 3); }

int mutex_lock_return(struct pt_regs *ctx)
{
    u64 id = bpf_get_current_pid_tgid();
    u64 *depth = lock_depth.lookup(&id);
    if (!depth || *depth == 0)
        return 0;
    struct depth_id did = { id, *depth - 1 };
    u64 *aq = time_aq.lookup(&id);
    if (!aq)
        return 0;
    int *stackid = stack.lookup(&did);
    if (!stackid)
        return 0;
    int stackid_ = *stackid;
    u64 cur = bpf_ktime_get_ns();
    if (cur > *aq) {
        u64 val = cur - *aq;
        update_aq_max(&stackid_, val);
    }
    time_held.update(&did, &cur);
    return 0;
}
