/* Addresses of kernel symbols that are known by name only, there or not. */
#include "common.h"

extern const void schedule __ksym;
extern const void do_exit __ksym __weak;
extern const void no_such_symbol __ksym __weak;

SEC("raw_tp/sys_enter") int addresses(void *ctx)
{
	__u64 sum = (__u64)&schedule ^ (__u64)&do_exit;
	return &no_such_symbol ? 1 : sum >> 8;
}
GPL;
