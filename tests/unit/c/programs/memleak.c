// Allocations that nobody freed, of a library and of the kernel.
#include <uapi/linux/ptrace.h>

struct alloc_info_t {
        u64 size;
        u64 timestamp_ns;
        int stack_id;
};

struct combined_alloc_info_t {
        u64 total_size;
        u64 number_of_allocs;
};

BPF_HASH(sizes, u64);
BPF_HASH(allocs, u64, struct alloc_info_t, 1000000);
BPF_HASH(memptrs, u64, u64);
BPF_STACK_TRACE(stack_traces, 10240);
BPF_HASH(combined_allocs, u64, struct combined_alloc_info_t, 10240);

static inline void update_statistics_add(u64 stack_id, u64 sz) {
        struct combined_alloc_info_t *existing_cinfo;
        struct combined_alloc_info_t cinfo = {0};

        existing_cinfo = combined_allocs.lookup(&stack_id);
        if (!existing_cinfo) {
                combined_allocs.update(&stack_id, &cinfo);
                existing_cinfo = combined_allocs.lookup(&stack_id);
                if (!existing_cinfo)
                        return;
        }

        __sync_fetch_and_add(&existing_cinfo->total_size, sz);
        __sync_fetch_and_add(&existing_cinfo->number_of_allocs, 1);
}

static inline void update_statistics_del(u64 stack_id, u64 sz) {
        struct combined_alloc_info_t *existing_cinfo;

        existing_cinfo = combined_allocs.lookup(&stack_id);
        if (!existing_cinfo)
                return;
        if (existing_cinfo->number_of_allocs > 1) {
                __sync_fetch_and_sub(&existing_cinfo->total_size, sz);
                __sync_fetch_and_sub(&existing_cinfo->number_of_allocs, 1);
        } else {
                combined_allocs.delete(&stack_id);
        }
}

static inline int gen_alloc_enter(struct pt_regs *ctx, size_t size) {
        if (bpf_ktime_get_ns() % 1 != 0)
                return 0;
        u64 pid = bpf_get_current_pid_tgid();
        u64 size64 = size;
        sizes.update(&pid, &size64);
        if (0)
                bpf_trace_printk("alloc entered, size = %u\n", size);
        return 0;
}

static inline int gen_alloc_exit2(struct pt_regs *ctx, u64 address) {
        u64 pid = bpf_get_current_pid_tgid();
        u64* size64 = sizes.lookup(&pid);
        struct alloc_info_t info = {0};

        if (size64 == 0)
                return 0; // missed alloc entry

        info.size = *size64;
        sizes.delete(&pid);

        if (address != 0) {
                info.timestamp_ns = bpf_ktime_get_ns();
                info.stack_id = stack_traces.get_stackid(ctx, BPF_F_USER_STACK | BPF_F_REUSE_STACKID);
                allocs.update(&address, &info);
                update_statistics_add(info.stack_id, info.size);
        }
        return 0;
}

static inline int gen_alloc_exit(struct pt_regs *ctx) {
        return gen_alloc_exit2(ctx, PT_REGS_RC(ctx));
}

static inline int gen_free_enter(struct pt_regs *ctx, void *address) {
        u64 addr = (u64)address;
        struct alloc_info_t *info = allocs.lookup(&addr);
        if (info == 0)
                return 0;
        update_statistics_del(info->stack_id, info->size);
        allocs.delete(&addr);
        return 0;
}

int malloc_enter(struct pt_regs *ctx, size_t size) { return gen_alloc_enter(ctx, size); }
int malloc_exit(struct pt_regs *ctx) { return gen_alloc_exit(ctx); }
int free_enter(struct pt_regs *ctx, void *address) { return gen_free_enter(ctx, address); }
int calloc_enter(struct pt_regs *ctx, size_t nmemb, size_t size) { return gen_alloc_enter(ctx, nmemb * size); }

int posix_memalign_enter(struct pt_regs *ctx, void **memptr, size_t alignment, size_t size) {
        u64 memptr64 = (u64)(size_t)memptr;
        u64 pid = bpf_get_current_pid_tgid();
        memptrs.update(&pid, &memptr64);
        return gen_alloc_enter(ctx, size);
}

int posix_memalign_exit(struct pt_regs *ctx) {
        u64 pid = bpf_get_current_pid_tgid();
        u64 *memptr64 = memptrs.lookup(&pid);
        void *addr;
        if (memptr64 == 0)
                return 0;
        memptrs.delete(&pid);
        if (bpf_probe_read_user(&addr, sizeof(void*), (void*)(size_t)*memptr64))
                return 0;
        u64 addr64 = (u64)(size_t)addr;
        return gen_alloc_exit2(ctx, addr64);
}

TRACEPOINT_PROBE(kmem, kmalloc) {
        if (0 == 1)
                gen_free_enter((struct pt_regs *)args, (void *)args->ptr);
        gen_alloc_enter((struct pt_regs *)args, args->bytes_alloc);
        return gen_alloc_exit2((struct pt_regs *)args, (size_t)args->ptr);
}

TRACEPOINT_PROBE(kmem, kfree) {
        return gen_free_enter((struct pt_regs *)args, (void *)args->ptr);
}
