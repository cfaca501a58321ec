/* Supervised children: a deadline, a cap on what they may print, a pipe of their own for data, and the end of
 * the whole process tree, grandchildren that left the session included. A child never gets tfdiag's standard
 * input. */
#ifndef TFD_SYS_CHILD_H
#define TFD_SYS_CHILD_H

#include "sys/sys.h"

typedef struct tfd_child tfd_child;

typedef struct tfd_child_spec {
    const char *const *argv; /* NULL-ended; argv[0] is the program's path, PATH is not searched */
    const char *const
        *env; /* "NAME=value", NULL-ended: set over tfdiag's own environment; "NAME" alone removes it */
    const char *cwd;      /* NULL: tfdiag's */
    uint64_t deadline_ms; /* from the start; 0: TFD_CHILD_DEADLINE_MS */
    size_t output_max;    /* bytes kept of each of stdout and stderr (first half and last half); 0: 256 KiB */
    size_t data_max;      /* bytes accepted on the data pipe; 0: 8 MiB. More ends the child */
    const char *scratch;  /* NULL, or an environment variable that gets the path of a fresh private folder
                             (made in  the system's folder for temporary files, removed with all it holds when
                             the child is  freed) */
    const char
        *data_fd_env; /* NULL, or a variable that gets the number of the data pipe's write end in the child */
} tfd_child_spec;

#define TFD_CHILD_DEADLINE_MS 120000u

typedef enum tfd_child_end {
    TFD_CHILD_RUNNING,
    TFD_CHILD_EXITED,   /* code */
    TFD_CHILD_SIGNALED, /* signal */
    TFD_CHILD_TIMEOUT,  /* ended by us at the deadline */
    TFD_CHILD_FLOODED,  /* ended by us: more than data_max on the data pipe */
    TFD_CHILD_STOPPED,  /* ended by us because tfd_child_stop was called */
    TFD_CHILD_NO_START  /* exec failed: os_code says why */
} tfd_child_end;

typedef struct tfd_child_result {
    tfd_child_end end;
    int code;    /* exit code, or NTSTATUS on Windows */
    int signal;  /* POSIX */
    int os_code; /* for TFD_CHILD_NO_START */
    tfd_str out; /* what was kept of stdout, stderr, data; owned by the child object */
    tfd_str err;
    tfd_str data;
    uint64_t out_total; /* bytes seen, kept or not */
    uint64_t err_total;
    uint64_t wall_us;
    uint64_t peak_bytes; /* peak resident memory of the child (not its children); 0 = unknown */
    size_t left_over;    /* processes of its tree that were still alive after it ended and were ended by us */
} tfd_child_result;

/* sys->child_start starts one. Then: */

/* Waits up to wait_us (0: only looks) for the end. true once the child has ended and its tree is gone; the
 * result is then final. May be called from one thread only, the one that started it. */
bool tfd_child_poll(tfd_child *child, uint64_t wait_us);
/* Ends the whole tree now (asks, waits briefly, kills). */
void tfd_child_stop(tfd_child *child);
/* Valid after tfd_child_poll returned true or tfd_child_stop. Lives as long as the child. */
const tfd_child_result *tfd_child_get_result(const tfd_child *child);
/* Ends it if it still runs, removes the scratch folder, frees. NULL is accepted. */
void tfd_child_free(tfd_child *child);

#endif
