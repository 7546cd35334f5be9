/*
 * What libbpf makes of an object file: programs and maps as it hands them to the kernel, as JSON.
 *
 *     libbpf_oracle [--btf FILE] [--load PROGRAM] OBJECT
 *
 * bpf(2) is watched rather than libbpf asked: `syscall` is defined here, where libbpf.so finds it
 * before libc's. A program that the kernel refuses is taken down too, and libbpf gets a descriptor
 * in its place, so that it goes on to the next one.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOG_BYTES (1 << 20)
#define MAX_PATTERNS 16

static struct bpf_object *object;
static long (*real_syscall)(long number, ...);
static const char *separator = "";
static char messages[LOG_BYTES];
static struct pattern {
	char of[BPF_OBJ_NAME_LEN];
	struct bpf_map_info info;
} patterns[MAX_PATTERNS];
static unsigned pattern_count;

static void print_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		unsigned char one = *text;
		if (one == '"' || one == '\\')
			printf("\\%c", one);
		else if (one < ' ' || one > '~')
			printf("\\u%04x", one);
		else
			putchar(one);
	}
	putchar('"');
}

static void print_hex(const void *data, size_t size)
{
	putchar('"');
	for (size_t i = 0; i < size; i++)
		printf("%02x", ((const unsigned char *)data)[i]);
	putchar('"');
}

static const char *map_of_fd(int fd)
{
	struct bpf_map *map;
	bpf_object__for_each_map(map, object)
		if (bpf_map__fd(map) == fd)
			return bpf_map__name(map);
	return "";
}

static const char *map_of_id(unsigned id)
{
	struct bpf_map *map;
	bpf_object__for_each_map(map, object) {
		struct bpf_map_info info = {};
		unsigned size = sizeof(info);
		if (!bpf_obj_get_info_by_fd(bpf_map__fd(map), &info, &size) && info.id == id)
			return bpf_map__name(map);
	}
	return "";
}

static const char *program_of_id(unsigned id)
{
	struct bpf_program *program;
	bpf_object__for_each_program(program, object) {
		struct bpf_prog_info info = {};
		unsigned size = sizeof(info);
		int fd = bpf_program__fd(program);
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) && info.id == id)
			return bpf_program__name(program);
	}
	return "";
}

/* The program of the object that is being loaded; NULL for what libbpf tries the kernel with. */
static struct bpf_program *program_of(const union bpf_attr *attr)
{
	struct bpf_program *program;
	if (!object || !attr->prog_name[0])
		return NULL;
	bpf_object__for_each_program(program, object)
		if (!strncmp(bpf_program__name(program), attr->prog_name, BPF_OBJ_NAME_LEN - 1)
		    && bpf_program__insns(program) == (void *)attr->insns)
			return program;
	return NULL;
}

/* Descriptors mean nothing elsewhere: the names of the maps and modules that they stand for do. */
static void print_references(const union bpf_attr *attr)
{
	const struct bpf_insn *insns = (void *)attr->insns;
	const int *fds = (void *)attr->fd_array;
	const char *comma = "";
	printf("\"references\": {");
	for (unsigned i = 0; i < attr->insn_cnt; i++) {
		const struct bpf_insn *one = &insns[i];
		int is_load = one->code == (BPF_LD | BPF_IMM | BPF_DW);
		int is_map = one->src_reg == BPF_PSEUDO_MAP_FD
			     || one->src_reg == BPF_PSEUDO_MAP_VALUE;
		int is_call = one->code == (BPF_JMP | BPF_CALL)
			      && one->src_reg == BPF_PSEUDO_KFUNC_CALL;
		int fd = 0;
		if (is_load && one->src_reg == BPF_PSEUDO_BTF_ID)
			fd = insns[i + 1].imm;
		else if (is_call && one->off)
			fd = fds[one->off];
		if (is_load && is_map) {
			printf("%s\"%u\": ", comma, i);
			print_string(map_of_fd(one->imm));
			comma = ", ";
		} else if (fd) {
			char name[64] = "";
			struct bpf_btf_info info = {
				.name = (unsigned long)name, .name_len = sizeof(name),
			};
			unsigned size = sizeof(info);
			bpf_obj_get_info_by_fd(fd, &info, &size);
			printf("%s\"%u\": ", comma, i);
			print_string(name);
			comma = ", ";
		}
		i += is_load;
	}
	printf("}, ");
}

