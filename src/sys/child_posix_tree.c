/* The end of a process tree: who belongs to it (/proc/PID/stat, proc(5)), and kill until nobody is left. */
#define _GNU_SOURCE 1

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/child_posix.h"

#define STEP_US 5000u /* between looks while processes are dying */
#define KILL_US \
    2000000u /* a process that SIGKILL has not ended by then waits in the kernel; it is given up */
#define PROCESSES_MAX 65536u /* read from /proc in one look */

typedef struct process {
    pid_t pid, parent, session;
    bool is_zombie;
    bool is_ours; /* belongs to the tree */
} process;

typedef struct processes {
    process *items;
    size_t count;
} processes;

/* "pid (comm) state ppid pgrp session …": comm may hold anything, so the last ')' counts. */
static bool read_process(int proc, const char *name, process *out)
{
    char path[64];
    char text[512];
    ssize_t n;
    char *close_paren;
    char state;
    long parent;
    long group;
    long session;
    int fd;

    if (snprintf(path, sizeof path, "%s/stat", name) >= (int)sizeof path)
        return false;
    fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    n = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    close_paren = strrchr(text, ')');
    if (!close_paren || sscanf(close_paren + 1, " %c %ld %ld %ld", &state, &parent, &group, &session) != 4)
        return false;
    out->pid = (pid_t)strtol(name, NULL, 10);
    out->parent = (pid_t)parent;
    out->session = (pid_t)session;
    out->is_zombie = state == 'Z' || state == 'X';
    out->is_ours = false;
    return true;
}

static processes read_processes(void)
{
    processes all = {NULL, 0};
    size_t capacity = 0;
    DIR *folder = opendir("/proc");
    const struct dirent *entry;

    if (!folder)
        return all;
    while ((entry = readdir(folder)) != NULL && all.count < PROCESSES_MAX) {
        if (!tfd_char_is_digit(entry->d_name[0]))
            continue;
        if (all.count == capacity) {
            process *grown = realloc(all.items, (capacity + 256) * sizeof *grown);

            if (!grown)
                break;
            all.items = grown;
            capacity += 256;
        }
        if (read_process(dirfd(folder), entry->d_name, &all.items[all.count]))
            all.count++;
    }
    (void)closedir(folder);
    return all;
}

pid_t *tfd_tree_children(size_t *count)
{
    processes all = read_processes();
    pid_t *out = malloc((all.count + 1) * sizeof *out);
    pid_t self = getpid();

    *count = 0;
    for (size_t i = 0; out && i < all.count; i++)
        if (all.items[i].parent == self)
            out[(*count)++] = all.items[i].pid;
    free(all.items);
    return out;
}

static bool was_there(const tfd_child *child, pid_t pid)
{
    for (size_t i = 0; i < child->before_count; i++)
        if (child->before[i] == pid)
            return true;
    return false;
}

static int compare_pids(const void *a, const void *b)
{
    pid_t x = ((const process *)a)->pid;
    pid_t y = ((const process *)b)->pid;

    return x < y ? -1 : x > y;
}

/* Marks the child, its session, those that became tfdiag's own children, and then whatever descends from a
 * marked one.
 */
static void mark_tree(const tfd_child *child, bool others, processes *all)
{
    pid_t self = getpid();
    bool changed = true;

    if (all->count)
        qsort(all->items, all->count, sizeof *all->items, compare_pids);
    for (size_t i = 0; i < all->count; i++) {
        process *one = &all->items[i];

        one->is_ours = one->pid == child->pid || one->session == child->pid ||
                       (!others && one->parent == self && !was_there(child, one->pid));
    }
    /* Parents mostly have the smaller numbers, so one round is nearly always enough. */
    while (changed) {
        changed = false;
        for (size_t i = 0; i < all->count; i++) {
            process wanted = {.pid = all->items[i].parent};
            const process *parent;

            if (all->items[i].is_ours)
                continue;
            parent = bsearch(&wanted, all->items, all->count, sizeof wanted, compare_pids);
            if (parent && parent->is_ours)
                changed = all->items[i].is_ours = true;
        }
    }
}

bool tfd_child_reap(tfd_child *child)
{
    struct rusage usage;
    pid_t got;

    if (child->is_reaped)
        return true;
    do
        got = wait4(child->pid, &child->wait_status, WNOHANG, &usage);
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return false;
    child->is_reaped = true;
    if (got == child->pid)
        child->result.peak_bytes = (uint64_t)usage.ru_maxrss * 1024u; /* KiB on Linux, getrusage(2) */
    else
        child->wait_status = 0;
    return true;
}

/* Sends a signal to all of the tree; the number of processes that are alive besides the child. */
static size_t signal_tree(tfd_child *child, int number, bool others)
{
    processes all = read_processes();
    pid_t self = getpid();
    size_t alive = 0;

    if (all.count == 0 && !child->is_reaped) /* no /proc: its process group is all that is known */
        (void)kill(-child->pid, number);
    mark_tree(child, others, &all);
    for (size_t i = 0; i < all.count; i++) {
        const process *one = &all.items[i];

        if (!one->is_ours || (one->pid == child->pid && child->is_reaped))
            continue;
        if (one->pid == child->pid) {
            (void)kill(one->pid, number);
        } else if (one->is_zombie) {
            if (one->parent == self)
                (void)waitpid(one->pid, NULL, WNOHANG);
        } else {
            (void)kill(one->pid, number);
            alive++;
        }
    }
    free(all.items);
    return alive;
}

static void nap(void)
{
    struct timespec time = {0, STEP_US * 1000L};

    (void)nanosleep(&time, NULL);
}

size_t tfd_tree_end(tfd_child *child, unsigned grace_ms, bool others)
{
    uint64_t start = uv_hrtime() / 1000u;
    size_t first = signal_tree(child, grace_ms ? SIGTERM : SIGKILL, others);
    size_t alive = first;

    /* The child alone decides how long the others are given: where it is gone, nobody waits for them. */
    while (grace_ms && !tfd_child_reap(child) && uv_hrtime() / 1000u - start < (uint64_t)grace_ms * 1000u)
        nap();
    start = uv_hrtime() / 1000u;
    while (grace_ms || alive || !child->is_reaped) {
        grace_ms = 0;
        alive = signal_tree(child, SIGKILL, others);
        if ((tfd_child_reap(child) && alive == 0) || uv_hrtime() / 1000u - start > KILL_US)
            break;
        nap();
    }
    return first;
}
