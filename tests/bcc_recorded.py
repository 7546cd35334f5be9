# ruff: noqa: E501 (recorded as it was run)
"""What C means to BCC: expressions and their values, as its version 0.26 computed them.

Each is evaluated in a program of the prologue `HEAD` and `BODY`; a value is cast to u64.
"""

from __future__ import annotations

__all__ = ("BODY", "CASES", "HEAD")

HEAD = r"""
#include <uapi/linux/ptrace.h>
#include <linux/sched.h>
#include <linux/in.h>
#include <net/sock.h>
#include <bcc/proto.h>
struct in_s { u32 a; u16 b; u8 c[5]; };
struct big { u64 x; struct in_s i; struct in_s arr[3]; char name[16]; union { u32 u; u8 bytes[4]; struct { u16 lo, hi; }; }; };
struct bf { u32 a:3, b:7, c:1; int d:5; u64 e:40; u8 f:2; };
struct __attribute__((packed)) pk { u8 a; u32 b; u16 c; };
enum col { RED, GREEN = 5, BLUE, NEG = -2 };
typedef struct { int x, y; } pt;
#define SQ(x) ((x)*(x))
#define CAT(a,b) a##b
#define STR(x) #x
#define VA(f, ...) f(__VA_ARGS__)
#define MAXV 10
enum { table_ = 1 };
static inline int add(int a, int b) { return a + b; }
static __always_inline void setp(u64 *p, u64 v) { *p = v; }
static inline pt mk(int a, int b) { pt p = { .x = a, .y = b }; return p; }
static int sum_(pt *p, int n) { int s = 0; for (int i = 0; i < n; i++) s += p[i].x * p[i].y; return s; }
static u64 fact(u32 n) { u64 r = 1; while (n > 1) r *= n--; return r; }
static int early(int x) { if (x > 5) return 1; if (x < -5) { return -1; } return 0; }
BPF_ARRAY(out, u64, 512);
BPF_HASH(h, struct in_s, struct big);
BPF_HASH(cnt, u32, u64);
BPF_PERCPU_ARRAY(scratch, struct big, 1);
static inline void put(int i, u64 v) { out.update(&i, &v); }
"""

BODY = r"""
TRACEPOINT_PROBE(raw_syscalls, sys_enter) {
    if (bpf_get_current_pid_tgid() >> 32 != PID || args->id != 110) return 0;
    int n5 = args->id - 105;
    u32 u7 = args->id - 103;
    long big_ = args->id * 1000000007L;
    u64 ubig = 0xfedcba9876543210ULL + args->id - 110;
    int m9 = -9 + n5 - 5;
    u8 b200 = 195 + n5;
    s8 s100 = -105 + n5;
    s16 sm = -1000 * n5;
    u16 u16v = 65530 + n5;
    char ch = 250 + n5;
    bool bo = args->id;
    PUTS
    return 0;
}
"""

