/*
 * Who makes which namespaces, and who enters which: setns, unshare, clone, clone3.
 *
 * A call is noted where it begins, for its arguments, and told where it ends, for its result and
 * the namespaces that the task has then. A setns of a pid file descriptor may enter several at
 * once: each is an event of its own.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define NSFS_MAGIC 0x6e736673
#define MAX_ANCESTORS 16

#define CLONE_NEWTIME 0x00000080
#define CLONE_NEWNS 0x00020000
#define CLONE_NEWCGROUP 0x02000000
#define CLONE_NEWUTS 0x04000000
#define CLONE_NEWIPC 0x08000000
#define CLONE_NEWUSER 0x10000000
#define CLONE_NEWPID 0x20000000
#define CLONE_NEWNET 0x40000000
#define CLONE_SIGNAL 0xff

char LICENSE[] SEC("license") = "GPL";

/* Since Linux 6.18 a namespace tells its type by itself; before, its operations do. */
struct ns_common___typed {
	u32 ns_type;
} __attribute__((preserve_access_index));
struct proc_ns_operations___typed {
	int type;
} __attribute__((preserve_access_index));

enum call { CALL_SETNS, CALL_UNSHARE, CALL_CLONE, CALL_CLONE3 };

struct event {
	u64 time_ns;
	u64 flags;	/* what was asked for: CLONE_* */
	u64 parent;	/* with level, owner, group: of a user namespace; the parent's address */
	s64 result;
	u32 pid, tid, cpu;
	enum call call;
	s32 fd;		/* setns */
	u32 type;	/* setns: of the namespace that was entered */
	u32 inode;	/* as in /proc/PID/ns */
	s32 level;
	u32 owner, group;
	char comm[16];
};

struct begun {
	u64 flags;
	s32 fd;
	u32 type, inode;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");
struct event *unused __unused;	/* so that the object tells what an event is */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u32);
	__type(value, struct begun);
	__uint(max_entries, 4096);
} calls SEC(".maps");

const volatile u32 ancestor = 0;	/* only this process and those below it; 0: all */
const volatile bool is_every_clone = false;	/* those without new namespaces, too */
u64 lost = 0;

static bool is_wanted(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	if (!ancestor)
		return true;
	for (int i = 0; i < MAX_ANCESTORS; i++) {
		u32 pid = BPF_CORE_READ(task, tgid);
		if (pid == ancestor)
			return true;
		if (pid <= 1)
			return false;
		task = BPF_CORE_READ(task, real_parent);
	}
	return false;
}

static u32 type_of(const struct ns_common *ns)
{
	const struct ns_common___typed *typed = (const void *)ns;
	const struct proc_ns_operations___typed *operations = (const void *)BPF_CORE_READ(ns, ops);
	if (bpf_core_field_exists(typed->ns_type))
		return BPF_CORE_READ(typed, ns_type);
	return BPF_CORE_READ(operations, type);
}

/* Type and inode of the namespace that a descriptor is open for; of a pid's there is none. */
static void look_up(struct begun *call)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;
	if ((u32)call->fd >= BPF_CORE_READ(table, max_fds))
		return;
	bpf_probe_read_kernel(&file, sizeof(file), files + call->fd);
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	if (BPF_CORE_READ(inode, i_sb, s_magic) != NSFS_MAGIC)
		return;
	struct ns_common *ns = BPF_CORE_READ(inode, i_private);
	call->type = type_of(ns);
	call->inode = BPF_CORE_READ(ns, inum);
}

static u32 inode_now(struct task_struct *task, u32 type)
{
	struct nsproxy *of = BPF_CORE_READ(task, nsproxy);
	switch (type) {
	case CLONE_NEWNS: return BPF_CORE_READ(of, mnt_ns, ns.inum);
	case CLONE_NEWCGROUP: return BPF_CORE_READ(of, cgroup_ns, ns.inum);
	case CLONE_NEWUTS: return BPF_CORE_READ(of, uts_ns, ns.inum);
	case CLONE_NEWIPC: return BPF_CORE_READ(of, ipc_ns, ns.inum);
	case CLONE_NEWUSER: return BPF_CORE_READ(task, cred, user_ns, ns.inum);
	case CLONE_NEWPID: return BPF_CORE_READ(of, pid_ns_for_children, ns.inum);
	case CLONE_NEWNET: return BPF_CORE_READ(of, net_ns, ns.inum);
	case CLONE_NEWTIME: return BPF_CORE_READ(of, time_ns_for_children, ns.inum);
	}
	return 0;
}

