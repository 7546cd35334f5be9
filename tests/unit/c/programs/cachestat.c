// Counts by which function was called.
#include <uapi/linux/ptrace.h>
struct key_t {
    // NF_{APCL,MPA,MBD,APD}
    u32 nf;
};
enum {
    NF_APCL,
    NF_MPA,
    NF_MBD,
    NF_APD,
};
BPF_HASH(counts, struct key_t);

static int __do_count(void *ctx, u32 nf) {
    struct key_t key = {};
    key.nf = nf;
    counts.atomic_increment(key);
    return 0;
}
int do_count_apcl(struct pt_regs *ctx) { return __do_count(ctx, NF_APCL); }
int do_count_mpa(struct pt_regs *ctx) { return __do_count(ctx, NF_MPA); }
TRACEPOINT_PROBE(writeback, writeback_dirty_folio) { return __do_count((void *)args, NF_MBD); }
