/* What the cases compute with: the text that both compilers are given. */
typedef _Bool bool_t;
struct leaf { int a; short b; unsigned char c[6]; };
struct bits { unsigned x : 3; int y : 5; unsigned long z : 40; unsigned char w : 1; };
union u {
    unsigned long all;
    unsigned int half[2];
    unsigned char bytes[8];
    struct { short lo, hi; };
};
struct node {
    struct node *next;
    struct leaf leaf;
    struct leaf *leaves;
    struct leaf many[3];
    char name[16];
    char *text;
    union u u;
    struct bits bits;
    int *numbers;
    int **table;
    struct { int in; struct leaf *deep; };
    long count;
    signed char neg;
    short sneg;
    const struct node **vec;
    void *raw;
};
struct pair { int a; struct node *p; };

static inline int get(struct node *m) { return m->leaf.a + m->leaf.b; }
static struct node *next(struct node *m) { return m->next; }
static struct leaf second(struct leaf *l) { return l[1]; }
static inline int first_of(struct leaf l) { return l.a; }
static struct leaf *at(struct node *m, int i)
{
    if (i > 2)
        return 0;
    return &m->many[i];
}
static void put(int *to, int v) { *to = v; }
static struct pair pair_of(int a, struct node *p)
{
    struct pair x = { a, p };
    return x;
}
static int set(struct node *n, struct leaf *l) { return l[1].a + n->leaf.a; }
static int rec3(struct node *m, int d)
{
    struct leaf *l = d ? m->leaves : &m->leaf;
    if (d > 1)
        return 0;
    return l->a + m->bits.x;
}
static inline void bump(struct pair *p)
{
    p->a += p->p->count;
    p->p = p->p->next;
}
static struct leaf *longest(struct leaf *a, struct leaf *b)
{
    if (a->a < b->a)
        return a;
    return b + 1;
}
static void fill(struct leaf *to, struct node *n)
{
    *to = n->leaf;
    to->a++;
    __builtin_memcpy(to->c, n->name, 3);
}
