#define _GNU_SOURCE 1

#include <string.h>

#include "sys/child_posix.h"

static const int held[] = {SIGINT, SIGTERM, SIGHUP};

#define HELD_COUNT (sizeof held / sizeof held[0])

/* Signal dispositions belong to the process, so does this. */
static volatile sig_atomic_t was_seen;
static struct sigaction before[HELD_COUNT];
static unsigned holders;

static void note(int number)
{
    was_seen = number;
}

void tfd_signals_hold(void)
{
    struct sigaction action;

    if (holders++)
        return;
    memset(&action, 0, sizeof action);
    action.sa_handler = note; /* without SA_RESTART: poll() is to wake up */
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < HELD_COUNT; i++) {
        (void)sigaction(held[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN) /* nohup stays in force */
            (void)sigaction(held[i], &action, NULL);
    }
}

void tfd_signals_release(void)
{
    if (--holders)
        return;
    for (size_t i = 0; i < HELD_COUNT; i++)
        (void)sigaction(held[i], &before[i], NULL);
}

bool tfd_signals_seen(void)
{
    return was_seen != 0;
}

int tfd_posix_interrupted(const tfd_sys *sys)
{
    (void)sys;
    return (int)was_seen;
}
