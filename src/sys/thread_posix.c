#define _GNU_SOURCE 1

#include "sys/thread.h"

#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#endif

bool tfd_lock_init(tfd_lock *lock)
{
    return uv_mutex_init(lock) == 0;
}

void tfd_lock_done(tfd_lock *lock)
{
    uv_mutex_destroy(lock);
}

void tfd_lock_take(tfd_lock *lock)
{
    uv_mutex_lock(lock);
}

void tfd_lock_give(tfd_lock *lock)
{
    uv_mutex_unlock(lock);
}

/* Of each thread, in bytes. The C library would give it what RLIMIT_STACK says, which may be too little. */
#define STACK_SIZE ((size_t)1 << 20)

bool tfd_thread_start(tfd_thread *thread, tfd_thread_main run, void *ctx)
{
    uv_thread_options_t options = {.flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = STACK_SIZE};

    return uv_thread_create_ex(thread, &options, run, ctx) == 0;
}

void tfd_thread_join(tfd_thread *thread)
{
    (void)uv_thread_join(thread);
}

/* taskset and cpusets of containers count. */
size_t tfd_thread_cores(void)
{
    long n;
#ifdef __linux__
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (size_t)CPU_COUNT(&set);
#endif
    n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (size_t)n : 1u;
}