static void print_program(struct bpf_program *program, const union bpf_attr *attr, int error,
			  const char *log)
{
	printf("%s\n{\"name\": ", separator);
	separator = ",";
	print_string(bpf_program__name(program));
	printf(", \"section\": ");
	print_string(bpf_program__section_name(program));
	printf(", \"type\": %u, \"attach_type\": %u, \"flags\": %u, \"kernel_version\": %u, "
	       "\"btf_id\": %u, \"license\": ", attr->prog_type, attr->expected_attach_type,
	       attr->prog_flags, attr->kern_version, attr->attach_btf_id);
	print_string((const char *)attr->license);
	printf(", \"insns\": ");
	print_hex((void *)attr->insns, attr->insn_cnt * sizeof(struct bpf_insn));
	printf(", ");
	print_references(attr);
	printf("\"func_infos\": ");
	print_hex((void *)attr->func_info, attr->func_info_cnt * attr->func_info_rec_size);
	printf(", \"line_infos\": ");
	print_hex((void *)attr->line_info, attr->line_info_cnt * attr->line_info_rec_size);
	printf(", \"error\": %d, \"log\": ", error);
	print_string(log);
	printf("}");
}

static int load_program(union bpf_attr *attr, long size)
{
	struct bpf_program *program = program_of(attr);
	if (!program)
		return real_syscall(SYS_bpf, BPF_PROG_LOAD, attr, size);
	int fd = real_syscall(SYS_bpf, BPF_PROG_LOAD, attr, size);
	int error = fd < 0 ? errno : 0;
	static char log[LOG_BYTES];
	log[0] = 0;
	if (fd < 0) {
		union bpf_attr again = *attr;
		again.log_level = 1;
		again.log_buf = (unsigned long)log;
		again.log_size = sizeof(log);
		int other = real_syscall(SYS_bpf, BPF_PROG_LOAD, &again, size);
		if (other >= 0)
			close(other);
		fd = memfd_create("refused", MFD_CLOEXEC);
	}
	print_program(program, attr, error, log);
	return fd;
}

/* libbpf forgets the pattern of a map of maps when it has made the map. */
static void note_inner(const union bpf_attr *attr)
{
	unsigned size = sizeof(patterns[0].info);
	if (!attr->inner_map_fd || pattern_count == MAX_PATTERNS)
		return;
	struct pattern *one = &patterns[pattern_count++];
	memcpy(one->of, attr->map_name, sizeof(one->of));
	bpf_obj_get_info_by_fd(attr->inner_map_fd, &one->info, &size);
}

long syscall(long number, ...)
{
	va_list list;
	long a[6];
	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	if (!real_syscall)
		*(void **)&real_syscall = dlsym(RTLD_NEXT, "syscall");
	if (number == SYS_bpf && a[0] == BPF_PROG_LOAD)
		return load_program((union bpf_attr *)a[1], a[2]);
	if (number == SYS_bpf && a[0] == BPF_MAP_CREATE)
		note_inner((union bpf_attr *)a[1]);
	return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static int is_of_maps(const struct bpf_map *map)
{
	return bpf_map__type(map) == BPF_MAP_TYPE_ARRAY_OF_MAPS
	       || bpf_map__type(map) == BPF_MAP_TYPE_HASH_OF_MAPS;
}

/* The slots of a map of maps or programs that hold one, by name. */
static void print_slots(const struct bpf_map *map)
{
	const char *comma = "";
	printf(", \"slots\": {");
	for (unsigned slot = 0; slot < bpf_map__max_entries(map); slot++) {
		unsigned id;
		if (bpf_map__key_size(map) != 4
		    || bpf_map_lookup_elem(bpf_map__fd(map), &slot, &id))
			continue;
		printf("%s\"%u\": ", comma, slot);
		print_string(is_of_maps(map) ? map_of_id(id) : program_of_id(id));
		comma = ", ";
	}
	printf("}");
}

static void print_inner(const struct bpf_map *map)
{
	for (unsigned i = 0; i < pattern_count; i++) {
		const struct bpf_map_info *info = &patterns[i].info;
		if (!strncmp(patterns[i].of, bpf_map__name(map), BPF_OBJ_NAME_LEN - 1)) {
			printf(", \"inner\": [%u, %u, %u, %u, %u]", info->type, info->key_size,
			       info->value_size, info->max_entries, info->map_flags);
			return;
		}
	}
}

static void print_contents(const struct bpf_map *map)
{
	unsigned zero = 0;
	unsigned char *value = calloc(1, bpf_map__value_size(map));
	printf(", \"contents\": ");
	if (bpf_map__fd(map) >= 0 && !bpf_map_lookup_elem(bpf_map__fd(map), &zero, value))
		print_hex(value, bpf_map__value_size(map));
	else
		printf("\"\"");
	free(value);
}

static int is_frozen(int fd)
{
	/* `struct bpf_map_info` does not tell. */
	char path[64], line[128];
	unsigned found = 0;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "frozen: %u", &found) == 1)
			break;
	if (file)
		fclose(file);
	return found;
}

