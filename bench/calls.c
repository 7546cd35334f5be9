/*
 * Makes system calls on demand: calls NAME, where NAME is getppid or statfs.
 *
 * Each line "COUNT BURST" of standard input is answered by "START END", CLOCK_MONOTONIC in ns
 * before the first and after the last of COUNT calls. A BURST that is not 0 is how many calls are
 * made between two sleeps of a millisecond. calls.py is the same where there is no C compiler.
 */
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char **argv)
{
	const struct timespec millisecond = { .tv_nsec = 1000000 };
	int is_statfs = argc > 1 && !strcmp(argv[1], "statfs");
	long count, burst, at;
	struct statfs unused;
	long long start;

	while (scanf("%ld %ld", &count, &burst) == 2) {
		start = now();
		for (at = 1; at <= count; at++) {
			if (is_statfs)
				syscall(SYS_statfs, "/nowhere/at/all", &unused);
			else
				syscall(SYS_getppid);
			if (burst && at % burst == 0)
				nanosleep(&millisecond, NULL);
		}
		printf("%lld %lld\n", start, now());
		fflush(stdout);
	}
	return 0;
}
