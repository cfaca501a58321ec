/* What is kept of a child's output. Private to src/sys. */
#ifndef TFD_SYS_CHILD_CAPTURE_H
#define TFD_SYS_CHILD_CAPTURE_H

#include "base/buf.h"

/* Keeps the first half and the last half of what it is given. */
typedef struct tfd_capture {
    tfd_buf head;
    char *ring; /* last `half` bytes */
    size_t half;
    uint64_t total;
} tfd_capture;

void tfd_capture_init(tfd_capture *capture, size_t max);
void tfd_capture_done(tfd_capture *capture);
void tfd_capture_add(tfd_capture *capture, const char *bytes, size_t n);
/* Head, a line that says how much was left out, tail. */
void tfd_capture_text(const tfd_capture *capture, tfd_buf *out);

#endif
