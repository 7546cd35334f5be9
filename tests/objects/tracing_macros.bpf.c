/* libbpf's macros for arguments and returned values. */
#include <linux/bpf.h>
#define __VMLINUX_H__	/* registers by the kernel's names for them */
struct pt_regs {
	unsigned long di, si, dx, cx, r8, r9, r10, ax, bp, sp, ip;
} __attribute__((preserve_access_index));
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

SEC("kprobe/do_unlinkat") int BPF_KPROBE(entry, int dfd, const char *name)
{
	return bpf_printk("%d %lx", dfd, (long)name), 0;
}
SEC("kretprobe/do_unlinkat") int BPF_KRETPROBE(leave, long result)
{
	bpf_printk("%ld", result);
	return 0;
}
SEC("ksyscall/openat") int BPF_KSYSCALL(call, int fd, const char *name, int flags)
{
	bpf_printk("%d %lx %x", fd, (long)name, flags);
	return 0;
}
SEC("raw_tp/sys_enter") int BPF_PROG(raw, void *regs, long number) { return number & 1; }
SEC("tp_btf/sys_exit") int BPF_PROG(typed, void *regs, long result)
{
	char text[24];
	BPF_SNPRINTF(text, sizeof(text), "%ld", result);
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
