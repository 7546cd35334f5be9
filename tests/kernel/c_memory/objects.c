/* What is there to be read, in the memory of the test. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long s64;
#include "records.h"

static struct leaf leaves[4] = {
    { 1, -2, { 1, 2, 3, 4, 5, 6 } },
    { -100000, 300, { 7, 8, 9, 10, 11, 12 } },
    { 3, 4, { 250, 251, 252, 253, 254, 255 } },
    { 5, 6, "abcde" },
};
static int numbers[5] = { 10, -20, 30, -40, 50 };
static int *table[3] = { numbers + 1, numbers + 3, numbers };
static char some_text[] = "some text", other_text[] = "other";
static struct node first, second_node;
static const struct node *nodes[2] = { &second_node, &first };
static struct node first = {
    &second_node, { 42, -7, "hello" }, leaves,
    { { 1, 2, { 3 } }, { -4, -5, { 6 } }, { 7, 8, { 9 } } }, "name-of-the-a", some_text,
    { 0x8877665544332211 }, { 5, -9, 0xFFEEDDCCBBul, 1 }, numbers, table, { 77, leaves + 2 }, 3,
    -5, -300, nodes, numbers + 2,
};
static struct node second_node = {
    &first, { -1, -1, "zz" }, leaves + 1, { { 0 } }, "b", other_text,
    { 1 }, { 2, 3, 4, 0 }, numbers, table, { 8, leaves + 3 }, -3,
    1, 1, nodes, table,
};

struct node *start(void) { return &first; }
