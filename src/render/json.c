#include "render/json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define NUM_MAX 9007199254740992.0 /* 2^53: beyond it readers lose digits */

tfd_json tfd_json_to(tfd_buf *out)
{
    tfd_json json;

    memset(&json, 0, sizeof json);
    json.out = out;
    return json;
}

static void add_escape(tfd_buf *out, uint32_t code)
{
    if (code == '"' || code == '\\')
        tfd_buf_fmt(out, "\\%c", (char)code);
    else if (code == '\n')
        tfd_buf_z(out, "\\n");
    else if (code == '\t')
        tfd_buf_z(out, "\\t");
    else
        tfd_buf_fmt(out, "\\u%04x", (unsigned)code);
}

/* What JSON forbids in strings, and what changes how a terminal or JavaScript shows the rest. */
static bool wants_escape(uint32_t code)
{
    return code < 0x20 || code == '"' || code == '\\' || (code >= 0x7f && code <= 0x9f) ||
           (code >= 0x200e && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

static void add_text(tfd_buf *out, tfd_str s)
{
    tfd_buf_char(out, '"');
    for (size_t at = 0; at < s.len;) {
        uint32_t code = 0;
        size_t len = tfd_utf8_next(s, at, &code);

        if (len == 0)
            tfd_buf_fmt(out, "\\\\x%02x", (unsigned)(uint8_t)s.ptr[at]);
        else if (wants_escape(code))
            add_escape(out, code);
        else
            tfd_buf_add(out, s.ptr + at, len);
        at += len ? len : 1;
    }
    tfd_buf_char(out, '"');
}

static void begin_item(tfd_json *json, const char *key)
{
    if (json->depth > 0) {
        if (json->has_items[json->depth - 1])
            tfd_buf_char(json->out, ',');
        json->has_items[json->depth - 1] = true;
        tfd_buf_char(json->out, '\n');
        tfd_buf_fill(json->out, ' ', 2 * (size_t)json->depth);
    }
    if (key) {
        add_text(json->out, tfd_str_of(key));
        tfd_buf_z(json->out, ": ");
    }
}

void tfd_json_open(tfd_json *json, const char *key, char bracket)
{
    assert(json->depth < TFD_JSON_DEPTH);
    begin_item(json, key);
    tfd_buf_char(json->out, bracket);
    json->has_items[json->depth++] = false;
}

void tfd_json_close(tfd_json *json, char bracket)
{
    assert(json->depth > 0);
    json->depth--;
    if (json->has_items[json->depth]) {
        tfd_buf_char(json->out, '\n');
        tfd_buf_fill(json->out, ' ', 2 * (size_t)json->depth);
    }
    tfd_buf_char(json->out, bracket);
    if (json->depth == 0)
        tfd_buf_char(json->out, '\n');
}

void tfd_json_str(tfd_json *json, const char *key, tfd_str value)
{
    begin_item(json, key);
    add_text(json->out, value);
}

void tfd_json_null(tfd_json *json, const char *key)
{
    begin_item(json, key);
    tfd_buf_z(json->out, "null");
}

void tfd_json_str_or_null(tfd_json *json, const char *key, tfd_str value)
{
    if (value.len)
        tfd_json_str(json, key, value);
    else
        tfd_json_null(json, key);
}

void tfd_json_bool(tfd_json *json, const char *key, bool value)
{
    begin_item(json, key);
    tfd_buf_z(json->out, value ? "true" : "false");
}

void tfd_json_int(tfd_json *json, const char *key, int64_t value)
{
    begin_item(json, key);
    tfd_buf_fmt(json->out, "%" PRId64, value);
}

void tfd_json_num(tfd_json *json, const char *key, double value)
{
    char digits[40];
    size_t n;

    /* The comparison is false for NaN too. No locale is ever set, so the point is a point. */
    if (!(value > -NUM_MAX && value < NUM_MAX)) {
        tfd_json_null(json, key);
        return;
    }
    n = (size_t)snprintf(digits, sizeof digits, "%.3f", value);
    while (n > 0 && digits[n - 1] == '0')
        n--;
    if (n > 0 && digits[n - 1] == '.')
        n--;
    begin_item(json, key);
    tfd_buf_str(json->out,
                n == 2 && digits[0] == '-' && digits[1] == '0' ? TFD_STR("0") : (tfd_str){digits, n});
}
