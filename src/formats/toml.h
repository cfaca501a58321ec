/* Values of a TOML file, one after the other: enough for settings, which are strings, truth values and lists
 * of them. A pull parser without recursion; it ends at the first thing that is no TOML, or that is nested
 * deeper or named longer than settings are.
 *
 * Source: TOML 1.0.0. Dates and numbers are given as they stand; of the escapes of basic strings \" and
 * \\ are decoded, others stay. */
#ifndef TFD_FORMATS_TOML_H
#define TFD_FORMATS_TOML_H

#include "base/arena.h"

#define TFD_TOML_DEPTH 8
#define TFD_TOML_KEY_MAX 256

typedef struct tfd_toml {
    tfd_str rest; /* set it to the text, and all else to 0 */
    tfd_arena *arena;
    unsigned table;                 /* number of the table that the value stands in: one for each header and
                                       each inline table */
    char path[TFD_TOML_KEY_MAX];    /* "tool.uv.index.url" */
    size_t lengths[TFD_TOML_DEPTH]; /* of path outside of each open bracket */
    char brackets[TFD_TOML_DEPTH];  /* '[' or '{' */
    size_t header, depth, length;   /* length of the header's path; open brackets; length of path */
} tfd_toml;

typedef struct tfd_toml_value {
    tfd_str
        key; /* dotted, quotes taken off, lists left out: "tool.uv.index.url"; holds until the next call */
    tfd_str text; /* of a string its content, else as it stands: "true", "12" */
    bool is_string;
    unsigned table;
} tfd_toml_value;

/* The next value; false at the end, or where the rest cannot be read. */
bool tfd_toml_next(tfd_toml *in, tfd_toml_value *out);

#endif
