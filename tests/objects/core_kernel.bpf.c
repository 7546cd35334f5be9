/* The running kernel's own types. */
#include "common.h"

struct list_head { struct list_head *next; } PORTABLE;
struct ns_common { unsigned inum; } PORTABLE;
struct pid_namespace { struct ns_common ns; unsigned level; } PORTABLE;
struct nsproxy { struct pid_namespace *pid_ns_for_children; } PORTABLE;
typedef struct { unsigned val; } kuid_t;
struct cred { kuid_t uid; } PORTABLE;
struct task_struct {
	int pid, tgid;
	char comm[16];
	unsigned in_execve : 1;
	struct task_struct *real_parent;
	struct list_head children;
	struct nsproxy *nsproxy;
	const struct cred *cred;
	int no_such_field;
	long __state;
} PORTABLE;
struct task_struct___old { long state; } PORTABLE;
enum pid_type { PIDTYPE_PID, PIDTYPE_SID };
struct sk_buff { unsigned short protocol; unsigned char cloned : 1, pkt_type : 3; } PORTABLE;

SEC("tp_btf/sched_process_exit") int BPF_PROG(direct, struct task_struct *task)
{
	return task->pid + task->tgid + task->real_parent->pid + task->cred->uid.val;
}

SEC("raw_tp/sched_process_exit") int probed(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	struct task_struct___old *old = (void *)task;
	__u64 sum = BPF_CORE_READ(task, nsproxy, pid_ns_for_children, ns.inum);
	sum += BPF_CORE_READ_BITFIELD_PROBED(task, in_execve);
	if (bpf_core_field_exists(task->no_such_field))
		sum += BPF_CORE_READ(task, no_such_field);
	if (bpf_core_field_exists(old->state))
		return sum + BPF_CORE_READ(old, state);
	return sum + BPF_CORE_READ(task, __state);
}

SEC("socket") int bits(struct __sk_buff *ctx)
{
	struct sk_buff *skb = 0;
	return __builtin_preserve_field_info(skb->cloned, BPF_FIELD_LSHIFT_U64)
	       + __builtin_preserve_field_info(skb->pkt_type, BPF_FIELD_RSHIFT_U64)
	       + bpf_core_field_offset(skb->protocol)
	       + bpf_core_enum_value(enum pid_type, PIDTYPE_SID)
	       + bpf_core_type_size(struct sk_buff) + bpf_core_type_id_kernel(struct task_struct);
}
GPL;
