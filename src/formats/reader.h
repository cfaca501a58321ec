/* Reading a file by ranges through a few small windows, without mapping it: a file that is cut meanwhile
 * gives short reads, not a signal, and of a file of one gigabyte only what is asked for is read. */
#ifndef TFD_FORMATS_READER_H
#define TFD_FORMATS_READER_H

#include "sys/sys.h"

#define TFD_READER_WINDOWS 4
#define TFD_READER_WINDOW 8192
#define TFD_READER_STRING_MAX 8192 /* bytes of one string */

/* An open file and the pieces of it read last. About 33 KiB: keep it out of deep stacks. */
typedef struct tfd_reader {
    const tfd_sys *sys;
    tfd_file file;
    uint64_t clock;
    bool failed; /* set, and never taken back, when the machine could not answer: what was read is in doubt */
    struct {
        uint64_t offset;
        uint64_t used; /* clock at the last use */
        size_t len;
        uint8_t bytes[TFD_READER_WINDOW];
    } windows[TFD_READER_WINDOWS];
} tfd_reader;

/* Prepares the reader and opens path. TFD_ENOENT, TFD_EACCESS, TFD_EIO as sys->open. */
tfd_status tfd_reader_open(tfd_reader *reader, const tfd_sys *sys, tfd_str path, tfd_err *err);
void tfd_reader_close(tfd_reader *reader);

/* len (at most TFD_READER_WINDOW) bytes at offset, or NULL if the file ends before, or reading fails. Lives
 * until TFD_READER_WINDOWS further calls. */
const uint8_t *tfd_reader_bytes(tfd_reader *reader, uint64_t offset, size_t len);
/* The NUL-ended string at offset, as a slice with the life of tfd_reader_bytes; false if it is longer than
 * TFD_READER_STRING_MAX - 1, does not end before `end`, or cannot be read. */
bool tfd_reader_string(tfd_reader *reader, uint64_t offset, uint64_t end, tfd_str *out);

#endif
