#include "sys/child_capture.h"

#include <stdlib.h>
#include <string.h>

void tfd_capture_init(tfd_capture *capture, size_t max)
{
    memset(capture, 0, sizeof *capture);
    capture->half = max / 2 ? max / 2 : 1;
    tfd_buf_init(&capture->head, capture->half);
}

void tfd_capture_done(tfd_capture *capture)
{
    tfd_buf_done(&capture->head);
    free(capture->ring);
    memset(capture, 0, sizeof *capture);
}

/* The byte number i of the output lies at (i - half) % half of the ring. */
static void add_to_ring(tfd_capture *capture, const char *bytes, size_t n, uint64_t at)
{
    if (!capture->ring)
        capture->ring = malloc(capture->half); /* most children print less than half */
    if (!capture->ring)
        return;
    if (n > capture->half) {
        at += n - capture->half;
        bytes += n - capture->half;
        n = capture->half;
    }
    while (n) {
        size_t slot = (size_t)((at - capture->half) % capture->half);
        size_t part = n < capture->half - slot ? n : capture->half - slot;

        memcpy(capture->ring + slot, bytes, part);
        bytes += part;
        at += part;
        n -= part;
    }
}

void tfd_capture_add(tfd_capture *capture, const char *bytes, size_t n)
{
    uint64_t at = capture->total;
    size_t room = at < capture->half ? capture->half - (size_t)at : 0;
    size_t first = n < room ? n : room;

    tfd_buf_add(&capture->head, bytes, first);
    if (n > first)
        add_to_ring(capture, bytes + first, n - first, at + first);
    capture->total += n;
}

void tfd_capture_text(const tfd_capture *capture, tfd_buf *out)
{
    uint64_t behind = capture->total > capture->half ? capture->total - capture->half : 0;
    size_t slot;

    tfd_buf_init(out, 2 * capture->half + 128);
    tfd_buf_str(out, tfd_buf_get(&capture->head));
    if (behind == 0 || !capture->ring)
        return;
    if (behind <= capture->half) {
        tfd_buf_add(out, capture->ring, (size_t)behind);
        return;
    }
    tfd_buf_fmt(out, "\n[%llu bytes left out]\n", (unsigned long long)(behind - capture->half));
    slot = (size_t)(behind % capture->half);
    tfd_buf_add(out, capture->ring + slot, capture->half - slot);
    tfd_buf_add(out, capture->ring, slot);
}
