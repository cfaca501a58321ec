/* From fork to exec. Other threads may be running when tfdiag forks, so the new process calls only what
 * signal-safety(7) allows. */
#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "sys/child_posix.h"

extern char **environ;

static void reset_signals(void)
{
    struct sigaction standard;
    sigset_t none;

    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; number++)
        (void)sigaction(number, &standard, NULL); /* KILL, STOP and the C library's own refuse */
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool set_descriptors(const tfd_launch *launch)
{
    if (dup2(launch->null_fd, 0) < 0 || dup2(launch->fds[TFD_PIPE_OUT], 1) < 0 ||
        dup2(launch->fds[TFD_PIPE_ERR], 2) < 0)
        return false;
    /* The only one besides 0, 1 and 2 that outlives exec. */
    return fcntl(launch->fds[TFD_PIPE_DATA], F_SETFD, 0) == 0;
}

void tfd_child_exec(const tfd_launch *launch, pid_t parent)
{
    int code;
    union {
        const char *const *in;
        char *const *out;
    } argv = {
        launch
            ->argv}; /* execve takes no pointers to const for historical reasons (POSIX, execve, RATIONALE) */

    (void)setsid();
#ifdef __linux__
    /* Should tfdiag be killed, the child goes too. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
#else
    (void)parent;
#endif
    reset_signals();
    if (set_descriptors(launch) && (!launch->cwd || chdir(launch->cwd) == 0))
        (void)execve(launch->argv[0], argv.out, launch->env);
    code = errno;
    if (write(launch->fds[TFD_PIPE_START], &code, sizeof code) != (ssize_t)sizeof code)
        _exit(126);
    _exit(127);
}

static size_t name_len(const char *entry)
{
    const char *equals = strchr(entry, '=');

    return equals ? (size_t)(equals - entry) : strlen(entry);
}

static bool same_name(const char *a, const char *b)
{
    size_t n = name_len(a);

    return n == name_len(b) && memcmp(a, b, n) == 0;
}

static bool is_overridden(const tfd_child_spec *spec, const char *entry)
{
    if ((spec->scratch && same_name(spec->scratch, entry)) ||
        (spec->data_fd_env && same_name(spec->data_fd_env, entry)))
        return true;
    for (size_t i = 0; spec->env && spec->env[i]; i++)
        if (same_name(spec->env[i], entry))
            return true;
    return false;
}

char **tfd_child_environ(const tfd_child_spec *spec, const char *scratch, int data_fd)
{
    size_t count = 3;
    size_t extra = 16;
    size_t n = 0;
    char **out;
    char *text;

    for (size_t i = 0; environ && environ[i]; i++)
        count++;
    for (size_t i = 0; spec->env && spec->env[i]; i++)
        count++;
    if (spec->scratch && scratch)
        extra += strlen(spec->scratch) + strlen(scratch) + 2;
    if (spec->data_fd_env)
        extra += strlen(spec->data_fd_env) + 16;
    out = malloc(count * sizeof *out + extra);
    if (!out)
        return NULL;
    text = (char *)(out + count);
    for (size_t i = 0; environ && environ[i]; i++)
        if (!is_overridden(spec, environ[i]))
            out[n++] = environ[i];
    for (size_t i = 0; spec->env && spec->env[i]; i++)
        if (strchr(spec->env[i], '='))
            memcpy(&out[n++], &spec->env[i], sizeof *out);
    if (spec->scratch && scratch) {
        out[n++] = text;
        text += sprintf(text, "%s=%s", spec->scratch, scratch) + 1;
    }
    if (spec->data_fd_env) {
        out[n++] = text;
        (void)sprintf(text, "%s=%d", spec->data_fd_env, data_fd);
    }
    out[n] = NULL;
    return out;
}
