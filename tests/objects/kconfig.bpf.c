/* Options of the kernel's build, in every type that they may have. */
#include "common.h"

extern int CONFIG_HZ __kconfig;
extern bool CONFIG_BPF_SYSCALL __kconfig;
extern enum libbpf_tristate CONFIG_BPF __kconfig __weak;
extern char CONFIG_BPF_JIT __kconfig;
extern char CONFIG_CC_VERSION_TEXT[64] __kconfig __weak;
extern char CONFIG_DEFAULT_HOSTNAME[4] __kconfig __weak;
extern __u64 CONFIG_NR_CPUS __kconfig __weak;
extern int CONFIG_NO_SUCH_OPTION __kconfig __weak;
extern bool CONFIG_NO_SUCH_SWITCH __kconfig __weak;
extern int LINUX_KERNEL_VERSION __kconfig;
extern bool LINUX_HAS_BPF_COOKIE __kconfig;
extern bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;
extern __u64 LINUX_UNKNOWN_VALUE __kconfig __weak;

SEC("socket") int use(struct __sk_buff *ctx)
{
	__u64 sum = CONFIG_HZ + CONFIG_BPF_SYSCALL + CONFIG_BPF + CONFIG_BPF_JIT;
	sum += CONFIG_CC_VERSION_TEXT[ctx->len & 63] + CONFIG_DEFAULT_HOSTNAME[1] + CONFIG_NR_CPUS;
	sum += CONFIG_NO_SUCH_OPTION + CONFIG_NO_SUCH_SWITCH + LINUX_KERNEL_VERSION;
	return sum + LINUX_HAS_BPF_COOKIE + LINUX_HAS_SYSCALL_WRAPPER + LINUX_UNKNOWN_VALUE;
}
GPL;
