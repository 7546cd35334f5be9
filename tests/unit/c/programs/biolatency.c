// Time of block I/O as a histogram for each disk and operation.
#include <uapi/linux/ptrace.h>
#include <linux/blk-mq.h>

typedef struct disk_key {
    dev_t dev;
    u64 slot;
} disk_key_t;

typedef struct ext_val {
    u64 total;
    u64 count;
} ext_val_t;

BPF_HASH(start, struct request *);
BPF_HISTOGRAM(dist, disk_key_t);
BPF_ARRAY(extension, ext_val_t, 1);
BPF_HASH(start_key, disk_key_t);

static inline dev_t ddevt(struct gendisk *disk)
{
    return (disk->major << 20) | disk->first_minor;
}

// time block I/O
int trace_req_start(struct pt_regs *ctx, struct request *req)
{
    u64 ts = bpf_ktime_get_ns();
    start.update(&req, &ts);
    return 0;
}

int trace_req_done(struct pt_regs *ctx, struct request *req)
{
    u64 *tsp, delta;

    // fetch timestamp and calculate delta
    tsp = start.lookup(&req);
    if (tsp == 0) {
        return 0;   // missed issue
    }
    delta = bpf_ktime_get_ns() - *tsp;

    u32 index = 0;
    ext_val_t *ext_val = extension.lookup(&index);
    if (ext_val) {
        lock_xadd(&ext_val->total, delta);
        lock_xadd(&ext_val->count, 1);
    }
    delta /= 1000;

    disk_key_t key = {};
    key.dev = ddevt(req->q->disk);
    key.slot = bpf_log2l(delta);
    dist.atomic_increment(key);
    start.delete(&req);
    return 0;
}

TRACEPOINT_PROBE(block, block_rq_issue)
{
    disk_key_t key = { .dev = args->dev, .slot = args->sector, };
    u64 ts = bpf_ktime_get_ns();
    start_key.update(&key, &ts);
    return 0;
}

TRACEPOINT_PROBE(block, block_rq_complete)
{
    disk_key_t key = { args->dev, args->sector };
    u64 *tsp = start_key.lookup(&key);
    if (!tsp)
        return 0;
    u64 delta = bpf_ktime_get_ns() - *tsp;
    start_key.delete(&key);
    key.slot = bpf_log2l(delta / 1000);
    dist.increment(key);
    return 0;
}
