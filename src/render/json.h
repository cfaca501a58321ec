/* Writes JSON in the order of the calls: two blanks of indent, one member a line, always valid UTF-8 (RFC
 * 8259). Bytes that are no UTF-8 become the text \xNN; characters that a terminal would obey are written as
 * \uNNNN. */
#ifndef TFD_RENDER_JSON_H
#define TFD_RENDER_JSON_H

#include "base/buf.h"

#define TFD_JSON_DEPTH 16

typedef struct tfd_json {
    tfd_buf *out;
    int depth; /* open objects and arrays */
    bool has_items[TFD_JSON_DEPTH];
} tfd_json;

tfd_json tfd_json_to(tfd_buf *out);
/* key is NULL inside arrays and for the outermost object. Nesting beyond TFD_JSON_DEPTH is our own mistake.
 */
void tfd_json_open(tfd_json *json, const char *key, char bracket); /* '{' or '[' */
void tfd_json_close(tfd_json *json, char bracket); /* '}' or ']'; the outermost ends the line */
void tfd_json_str(tfd_json *json, const char *key, tfd_str value);
void tfd_json_str_or_null(tfd_json *json, const char *key, tfd_str value); /* null where value is empty */
void tfd_json_bool(tfd_json *json, const char *key, bool value);
void tfd_json_int(tfd_json *json, const char *key, int64_t value);
/* At most three digits after the point, without trailing zeros; null for what is no finite number. */
void tfd_json_num(tfd_json *json, const char *key, double value);
void tfd_json_null(tfd_json *json, const char *key);

#endif
