/* The data files as they were when tfdiag was built (cmake/TfdEmbed.cmake writes the table). */
#ifndef TFD_KB_KB_DATA_H
#define TFD_KB_KB_DATA_H

#include <stddef.h>

typedef struct tfd_kb_file {
    const char *name; /* path below src/kb/data, with '/' */
    const unsigned char *bytes;
    size_t len;
} tfd_kb_file;

extern const tfd_kb_file tfd_kb_files[]; /* sorted by name, order of bytes */
extern const size_t tfd_kb_file_count;

#endif
