/* The types of a made-up kernel, which the relocations of core_*.bpf.c are for. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int number_t;

struct inner { int filler; int deep; u64 wide; };
struct outer {
	long before;
	int plain;
	u8 grown_before[5];
	u64 grown;
	u16 shrunk;
	short is_signed;
	struct inner nested;
	struct inner rows[6];
	int numbers[9];
	union { int left; struct { int filler; u8 hidden; }; };
	struct inner *pointer;
	const volatile number_t qualified;
	char name[16];
	number_t last[];
};
struct bits {
	u32 head;
	u8 low : 3, high : 5;
	int negative : 7;
	u64 crossing : 33;
	u32 now_whole;
	u16 in_short : 9;
	u64 wide : 60;
};
struct flavoured { int padding; int new_name; int common; };
union either { int number; char text[24]; };
enum color { RED = 3, GREEN = 40, BLUE = 500, NEGATIVE = -7 };
enum wide_color { WIDE_SMALL = 1, WIDE_LARGE = 0x123456789abcULL };
typedef struct { int x, y, z; } point_t;
typedef int (*callback_t)(struct outer *, int);
typedef enum color color_t;
struct matching { int a; struct inner *b; enum color c; callback_t d; };
struct not_matching { long a; };
struct forward;
struct with_forward { struct forward *it; int after; };

struct outer outer_; struct bits bits_; struct flavoured flavoured_; union either either_;
enum color color_; enum wide_color wide_; point_t point_; callback_t callback_; color_t color_t_;
struct matching matching_; struct not_matching not_matching_; struct with_forward with_;
