#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "sys/child_posix.h"

#define OUTPUT_MAX ((size_t)256 << 10)
#define DATA_MAX ((size_t)8 << 20)
#define SLICE_US 10000u /* the end of a child whose pipes a grandchild holds open shows only by asking */
#define GRACE_MS 300u   /* between SIGTERM and SIGKILL */
#define DRAIN_MAX 64    /* pieces of 64 KiB that are read before looking at the clock again */

static tfd_child *alive; /* children not yet ended, of this process */

static uint64_t now_us(void)
{
    return uv_hrtime() / 1000u;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

/* ---- start */

static bool open_pipes(tfd_child *child, tfd_launch *launch)
{
    for (int i = 0; i < TFD_PIPE_COUNT; i++) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) != 0)
            return false;
        child->fds[i] = ends[0];
        launch->fds[i] = ends[1];
        if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
            return false;
    }
    launch->null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return launch->null_fd >= 0;
}

static void save_terminal(tfd_child *child)
{
    child->terminal = -1;
    for (int fd = 0; fd < 3 && child->terminal < 0; fd++)
        if (isatty(fd) && tcgetattr(fd, &child->attributes) == 0)
            child->terminal = fd;
}

static void restore_terminal(const tfd_child *child)
{
    struct termios current;
    sigset_t stop;
    sigset_t before;

    if (child->terminal < 0 || tcgetattr(child->terminal, &current) != 0)
        return;
    if (current.c_iflag == child->attributes.c_iflag && current.c_oflag == child->attributes.c_oflag &&
        current.c_cflag == child->attributes.c_cflag && current.c_lflag == child->attributes.c_lflag &&
        memcmp(current.c_cc, child->attributes.c_cc, sizeof current.c_cc) == 0)
        return;
    /* From the background tcsetattr would stop tfdiag. */
    (void)sigemptyset(&stop);
    (void)sigaddset(&stop, SIGTTOU);
    (void)pthread_sigmask(SIG_BLOCK, &stop, &before);
    (void)tcsetattr(child->terminal, TCSANOW, &child->attributes);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static tfd_status fork_child(tfd_child *child, const tfd_launch *launch, tfd_err *err)
{
    pid_t parent = getpid();

#ifdef __linux__
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
#endif
    if (!alive) /* the children of other running ones would be taken for processes of before */
        child->before = tfd_tree_children(&child->before_count);
    tfd_signals_hold();
    child->started_us = now_us();
    child->pid = fork();
    if (child->pid == 0)
        tfd_child_exec(launch, parent);
    if (child->pid < 0) {
        int code = errno;

        tfd_signals_release();
        return tfd_posix_fail(err, code, tfd_str_of(launch->argv[0]), "start");
    }
    child->next = alive;
    alive = child;
    return TFD_OK;
}

static tfd_child *new_child(const tfd_child_spec *spec)
{
    tfd_child *child = calloc(1, sizeof *child);

    if (!child)
        return NULL;
    for (int i = 0; i < TFD_PIPE_COUNT; i++)
        child->fds[i] = -1;
    child->terminal = -1;
    child->data_max = spec->data_max ? spec->data_max : DATA_MAX;
    tfd_capture_init(&child->out, spec->output_max ? spec->output_max : OUTPUT_MAX);
    tfd_capture_init(&child->err, spec->output_max ? spec->output_max : OUTPUT_MAX);
    tfd_buf_init(&child->data, child->data_max);
    if (spec->scratch)
        child->scratch = tfd_scratch_new();
    return child;
}

tfd_status tfd_posix_child_start(const tfd_sys *sys, const tfd_child_spec *spec, tfd_child **out,
                                 tfd_err *err)
{
    tfd_launch launch = {.argv = spec->argv, .cwd = spec->cwd, .fds = {-1, -1, -1, -1}, .null_fd = -1};
    tfd_child *child = new_child(spec);
    tfd_status st = TFD_OK;

    (void)sys;
    if (!child)
        return tfd_err_set(err, TFD_ENOMEM, ENOMEM, "out of memory");
    if (!open_pipes(child, &launch)) {
        st = tfd_posix_fail(err, errno, tfd_str_of(spec->argv[0]), "make pipes for");
        goto done;
    }
    launch.env = tfd_child_environ(spec, child->scratch, launch.fds[TFD_PIPE_DATA]);
    if (!launch.env) {
        st = tfd_err_set(err, TFD_ENOMEM, ENOMEM, "out of memory");
        goto done;
    }
    save_terminal(child);
    st = fork_child(child, &launch, err);
    child->deadline_us =
        child->started_us + 1000u * (spec->deadline_ms ? spec->deadline_ms : (uint64_t)TFD_CHILD_DEADLINE_MS);
done:
    for (int i = 0; i < TFD_PIPE_COUNT; i++)
        close_fd(&launch.fds[i]);
    close_fd(&launch.null_fd);
    free(launch.env);
    if (st == TFD_OK)
        *out = child;
    else
        tfd_child_free(child);
    return st;
}

/* ---- reading */

/* false when data came in excess. */
static bool take_bytes(tfd_child *child, int which, const char *bytes, size_t n)
{
    switch (which) {
    case TFD_PIPE_OUT:
        tfd_capture_add(&child->out, bytes, n);
        return true;
    case TFD_PIPE_ERR:
        tfd_capture_add(&child->err, bytes, n);
        return true;
    case TFD_PIPE_DATA: {
        size_t room = child->data_max - child->data.len;

        tfd_buf_add(&child->data, bytes, n < room ? n : room);
        return n <= room;
    }
    default:
        if (n == sizeof child->start_error)
            memcpy(&child->start_error, bytes, n);
        return true;
    }
}

/* Reads what lies ready on one pipe; false when data came in excess. */
static bool drain_pipe(tfd_child *child, int which)
{
    static const size_t piece = (size_t)64 << 10;
    char *bytes = malloc(piece);
    bool ok = true;

    for (int i = 0; bytes && i < DRAIN_MAX && child->fds[which] >= 0 && ok; i++) {
        ssize_t n = read(child->fds[which], bytes, piece);

        if (n > 0)
            ok = take_bytes(child, which, bytes, (size_t)n);
        else if (n == 0 || (errno != EAGAIN && errno != EINTR))
            close_fd(&child->fds[which]);
        else if (errno == EAGAIN)
            break;
    }
    free(bytes);
    return ok;
}

static bool drain_all(tfd_child *child)
{
    bool ok = true;

    for (int i = 0; i < TFD_PIPE_COUNT; i++)
        if (child->fds[i] >= 0)
            ok = drain_pipe(child, i) && ok;
    return ok;
}

/* Waits for output, at most the time given; a signal ends the wait. */
static bool wait_output(tfd_child *child, uint64_t us)
{
    struct pollfd fds[TFD_PIPE_COUNT];
    nfds_t n = 0;

    for (int i = 0; i < TFD_PIPE_COUNT; i++)
        if (child->fds[i] >= 0)
            fds[n++] = (struct pollfd){.fd = child->fds[i], .events = POLLIN};
    if (poll(fds, n, (int)((us + 999u) / 1000u)) <= 0)
        return true;
    return drain_all(child);
}

/* ---- end */

static void unlink_child(tfd_child *child)
{
    for (tfd_child **at = &alive; *at; at = &(*at)->next)
        if (*at == child) {
            *at = child->next;
            break;
        }
}

static void fill_result(tfd_child *child, tfd_child_end end)
{
    tfd_child_result *result = &child->result;

    result->code = -1;
    result->end = end;
    if (WIFEXITED(child->wait_status))
        result->code = WEXITSTATUS(child->wait_status);
    else if (WIFSIGNALED(child->wait_status))
        result->signal = WTERMSIG(child->wait_status);
    if (end == TFD_CHILD_RUNNING)
        result->end = WIFSIGNALED(child->wait_status) ? TFD_CHILD_SIGNALED : TFD_CHILD_EXITED;
    if (child->start_error) {
        result->end = TFD_CHILD_NO_START;
        result->os_code = child->start_error;
    }
    tfd_capture_text(&child->out, &child->out_text);
    tfd_capture_text(&child->err, &child->err_text);
    result->out = tfd_buf_get(&child->out_text);
    result->err = tfd_buf_get(&child->err_text);
    result->data = tfd_buf_get(&child->data);
    result->out_total = child->out.total;
    result->err_total = child->err.total;
    result->wall_us = now_us() - child->started_us;
}

/* end: TFD_CHILD_RUNNING where it ended by itself. */
static void finish(tfd_child *child, tfd_child_end end)
{
    bool others = alive && (alive != child || child->next);

    child->result.left_over = tfd_tree_end(child, end == TFD_CHILD_RUNNING ? 0 : GRACE_MS, others);
    (void)drain_all(child);
    for (int i = 0; i < TFD_PIPE_COUNT; i++)
        close_fd(&child->fds[i]);
    restore_terminal(child);
    unlink_child(child);
    tfd_signals_release();
    fill_result(child, end);
}

bool tfd_child_poll(tfd_child *child, uint64_t wait_us)
{
    uint64_t until = now_us() + wait_us;

    while (child->result.end == TFD_CHILD_RUNNING) {
        uint64_t now;

        if (!drain_all(child)) {
            finish(child, TFD_CHILD_FLOODED);
            break;
        }
        now = now_us();
        if (tfd_child_reap(child)) {
            finish(child, TFD_CHILD_RUNNING);
            break;
        }
        if (now >= child->deadline_us) {
            finish(child, TFD_CHILD_TIMEOUT);
            break;
        }
        if (now >= until || tfd_signals_seen())
            return false;
        (void)wait_output(child, until - now < SLICE_US ? until - now : SLICE_US);
    }
    return true;
}

void tfd_child_stop(tfd_child *child)
{
    if (child->result.end == TFD_CHILD_RUNNING)
        finish(child, TFD_CHILD_STOPPED);
}

const tfd_child_result *tfd_child_get_result(const tfd_child *child)
{
    return &child->result;
}

void tfd_child_free(tfd_child *child)
{
    if (!child)
        return;
    if (child->pid > 0)
        tfd_child_stop(child);
    for (int i = 0; i < TFD_PIPE_COUNT; i++)
        close_fd(&child->fds[i]);
    if (child->scratch)
        tfd_scratch_remove(child->scratch);
    tfd_capture_done(&child->out);
    tfd_capture_done(&child->err);
    tfd_buf_done(&child->data);
    tfd_buf_done(&child->out_text);
    tfd_buf_done(&child->err_text);
    free(child->scratch);
    free(child->before);
    free(child);
}
