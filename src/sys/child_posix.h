/* Supervised children on POSIX systems: what the source files of this part share. Private to src/sys.
 *
 * A child leads a session of its own. On Linux tfdiag becomes a "child subreaper" (prctl(2)) with the first
 * child, so that a process whose parent died becomes tfdiag's own child, whatever session it moved to; a look
 * at /proc then finds all that is left of a tree. Processes that were tfdiag's children before (a shell's
 * background jobs, after `exec tfdiag`) are noted at the start and left alone. */
#ifndef TFD_SYS_CHILD_POSIX_H
#define TFD_SYS_CHILD_POSIX_H

#include <signal.h>
#include <stdio.h>
#include <sys/types.h>
#include <termios.h>

#include "sys/child.h"
#include "sys/child_capture.h"
#include "sys/sys_posix.h"

enum { TFD_PIPE_OUT, TFD_PIPE_ERR, TFD_PIPE_DATA, TFD_PIPE_START, TFD_PIPE_COUNT };

struct tfd_child {
    struct tfd_child *next; /* of the children alive */
    pid_t pid;
    int fds[TFD_PIPE_COUNT]; /* our ends, -1 when closed */
    tfd_capture out, err;
    tfd_buf data;
    size_t data_max;
    int start_error; /* errno that exec failed with */
    uint64_t started_us, deadline_us;
    bool is_reaped;
    int wait_status;
    tfd_child_result result;
    tfd_buf out_text, err_text;
    char *scratch; /* path, NULL without one */
    pid_t *before; /* children that tfdiag had already */
    size_t before_count;
    int terminal; /* descriptor of a terminal whose attributes were saved, or -1 */
    struct termios attributes;
};

/* The program that exec gets; all made before fork, since afterwards nothing may allocate. */
typedef struct tfd_launch {
    const char *const *argv;
    char **env;
    const char *cwd;
    int fds[TFD_PIPE_COUNT]; /* the child's ends */
    int null_fd;
} tfd_launch;

/* Runs in the new process; never returns. */
void tfd_child_exec(const tfd_launch *launch, pid_t parent);
/* The environment for a child: tfdiag's own with spec->env, scratch folder and data descriptor set over it.
 * One piece of memory; NULL without memory. */
char **tfd_child_environ(const tfd_child_spec *spec, const char *scratch, int data_fd);

/* Path of a fresh private folder, or NULL where none can be made. malloc'ed. */
char *tfd_scratch_new(void);
void tfd_scratch_remove(const char *path); /* with all that is in it; links are not followed */

/* Processes that tfdiag is the parent of: malloc'ed, *count of them. */
pid_t *tfd_tree_children(size_t *count);
/* Ends all that belongs to the child: asks (SIGTERM) if grace_ms is not 0 and waits as long, then kills until
 * nothing is left or a time is up. Reaps the child into child->wait_status. Gives the number of processes
 * besides the child that were still alive. others: other children are alive; then processes that left the
 * child's tree and session cannot be told from theirs, and are left to the last one's end. */
size_t tfd_tree_end(tfd_child *child, unsigned grace_ms, bool others);
/* Looks once whether the child has ended; reaps it. */
bool tfd_child_reap(tfd_child *child);

/* SIGINT, SIGTERM and SIGHUP are noted instead of ending tfdiag while at least one child is alive. */
void tfd_signals_hold(void);
void tfd_signals_release(void);
bool tfd_signals_seen(void);

#endif
