/*
 * The floor under every figure of `lockstep bench`: two C processes exchange a counter through shared memory, with
 * nothing else on the way. No protocol between two processes on this machine can be faster.
 *
 *     floor spin  EXCHANGES MAX_MILLIS    both sides spin
 *     floor futex EXCHANGES MAX_MILLIS    both sides sleep in the futex for every message
 *
 * Prints one JSON object: {"mode": "spin", "count": N, "p50_us": x, "p90_us": x, "p99_us": x, "max_us": x}.
 * The mapping is of the kind that a worker's segment is (memfd), each word stands alone on 128 bytes, and the futex is
 * used without the private flag, as in the segment.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORD_BYTES = 128, SEGMENT_BYTES = 4096, WARM_UP = 1000 };

typedef _Atomic uint32_t word;

static int64_t now_nanos(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("isb");
#endif
}

static void publish(word *w, uint32_t value, int sleeping)
{
    atomic_store_explicit(w, value, memory_order_release);
    if (sleeping) {
        syscall(SYS_futex, w, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

/* The kernel compares the word again before it sleeps, so a store in between is not lost. */
static void await_value(word *w, uint32_t value, int sleeping)
{
    for (;;) {
        uint32_t seen = atomic_load_explicit(w, memory_order_acquire);
        if (seen == value) {
            return;
        }
        if (sleeping) {
            syscall(SYS_futex, w, FUTEX_WAIT, seen, NULL, NULL, 0);
        } else {
            relax();
        }
    }
}

static void echo(word *ping, word *pong, uint32_t last, int sleeping)
{
    for (uint32_t i = 1; i <= last; i++) {
        await_value(ping, i, sleeping);
        publish(pong, i, sleeping);
    }
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double micros(const int64_t *sorted, uint32_t count, double quantile)
{
    uint32_t index = (uint32_t)(quantile * (count - 1) + 0.5);
    return (double)sorted[index] / 1000.0;
}

static int fail(const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 4 || (strcmp(argv[1], "spin") != 0 && strcmp(argv[1], "futex") != 0)) {
        fprintf(stderr, "usage: floor spin|futex EXCHANGES MAX_MILLIS\n");
        return 2;
    }
    int sleeping = strcmp(argv[1], "futex") == 0;
    long exchanges = strtol(argv[2], NULL, 10);
    long max_millis = strtol(argv[3], NULL, 10);
    if (exchanges < 1 || exchanges > 100000000 || max_millis < 1) {
        fprintf(stderr, "floor: out of range: EXCHANGES=%s, MAX_MILLIS=%s\n", argv[2], argv[3]);
        return 2;
    }

    int fd = memfd_create("lockstep:floor", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, SEGMENT_BYTES) != 0) {
        return fail("memfd_create");
    }
    char *base = mmap(NULL, SEGMENT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int64_t *nanos = malloc(sizeof(int64_t) * (size_t)exchanges);
    if (base == MAP_FAILED || nanos == NULL) {
        return fail("mmap");
    }
    word *ping = (word *)base;
    word *pong = (word *)(base + WORD_BYTES);
    uint32_t last = (uint32_t)exchanges + WARM_UP;

    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0) {
        return fail("fork");
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(1);
        }
        echo(ping, pong, last, sleeping);
        _exit(0);
    }

    uint32_t count = 0;
    int64_t deadline = now_nanos() + (int64_t)max_millis * 1000000;
    for (uint32_t i = 1; i <= last; i++) {
        int64_t start = now_nanos();
        publish(ping, i, sleeping);
        await_value(pong, i, sleeping);
        int64_t end = now_nanos();
        /* Where two spinning processes share one core an exchange takes milliseconds: the deadline cuts that short. */
        int late = end > deadline;
        if (i > WARM_UP || late) {
            nanos[count++] = end - start;
        }
        if (late) {
            break;
        }
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);

    qsort(nanos, count, sizeof(int64_t), compare);
    printf("{\"mode\": \"%s\", \"count\": %u, \"p50_us\": %.3f, \"p90_us\": %.3f, \"p99_us\": %.3f, \"max_us\": %.3f}\n",
           argv[1], count, micros(nanos, count, 0.5), micros(nanos, count, 0.9), micros(nanos, count, 0.99),
           micros(nanos, count, 1.0));
    free(nanos);
    return 0;
}
