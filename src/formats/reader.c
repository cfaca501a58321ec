#include "formats/reader.h"

#include <string.h>

tfd_status tfd_reader_open(tfd_reader *reader, const tfd_sys *sys, tfd_str path, tfd_err *err)
{
    tfd_status st;

    reader->sys = sys;
    reader->file = TFD_FILE_NONE;
    reader->clock = 0;
    for (size_t i = 0; i < TFD_READER_WINDOWS; i++) {
        reader->windows[i].len = 0;
        reader->windows[i].used = 0;
        reader->windows[i].offset = 0;
    }
    st = sys->open(sys, path, &reader->file, err);
    if (st != TFD_OK && st != TFD_ENOENT && st != TFD_EACCESS)
        reader->failed = true;
    return st;
}

void tfd_reader_close(tfd_reader *reader)
{
    reader->sys->close(reader->sys, &reader->file);
}

const uint8_t *tfd_reader_bytes(tfd_reader *reader, uint64_t offset, size_t len)
{
    size_t oldest = 0;
    size_t got = 0;
    uint64_t start;

    if (len > TFD_READER_WINDOW || offset > reader->file.size || len > reader->file.size - offset)
        return NULL;
    for (size_t i = 0; i < TFD_READER_WINDOWS; i++) {
        if (offset >= reader->windows[i].offset &&
            offset - reader->windows[i].offset <= reader->windows[i].len &&
            len <= reader->windows[i].len - (offset - reader->windows[i].offset)) {
            reader->windows[i].used = ++reader->clock;
            return reader->windows[i].bytes + (offset - reader->windows[i].offset);
        }
        if (reader->windows[i].used < reader->windows[oldest].used)
            oldest = i;
    }
    /* A little before the place as well: tables are often walked with strides in both directions. */
    start = offset & ~(uint64_t)511;
    if (offset - start + len > TFD_READER_WINDOW)
        start = offset;
    reader->windows[oldest].len = 0;
    if (reader->sys->read_at(reader->sys, &reader->file, start, reader->windows[oldest].bytes,
                             TFD_READER_WINDOW, &got, NULL) != TFD_OK) {
        reader->failed = true;
        return NULL;
    }
    reader->windows[oldest].offset = start;
    reader->windows[oldest].len = got;
    reader->windows[oldest].used = ++reader->clock;
    return got >= offset - start + len ? reader->windows[oldest].bytes + (offset - start) : NULL;
}

bool tfd_reader_string(tfd_reader *reader, uint64_t offset, uint64_t end, tfd_str *out)
{
    size_t step = 256;

    if (end > reader->file.size)
        end = reader->file.size;
    while (offset < end) {
        size_t len = end - offset < step ? (size_t)(end - offset) : step;
        const uint8_t *bytes = tfd_reader_bytes(reader, offset, len);
        const uint8_t *nul = bytes ? memchr(bytes, 0, len) : NULL;

        if (nul) {
            *out = (tfd_str){(const char *)bytes, (size_t)(nul - bytes)};
            return true;
        }
        if (!bytes || len < step || step >= TFD_READER_STRING_MAX)
            return false;
        step *= 4;
        if (step > TFD_READER_STRING_MAX)
            step = TFD_READER_STRING_MAX;
    }
    return false;
}
