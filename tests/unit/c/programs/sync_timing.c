// Time between two calls.
#include <uapi/linux/ptrace.h>
BPF_HASH(last);
struct data_t { u64 ts; u64 delta; };
BPF_PERF_OUTPUT(events);
int do_trace(struct pt_regs *ctx) {
    u64 ts, *tsp, delta, key = 0;
    struct data_t data;
    // attempt to read stored timestamp
    tsp = last.lookup(&key);
    if (tsp != NULL) {
        delta = bpf_ktime_get_ns() - *tsp;
        if (delta < 1000000000) {
            // output if time is less than 1 second
            bpf_trace_printk("%d\n", delta / 1000000);
            data.ts = *tsp, data.delta = delta;
            events.perf_submit(ctx, &data, sizeof data);
        }
        last.delete(&key);
    }
    // update stored timestamp
    ts = bpf_ktime_get_ns();
    last.update(&key, &ts);
    return 0;
}
