/* The process that tfdiag itself is, as against the machine it examines: its streams, its terminal, the file
 * it writes its answer to. */
#ifndef TFD_SYS_HOST_H
#define TFD_SYS_HOST_H

#include "base/arena.h"
#include "base/err.h"

typedef enum tfd_stream { TFD_STDOUT = 1, TFD_STDERR = 2 } tfd_stream;

typedef struct tfd_terminal {
    bool is_terminal;
    size_t columns, rows; /* 0: unknown */
    bool has_sequences;   /* it is a terminal that takes escape sequences, as far as the system knows */
    bool is_utf8;         /* whatever reads the stream takes any character; false: the locale tells */
} tfd_terminal;

/* Call first in main: streams that were closed by the caller are opened on the null device, so that no file
 * or pipe opened later takes their place and receives what was meant for them. */
void tfd_host_open_streams(void);

/* The arguments of the program in UTF-8, NULL-ended; argc and argv are main's. NULL without memory. */
const char *const *tfd_host_arguments(tfd_arena *arena, int *argc, char **argv);

/* The path of the running program, links resolved; empty where the system does not tell. */
tfd_str tfd_host_program(tfd_arena *arena);

tfd_terminal tfd_host_get_terminal(tfd_stream stream);

/* Writes all bytes, or fails with TFD_EIO (a full disk, a closed pipe). */
tfd_status tfd_host_write(tfd_stream stream, tfd_str bytes, tfd_err *err);

/* Writes a file whole or not at all: beside it first, then renamed into place; an existing file keeps its
 * permissions and a symbolic link its target. What is no regular file (a FIFO, /dev/stderr) is written to
 * directly. TFD_ENOENT, TFD_EACCESS, TFD_EIO. */
tfd_status tfd_host_write_file(tfd_str path, tfd_str bytes, tfd_err *err);

#endif
