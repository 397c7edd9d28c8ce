/* The step tracer of a test build: stops this process just before a chosen store of the protocol, or delays it at
 * random before all of them. A production build has nothing of it. Found by name through ctypes, not by the module. */
#include "lane.h"

#ifdef LS_STEPS
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))
#define NAME_BYTES 32
#define ANY "*"

EXPORTED void ls_stop_before(const char *next, long times);
EXPORTED void ls_delay_steps(uint32_t one_in, uint32_t most_nanos, uint64_t seed);
EXPORTED uint64_t ls_steps_taken(void);

static char wanted[NAME_BYTES];
static _Atomic(long) left;
static _Atomic(uint32_t) delay_one_in, delay_most_nanos;
static _Atomic(uint64_t) random_state, taken;

/* SIGSTOP when the step of this name comes for the n-th time; "*" is any step, 0 times is never. */
void ls_stop_before(const char *next, long times) {
  atomic_store(&left, 0);
  strncpy(wanted, next, sizeof wanted - 1);
  atomic_store(&left, times);
}

/* Before one step in so many, a pause of up to so many nanoseconds; every second one gives up the processor. */
void ls_delay_steps(uint32_t one_in, uint32_t most_nanos, uint64_t seed) {
  atomic_store(&random_state, seed | 1);
  atomic_store(&delay_most_nanos, most_nanos);
  atomic_store(&delay_one_in, one_in);
}

uint64_t ls_steps_taken(void) { return atomic_load(&taken); }

/* xorshift64*; threads that race for a number only make it more random. */
static uint64_t random_number(void) {
  uint64_t x = atomic_load_explicit(&random_state, memory_order_relaxed);
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  atomic_store_explicit(&random_state, x, memory_order_relaxed);
  return (x * 0x2545F4914F6CDD1DULL) >> 16;
}

static void delay(void) {
  uint32_t one_in = atomic_load_explicit(&delay_one_in, memory_order_relaxed);
  if (one_in == 0 || random_number() % one_in != 0) {
    return;
  }
  uint64_t choice = random_number();
  if (choice & 1) {
    sched_yield();
    return;
  }
  uint64_t until = ls_now() + (choice >> 1) % (atomic_load(&delay_most_nanos) + 1u);
  while (ls_now() < until) {
  }
}

void ls_step(const char *next) {
  int saved = errno;
  atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed);
  if (atomic_load(&left) > 0 && (strcmp(wanted, next) == 0 || strcmp(wanted, ANY) == 0) &&
      atomic_fetch_sub(&left, 1) == 1) {
    kill(getpid(), SIGSTOP);
  }
  delay();
  errno = saved;
}

/* For the steps before any user code: LOCKSTEP_STEP="name:times". */
__attribute__((constructor)) static void from_environment(void) {
  const char *text = getenv("LOCKSTEP_STEP");
  const char *colon = text ? strrchr(text, ':') : NULL;
  if (colon != NULL && (size_t)(colon - text) < sizeof wanted) {
    char name[NAME_BYTES] = {0};
    memcpy(name, text, (size_t)(colon - text));
    ls_stop_before(name, atol(colon + 1));
  }
}
#endif
