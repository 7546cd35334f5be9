// What argument filters make: comparison of strings, by hand and in loops.
#include <uapi/linux/ptrace.h>
#define MAX 80
struct data_t { u64 n; char text[MAX]; };
BPF_HASH(counts, struct data_t);
BPF_PERF_OUTPUT(events);

static inline bool streq(char const *wanted, char const *given) {
    char buffer[sizeof("libsystemd")];
    bpf_probe_read_user(&buffer, sizeof(buffer), (void *)given);
    for (int i = 0; i < sizeof("libsystemd") - 1; ++i) {
        if (wanted[i] != buffer[i]) {
            return false;
        }
    }
    return true;
}

static inline bool has_prefix(char *s) {
    int i = 0;
    const char prefix[] = "GET /";
    while (i < 5 && s[i] == prefix[i])
        i++;
    return i == 5;
}

int by_first(struct pt_regs *ctx, char *s, size_t len) {
    struct data_t key = {};
    bpf_probe_read_user_str(&key.text, sizeof(key.text), s);
    if (!(key.text[0] == 'G' && key.text[1] == 'E') || streq("libsystemd", s))
        return 0;
    if (has_prefix(key.text))
        counts.increment(key);
    do {
        if (len > 100)
            break;
        key.n = len << 2 | (len & 1 ? 'x' : '\n');
        len >>= 1;
    } while (0);
    events.perf_submit(ctx, &key, sizeof(key));
    return 0;
}
