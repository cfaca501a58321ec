#include "sys/thread.h"

#include <process.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct start {
    tfd_thread_main run;
    void *ctx;
} start;

bool tfd_lock_init(tfd_lock *lock)
{
    InitializeSRWLock(lock);
    return true;
}

void tfd_lock_done(tfd_lock *lock)
{
    (void)lock;
}

void tfd_lock_take(tfd_lock *lock)
{
    AcquireSRWLockExclusive(lock);
}

void tfd_lock_give(tfd_lock *lock)
{
    ReleaseSRWLockExclusive(lock);
}

static unsigned __stdcall run_thread(void *arg)
{
    start what = *(start *)arg;

    free(arg);
    what.run(what.ctx);
    return 0;
}

bool tfd_thread_start(tfd_thread *thread, tfd_thread_main run, void *ctx)
{
    start *what = malloc(sizeof *what);

    if (!what)
        return false;
    what->run = run;
    what->ctx = ctx;
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): so is the function declared */
    *thread = (HANDLE)_beginthreadex(NULL, 0, run_thread, what, 0, NULL);
    if (!*thread)
        free(what);
    return *thread != NULL;
}

void tfd_thread_join(tfd_thread *thread)
{
    (void)WaitForSingleObject(*thread, INFINITE);
    (void)CloseHandle(*thread);
}

/* Of this process's processor group (64 at most): more threads than that would not make file work faster. */
size_t tfd_thread_cores(void)
{
    DWORD_PTR ours = 0;
    DWORD_PTR all = 0;
    size_t n = 0;

    if (!GetProcessAffinityMask(GetCurrentProcess(), &ours, &all))
        return 1;
    for (; ours; ours &= ours - 1)
        n++;
    return n ? n : 1;
}
