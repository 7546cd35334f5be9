/*
 * Many processes that make system calls at a given rate: flood PROCESSES CALLS RATE
 *
 * Each of PROCESSES makes CALLS calls of getpid; together they make RATE a second, or as many as
 * they can where that is 0. Standard output gets the nanoseconds that it took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BURST = 100 };

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e9 + time.tv_nsec;
}

static void make(long calls, double each)
{
	double start = now(), ahead;
	struct timespec rest = { 0 };

	for (long at = 1; at <= calls; at++) {
		syscall(SYS_getpid);
		if (!each || at % BURST)
			continue;
		ahead = start + at * each - now();
		if (ahead > 0) {
			rest.tv_nsec = ahead < 999999999 ? ahead : 999999999;
			nanosleep(&rest, NULL);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 1;
	int processes = atoi(argv[1]);
	long calls = atol(argv[2]);
	double rate = atof(argv[3]), start = now();

	for (int at = 0; at < processes; at++)
		if (!fork()) {
			make(calls, rate ? 1e9 * processes / rate : 0);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	printf("%.0f\n", now() - start);
	return 0;
}
