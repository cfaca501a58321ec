/* Supervised children on Windows: what the source files of this part share. Private to src/sys.
 *
 * A child is started suspended, put into a job that ends all its processes when tfdiag closes the job or
 * dies, and let go. Its tree is the job: a process leaves it only where the job allows that, and this one
 * does not. Pipes are looked at (PeekNamedPipe), so that no thread is needed to read them. */
#ifndef TFD_SYS_CHILD_WIN32_H
#define TFD_SYS_CHILD_WIN32_H

#include "sys/child.h"
#include "sys/child_capture.h"
#include "sys/sys_win32.h"

enum { TFD_PIPE_OUT, TFD_PIPE_ERR, TFD_PIPE_DATA, TFD_PIPE_COUNT };

struct tfd_child {
    struct tfd_child *next;       /* of the children alive */
    HANDLE process;               /* NULL where it could not be started */
    HANDLE job;                   /* NULL where there can be none: then the process alone is supervised */
    HANDLE pipes[TFD_PIPE_COUNT]; /* our ends, NULL when closed */
    tfd_capture out, err;
    tfd_buf data;
    size_t data_max;
    uint64_t started_us, deadline_us;
    tfd_child_result result;
    tfd_buf out_text, err_text;
    char *scratch;  /* path, NULL without one */
    HANDLE console; /* whose mode was saved, or NULL */
    DWORD console_mode;
};

/* Starts spec in child->job with the given ends of the pipes; ERROR_SUCCESS or why not. */
DWORD tfd_win32_launch(const tfd_child_spec *spec, tfd_child *child, HANDLE *ends);

/* Path of a fresh private folder, or NULL where none can be made. malloc'ed. */
char *tfd_win32_scratch_new(void);
void tfd_win32_scratch_remove(tfd_str path); /* with all that is in it; links are not followed */

#endif
