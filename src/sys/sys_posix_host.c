#define _GNU_SOURCE 1
#include "sys/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/sys_posix.h"

#define TEMP_TRIES 100

void tfd_host_open_streams(void)
{
    int fd;

    /* open() gives the lowest free number, so this fills the gaps among 0, 1 and 2 and then stops. */
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        (void)close(fd);
}

const char *const *tfd_host_arguments(tfd_arena *arena, int *argc, char **argv)
{
    (void)arena;
    (void)argc;
    return (const char *const *)argv;
}

tfd_str tfd_host_program(tfd_arena *arena)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path);

    if (n <= 0 || (size_t)n >= sizeof path)
        return TFD_STR("");
    return tfd_arena_str(arena, (tfd_str){path, (size_t)n});
}

tfd_terminal tfd_host_get_terminal(tfd_stream stream)
{
    tfd_terminal terminal = {.is_terminal = isatty((int)stream) == 1};
    struct winsize size;

    terminal.has_sequences = terminal.is_terminal;
    if (terminal.is_terminal && ioctl((int)stream, TIOCGWINSZ, &size) == 0) {
        terminal.columns = size.ws_col;
        terminal.rows = size.ws_row;
    }
    return terminal;
}

/* 0, or an errno value. */
static int write_all(int fd, tfd_str bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        bytes = tfd_str_from(bytes, (size_t)n);
    }
    return 0;
}

tfd_status tfd_host_write(tfd_stream stream, tfd_str bytes, tfd_err *err)
{
    int code = write_all((int)stream, bytes);

    if (code == 0)
        return TFD_OK;
    return tfd_err_set(err, TFD_EIO, code, "cannot write to standard %s: %s",
                       stream == TFD_STDOUT ? "output" : "error", strerror(code));
}

/* Opens a new file beside path; its name goes to temp. */
static int open_beside(const tfd_posix_path *path, mode_t mode, tfd_posix_path *temp)
{
    for (int i = 0; i < TEMP_TRIES; i++) {
        int n = snprintf(temp->z, sizeof temp->z, "%s.%ld.%d.tmp", path->z, (long)getpid(), i);
        int fd;

        if (n < 0 || (size_t)n >= sizeof temp->z) {
            errno = ENAMETOOLONG;
            return -1;
        }
        fd = open(temp->z, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

static int close_with(int fd, int code)
{
    if (close(fd) != 0 && code == 0 && errno != EINTR)
        return errno;
    return code;
}

/* 0, or an errno value; then nothing is left behind. */
static int replace_file(const tfd_posix_path *path, const struct stat *old, tfd_str bytes)
{
    tfd_posix_path temp;
    int fd = open_beside(path, 0666, &temp);
    int code;

    if (fd < 0)
        return errno;
    code = write_all(fd, bytes);
    if (code == 0 && old && fchmod(fd, old->st_mode & 0777) != 0)
        code = errno;
    code = close_with(fd, code);
    if (code == 0 && rename(temp.z, path->z) != 0)
        code = errno;
    if (code != 0)
        (void)unlink(temp.z);
    return code;
}

/* /dev/stdout and its kin name an open file, whatever it is: it is written where it stands (opening it again
 * would begin at its start). Its number, or -1. */
static int descriptor_of(const char *path)
{
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    uint64_t number;

    if (strcmp(path, "/dev/stdout") == 0)
        return 1;
    if (strcmp(path, "/dev/stderr") == 0)
        return 2;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (strncmp(path, folders[i], strlen(folders[i])) == 0 &&
            tfd_str_u64(tfd_str_of(path + strlen(folders[i])), &number) && number < INT_MAX)
            return (int)number;
    return -1;
}

/* A device, or the end of a link that leads to nothing yet. */
static int write_direct(const tfd_posix_path *path, tfd_str bytes)
{
    int fd = open(path->z, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

    return fd < 0 ? errno : close_with(fd, write_all(fd, bytes));
}

static bool is_link(const tfd_posix_path *path)
{
    struct stat info;

    return lstat(path->z, &info) == 0 && S_ISLNK(info.st_mode);
}

tfd_status tfd_host_write_file(tfd_str path, tfd_str bytes, tfd_err *err)
{
    tfd_posix_path wanted, real;
    struct stat old;
    bool exists;
    int code;

    if (tfd_posix_path_of(path, &wanted, err) != TFD_OK)
        return TFD_ENOENT;
    exists = stat(wanted.z, &old) == 0;
    if (descriptor_of(wanted.z) >= 0)
        code = write_all(descriptor_of(wanted.z), bytes);
    else if (exists && S_ISDIR(old.st_mode))
        code = EISDIR;
    else if (exists ? !S_ISREG(old.st_mode) : is_link(&wanted))
        code = write_direct(&wanted, bytes);
    else if (exists && access(wanted.z, W_OK) != 0)
        code = errno; /* a new file in its place would leave it as unreadable as it is */
    else
        code =
            replace_file(exists && realpath(wanted.z, real.z) ? &real : &wanted, exists ? &old : NULL, bytes);
    return code == 0 ? TFD_OK : tfd_posix_fail(err, code, path, "cannot write");
}
