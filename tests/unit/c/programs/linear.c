// Constructs of C that tools hardly use: all kinds of loops, jumps, initialisers and casts.
typedef struct { u8 kind : 3, rest : 5; s16 small; } __attribute__((packed)) bits_t;
struct matrix { int cells[3][4]; union { u64 whole; u32 half[2]; }; };
BPF_ARRAY(out, u64, 16);
enum { FIRST = 2, SECOND = FIRST << 2, THIRD };
static const int LIMIT = 12;
_Static_assert(sizeof(bits_t) == 3, "packed");

static __always_inline u32 gcd(u32 a, u32 b) {
    for (int i = 0; i < 40 && b; i++) {
        u32 rest = a % b;
        a = b, b = rest;
    }
    return a;
}
static void put(int at, u64 value) { out.update(&at, &value); }
static struct matrix unit(int scale) {
    return (struct matrix){.cells = {[0][0] = scale, [1] = {0, scale}, [2 ... 2] = {[2] = scale}}};
}

int all(struct pt_regs *ctx) {
    struct matrix m = unit(3);
    int sum = 0, i, j, rounds = 0;
    for (i = 0; i < 3; i++)
        for (j = 0; j < 4; ++j) {
            if (i == j)
                continue;
            sum += m.cells[i][j] ?: 1;
        }
    put(0, sum);
    bits_t bits = {.kind = 9, .rest = -1, .small = -2};
    put(1, bits.kind << 16 | bits.rest << 8 | (u8)bits.small);
    m.half[1] = 7;
    put(2, m.whole >> 32);
    do
        sum -= THIRD;
    while (sum > LIMIT && ++rounds < 4);
    put(3, sum);
    char word[] = "seismo", *p = word;
    int n = 0;
    while (n < 6 && *p++)
        n++;
    put(4, n);
    put(5, gcd(84, 36));
    u64 big = 1ULL << 40;
    put(6, big > 0xffffffffU ? (u32)(big >> 8) : ~0U);
    put(7, ({ int t = 5; t *= t; t - 1; }));
    int *q = &m.cells[1][1], k = q - &m.cells[0][0];
    put(8, k + (*q == 3));
    if (n != 6)
        goto bad;
    unsigned __int128 left = 5, right = 5;
    put(9, left == right);
    return sizeof(struct matrix) + __builtin_offsetof(struct matrix, cells[2][1]);
bad:
    return -1;
}
