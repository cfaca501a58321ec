#include "net/settings.h"

static bool is_blank_or_comment(tfd_str line)
{
    tfd_str text = tfd_str_trim(line);

    return text.len == 0 || text.ptr[0] == '#' || text.ptr[0] == ';';
}

/* Takes the lines that continue a value; comments between them belong to nobody. */
static void extend_value(tfd_ini *ini, tfd_str *value)
{
    tfd_str rest = ini->rest, line;

    while (tfd_str_line(&rest, &line)) {
        if (!is_blank_or_comment(line)) {
            if (!tfd_char_is_space(line.ptr[0]))
                break;
            if (value->len == 0)
                value->ptr = line.ptr;
            value->len = (size_t)(line.ptr + line.len - value->ptr);
        }
        ini->rest = rest;
    }
}

static bool take_key(tfd_str line, tfd_str *key, tfd_str *value)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] != '=' && line.ptr[i] != ':')
            continue;
        *key = tfd_str_trim(tfd_str_sub(line, 0, i));
        *value = tfd_str_trim(tfd_str_from(line, i + 1));
        return key->len > 0;
    }
    return false;
}

bool tfd_ini_next(tfd_ini *ini, tfd_str *key, tfd_str *value, bool *malformed)
{
    tfd_str line;

    while (tfd_str_line(&ini->rest, &line)) {
        tfd_str text = tfd_str_trim(line);
        size_t end = tfd_str_rfind_char(text, ']');

        if (is_blank_or_comment(line))
            continue;
        if (text.ptr[0] == '[' && end != TFD_NPOS) {
            ini->section = tfd_str_sub(text, 1, end);
            continue;
        }
        if (ini->section.len == 0 || !take_key(text, key, value)) {
            *malformed = true;
            continue;
        }
        extend_value(ini, value);
        *value = tfd_str_trim(*value);
        return true;
    }
    return false;
}
