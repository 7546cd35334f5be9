/* Kernel functions that programs may call, by their BTF ids. */
#include "common.h"

struct task_struct { int pid; } PORTABLE;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern struct task_struct *bpf_task_from_pid(int pid) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;

SEC("tp_btf/sys_enter") int calls(void *ctx)
{
	struct task_struct *task = bpf_task_from_pid(1);
	int pid = 0;
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	if (task) {
		pid = task->pid;
		bpf_task_release(task);
	}
	return pid;
}
GPL;
