/*
 * The floor under the figures of `lockstep bench`: two C processes exchange a counter with nothing else on the way. No
 * protocol between two processes on this machine can be faster.
 *
 *     floor spin  EXCHANGES MAX_MILLIS             shared memory, both sides spin, each on a core of its own
 *     floor futex EXCHANGES MAX_MILLIS             shared memory, both sides sleep in the futex for every message
 *     floor pipe  EXCHANGES MAX_MILLIS             two pipes, blocking reads
 *     floor ...   EXCHANGES MAX_MILLIS one-core    the same with both processes on one core
 *     floor ...   EXCHANGES MAX_MILLIS paused      the same with 0.3 ms between two exchanges, spun away by the one that begins:
 *                                                  the other's core has gone to rest meanwhile
 *
 * Prints how often a round trip took so long, one line for each duration: "NANOSECONDS COUNT", shortest first.
 * The mapping is of the kind that a worker's segment is (memfd), each word stands alone on 128 bytes, and the futex is
 * used without the private flag, as in the segment. A round trip includes one reading of the clock, as in every row.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
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

enum { WORD_BYTES = 128, SEGMENT_BYTES = 4096, WARM_UP = 1000, PAUSE_NANOS = 300000 };

typedef enum { SPIN, FUTEX, PIPE } waiting;

typedef _Atomic uint32_t word;

/* One direction: what one process says and the other waits for. */
typedef struct {
    word *counter;
    int pipe[2];
} lane;

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

static int fail(const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    return 1;
}

static void publish(lane *to, uint32_t value, waiting how)
{
    if (how == PIPE) {
        if (write(to->pipe[1], &value, sizeof value) != sizeof value) {
            _exit(fail("write"));
        }
        return;
    }
    atomic_store_explicit(to->counter, value, memory_order_release);
    if (how == FUTEX) {
        syscall(SYS_futex, to->counter, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

/* The kernel compares the word again before it sleeps, so a store in between is not lost. */
static void await_value(lane *from, uint32_t value, waiting how)
{
    if (how == PIPE) {
        uint32_t seen;
        if (read(from->pipe[0], &seen, sizeof seen) != sizeof seen || seen != value) {
            _exit(fail("read"));
        }
        return;
    }
    for (;;) {
        uint32_t seen = atomic_load_explicit(from->counter, memory_order_acquire);
        if (seen == value) {
            return;
        }
        if (how == FUTEX) {
            syscall(SYS_futex, from->counter, FUTEX_WAIT, seen, NULL, NULL, 0);
        } else {
            relax();
        }
    }
}

static void echo(lane *ping, lane *pong, uint32_t last, waiting how)
{
    for (uint32_t i = 1; i <= last; i++) {
        await_value(ping, i, how);
        publish(pong, i, how);
    }
}

/* Keeps this process, and what it forks, on the first, the second, ... of the cores that it may use; the last, if there
 * are not as many. */
static int stay_on_core(int index)
{
    cpu_set_t allowed;
    cpu_set_t one;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        return -1;
    }
    CPU_ZERO(&one);
    for (int core = 0; core < CPU_SETSIZE && index >= 0; core++) {
        if (CPU_ISSET(core, &allowed)) {
            CPU_ZERO(&one);
            CPU_SET(core, &one);
            index--;
        }
    }
    return sched_setaffinity(0, sizeof one, &one);
}

static int open_lanes(lane *ping, lane *pong)
{
    int fd = memfd_create("lockstep:floor", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, SEGMENT_BYTES) != 0) {
        return fail("memfd_create");
    }
    char *base = mmap(NULL, SEGMENT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) {
        return fail("mmap");
    }
    ping->counter = (word *)base;
    pong->counter = (word *)(base + WORD_BYTES);
    return pipe(ping->pipe) != 0 || pipe(pong->pipe) != 0 ? fail("pipe") : 0;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void print_counts(int64_t *nanos, uint32_t count)
{
    qsort(nanos, count, sizeof *nanos, compare);
    for (uint32_t from = 0, to = 0; from < count; from = to) {
        while (to < count && nanos[to] == nanos[from]) {
            to++;
        }
        printf("%lld %u\n", (long long)nanos[from], to - from);
    }
}

int main(int argc, char **argv)
{
    static const char *const modes[] = {"spin", "futex", "pipe"};
    int how = -1;
    for (int i = 0; argc >= 2 && i < 3; i++) {
        how = strcmp(argv[1], modes[i]) == 0 ? i : how;
    }
    int one_core = argc == 5 && strcmp(argv[4], "one-core") == 0;
    int paused = argc == 5 && strcmp(argv[4], "paused") == 0;
    if (how < 0 || argc < 4 || (argc > 4 && !one_core && !paused)) {
        fprintf(stderr, "usage: floor spin|futex|pipe EXCHANGES MAX_MILLIS [one-core|paused]\n");
        return 2;
    }
    long exchanges = strtol(argv[2], NULL, 10);
    long max_millis = strtol(argv[3], NULL, 10);
    if (exchanges < 1 || exchanges > 100000000 || max_millis < 1) {
        fprintf(stderr, "floor: out of range: EXCHANGES=%s, MAX_MILLIS=%s\n", argv[2], argv[3]);
        return 2;
    }
    lane ping;
    lane pong;
    if (open_lanes(&ping, &pong) != 0) {
        return 1;
    }
    if (one_core && stay_on_core(0) != 0) {
        return fail("sched_setaffinity");
    }
    int64_t *nanos = malloc(sizeof *nanos * (size_t)exchanges);
    if (nanos == NULL) {
        return fail("malloc");
    }
    uint32_t last = (uint32_t)exchanges + WARM_UP;

    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0) {
        return fail("fork");
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        /* Two that spin and were started on one core stay there for a while if anything else runs on the other. */
        if (getppid() != parent || (how == SPIN && !one_core && stay_on_core(1) != 0)) {
            _exit(1);
        }
        echo(&ping, &pong, last, (waiting)how);
        _exit(0);
    }

    if (how == SPIN && !one_core && stay_on_core(0) != 0) {
        kill(child, SIGKILL);
        return fail("sched_setaffinity");
    }

    uint32_t count = 0;
    int64_t deadline = now_nanos() + (int64_t)max_millis * 1000000;
    for (uint32_t i = 1; i <= last; i++) {
        int64_t start = now_nanos();
        for (int64_t until = start + PAUSE_NANOS; paused && start < until; start = now_nanos()) {
            relax();
        }
        publish(&ping, i, (waiting)how);
        await_value(&pong, i, (waiting)how);
        int64_t end = now_nanos();
        /* Where two spinning processes share one core an exchange takes milliseconds: the deadline cuts that short. */
        int late = end > deadline;
        if (i > (paused ? 0 : WARM_UP) || late) {
            nanos[count++] = end - start;
        }
        if (late) {
            break;
        }
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    print_counts(nanos, count);
    free(nanos);
    return 0;
}