CASES: dict[str, tuple[tuple[str, str, int], ...]] = {
    "arith": (
        ("", "n5+u7", 0xC),
        ("", "n5-u7", 0xFFFFFFFE),
        ("", "m9/2u", 0x7FFFFFFB),
        ("", "(u32)m9/2", 0x7FFFFFFB),
        ("", "ubig/u7", 0x2468ACF13579BE02),
        ("", "ubig%u7", 0x2),
        ("", "u7%n5", 0x2),
        ("", "b200+b200", 0x190),
        ("", "(u8)(b200+b200)", 0x90),
        ("", "s100-100", 0xFFFFFFFFFFFFFF38),
        ("", "(s8)(s100-100)", 0x38),
        ("", "sm*sm", 0x17D7840),
        ("", "sm*sm*sm*sm", 0x26FC1000),
        ("", "u16v*u16v", 0xFFFFFFFFFFFE0001),
        ("", "ch", 0xFFFFFFFFFFFFFFFF),
        ("", "ch+1", 0x0),
        ("", "(unsigned char)ch", 0xFF),
        ("", "bo", 0x1),
        ("", "!bo", 0x0),
        ("", "-bo", 0xFFFFFFFFFFFFFFFF),
        ("", "~n5", 0xFFFFFFFFFFFFFFFA),
        ("", "~u7", 0xFFFFFFF8),
        ("", "-u7", 0xFFFFFFF9),
        ("", "-(u64)u7", 0xFFFFFFFFFFFFFFF9),
        ("", "+m9", 0xFFFFFFFFFFFFFFF7),
        ("", "m9>>1", 0xFFFFFFFFFFFFFFFB),
        ("", "(u32)m9>>1", 0x7FFFFFFB),
        ("", "(u64)m9>>1", 0x7FFFFFFFFFFFFFFB),
        ("", "m9<<3", 0xFFFFFFFFFFFFFFB8),
        ("", "1<<n5", 0x20),
        ("", "1u<<31", 0x80000000),
        ("", "1ULL<<63", 0x8000000000000000),
        ("", "ubig>>60", 0xF),
        ("", "(long)ubig>>60", 0xFFFFFFFFFFFFFFFF),
        ("", "big_*big_", 0xF13C1D85556C3C04),
        ("", "m9*n5", 0xFFFFFFFFFFFFFFD3),
        ("", "m9<u7", 0x0),
        ("", "(int)m9<(int)u7", 0x1),
        ("", "m9<(long)u7", 0x1),
        ("", "b200<s100", 0x0),
        ("", "s100<0", 0x1),
        ("", "ubig>big_", 0x1),
        ("", "(s64)ubig<0", 0x1),
        ("", "m9==-9", 0x1),
        ("", "m9==(u8)-9", 0x0),
        ("", "n5&6", 0x4),
        ("", "n5|8", 0xD),
        ("", "n5^m9", 0xFFFFFFFFFFFFFFF2),
        ("", "n5&&m9", 0x1),
        ("", "n5||0", 0x1),
        ("", "!n5", 0x0),
        ("", "!!n5", 0x1),
        ("", "n5?m9:u7", 0xFFFFFFF7),
        ("", "n5>4?1:2", 0x1),
        ("", "(n5,u7)", 0x7),
        ("", "n5==5?ubig:m9", 0xFEDCBA9876543210),
        ("", "sizeof(int)", 0x4),
        ("", "sizeof(n5+1L)", 0x8),
        ("", "sizeof(ch)", 0x1),
        ("", "sizeof(struct big)", 0x50),
        ("", "sizeof(struct bf)", 0x8),
        ("", "sizeof(struct pk)", 0x7),
        ("", "sizeof(enum col)", 0x4),
        ("", "sizeof(pt)", 0x8),
        ("", 'sizeof("abc")', 0x4),
        ("", "sizeof(((struct big*)0)->arr)", 0x24),
        ("", "_Alignof(struct big)", 0x8),
        ("", "__builtin_offsetof(struct big, arr[1].b)", 0x24),
        ("", "offsetof(struct big, name)", 0x38),
        ("", "offsetof(struct pk, c)", 0x5),
        ("", "'a'", 0x61),
        ("", "'\\n'", 0xA),
        ("", "'\\377'", 0xFFFFFFFFFFFFFFFF),
        ("", "'\\x7f'", 0x7F),
        ("", "0x10", 0x10),
        ("", "010", 0x8),
        ("", "2147483647+0u", 0x7FFFFFFF),
        ("", "2147483648", 0x80000000),
        ("", "-2147483648", 0xFFFFFFFF80000000),
        ("", "0xffffffff", 0xFFFFFFFF),
        ("", "0xffffffff+1", 0x0),
        ("", "4294967295", 0xFFFFFFFF),
        ("", "(int)4294967295", 0xFFFFFFFFFFFFFFFF),
        ("", "-1 < 1u", 0x0),
        ("", "-1L < 1u", 0x1),
        ("", "(char)200", 0xFFFFFFFFFFFFFFC8),
        ("", "(short)70000", 0x1170),
        ("", "(u16)-1", 0xFFFF),
        ("", "(bool)5", 0x1),
        ("", "(bool)0x100", 0x1),
        ("", "(u8)0x1ff", 0xFF),
        ("", "(s64)(s32)0x80000000", 0xFFFFFFFF80000000),
        ("", "(u64)(u32)-1", 0xFFFFFFFF),
        ("", "SQ(n5+1)", 0x24),
        ("", "CAT(n,5)", 0x5),
        ("", "sizeof(STR(a b))", 0x4),
        ("", "VA(add,2,3)", 0x5),
        ("", "MAXV*2", 0x14),
        ("", "RED", 0x0),
        ("", "GREEN", 0x5),
        ("", "BLUE", 0x6),
        ("", "NEG", 0xFFFFFFFFFFFFFFFE),
        ("", "table_", 0x1),
    ),
    "div": (
        ("int a=100;", "a/n5", 0x14),
        ("u64 z=args->id-110;", "ubig/z", 0x0),
        ("u64 z=args->id-110;", "ubig%z", 0xFEDCBA9876543210),
        ("u32 z=args->id-110;", "u7/z", 0x0),
        ("u32 z=args->id-110;", "u7%z", 0x7),
    ),
    "stmts": (
        ("int s=0; for(int i=0;i<10;i++){ if(i==3)continue; if(i==8)break; s+=i;}", "s", 0x19),
        ("int s=0,i=0; while(i<7){s+=i++;}", "s", 0x15),
        ("int s=0,i=0; do{s+=++i;}while(i<5);", "s", 0xF),
        (
            "int s=0; switch(n5){case 1: s=1; break; case 5: s=5; case 6: s+=10; break; default: s=99;}",
            "s",
            0xF,
        ),
        ("int s=0; switch(m9){case -9: s=1; break; default: s=2;}", "s", 0x1),
        (
            "int s=0; switch(b200){case 1 ... 199: s=1; break; case 200 ... 255: s=2; break;}",
            "s",
            0x2,
        ),
        ("int s=0; switch(n5){default: s=3; case 9: s++;}", "s", 0x4),
        ("int s=0; if(n5>4) goto out_; s=7; out_: s+=1;", "s", 0x1),
        (
            "int s=0; for(int i=0;i<3;i++) for(int j=0;j<3;j++){ if(j==i) continue; s+=i*10+j; }",
            "s",
            0x42,
        ),
        ("int s=({int q=n5*2; q+1;});", "s", 0xB),
        ("u64 s=fact(5);", "s", 0x78),
        ("pt a[3]={{1,2},{3,4},mk(5,6)}; int s=sum_(a,3);", "s", 0x2C),
        ("u64 s; setp(&s, 77);", "s", 0x4D),
        ("int s=early(n5)*100+early(9)*10+early(-9);", "s", 0x9),
        (
            "int a[4]={[1]=5,[3]=7}; int *p=a; p++; int s=*p+++*p*100+p[1]*1000+(p-a)*10000;",
            "s",
            0x697D,
        ),
        ('char s1[8]="abc"; int s=s1[0]+s1[3]*1000+s1[2];', "s", 0xC4),
        ('char s1[]="hello"; int s=sizeof(s1)*1000+s1[4];', "s", 0x17DF),
        (
            'struct big g={.x=1,.i={2,3,{4,5}},.arr[1].b=9,.name="xy"}; u64 s=g.x+g.i.a*10+g.i.b*100+g.i.c[1]*1000+g.arr[1].b*10000+g.name[1]*100000ULL+g.i.c[4];',
            "s",
            0xBA15F9,
        ),
        (
            "struct big g={}; g.u=0x12345678; u64 s=g.bytes[1]+(g.lo<<16)+((u64)g.hi<<32);",
            "s",
            0x123456780056,
        ),
        (
            "struct bf f={}; f.a=9; f.b=-1; f.c=1; f.d=-3; f.e=0x123456789aULL; f.f=7; u64 s=f.a+f.b*10+f.c*10000+(u64)(f.d*100000)+f.e+f.f;",
            "s",
            0x12345210C4,
        ),
        ("struct bf f={.d=15}; f.d+=1; int s=f.d;", "s", 0xFFFFFFFFFFFFFFF0),
        ("struct bf f={.a=7}; f.a++; f.b--; int s=f.a*1000+f.b;", "s", 0x7F),
        (
            "struct pk p={1,0x12345678,0xabcd}; u8 *q=(u8*)&p; u64 s=q[1]+((u64)q[4]<<8)+((u64)q[6]<<16)+((u64)p.b<<24);",
            "s",
            0x12345678AB1278,
        ),
        ("struct in_s x={1,2,{3}}, y; y=x; y.a=9; u64 s=x.a*100+y.a*10+y.c[0];", "s", 0xC1),
        ("pt p=mk(3,4); pt q=p; q.x++; int s=p.x*1000+q.x*100+q.y;", "s", 0xD4C),
        ("int x=5; x+=3; x-=1; x*=4; x%=11; x<<=3; x|=1; x^=0xff; x&=~2; x>>=1;", "x", 0x66),
        ("u8 x=250; x+=10;", "x", 0x4),
        ("s8 x=127; x++;", "x", 0xFFFFFFFFFFFFFF80),
        ("u16 x=0; x--;", "x", 0xFFFF),
        ("int x=n5++ + ++n5; x=x*100+n5; n5=5;", "x", 0x4B7),
        ("int i=3; int x=i-- - --i;", "x", 0x2),
        (
            "u32 key=3; u64 one=1,*v; v=cnt.lookup_or_try_init(&key,&one); if(v) (*v)+=4; v=cnt.lookup(&key);",
            "v?*v:0",
            0x5,
        ),
        (
            "u32 key=4; cnt.increment(key); cnt.increment(key,5); u64*v=cnt.lookup(&key);",
            "v?*v:0",
            0x6,
        ),
        (
            "u32 key=5; u64 z=7; cnt.update(&key,&z); u64*v=cnt.lookup(&key); if(v) lock_xadd(v,3); cnt.delete(&key); u64*w=cnt.lookup(&key);",
            "w?1:2",
            0x2,
        ),
        (
            "u32 key=6; u64 z=7; cnt.insert(&key,&z); int r=cnt.insert(&key,&z);",
            "r",
            0xFFFFFFFFFFFFFFEF,
        ),
        ("u32 key=6777; int r=cnt.delete(&key);", "r", 0xFFFFFFFFFFFFFFFE),
        (
            'int z=0; struct big *g=scratch.lookup(&z); u64 s=0; if(g){ g->x=5; g->arr[1].a=6; __builtin_memcpy(g->name,"qwe",4); s=g->x+g->arr[1].a*10+g->name[2]*100; }',
            "s",
            0x27B5,
        ),
        (
            "struct in_s k={1,2,{3,4,5,6,7}}; struct big g={.x=42}; h.update(&k,&g); struct in_s k2={1,2,{3,4,5,6,7}}; struct big*p=h.lookup(&k2);",
            "p?p->x:0",
            0x2A,
        ),
        ('char a[8]="abcdef",b2[8]="abcdeg";', "__builtin_memcmp(a,b2,5)==0", 0x1),
        ("char a[8]; __builtin_memset(a,0x5a,8); u64 s=*(u64*)a;", "s", 0x5A5A5A5A5A5A5A5A),
        ("u32 a[2]={1,2}; u64 s=0; __builtin_memcpy(&s,a,8);", "s", 0x200000001),
        (
            "int s=0; int arr2[2][3]={{1,2,3},{4,5,6}}; for(int i=0;i<2;i++)for(int j=0;j<3;j++) s=s*10+arr2[i][j];",
            "s",
            0x1E240,
        ),
        ("struct in_s a[2]={}; a[n5&1].b=7; u64 s=a[1].b;", "s", 0x7),
        ("u64 s=0; int i; \n#pragma unroll\n for(i=0;i<8;i++) s+=i*i;", "s*100+i", 0x36B8),
        ("int a=1; {int a=2; a++;}", "a", 0x1),
        ("u64 s=0; for(int i=0,j=10;i<j;i++,j--) s+=j-i;", "s", 0x1E),
        ("u32 x=1; x=x?x:5; int s= x ?: 9;", "s", 0x1),
        ("int s=0; if(n5>3&&(s=4)||(s=8)){}", "s", 0x4),
        ('static const char msg[]="hey"; int s=msg[1];', "s", 0x65),
        ("int a=n5,b2=m9; int t2=a; a=b2; b2=t2;", "a*100+b2", 0xFFFFFFFFFFFFFC81),
        ("int x=0; x=n5>4?({x=9;x;}):3;", "x", 0x9),
        ("u64 s=0; for(;;){ if(++s>20) break; }", "s", 0x15),
    ),
    "builtins": (
        ("", "ntohs(0x1234)", 0x3412),
        ("", "htonl(0x12345678)", 0x78563412),
        ("", "bpf_ntohs(0x1234)", 0x3412),
        ("", "bpf_htonl(0x12345678)", 0x78563412),
        ("", "__builtin_bswap64(0x0102030405060708ULL)", 0x807060504030201),
        ("", "be64_to_cpu(0x0102030405060708ULL)", 0x807060504030201),
        ("", "bpf_log2l(0)", 0x1),
        ("", "bpf_log2l(1)", 0x1),
        ("", "bpf_log2l(1023)", 0xA),
        ("", "bpf_log2l(1024)", 0xB),
        ("", "bpf_log2l(1ULL<<40)", 0x29),
        ("", "bpf_log2(65535)", 0xF),
        ("", "bpf_log2(0)", 0x0),
        ("", "bpf_log2l(~0ULL)", 0x40),
        ("", "__builtin_popcount(255)", 0x8),
        ("", "__builtin_constant_p(5)", 0x1),
        ("", "__builtin_expect(n5,1)", 0x5),
        ("", "likely(n5==5)", 0x1),
        ("", "unlikely(0)", 0x0),
        ("", "min_t(int,m9,3)", 0xFFFFFFFFFFFFFFF7),
        ("", "AF_INET", 0x2),
        ("", "AF_INET6", 0xA),
        ("", "IPPROTO_TCP", 0x6),
        ("", "TASK_COMM_LEN", 0x10),
        ("", "EINVAL", 0x16),
        ("", "-EINVAL", 0xFFFFFFFFFFFFFFEA),
        ("", "O_CREAT", 0x40),
        ("", "CLONE_NEWNS", 0x20000),
        ("", "BPF_ANY", 0x0),
        ("", "BPF_NOEXIST", 0x1),
        ("", "BPF_F_CURRENT_CPU", 0xFFFFFFFF),
        ("", "NULL==0", 0x1),
        ("", "TASK_RUNNING", 0x0),
        ("", "TASK_INTERRUPTIBLE", 0x1),
        ("", "TCP_ESTABLISHED", 0x1),
        ("", "SOCK_STREAM", 0x1),
        ("", "S_IFREG", 0x8000),
        ("", "SIGKILL", 0x9),
        ("", "IFNAMSIZ", 0x10),
        ("", "NAME_MAX", 0xFF),
        ("", "PATH_MAX", 0x1000),
        ("", "ETH_P_IP", 0x800),
        ("", "NSEC_PER_SEC", 0x3B9ACA00),
        ("", "GFP_KERNEL", 0xCC0),
        ("", "IS_ERR_VALUE(-5L)", 0x1),
        ("", "CLONE_THREAD", 0x10000),
        ("", "FMODE_READ", 0x1),
        ("", "BITS_PER_LONG", 0x40),
        ("", "BIT(5)", 0x20),
        ("", "GENMASK(7,4)", 0xF0),
        ("", "roundup(13,8)", 0x10),
        ("", "DIV_ROUND_UP(13,8)", 0x2),
        ("", "ALIGN(13,8)", 0x10),
        ("", "swab32(0x12345678)", 0x78563412),
        ("", "cpu_to_be32(1)", 0x1000000),
        ("", "le16_to_cpu(0x102)", 0x102),
        ("", "KERNEL_VERSION(5,4,3)", 0x50403),
        ("", "INT_MAX", 0x7FFFFFFF),
        ("", "UINT_MAX", 0xFFFFFFFF),
        ("", "ULLONG_MAX", 0xFFFFFFFFFFFFFFFF),
        ("", "LLONG_MIN", 0x8000000000000000),
        ("", "U32_MAX", 0xFFFFFFFF),
        ("", "S64_MIN", 0x8000000000000000),
        ("", "USHRT_MAX", 0xFFFF),
    ),
    "mem": (
        (
            'char c[4]="abc", d[4]; int r=bpf_probe_read_kernel(&d,sizeof(d),&c);',
            "d[2]*10+r",
            0x3DE,
        ),
        ("u64 d=7; int r=bpf_probe_read_kernel(&d,8,(void*)0);", "d*1000000+(u32)r", 0xFFFFFFDE),
        (
            'char c[16]="hello"; char d[16]; int r=bpf_probe_read_kernel_str(d,16,c);',
            "d[1]+r*1000",
            0x17D5,
        ),
        ("int i=args->id;", "i", 0x6E),
    ),
}
