#define _GNU_SOURCE 1 /* libuv wants it */

#include "sys/sys_parallel.h"

#include "sys/thread.h"

#define THREADS_MAX 64u

typedef struct work {
    tfd_lock lock;
    size_t next;
    size_t n;
    tfd_task task;
    void *ctx;
} work;

static void run_tasks(void *arg)
{
    work *all = arg;

    for (;;) {
        size_t mine;

        tfd_lock_take(&all->lock);
        mine = all->next < all->n ? all->next++ : all->n;
        tfd_lock_give(&all->lock);
        if (mine == all->n)
            return;
        all->task(all->ctx, mine);
    }
}

void tfd_sys_parallel(const tfd_sys *sys, size_t n, tfd_task task, void *ctx)
{
    tfd_thread threads[THREADS_MAX];
    work all;
    size_t wanted = tfd_thread_cores();
    size_t started = 0;

    (void)sys;
    wanted = wanted > THREADS_MAX ? THREADS_MAX : wanted;
    wanted = wanted > n ? n : wanted;
    all.next = 0;
    all.n = n;
    all.task = task;
    all.ctx = ctx;
    if (wanted < 2 || !tfd_lock_init(&all.lock)) {
        for (size_t i = 0; i < n; i++)
            task(ctx, i);
        return;
    }
    /* Under a tight limit threads cannot be made: the caller then does all of it alone. */
    while (started < wanted - 1 && tfd_thread_start(&threads[started], run_tasks, &all))
        started++;
    run_tasks(&all);
    for (size_t i = 0; i < started; i++)
        tfd_thread_join(&threads[i]);
    tfd_lock_done(&all.lock);
}
