/* What most of these objects include: the user's view of the kernel, and libbpf's macros. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#define GPL char LICENSE[] SEC("license") = "GPL"
#define PORTABLE __attribute__((preserve_access_index))
