// What filters by container put before a tool's own text: tables that somebody else has made.
#include <linux/sched.h>
#include <linux/nsproxy.h>
struct mnt_namespace {
    // This field was removed in https://…: the offset of `ns` is what counts.
    #if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
    atomic_t count;
    #endif
    struct ns_common ns;
};
BPF_TABLE("hash", u64, u32, mount_ns_set, 1024);

static inline int _mntns_filter() {
    struct task_struct *current_task;
    current_task = (struct task_struct *)bpf_get_current_task();
    u64 ns_id = current_task->nsproxy->mnt_ns->ns.inum;
    return mount_ns_set.lookup(&ns_id) == NULL;
}
static inline int container_should_be_filtered() {
    return 0 || _mntns_filter();
}
TRACEPOINT_PROBE(syscalls, sys_enter_execve) {
    if (container_should_be_filtered())
        return 0;
    bpf_trace_printk("%s", args->filename);
    return 0;
}