static void describe_user(struct event *event, struct task_struct *task)
{
	struct user_namespace *user = BPF_CORE_READ(task, cred, user_ns);
	event->parent = (u64)BPF_CORE_READ(user, parent);
	event->level = BPF_CORE_READ(user, level);
	event->owner = BPF_CORE_READ(user, owner.val);
	event->group = BPF_CORE_READ(user, group.val);
}

static __noinline int tell(struct begun *call, u32 name, u32 type, long result)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct event *event;
	u64 id = bpf_get_current_pid_tgid();
	if (!call)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = bpf_ktime_get_ns();
	event->flags = call->flags;
	event->result = result;
	event->pid = id >> 32;
	event->tid = id;
	event->cpu = bpf_get_smp_processor_id();
	event->call = name;
	event->fd = call->fd;
	event->type = type;
	event->inode = call->inode;
	if (!event->inode && type && !result)
		event->inode = inode_now(task, type);
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	u64 entered = name == CALL_SETNS ? type : name == CALL_UNSHARE ? call->flags : 0;
	if (entered & CLONE_NEWUSER && !result)
		describe_user(event, task);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

static int begin(struct begun *call)
{
	u32 tid = bpf_get_current_pid_tgid();
	return bpf_map_update_elem(&calls, &tid, call, BPF_ANY), 0;
}

static int end(u32 name, struct trace_event_raw_sys_exit *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct begun *found = bpf_map_lookup_elem(&calls, &tid);
	struct begun call;
	if (!found)
		return 0;
	call = *found;
	bpf_map_delete_elem(&calls, &tid);
	if (name != CALL_SETNS || call.type)
		return tell(&call, name, call.type, ctx->ret);
	if (ctx->ret)
		return tell(&call, name, 0, ctx->ret);
	/* In the order of the bits, as a pid's namespaces. */
	for (u32 bit = 7; bit < 31; bit++)
		if (call.flags & 1u << bit)
			tell(&call, name, 1u << bit, 0);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_setns")
int enter_setns(struct trace_event_raw_sys_enter *ctx)
{
	struct begun call = { .fd = ctx->args[0], .flags = ctx->args[1] };
	if (!is_wanted())
		return 0;
	look_up(&call);
	return begin(&call);
}

SEC("tracepoint/syscalls/sys_enter_unshare")
int enter_unshare(struct trace_event_raw_sys_enter *ctx)
{
	struct begun call = { .fd = -1, .flags = ctx->args[0] };
	return is_wanted() ? begin(&call) : 0;
}

static int begin_clone(u64 flags)
{
	const u64 namespaces = CLONE_NEWTIME | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS
			       | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
	struct begun call = { .fd = -1, .flags = flags };
	if (!(flags & namespaces) && !is_every_clone)
		return 0;
	return is_wanted() ? begin(&call) : 0;
}

/* Its lowest byte is the signal that the child ends with; so it cannot ask for a time namespace. */
SEC("tracepoint/syscalls/sys_enter_clone")
int enter_clone(struct trace_event_raw_sys_enter *ctx)
{
	return begin_clone(ctx->args[0] & ~CLONE_SIGNAL);
}

SEC("tracepoint/syscalls/sys_enter_clone3")
int enter_clone3(struct trace_event_raw_sys_enter *ctx)
{
	u64 flags = 0;
	/* The first member of struct clone_args. */
	bpf_probe_read_user(&flags, sizeof(flags), (void *)ctx->args[0]);
	return begin_clone(flags);
}

#define END(name, call)                                                                            \
	SEC("tracepoint/syscalls/sys_exit_" #name)                                                 \
	int exit_##name(struct trace_event_raw_sys_exit *ctx) { return end(call, ctx); }

END(setns, CALL_SETNS)
END(unshare, CALL_UNSHARE)
END(clone, CALL_CLONE)
END(clone3, CALL_CLONE3)
