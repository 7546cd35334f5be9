/*
 * Arguments of static probes in user programs: `int BPF_USDT(name, void *first, int second)` in a
 * section `usdt/PATH:PROVIDER:NAME`. Since Linux 5.15.
 *
 * Where an argument is differs from place to place. The loader knows it from the file's notes,
 * writes it into a map, and has the program's attach cookie say under which index.
 */
#ifndef SEISMO_USDT_BPF_H
#define SEISMO_USDT_BPF_H

#if __has_include(<linux/errno.h>)
#include <linux/errno.h>
#endif
#include <bpf/bpf_tracing.h>

#ifndef BPF_USDT_MAX_SPEC_CNT
#define BPF_USDT_MAX_SPEC_CNT 256
#endif
#define BPF_USDT_MAX_ARG_CNT 12

/* A constant; what is in a register; what is in memory, at a register and an offset. */
enum __bpf_usdt_arg_type { BPF_USDT_ARG_CONST, BPF_USDT_ARG_REG, BPF_USDT_ARG_REG_DEREF };

struct __bpf_usdt_arg_spec {
	__u64 val_off;		/* the constant, or the offset from the register */
	enum __bpf_usdt_arg_type arg_type;
	short reg_off;		/* the register's place in struct pt_regs */
	_Bool arg_signed;
	char arg_bitshift;	/* how many bits of 64 the argument leaves over */
};

struct __bpf_usdt_spec {
	struct __bpf_usdt_arg_spec args[BPF_USDT_MAX_ARG_CNT];
	__u64 usdt_cookie;
	short arg_cnt;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BPF_USDT_MAX_SPEC_CNT);
	__type(key, int);
	__type(value, struct __bpf_usdt_spec);
} __bpf_usdt_specs SEC(".maps") __weak;

static __always_inline struct __bpf_usdt_spec *seismo_usdt_spec(struct pt_regs *ctx)
{
	int index = bpf_get_attach_cookie(ctx);
	return bpf_map_lookup_elem(&__bpf_usdt_specs, &index);
}

/* How many arguments the probe has; -ESRCH for a program that is attached by other means. */
__weak __hidden int bpf_usdt_arg_cnt(struct pt_regs *ctx)
{
	struct __bpf_usdt_spec *spec = seismo_usdt_spec(ctx);
	return spec ? spec->arg_cnt : -3;
}

/* What the user gave for this attachment; 0 if nothing. */
__weak __hidden long bpf_usdt_cookie(struct pt_regs *ctx)
{
	struct __bpf_usdt_spec *spec = seismo_usdt_spec(ctx);
	return spec ? spec->usdt_cookie : 0;
}

/* Argument `number`, from 0, in 64 bits: -ESRCH as above, -ENOENT for one that there is not,
 * -EFAULT for memory that cannot be read. */
__weak __hidden int bpf_usdt_arg(struct pt_regs *ctx, __u64 number, long *result)
{
	struct __bpf_usdt_spec *spec = seismo_usdt_spec(ctx);
	struct __bpf_usdt_arg_spec *arg;
	unsigned long value = 0;
	int error = 0;

	*result = 0;
	if (!spec)
		return -3;
	if (number >= BPF_USDT_MAX_ARG_CNT)
		return -2;
	barrier_var(number);
	if (number >= BPF_USDT_MAX_ARG_CNT || number >= spec->arg_cnt)
		return -2;
	arg = &spec->args[number];
	if (arg->arg_type == BPF_USDT_ARG_CONST)
		value = arg->val_off;
	else
		error = bpf_probe_read_kernel(&value, sizeof(value), (void *)ctx + arg->reg_off);
	if (!error && arg->arg_type == BPF_USDT_ARG_REG_DEREF) {
		error = bpf_probe_read_user(&value, sizeof(value), (void *)value + arg->val_off);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		value >>= arg->arg_bitshift;
#endif
	}
	if (error)
		return error;
	value <<= arg->arg_bitshift;
	*result = arg->arg_signed ? (long)value >> arg->arg_bitshift : value >> arg->arg_bitshift;
	return 0;
}

static __always_inline void *seismo_usdt_value(struct pt_regs *ctx, __u64 number)
{
	long value;
	bpf_usdt_arg(ctx, number, &value);
	return (void *)value;
}

#define SEISMO_USDT_0(ctx)
#define SEISMO_USDT_1(ctx) , seismo_usdt_value(ctx, 0)
#define SEISMO_USDT_2(ctx) SEISMO_USDT_1(ctx), seismo_usdt_value(ctx, 1)
#define SEISMO_USDT_3(ctx) SEISMO_USDT_2(ctx), seismo_usdt_value(ctx, 2)
#define SEISMO_USDT_4(ctx) SEISMO_USDT_3(ctx), seismo_usdt_value(ctx, 3)
#define SEISMO_USDT_5(ctx) SEISMO_USDT_4(ctx), seismo_usdt_value(ctx, 4)
#define SEISMO_USDT_6(ctx) SEISMO_USDT_5(ctx), seismo_usdt_value(ctx, 5)
#define SEISMO_USDT_7(ctx) SEISMO_USDT_6(ctx), seismo_usdt_value(ctx, 6)
#define SEISMO_USDT_8(ctx) SEISMO_USDT_7(ctx), seismo_usdt_value(ctx, 7)
#define SEISMO_USDT_9(ctx) SEISMO_USDT_8(ctx), seismo_usdt_value(ctx, 8)
#define SEISMO_USDT_10(ctx) SEISMO_USDT_9(ctx), seismo_usdt_value(ctx, 9)
#define SEISMO_USDT_11(ctx) SEISMO_USDT_10(ctx), seismo_usdt_value(ctx, 10)
#define SEISMO_USDT_12(ctx) SEISMO_USDT_11(ctx), seismo_usdt_value(ctx, 11)
#define SEISMO_FROM_USDT(of, ctx, ...) SEISMO_BY_COUNT(SEISMO_USDT_, ##__VA_ARGS__)(ctx)

#define BPF_USDT(name, args...) SEISMO_PROGRAM_OF(struct pt_regs, SEISMO_FROM_USDT, name, ##args)

#endif
