// Arguments of a static probe of a program, and a counter that any function increments.
#include <uapi/linux/ptrace.h>
struct call_t { char clazz[80]; char method[80]; };
BPF_HASH(counts, struct call_t, u64);
int do_trace(struct pt_regs *ctx) {
    struct call_t data = {};
    u64 *valp, zero = 0;
    data.method[0] = 'x';
    valp = counts.lookup_or_try_init(&data, &zero);
    if (valp)
        ++*valp;
    return 0;
}
