/* Static probes of user space, through libbpf's own maps of their places. */
#include "common.h"
#include <bpf/usdt.bpf.h>

SEC("usdt/libc.so.6:libc:setjmp") int BPF_USDT(jump, void *buffer, int value)
{
	bpf_printk("%lx %d", (long)buffer, value);
	return 0;
}
GPL;