static void print_map(const struct bpf_map *map)
{
	const char *pin = bpf_map__pin_path(map);
	printf("{\"name\": ");
	print_string(bpf_map__name(map));
	printf(", \"type\": %u, \"key_size\": %u, \"value_size\": %u, \"max_entries\": %u, "
	       "\"flags\": %u, \"extra\": %llu, \"numa_node\": %u, \"key_type\": %u, "
	       "\"value_type\": %u, \"is_internal\": %u, \"is_frozen\": %d, \"pin\": ",
	       bpf_map__type(map), bpf_map__key_size(map), bpf_map__value_size(map),
	       bpf_map__max_entries(map), bpf_map__map_flags(map), bpf_map__map_extra(map),
	       bpf_map__numa_node(map), bpf_map__btf_key_type_id(map),
	       bpf_map__btf_value_type_id(map), bpf_map__is_internal(map),
	       is_frozen(bpf_map__fd(map)));
	print_string(pin ? pin : "");
	if (bpf_map__is_internal(map))
		print_contents(map);
	if (is_of_maps(map))
		print_inner(map);
	if (is_of_maps(map) || bpf_map__type(map) == BPF_MAP_TYPE_PROG_ARRAY)
		print_slots(map);
	printf("}");
}

static int keep_message(enum libbpf_print_level level, const char *format, va_list list)
{
	size_t used = strlen(messages);
	if (level == LIBBPF_WARN)
		vsnprintf(messages + used, sizeof(messages) - used, format, list);
	return 0;
}

static int finish(const char *stage, int error)
{
	printf("], \"error\": %d, \"stage\": \"%s\", \"messages\": ", error, stage);
	print_string(messages);
	printf("}\n");
	return 0;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_object_open_opts, options);
	const char *only = NULL;
	int at = 1;
	for (; at + 1 < argc; at += 2) {
		if (!strcmp(argv[at], "--btf"))
			options.btf_custom_path = argv[at + 1];
		else if (!strcmp(argv[at], "--load"))
			only = argv[at + 1];
	}
	if (at >= argc)
		return 2;
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(keep_message);
	printf("{\"programs\": [");
	object = bpf_object__open_file(argv[at], &options);
	if (!object) {
		printf("], \"maps\": [");
		return finish("open", errno);
	}
	struct bpf_program *program;
	if (only)
		bpf_object__for_each_program(program, object)
			bpf_program__set_autoload(
				program, !strcmp(bpf_program__name(program), only));
	int error = -bpf_object__load(object);
	printf("], \"maps\": [");
	struct bpf_map *map;
	const char *comma = "";
	bpf_object__for_each_map(map, object) {
		printf("%s\n", comma);
		print_map(map);
		comma = ",";
	}
	finish(error ? "load" : "", error);
	bpf_object__for_each_map(map, object)
		bpf_map__unpin(map, NULL);
	bpf_object__close(object);
	return 0;
}
