// Lengths and places that are known only when the program runs, bounded in the ways of BCC's tools.
#include <uapi/linux/ptrace.h>

#define MAX_BYTES 4096

struct data_t {
    u32 length;
    char bytes[MAX_BYTES];
};
BPF_PERCPU_ARRAY(scratch, struct data_t, 1);
BPF_PERF_OUTPUT(events);

int by_minimum(struct pt_regs *ctx, void *buffer)
{
    int zero = 0, length = PT_REGS_RC(ctx);
    struct data_t *data = scratch.lookup(&zero);

    if (!data || length <= 0)
        return 0;
    u32 copied = min((size_t)MAX_BYTES, (size_t)length);
    if (!bpf_probe_read_user(&data->bytes, copied, buffer)) {
        data->length = copied;
        events.perf_submit(ctx, data, sizeof(*data));
    }
    return 0;
}

int by_member(struct pt_regs *ctx, void *buffer, size_t length)
{
    u32 zero = 0;
    struct data_t *data = scratch.lookup(&zero);

    if (!data)
        return 0;
    data->length = length;
    if (data->length > MAX_BYTES)
        data->length = MAX_BYTES;
    u32 copied = data->length;
    if (copied > MAX_BYTES - 1)
        return 0;
    bpf_probe_read_user(data->bytes, copied, buffer);
    events.perf_submit(ctx, data, sizeof(u32) + (copied & (MAX_BYTES - 1)));
    return 0;
}

int by_answer(struct pt_regs *ctx, char **argv)
{
    u32 zero = 0;
    struct data_t *data = scratch.lookup(&zero);

    if (!data)
        return 0;
    for (int i = 0; i < 20; i++) {
        const char *word = 0;
        bpf_probe_read_user(&word, sizeof(word), &argv[i]);
        if (!word)
            break;
        int read = bpf_probe_read_user_str(data->bytes, sizeof(data->bytes), word);
        if (read > 0 && read <= sizeof(data->bytes))
            events.perf_submit(ctx, data, read);
    }
    return 0;
}

int one_after_another(struct pt_regs *ctx, char **argv)
{
    u32 zero = 0;
    struct data_t *data = scratch.lookup(&zero);

    if (!data)
        return 0;
    data->length = 0;
    for (int i = 0; i < 30; i++) {
        const char *word = argv[i];
        if (!word || data->length > MAX_BYTES - 128)
            break;
        int read = bpf_probe_read_user_str(&data->bytes[data->length], 128, word);
        if (read <= 0)
            break;
        data->length += read;
    }
    return 0;
}

struct stack_t {
    u64 depth;
    u64 calls[4];
};
BPF_HASH(stacks, u32, struct stack_t);

int by_member_of_a_value(struct pt_regs *ctx)
{
    u32 thread = bpf_get_current_pid_tgid();
    struct stack_t *stack = stacks.lookup(&thread);

    if (!stack || stack->depth < 1 || stack->depth > 4)
        return 0;
    if (stack->calls[stack->depth - 1] == PT_REGS_IP(ctx))
        stack->depth--;
    return 0;
}
