/* A program that misbehaves on request: child_helper MODE [ARGUMENT]. It also stands in for an interpreter:
 * called as `child_helper -c CODE MODULE FOLDER` it takes MODULE for the mode. */
#define _GNU_SOURCE 1

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int data_fd(void)
{
    const char *number = getenv("TFDIAG_DATA");

    return number ? (int)strtol(number, NULL, 10) : -1;
}

static void put(int fd, const char *text)
{
    size_t n = strlen(text);

    if (fd >= 0 && write(fd, text, n) != (ssize_t)n)
        _exit(99);
}

static void flood(int fd)
{
    static char bytes[65536];

    memset(bytes, 'x', sizeof bytes);
    while (write(fd, bytes, sizeof bytes) > 0)
        ;
}

/* A grandchild in a session of its own, whose parent is gone, that minds no SIGTERM. Its number goes to
 * stdout. */
static void leave_daemon(void)
{
    static const struct timespec time_to_settle = {0, 200000000};

    if (fork() != 0) {
        (void)nanosleep(&time_to_settle, NULL);
        return;
    }
    (void)setsid();
    if (fork() != 0)
        _exit(0);
    (void)signal(SIGTERM, SIG_IGN);
    printf("%ld\n", (long)getpid());
    (void)fflush(stdout);
    for (;;)
        (void)pause();
}

static void fill_scratch(void)
{
    const char *folder = getenv("TFDIAG_SCRATCH");
    const char *target = getenv("HELPER_TARGET");
    char path[4096];

    if (!folder)
        _exit(98);
    printf("%s\n", folder);
    (void)snprintf(path, sizeof path, "%s/deep", folder);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof path, "%s/deep/link", folder);
    if (!target || symlink(target, path) != 0)
        _exit(97);
    (void)snprintf(path, sizeof path, "%s/deep", folder);
    (void)chmod(path, 0);
}

static void show(const char *name)
{
    const char *value = getenv(name);

    printf("%s=%s\n", name, value ? value : "(unset)");
}

static void describe(void)
{
    char byte;
    struct sigaction action;

    show("HELPER_SET");
    show("HOME");
    printf("stdin %s\n", read(0, &byte, 1) == 0 ? "empty" : "open");
    printf("session %s\n", getsid(0) == getpid() ? "own" : "shared");
    (void)sigaction(SIGPIPE, NULL, &action);
    printf("SIGPIPE %s\n", action.sa_handler == SIG_DFL ? "default" : "changed");
}

static int run(const char *mode, const char *argument)
{
    if (strcmp(mode, "exit") == 0)
        return (int)strtol(argument, NULL, 10);
    if (strcmp(mode, "signal") == 0) {
        int number = (int)strtol(argument, NULL, 10);

        (void)signal(number, SIG_DFL); /* sanitizers catch some of them */
        (void)raise(number);
    } else if (strcmp(mode, "describe") == 0)
        describe();
    else if (strcmp(mode, "data") == 0)
        put(data_fd(), argument);
    else if (strcmp(mode, "hang") == 0)
        (void)pause();
    else if (strcmp(mode, "stubborn") == 0)
        for ((void)signal(SIGTERM, SIG_IGN);;)
            (void)pause();
    else if (strcmp(mode, "flood") == 0)
        flood(1);
    else if (strcmp(mode, "flood-data") == 0)
        flood(data_fd());
    else if (strcmp(mode, "daemon") == 0)
        leave_daemon();
    else if (strcmp(mode, "scratch") == 0)
        fill_scratch();
    else if (strcmp(mode, "parts") == 0)
        for (int i = 0; i < 1000; i++)
            printf("line %04d\n", i);
    else if (strcmp(mode, "liar") == 0)
        put(data_fd(), "[[[[[[[[[[[[[[[[[[[[\nnonsense\n[\"exception\"]\n[\"stage\",\"unheard "
                       "of\"]\n[\"modules\",7,[null]]\n");
    else
        return 96;
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 3 && strcmp(argv[1], "-c") == 0)
        return run(argv[3], "");
    return run(argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "");
}
