// The first program of everybody.
int kprobe__sys_clone(void *ctx) {
    bpf_trace_printk("Hello, World!\n");
    return 0;
}
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
    bpf_trace_printk("pid %d cpu %u at %llu\n", bpf_get_current_pid_tgid() >> 32,
                     bpf_get_smp_processor_id(), bpf_ktime_get_ns());
    return 0;
}
