#include "net/settings.h"

/* Python's configparser ends at the first line that it does not take, and at the second of a name. */
static void refuse(tfd_ini *ini, tfd_str line)
{
    if (ini->refused == 0)
        for (const char *at = ini->text.ptr; at <= line.ptr; at++)
            ini->refused += at == ini->text.ptr || at[-1] == '\n';
}

/* Names of sections as they are, keys of a section in lower case behind its name; "DEFAULT" may come again.
 */
static void note_name(tfd_ini *ini, tfd_str line, tfd_str key)
{
    size_t n = ini->section.len + 1 + key.len;
    char *name = ini->arena ? tfd_arena_take(ini->arena, n, 1) : NULL;
    tfd_str text = {name, n};

    if (!name)
        return;
    for (size_t i = 0; i < n; i++)
        name[i] = i < ini->section.len    ? ini->section.ptr[i]
                  : i == ini->section.len ? '\n'
                                          : tfd_char_lower(key.ptr[i - ini->section.len - 1]);
    if (tfd_map_get(&ini->seen, text) == TFD_MAP_NONE)
        (void)tfd_map_put(ini->arena, &ini->seen, text, 0);
    else if (key.len > 0 || !tfd_str_is(ini->section, "DEFAULT"))
        refuse(ini, line);
}

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

bool tfd_ini_next(tfd_ini *ini, tfd_str *key, tfd_str *value)
{
    tfd_str line;

    if (!ini->text.ptr)
        ini->text = ini->rest;
    while (tfd_str_line(&ini->rest, &line)) {
        tfd_str text = tfd_str_trim(line);
        size_t end = tfd_str_rfind_char(text, ']');

        if (is_blank_or_comment(line))
            continue;
        if (text.ptr[0] == '[' && end != TFD_NPOS && end > 1) {
            ini->section = tfd_str_sub(text, 1, end);
            note_name(ini, line, TFD_STR(""));
            continue;
        }
        if (ini->section.len == 0 || !take_key(text, key, value)) {
            refuse(ini, line);
            continue;
        }
        note_name(ini, line, *key);
        extend_value(ini, value);
        *value = tfd_str_trim(*value);
        return true;
    }
    return false;
}
