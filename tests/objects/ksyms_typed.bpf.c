/* Kernel variables by their types: of every CPU, and one that is not there. */
#include "common.h"

struct rq { int cpu; } PORTABLE;
extern const struct rq runqueues __ksym;
extern const int bpf_prog_active __ksym __weak;
extern const int no_such_variable __ksym __weak;

SEC("raw_tp/sys_enter") int typed(void *ctx)
{
	struct rq *rq = bpf_per_cpu_ptr(&runqueues, 0);
	int sum = 0;
	if (&no_such_variable)
		return *(int *)bpf_this_cpu_ptr(&no_such_variable);
	if (&bpf_prog_active)
		sum += *(int *)bpf_this_cpu_ptr(&bpf_prog_active);
	return rq ? sum + rq->cpu : sum;
}
GPL;
