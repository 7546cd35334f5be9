// Pages read ahead and their age when they are used.
#include <uapi/linux/ptrace.h>
#include <linux/mm.h>
#include <linux/mm_types.h>

BPF_HASH(flag, u32, u8);            // used to track if we are in do_page_cache_readahead()
BPF_HASH(birth, struct page *, u64);  // used to track timestamps of cache alloc'ed page
BPF_ARRAY(pages);                   // increment/decrement readahead pages
BPF_HISTOGRAM(dist);

int entry__do_page_cache_readahead(struct pt_regs *ctx) {
    u32 pid;
    u8 one = 1;
    pid = bpf_get_current_pid_tgid();
    flag.update(&pid, &one);
    return 0;
}

static int account(struct page *page) {
    u64 ts = bpf_ktime_get_ns();
    u64 *count;
    int index = 0;
    birth.update(&page, &ts);
    count = pages.lookup(&index);
    if (count) (*count)++;
    return 0;
}

int exit__page_cache_alloc(struct pt_regs *ctx) {
    u32 pid = bpf_get_current_pid_tgid();
    u8 *f = flag.lookup(&pid);
    struct page *retval = folio_page((struct folio *)PT_REGS_RC(ctx), 0);
    if (f != NULL && *f == 1)
        return account(retval);
    return 0;
}

KRETFUNC_PROBE(filemap_alloc_folio_noprof, gfp_t gfp, unsigned int order, void *policy, struct folio *retval)
{
    u32 pid = bpf_get_current_pid_tgid();
    u8 *f = flag.lookup(&pid);
    if (f != NULL && *f == 1)
        return account((struct page *)retval);
    return 0;
}

int entry_mark_page_accessed(struct pt_regs *ctx) {
    u64 ts, delta;
    struct page *arg0 = (struct page *) PT_REGS_PARM1(ctx);
    u64 *bts = birth.lookup(&arg0);
    u64 *count;
    int index = 0;
    if (bts != NULL) {
        delta = bpf_ktime_get_ns() - *bts;
        dist.atomic_increment(bpf_log2l(delta / 1000000));
        count = pages.lookup(&index);
        if (count && *count > 0) lock_xadd(count, -1);
        birth.delete(&arg0); // remove the entry from hashmap
    }
    return 0;
}
