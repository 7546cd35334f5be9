// Calls of the VFS, by fentry.
#include <uapi/linux/ptrace.h>
enum stat_types {
    S_READ = 1,
    S_WRITE,
    S_FSYNC,
    S_OPEN,
    S_CREATE,
    S_MAXSTAT
};
BPF_ARRAY(stats, u64, S_MAXSTAT);
static void stats_increment(int key) {
    stats.atomic_increment(key);
}
void do_read(struct pt_regs *ctx) { stats_increment(S_READ); }
void do_write(struct pt_regs *ctx) { stats_increment(S_WRITE); }
KFUNC_PROBE(vfs_fsync_range) { stats_increment(S_FSYNC); return 0; }
KFUNC_PROBE(vfs_open, const struct path *path, struct file *file)
{
    if (path->dentry && file->f_flags & O_DIRECTORY)
        stats_increment(S_OPEN);
    return 0;
}
