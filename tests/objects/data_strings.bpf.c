/* Strings that the compiler puts somewhere: .rodata.str1.1, and formats of bpf_printk. */
#include "common.h"

SEC("raw_tp/sys_enter") int use(void *ctx)
{
	char text[32] = "copied to the stack by pieces";
	const char *which = bpf_get_prandom_u32() & 1 ? "one string" : "another one";
	bpf_probe_read_kernel_str(text, sizeof(text), which);
	bpf_printk("few %d", text[0]);
	bpf_printk("many %d %d %d %d", text[1], text[2], text[3], text[4]);
	return 0;
}
GPL;
