// Block I/O one by one, with the process that asked for it.
#include <uapi/linux/ptrace.h>
#include <linux/blk-mq.h>

struct start_req_t {
    u64 ts;
    u64 data_len;
};
struct val_t {
    u64 ts;
    u32 pid;
    char name[TASK_COMM_LEN];
};
struct hash_key {
    dev_t dev;
    u32 rwflag;
    sector_t sector;
};
struct data_t {
    u32 pid;
    u32 dev;
    u64 rwflag;
    u64 delta;
    u64 qdelta;
    u64 sector;
    u64 len;
    u64 ts;
    char name[TASK_COMM_LEN];
};

BPF_HASH(start, struct hash_key, struct start_req_t);
BPF_HASH(infobyreq, struct hash_key, struct val_t);
BPF_PERF_OUTPUT(events);

static dev_t ddevt(struct gendisk *disk) {
    return (disk->major  << 20) | disk->first_minor;
}

static int get_rwflag(u32 cmd_flags) {
#ifdef REQ_WRITE
    return !!(cmd_flags & REQ_WRITE);
#elif defined(REQ_OP_SHIFT)
    return !!((cmd_flags >> REQ_OP_SHIFT) == REQ_OP_WRITE);
#else
    return !!((cmd_flags & REQ_OP_MASK) == REQ_OP_WRITE);
#endif
}

// cache PID and comm by-req
static int __trace_pid_start(struct hash_key key)
{
    struct val_t val = {};
    u64 ts;

    if (bpf_get_current_comm(&val.name, sizeof(val.name)) == 0) {
        val.pid = bpf_get_current_pid_tgid() >> 32;
        val.ts = bpf_ktime_get_ns();
        infobyreq.update(&key, &val);
    }
    return 0;
}

int trace_pid_start(struct pt_regs *ctx, struct request *req)
{
    struct hash_key key = {
        .dev = ddevt(req->q->disk),
        .rwflag = get_rwflag(req->cmd_flags),
        .sector = req->__sector
    };
    return __trace_pid_start(key);
}

int trace_req_start(struct pt_regs *ctx, struct request *req)
{
    struct hash_key key = {
        .dev = ddevt(req->q->disk),
        .rwflag = get_rwflag(req->cmd_flags),
        .sector = req->__sector
    };
    struct start_req_t start_req = {
        .ts = bpf_ktime_get_ns(),
        .data_len = req->__data_len
    };
    start.update(&key, &start_req);
    return 0;
}

int trace_req_completion(struct pt_regs *ctx, struct request *req)
{
    struct hash_key key = {
        .dev = ddevt(req->q->disk),
        .rwflag = get_rwflag(req->cmd_flags),
        .sector = req->__sector
    };
    struct start_req_t *startp = start.lookup(&key);
    if (startp == 0) {
        // missed tracing issue
        return 0;
    }
    struct val_t *valp;
    struct data_t data = {};
    data.delta = bpf_ktime_get_ns() - startp->ts;
    data.ts = bpf_ktime_get_ns() / 1000;
    data.len = startp->data_len;
    valp = infobyreq.lookup(&key);
    if (valp == 0) {
        data.name[0] = '?';
        data.name[1] = 0;
    } else {
        data.pid = valp->pid;
        data.sector = key.sector;
        data.dev = key.dev;
        bpf_probe_read_kernel(&data.name, sizeof(data.name), valp->name);
        if (startp->ts > valp->ts)
            data.qdelta = startp->ts - valp->ts;
    }
    data.rwflag = key.rwflag;
    events.perf_submit(ctx, &data, sizeof(data));
    start.delete(&key);
    infobyreq.delete(&key);
    return 0;
}
