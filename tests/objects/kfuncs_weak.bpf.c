/* Calls of kernel functions that need not be there. */
#include "common.h"

extern void bpf_no_such_function(int) __ksym __weak;
extern int bpf_task_from_pid(int pid) __ksym __weak;

SEC("raw_tp/sys_enter") int calls(void *ctx)
{
	if (bpf_get_prandom_u32() == 7)
		bpf_no_such_function(3);
	return 0;
}
GPL;
